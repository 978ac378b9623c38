//! `seatless completions`: what a shell needs to complete the command line.

use super::args::{Cli, CompletedShell};
use super::exit::Exit;
use super::trouble::Trouble;
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use std::io::Write;

pub(super) fn run(shell: CompletedShell) -> Result<Exit, Trouble> {
    let shell = match shell {
        CompletedShell::Bash => Shell::Bash,
        CompletedShell::Zsh => Shell::Zsh,
        CompletedShell::Fish => Shell::Fish,
        CompletedShell::PowerShell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "seatless", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Exit::Ok)
}
