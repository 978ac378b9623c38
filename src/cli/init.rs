//! `seatless init`: a config with every key explained.

use super::args::InitArgs;
use super::exit::Exit;
use super::trouble::Trouble;
use crate::app::settings::TEMPLATE;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub(super) fn run(args: &InitArgs) -> Result<Exit, Trouble> {
    if args.print {
        std::io::stdout().lock().write_all(TEMPLATE.as_bytes())?;
        return Ok(Exit::Ok);
    }
    let shown = args.file.display();
    match OpenOptions::new().write(true).create_new(true).open(&args.file) {
        Ok(mut file) => {
            file.write_all(TEMPLATE.as_bytes())?;
            writeln!(
                std::io::stdout().lock(),
                "Wrote {shown}. Name your tenants and environments in it, then look at it with `seatless config`."
            )?;
            Ok(Exit::Ok)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Trouble::failure(format!("{shown} exists already, and is left as it is"))
                .hint("name another file, or print the template with `seatless init --print`"))
        }
        Err(error) => Err(Trouble::failure(format!("{shown} cannot be written: {error}"))),
    }
}
