//! What can be typed to steer requests.

use super::super::args::Output;
use super::super::read_args::FilterArgs;
use crate::domain::OperationId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub(in super::super) struct SteerArgs {
    /// The requests' ids; the first characters are enough where they are unique
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,
    /// A file with ids, one per line or word; - for standard input
    #[arg(long = "ids", value_name = "FILE", conflicts_with = "ids")]
    pub(super) ids_from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// All requests that it applies to
    #[arg(long, conflicts_with_all = ["ids", "ids_from"])]
    pub(super) all: bool,
    /// Why; kept with the operation
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Only tell what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do it without being asked again
    #[arg(short = 'y', long)]
    pub(super) yes: bool,
}

const HELP: &str = "\
What a filter selects is shown with its number and a sample, and done after a second look: y at the prompt, or --yes where
there is no terminal. Exactly what was shown belongs to the operation, whatever changes meanwhile. It takes effect at once:
nothing more is begun for requests that are paused or called off. The requests themselves follow in chunks; if this command
or the daemon ends meanwhile, the daemon or the next such command finishes it. `seatless operations` shows them.

A paused request keeps its seat and its slot, and its deadlines go on counting. What was sent before the pause is
recorded when it is answered.

Exit code: 0 done, 1 not done, 2 the command line is at fault, 3 it did not apply to some of them any more.";

#[derive(Args, Debug)]
pub(in super::super) struct CancelArgs {
    #[command(flatten)]
    pub(in super::super) steer: SteerArgs,
    /// Delete the users, also those that had reached an environment and would only be disabled
    #[arg(long)]
    pub(in super::super) delete: bool,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum OperationsCommand {
    /// List the operations, latest first
    List {
        /// At most so many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// How to show them
        #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Show an operation and what it came to for each request
    Show {
        /// The operation's id
        #[arg(value_name = "ID", value_parser = operation_id)]
        id: OperationId,
        /// How to show it
        #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Drop what is left of an operation; what was done stays
    Cancel {
        /// The operation's id
        #[arg(value_name = "ID", value_parser = operation_id)]
        id: OperationId,
    },
}

fn operation_id(text: &str) -> Result<OperationId, String> {
    text.parse()
        .map_err(|_| "it must be an operation's whole id, as `seatless operations list` shows it".to_owned())
}
