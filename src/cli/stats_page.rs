//! The counts on a page: the headline first, then where requests are, seats and slots, and what is in trouble.

use super::terminal::{Cell, Column, Grid, Palette, visible};
use crate::app::views::{
    DriftFigure, Efficiency, Moment, Place, PoolView, Stats, TroubledLane, roughly, span,
};
use crate::domain::{Instant, Status};
use crate::store::PoolKind;

/// The columns in CSV: one figure a row.
pub(super) const HEADER: [&str; 5] = ["section", "tenant", "subject", "figure", "value"];

/// The page.
pub(super) fn lines(stats: &Stats, now: Instant, palette: Palette, width: Option<usize>) -> Vec<String> {
    let mut lines: Vec<String> =
        stats.efficiency.iter().flat_map(|figures| headline(figures, palette)).collect();
    if stats.requests.is_empty() {
        lines.push("Nothing was submitted yet.".to_owned());
    } else {
        section(&mut lines, requests(&stats.requests, palette).lines(width));
    }
    if !stats.pools.is_empty() {
        section(&mut lines, pools(&stats.pools, palette).lines(width));
    }
    if !stats.drift.is_empty() {
        section(&mut lines, drift(&stats.drift, palette).lines(width));
    }
    if !stats.lanes.is_empty() {
        let title = palette.heading().apply_to("LANES IN TROUBLE").to_string();
        let told = stats.lanes.iter().map(|lane| lane_line(lane, now, palette));
        section(&mut lines, std::iter::once(title).chain(told).collect());
    }
    lines
}

fn section(lines: &mut Vec<String>, more: Vec<String>) {
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(more);
}

fn headline(figures: &Efficiency, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(average), Some(saved)) = (figures.seat_minutes_average, figures.seat_minutes_saved_total) {
        let held = palette.heading().apply_to(format!("{} held per seat", minutes(average)));
        lines.push(format!(
            "{}: {held}, over {} returned; {} against the fixed hour.",
            visible(&figures.tenant),
            plural(figures.seats_returned, "seat"),
            saving(saved, palette)
        ));
    }
    if let (Some(average), Some(saved)) =
        (figures.propagation_minutes_average, figures.propagation_minutes_saved_average)
    {
        lines.push(format!(
            "{}: {} from license to environment on average, over {}; {} each.",
            visible(&figures.tenant),
            minutes(average),
            plural(figures.propagations, "account"),
            saving(saved, palette)
        ));
    }
    lines
}

fn minutes(minutes: f64) -> String {
    span(minutes * 60.0)
}

