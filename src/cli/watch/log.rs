//! The watch where there is no terminal: a line for each thing that is new.

use super::picture::{Daemon, Picture};
use crate::app::views::{ByState, ByStatus};
use crate::cli::terminal::visible;
use crate::domain::{State, Status};
use std::collections::BTreeSet;

/// What was told already.
#[derive(Default)]
pub(super) struct Log {
    counts: Option<(ByStatus, ByState)>,
    /// What happened, by its place; only what can still be in a picture.
    happened: BTreeSet<i64>,
    daemon_runs: Option<bool>,
}

impl Log {
    /// The lines for what is new in the picture.
    pub(super) fn news(&mut self, picture: &Picture) -> Vec<String> {
        let mut lines = Vec::new();
        let runs = matches!(picture.daemon, Daemon::Runs(_));
        if self.daemon_runs.replace(runs) != Some(runs) {
            let text = match &picture.daemon {
                Daemon::Runs(health) => format!("a daemon runs as process {}", health.process_id),
                Daemon::Silent => "a daemon is there but does not answer; look at its log".to_owned(),
                Daemon::None => "no daemon runs, so nothing moves; start one with `seatless run`".to_owned(),
            };
            lines.push(format!("{} {text}", picture.at));
        }
        for happening in &picture.latest {
            if !self.happened.contains(&happening.sequence) {
                lines.push(format!(
                    "{} {} {}",
                    happening.at,
                    visible(&happening.name),
                    visible(&happening.text)
                ));
            }
        }
        self.happened = picture.latest.iter().map(|happening| happening.sequence).collect();
        let counts = (picture.progress.by_status, picture.progress.active_by_state);
        if self.counts.replace(counts) != Some(counts) {
            lines.push(format!("{} {}", picture.at, counted(picture)));
        }
        lines
    }
}

fn counted(picture: &Picture) -> String {
    let progress = &picture.progress;
    let states = State::ALL.iter().map(|state| (state.as_str(), progress.active_by_state.of(*state)));
    let settled = [Status::Succeeded, Status::Blocked, Status::Failed, Status::Cancelled];
    let statuses = settled.iter().map(|status| (status.as_str(), progress.by_status.of(*status)));
    let parts: Vec<String> = states
        .chain(statuses)
        .filter(|(_, requests)| *requests > 0)
        .map(|(name, requests)| format!("{name} {requests}"))
        .collect();
    let all = format!("{} of {} settled", progress.settled, progress.requests);
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}
