//! `seatless restore`: puts a backup in the place of the database while nobody works on it.

use super::args::{Output, RestoreArgs};
use super::backup::{contents, document};
use super::context::Context;
use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use crate::store::{PutBack, SqliteStore};
use serde_json::json;

pub(super) async fn run(context: &Context, args: &RestoreArgs) -> Result<Exit, Trouble> {
    if let Some((_, health)) = context.daemon().await? {
        return Err(Trouble::failure(format!(
            "the daemon works on the database (process {})",
            health.process_id
        ))
        .hint("stop it with Ctrl-C or SIGTERM, then restore again"));
    }
    let put_back = SqliteStore::put_back(&context.path()?, &args.file, &context.card()).await?;
    let mut out = std::io::stdout().lock();
    match args.output {
        Output::Table | Output::Csv => output::page(&mut out, lines(args, &put_back))?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let mut value = document(&args.file, &put_back.backup);
            if let Some(aside) = &put_back.aside {
                value["moved_aside"] = json!(aside.display().to_string());
            }
            output::document(&mut out, args.output, value)?;
        }
    }
    Ok(Exit::Ok)
}

fn lines(args: &RestoreArgs, put_back: &PutBack) -> Vec<String> {
    let mut lines =
        vec![format!("Put back {}: {}.", args.file.display(), contents(&put_back.backup)), String::new()];
    if let Some(aside) = &put_back.aside {
        lines.push(format!("The database that was here lies at {} now.", aside.display()));
    }
    if put_back.at_home {
        lines.push(
            "Start `seatless run`: it looks each open request up before it writes anything.".to_owned(),
        );
    } else {
        lines.push(
            "No database was owned here before, so the original may still be in use elsewhere: `seatless run` works \
             on nothing until you confirm."
                .to_owned(),
        );
    }
    lines.push(
        "Submit the lists again that were accepted after the backup: what was made for them is found."
            .to_owned(),
    );
    lines.push(
        "The sweep only reports: look at `seatless sweep`, then confirm with `seatless sweep --confirm`."
            .to_owned(),
    );
    lines
}
