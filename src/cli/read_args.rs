//! What can be typed to look at requests.

use super::args::Output;
use crate::domain::{Code, RequestId, State, Status};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::time::Duration;

/// What selects requests; the same for every command that takes more than one.
#[derive(Args, Clone, Debug)]
pub(super) struct FilterArgs {
    /// Only of this batch: an id, its first characters, or latest
    #[arg(short = 'b', long, value_name = "BATCH")]
    pub(super) batch: Option<String>,
    /// Only of this tenant
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<String>,
    /// Only of this environment
    #[arg(short = 'e', long, value_name = "NAME")]
    pub(super) environment: Option<String>,
    /// Only at this state
    #[arg(long, value_parser = states())]
    pub(super) state: Option<State>,
    /// Only with this status
    #[arg(short = 's', long, value_parser = statuses())]
    pub(super) status: Option<Status>,
    /// Only blocked or failed with this code, such as graph.name-taken
    #[arg(long)]
    pub(super) code: Option<Code>,
    /// Only user names that begin so
    #[arg(long, value_name = "PREFIX")]
    pub(super) name: Option<String>,
    /// Only finished accounts that have drifted
    #[arg(long)]
    pub(super) drifted: bool,
    /// Only paused ones
    #[arg(long)]
    pub(super) paused: bool,
    /// Only those in whose user name, display name, external id or note this text stands
    #[arg(long)]
    pub(super) text: Option<String>,
    /// Only submitted longer ago than this: 90s, 15m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = super::submit::duration)]
    pub(super) older: Option<Duration>,
    /// Only submitted within this time: 90s, 15m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = super::submit::duration)]
    pub(super) newer: Option<Duration>,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// At most so many; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(super) limit: u64,
    /// Only what was submitted after this request
    #[arg(long, value_name = "ID", value_parser = request_id)]
    pub(super) after: Option<RequestId>,
    /// List the batches instead, latest first
    #[arg(long, conflicts_with_all = ["batch", "tenant", "environment", "state", "status", "code", "name", "text", "older", "newer", "paused", "drifted", "after"])]
    pub(super) batches: bool,
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// A request's id, its first characters or its user name (with /environment behind it if it has several); or a batch
    #[arg(value_name = "REQUEST or BATCH")]
    pub(super) what: String,
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A code such as graph.no-seat, or one of Microsoft's such as AADSTS7000215 or 0x80040220; all codes if left out
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct WatchArgs {
    /// Only this batch: an id, its first characters, or latest
    #[arg(value_name = "BATCH")]
    pub(super) batch: Option<String>,
    /// Show it once and end
    #[arg(long)]
    pub(super) once: bool,
}

#[derive(Args, Debug)]
pub(super) struct WaitArgs {
    /// Only this batch: an id, its first characters, or latest
    #[arg(value_name = "BATCH")]
    pub(super) batch: Option<String>,
    /// Wait at most so long: 90s, 15m, 2h, 1d (then exit code 6)
    #[arg(long, value_name = "TIME", value_parser = super::submit::duration)]
    pub(super) timeout: Option<Duration>,
    /// How to report the end
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct StatsArgs {
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

fn request_id(text: &str) -> Result<RequestId, String> {
    text.parse().map_err(|_| "it must be a request's whole id, as `seatless list` shows it".to_owned())
}

fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.iter().map(|state| state.as_str()))
        .try_map(|text| State::parse(&text).ok_or("no state is called so"))
}

fn statuses() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.iter().map(|status| status.as_str()))
        .try_map(|text| Status::parse(&text).ok_or("no status is called so"))
}
