//! `seatless man`: a manual page for each command.

use super::args::{Cli, ManArgs};
use super::exit::Exit;
use super::trouble::Trouble;
use clap::CommandFactory;

pub(super) fn run(args: &ManArgs) -> Result<Exit, Trouble> {
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.folder))
        .map_err(|error| Trouble::failure(format!("{}: {error}", args.folder.display())))?;
    Ok(Exit::Ok)
}
