//! The picture as lines.

use super::picture::{Daemon, Picture};
use crate::app::views::{Moment, PoolView};
use crate::cli::stats_page::{lane_line, pools};
use crate::cli::summary::{settled_line, statuses};
use crate::cli::terminal::{Palette, bar, visible};
use crate::domain::State;
use crate::store::PoolKind;

/// How many lines of one section are shown before the rest is only counted.
const SECTION_MAX: usize = 6;

/// The lines; what happened last takes the room that the rest leaves.
pub(super) fn lines(picture: &Picture, palette: Palette, columns: usize, rows: usize) -> Vec<String> {
    let mut lines = head(picture, palette);
    lines.push(String::new());
    lines.push(settled_line(&picture.progress, palette, columns.saturating_sub(45).clamp(10, 40)));
    lines.push(statuses(&picture.progress, palette));
    lines.push(String::new());
    lines.extend(states(picture, palette, columns));
    let tight: Vec<PoolView> = picture.pools.iter().filter(|pool| is_tight(pool)).cloned().collect();
    if !tight.is_empty() {
        lines.push(String::new());
        lines.extend(short(pools(&tight, palette).lines(Some(columns)), SECTION_MAX + 1));
    }
    section(&mut lines, "LANES IN TROUBLE", palette, {
        picture.lanes.iter().map(|lane| lane_line(lane, picture.at.0, palette)).collect()
    });
    section(&mut lines, "STOPPED", palette, stopped(picture, palette));
    let room = rows.saturating_sub(lines.len() + 2).min(12);
    let latest = &picture.latest[picture.latest.len().saturating_sub(room)..];
    section_of_any_length(&mut lines, "LATEST", palette, {
        latest
            .iter()
            .rev()
            .map(|happening| {
                format!(
                    "{}  {}  {}",
                    palette.faint().apply_to(happening.at.beside(picture.at)),
                    visible(&happening.name),
                    palette.tone(happening.tone).apply_to(visible(&happening.text))
                )
            })
            .collect()
    });
    lines
}

/// Seats are what everything waits for; slots only matter where there are none left.
fn is_tight(pool: &PoolView) -> bool {
    match pool.kind {
        PoolKind::Seat => true,
        PoolKind::Slot => pool.free == 0,
    }
}

fn head(picture: &Picture, palette: Palette) -> Vec<String> {
    let subject = match &picture.batch {
        Some(batch) => format!("{} (batch {})", visible(&batch.source), batch.id),
        None => "all requests".to_owned(),
    };
    let mut lines = vec![format!(
        "{}  {}",
        palette.heading().apply_to(subject),
        palette.faint().apply_to(picture.at.to_the_second())
    )];
    lines.push(match &picture.daemon {
        Daemon::Runs(health) => {
            let since = Moment(health.since).beside(picture.at);
            let text =
                format!("seatless {} runs as process {} since {since}", health.version, health.process_id);
            palette.faint().apply_to(visible(&text)).to_string()
        }
        Daemon::Silent => {
            palette.slow().apply_to("A daemon is there but does not answer; look at its log.").to_string()
        }
        Daemon::None if picture.progress.is_settled() => {
            palette.faint().apply_to("No daemon runs, and nothing waits for one.").to_string()
        }
        Daemon::None => palette
            .slow()
            .apply_to("No daemon runs, so nothing moves; start one with `seatless run`.")
            .to_string(),
    });
    lines
}

fn states(picture: &Picture, palette: Palette, columns: usize) -> Vec<String> {
    let progress = &picture.progress;
    let width = columns.saturating_sub(30).clamp(10, 40);
    State::ALL
        .iter()
        .map(|state| {
            let requests = progress.active_by_state.of(*state);
            let share = if progress.requests == 0 { 0.0 } else { requests as f64 / progress.requests as f64 };
            let (filled, empty) = bar(share, width);
            let style = if requests > 0 { palette.plain() } else { palette.faint() };
            format!(
                "{} {}{} {}",
                style.apply_to(format!("{:<15}", state.as_str())),
                palette.lively().apply_to(filled),
                palette.faint().apply_to(empty),
                style.apply_to(requests)
            )
        })
        .collect()
}

fn stopped(picture: &Picture, palette: Palette) -> Vec<String> {
    let told = picture.reasons.iter().flat_map(|reason| {
        let head = format!("{:>5} {} {}", reason.requests, reason.status, reason.code);
        let hint = format!("      to do ({}): {}", reason.who_can(), reason.hint);
        [
            format!("{}  {}", palette.bad().apply_to(head), reason.sentence),
            palette.faint().apply_to(hint).to_string(),
        ]
    });
    told.collect()
}

fn section(lines: &mut Vec<String>, title: &str, palette: Palette, rows: Vec<String>) {
    section_of_any_length(lines, title, palette, short(rows, SECTION_MAX));
}

fn section_of_any_length(lines: &mut Vec<String>, title: &str, palette: Palette, rows: Vec<String>) {
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(palette.heading().apply_to(title).to_string());
        lines.extend(rows);
    }
}

fn short(mut rows: Vec<String>, rows_max: usize) -> Vec<String> {
    if rows.len() > rows_max {
        let more = rows.len() - (rows_max - 1);
        rows.truncate(rows_max - 1);
        rows.push(format!("… and {more} more"));
    }
    rows
}