fn saving(saved: f64, palette: Palette) -> String {
    if saved >= 0.0 {
        palette.good().apply_to(format!("{} saved", minutes(saved))).to_string()
    } else {
        palette.slow().apply_to(format!("{} more", minutes(-saved))).to_string()
    }
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn requests(places: &[Place], palette: Palette) -> Grid {
    let order = [Status::Active, Status::Blocked, Status::Succeeded, Status::Failed, Status::Cancelled];
    let columns = [
        Column::cut("TENANT", 8),
        Column::cut("ENVIRONMENT", 11),
        Column::number("ACTIVE"),
        Column::number("BLOCKED"),
        Column::number("SUCCEEDED"),
        Column::number("FAILED"),
        Column::number("CANCELLED"),
        Column::number("TOTAL"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for place in places {
        let mut cells =
            vec![Cell::new(&place.tenant, palette.plain()), Cell::new(&place.environment, palette.plain())];
        for status in order {
            let requests = place.by_status.of(status);
            let style = if requests > 0 { palette.status(status) } else { palette.faint() };
            cells.push(Cell::new(requests.to_string(), style));
        }
        cells.push(Cell::new(place.requests.to_string(), palette.plain()));
        grid.row(cells);
    }
    grid
}

/// Seats and slots under their titles.
pub(super) fn pools(pools: &[PoolView], palette: Palette) -> Grid {
    let columns = [
        Column::keep("POOL"),
        Column::cut("TENANT", 8),
        Column::cut("OF", 11),
        Column::number("CAPACITY"),
        Column::number("OTHERS"),
        Column::number("HELD"),
        Column::number("FREE"),
        Column::number("WAITING"),
        Column::drop("CLEARED IN"),
        Column::drop("READ"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for pool in pools {
        let kind = match pool.kind {
            PoolKind::Seat => "seats",
            PoolKind::Slot => "slots",
        };
        let number = |count: u32| Cell::new(count.to_string(), palette.plain());
        // Somebody waits and nothing is free: that is what holds the work up.
        let short = pool.free == 0 && pool.waiting > 0;
        let stressed =
            |count: u32| Cell::new(count.to_string(), if short { palette.slow() } else { palette.plain() });
        grid.row([
            Cell::new(kind, palette.plain()),
            Cell::new(&pool.tenant, palette.plain()),
            Cell::new(pool.subject(), palette.plain()),
            Cell::new(
                pool.capacity.map_or_else(|| "?".to_owned(), |count| count.to_string()),
                palette.plain(),
            ),
            number(pool.others),
            number(pool.held),
            stressed(pool.free),
            stressed(pool.waiting),
            Cell::new(
                pool.cleared_in_seconds
                    .map(|seconds| format!("about {}", span(roughly(seconds))))
                    .unwrap_or_default(),
                palette.plain(),
            ),
            Cell::new(pool.read_at.map(Moment::to_the_second).unwrap_or_default(), palette.faint()),
        ]);
    }
    grid
}

fn drift(figures: &[DriftFigure], palette: Palette) -> Grid {
    let columns = [
        Column::keep("DRIFT"),
        Column::cut("TENANT", 8),
        Column::cut("ENVIRONMENT", 11),
        Column::number("ACCOUNTS"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for figure in figures {
        grid.row([
            Cell::new(figure.code.as_str(), palette.bad()),
            Cell::new(&figure.tenant, palette.plain()),
            Cell::new(&figure.environment, palette.plain()),
            Cell::new(figure.accounts.to_string(), palette.plain()),
        ]);
    }
    grid
}

/// A lane in trouble on one line.
pub(super) fn lane_line(lane: &TroubledLane, now: Instant, palette: Palette) -> String {
    let rest = match lane.gate_until {
        Some(until) => {
            let left = (until.0 - now).to_std().unwrap_or_default().as_secs_f64().ceil();
            format!(" rests for {}", span(left))
        }
        None => String::new(),
    };
    let failed = match lane.failed_groups {
        0 => String::new(),
        1 => ", the last group failed".to_owned(),
        times => format!(", the last {times} groups failed"),
    };
    let cause =
        lane.failure.as_ref().map(|failure| format!(": {} [{}]", visible(&failure.message), failure.code));
    format!(
        "{}{rest}{failed}{}",
        palette.slow().apply_to(visible(&lane.subject())),
        cause.unwrap_or_default()
    )
}

/// All figures in CSV, one a row.
pub(super) fn records(stats: &Stats) -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    let mut add = |section: &str, tenant: &str, subject: &str, figure: &str, value: Option<String>| {
        rows.extend(value.map(|value| [section, tenant, subject, figure, &value].map(str::to_owned)));
    };
    for place in &stats.requests {
        for status in Status::ALL {
            let value = place.by_status.of(*status).to_string();
            add("requests", &place.tenant, &place.environment, status.as_str(), Some(value));
        }
    }
    for pool in &stats.pools {
        let section = match pool.kind {
            PoolKind::Seat => "seats",
            PoolKind::Slot => "slots",
        };
        let figures = [
            ("capacity", pool.capacity),
            ("others", Some(pool.others)),
            ("held", Some(pool.held)),
            ("free", Some(pool.free)),
            ("waiting", Some(pool.waiting)),
        ];
        for (figure, value) in figures {
            add(section, &pool.tenant, &pool.subject(), figure, value.map(|value| value.to_string()));
        }
        let cleared = pool.cleared_in_seconds.map(|seconds| seconds.to_string());
        add(section, &pool.tenant, &pool.subject(), "cleared_in_seconds", cleared);
    }
    for tenant in &stats.efficiency {
        let figures = [
            ("seats_returned", Some(tenant.seats_returned as f64)),
            ("seat_minutes_total", Some(tenant.seat_minutes_total)),
            ("seat_minutes_average", tenant.seat_minutes_average),
            ("seat_minutes_saved_total", tenant.seat_minutes_saved_total),
            ("propagations", Some(tenant.propagations as f64)),
            ("propagation_minutes_average", tenant.propagation_minutes_average),
            ("propagation_minutes_saved_average", tenant.propagation_minutes_saved_average),
        ];
        for (figure, value) in figures {
            add("efficiency", &tenant.tenant, "", figure, value.map(|value| value.to_string()));
        }
    }
    for figure in &stats.drift {
        let accounts = figure.accounts.to_string();
        add("drift", &figure.tenant, &figure.environment, figure.code.as_str(), Some(accounts));
    }
    for lane in &stats.lanes {
        let code = lane.failure.as_ref().map(|failure| failure.code.to_string());
        add("lanes", &lane.tenant, &lane.subject(), "failed_groups", Some(lane.failed_groups.to_string()));
        add("lanes", &lane.tenant, &lane.subject(), "gate_until", lane.gate_until.map(|at| at.to_string()));
        add("lanes", &lane.tenant, &lane.subject(), "code", code);
    }
    rows
}
