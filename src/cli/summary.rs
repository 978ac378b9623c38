//! How a batch stands, in a few lines.

use super::terminal::{Palette, bar, visible};
use crate::app::views::{BatchProgress, Reason, span};
use crate::domain::{BatchId, Status};

/// A bar with the share that has settled, and when the rest will have.
pub(super) fn settled_line(progress: &BatchProgress, palette: Palette, width: usize) -> String {
    let (filled, empty) = bar(progress.settled_share, width);
    let style = if progress.by_status.blocked + progress.by_status.failed > 0 {
        palette.slow()
    } else {
        palette.good()
    };
    let left = match progress.estimated_seconds_left {
        Some(seconds) => format!(", about {} left", span(seconds)),
        None => String::new(),
    };
    format!(
        "{}{} {} of {} settled ({:.0}%){left}",
        style.apply_to(filled),
        palette.faint().apply_to(empty),
        progress.settled,
        progress.requests,
        (progress.settled_share * 100.0).floor()
    )
}

/// The statuses that occur, with how many have them: `3 succeeded, 1 blocked`.
pub(super) fn statuses(progress: &BatchProgress, palette: Palette) -> String {
    let order = [Status::Succeeded, Status::Active, Status::Blocked, Status::Failed, Status::Cancelled];
    let parts: Vec<String> = order
        .into_iter()
        .filter(|status| progress.by_status.of(*status) > 0)
        .map(|status| {
            let text = format!("{} {status}", progress.by_status.of(status));
            palette.status(status).apply_to(text).to_string()
        })
        .collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

/// Each reason with its hint, who can act on it, and some of the requests.
pub(super) fn reasons(reasons: &[Reason], batch: Option<BatchId>, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    for reason in reasons {
        let head = format!("{} {}: {}", reason.requests, reason.status, reason.code);
        let example =
            if reason.example.is_empty() { String::new() } else { format!(" {}", visible(&reason.example)) };
        lines.push(format!("{}  {}{example}", palette.bad().apply_to(head), reason.sentence));
        lines.push(format!("  to do: {} ({})", reason.hint, reason.who_can()));
        let more = reason.requests.saturating_sub(reason.names.len() as u64);
        let beyond = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = visible(&reason.names.join(", ")).into_owned();
        lines.push(palette.faint().apply_to(format!("  {names}{beyond}")).to_string());
    }
    if reasons.iter().any(|reason| reason.status == Status::Blocked) {
        let of = batch.map(|batch| format!(" --batch {batch}")).unwrap_or_default();
        lines.push(format!(
            "List them with `seatless list{of} --status blocked`; try one again with `seatless retry ID`."
        ));
    }
    lines
}
