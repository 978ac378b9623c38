//! One batch on a page: how far it has come, and what holds it up.

use super::summary;
use super::terminal::{Palette, visible};
use crate::app::views::{BatchProgress, BatchView, Reason};
use crate::domain::State;

/// The columns of a batch in CSV.
pub(super) const HEADER: [&str; 9] =
    ["id", "source", "requests", "settled", "active", "blocked", "succeeded", "failed", "cancelled"];

/// A batch's cells in CSV.
pub(super) fn record(view: &BatchView, progress: &BatchProgress) -> [String; 9] {
    let by = &progress.by_status;
    [
        view.id.to_string(),
        view.source.clone(),
        progress.requests.to_string(),
        progress.settled.to_string(),
        by.active.to_string(),
        by.blocked.to_string(),
        by.succeeded.to_string(),
        by.failed.to_string(),
        by.cancelled.to_string(),
    ]
}

/// The page.
pub(super) fn lines(
    view: &BatchView,
    progress: &BatchProgress,
    reasons: &[Reason],
    palette: Palette,
) -> Vec<String> {
    let mut lines = vec![
        palette.heading().apply_to(visible(&view.source)).to_string(),
        format!("  batch      {}", view.id),
        format!("  submitted  {} by {}", view.opened_at.to_the_second(), visible(&view.actor)),
        format!("  progress   {}", summary::settled_line(progress, palette, 20)),
        format!("  requests   {}", summary::statuses(progress, palette)),
    ];
    let active: Vec<String> = State::ALL
        .iter()
        .filter(|state| progress.active_by_state.of(**state) > 0)
        .map(|state| format!("{} at {state}", progress.active_by_state.of(*state)))
        .collect();
    if !active.is_empty() {
        lines.push(format!("  active     {}", active.join(", ")));
    }
    if !reasons.is_empty() {
        lines.push(String::new());
        lines.extend(summary::reasons(reasons, Some(view.id), palette));
    }
    lines
}
