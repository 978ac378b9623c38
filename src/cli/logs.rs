//! The log: readable on a terminal, JSON otherwise; always on standard error.

use super::trouble::Trouble;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What the database driver warns of is noticed by whoever uses the connection, and told once.
const QUIET: &str = "sqlx=error";

/// Starts the log of a long-running command. `directives` is what the config says; each `-v` asks for more.
pub(super) fn start(directives: &str, verbose: u8) -> Result<(), Trouble> {
    let directives = match verbose {
        0 => format!("{QUIET},{directives}"),
        1 => format!("{QUIET},info,seatless=debug"),
        _ => "debug,seatless=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&directives).map_err(|error| {
        Trouble::usage(format!("the log directives {directives:?} cannot be read: {error}"))
    })?;
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if terminal {
        let colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        log.with_target(false).with_ansi(colors).try_init()
    } else {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    started.map_err(|error| Trouble::failure(format!("the log cannot be started: {error}")))
}
