//! One request on a page: what it is, what happened, what is next.

use super::terminal::{Palette, visible};
use crate::app::views::{Entry, FailureView, Moment, Next, RequestView, WatchView, span};
use crate::domain::{Instant, Who};
use crate::store::LicensedBy;

/// The columns of a timeline in CSV.
pub(super) const HEADER: [&str; 10] = [
    "at",
    "last_at",
    "count",
    "kind",
    "state",
    "text",
    "waited_seconds",
    "code",
    "message",
    "remote_request_ids",
];

/// An entry's cells in CSV.
pub(super) fn record(entry: &Entry) -> [String; 10] {
    let failure = entry.failure.as_ref();
    [
        entry.at.to_string(),
        entry.last_at.map(|at| at.to_string()).unwrap_or_default(),
        entry.count.to_string(),
        entry.kind.to_string(),
        entry.state.to_string(),
        entry.text.clone(),
        entry.waited_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
        failure.map(|failure| failure.code.to_string()).unwrap_or_default(),
        failure.map(|failure| failure.message.clone()).unwrap_or_default(),
        entry.remote_request_ids.join(" "),
    ]
}

/// The page.
pub(super) fn lines(
    view: &RequestView,
    entries: &[Entry],
    next: &Next,
    now: Instant,
    palette: Palette,
) -> Vec<String> {
    let mut lines = head(view, palette);
    lines.push(String::new());
    let waits: Vec<String> = entries
        .iter()
        .map(|entry| entry.waited_seconds.map_or_else(String::new, |s| format!("+{}", span(s))))
        .collect();
    let room = waits.iter().map(|wait| wait.chars().count()).max().unwrap_or(0);
    for (entry, wait) in entries.iter().zip(&waits) {
        let begin = format!("{}  {wait:>room$}  ", entry.at.to_the_second());
        let indent = " ".repeat(begin.chars().count());
        lines.push(format!(
            "{}{}{}",
            palette.faint().apply_to(&begin),
            palette.tone(entry.tone).apply_to(told(entry)),
            palette.faint().apply_to(often(entry))
        ));
        lines.extend(entry.failure.iter().map(|failure| format!("{indent}{}", cause(failure))));
        // What went well needs no support case; the other forms name the ids all the same.
        if entry.failure.is_some() && !entry.remote_request_ids.is_empty() {
            let ids =
                format!("{indent}remote request ids: {}", visible(&entry.remote_request_ids.join(", ")));
            lines.push(palette.faint().apply_to(ids).to_string());
        }
    }
    let sentences = next.sentences(now);
    if !sentences.is_empty() {
        lines.push(String::new());
        let mut head = "next: ";
        for sentence in sentences {
            lines.push(format!("{}{}", palette.heading().apply_to(head), visible(&sentence)));
            head = "      ";
        }
    }
    if let Next::Blocked { failure, .. } = next {
        let who = crate::app::views::who_can(failure.code.row().who);
        lines.push(format!("      To do ({who}): {}", failure.hint));
        lines.push(format!("      More about it: `seatless explain {}`.", failure.code));
        // What only another list can mend is not mended by trying the same again.
        if failure.code.row().who != Who::Requester {
            lines.push(format!("      Then try it again with `seatless retry {}`.", view.id));
        }
    }
    lines
}

/// What the watch over a finished account tells.
pub(super) fn watch_lines(watch: &WatchView, now: Instant, palette: Palette) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut head = "watch: ";
    for sentence in watch.sentences(now) {
        lines.push(format!("{}{}", palette.heading().apply_to(head), visible(&sentence)));
        head = "       ";
    }
    lines
}

fn head(view: &RequestView, palette: Palette) -> Vec<String> {
    let title = format!("{} in {}", view.user_principal_name, view.environment);
    let paused = if view.paused { ", paused" } else { "" };
    let license = view.license_part_number.map_or_else(|| view.license.to_string(), str::to_owned);
    let mut lines = vec![
        palette.heading().apply_to(visible(&title)).to_string(),
        format!("  request    {}", view.id),
        format!("  batch      {}", view.batch),
        format!("  tenant     {}", visible(&view.tenant)),
        format!("  state      {}, {}{paused}", view.state, palette.status(view.status).apply_to(view.status)),
        format!("  license    {license}{}", held(view)),
    ];
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("  {name:10} {}", visible(&value))));
    };
    line("user", view.object_id.map(|id| format!("{id} in Microsoft Entra")));
    line("systemuser", view.system_user_id.map(|id| format!("{id} in the environment")));
    line("external", view.external_id.clone());
    line("note", view.note.clone());
    lines
}

fn held(view: &RequestView) -> String {
    match view.licensed_by {
        Some(LicensedBy::Group) => return ", held through a group; it stays".to_owned(),
        Some(LicensedBy::Others) => return ", held, given by others; it stays".to_owned(),
        Some(LicensedBy::Nobody) | None => {}
    }
    match (view.license_held, view.seat_held_since) {
        (true, Some(since)) => format!(", held; its seat since {}", since.to_the_second()),
        (true, None) => ", held".to_owned(),
        (false, Some(since)) => format!(", not held; its seat since {}", since.to_the_second()),
        (false, None) => String::new(),
    }
}

fn told(entry: &Entry) -> String {
    match &entry.actor {
        Some(actor) => format!("{} by {}", entry.text, visible(actor)),
        None => entry.text.clone(),
    }
}

fn often(entry: &Entry) -> String {
    let last = entry.last_at.map(|at: Moment| format!(", the last time at {}", at.beside(entry.at)));
    if entry.count > 1 {
        format!(", {} times{}", entry.count, last.unwrap_or_default())
    } else {
        String::new()
    }
}

fn cause(failure: &FailureView) -> String {
    format!("{} [{}]", visible(&failure.message), failure.code)
}
