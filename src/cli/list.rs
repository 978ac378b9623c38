//! `seatless list`: requests in the order of submission, or batches.

use super::args::Output;
use super::context::Context;
use super::exit::Exit;
use super::filter::filter_of;
use super::listed::Listed;
use super::output;
use super::read_args::ListArgs;
use super::sheet::Sheet;
use super::terminal::{Cell, Column, Grid, Palette, width_of_stdout};
use super::trouble::Trouble;
use crate::app::queries::{LANES_MAX, Pages, SeatQueues, lane_of};
use crate::app::views::{BatchProgress, BatchView, Circumstances, DriftView, Moment, RequestView, next};
use crate::domain::{RequestId, Status, Watch};
use crate::store::{Filter, Page};
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufWriter, Write};

/// How many batches are listed with `--limit 0`.
const BATCHES_MAX: u32 = 100_000;

pub(super) async fn run(context: &Context, args: ListArgs) -> Result<Exit, Trouble> {
    if args.batches { batches(context, &args).await } else { requests(context, &args).await }
}

async fn requests(context: &Context, args: &ListArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let now = context.clock.now();
    let filter = filter_of(&*store, &args.filter, now).await?;
    let lanes = store.lanes(LANES_MAX).await?;
    let policy = &context.settings.policy;
    let mut queues = SeatQueues::new(&*store, policy, now);
    let mut sheet = Sheet::new(args.output, BufWriter::new(std::io::stdout()), Palette::of_stdout())?;
    let mut pages = Pages::new(&*store, filter.clone(), args.after, (args.limit > 0).then_some(args.limit));
    let mut last = None;
    loop {
        let page = pages.next().await?;
        let Some(end) = page.last() else { break };
        last = Some(end.request.id);
        let finished = page.iter().filter(|member| member.request.progress.status() == Status::Succeeded);
        let watches = store.watches(finished.map(|member| member.request.id).collect()).await?;
        let mut watches: HashMap<RequestId, Watch> = watches.into_iter().collect();
        for member in &page {
            let lane = lane_of(&lanes, member);
            let seat_place = queues.place(member).await?;
            let around = Circumstances { policy, lane, seat_place, now };
            let next = next(&member.request, around);
            let drifts = watches.remove(&member.request.id).map(|watch| watch.drifts).unwrap_or_default();
            let drifts = drifts.iter().map(DriftView::from).collect();
            sheet.row(Listed { request: RequestView::from(member), next, drifts }, now)?;
        }
    }
    sheet.finish(width_of_stdout())?;
    match last {
        Some(last) if args.limit > 0 => {
            let beyond = store.requests(filter, Page { after: Some(last), rows_max: 1 }).await?;
            if !beyond.is_empty() {
                say(&format!("There is more: go on with --after {last}, or list all with --limit 0."))?;
            }
        }
        Some(_) => {}
        None if filter == Filter::default() && args.after.is_none() => {
            say("Nothing was submitted yet; `seatless submit FILE` does it.")?;
        }
        None => say("No request is like that.")?,
    }
    Ok(Exit::Ok)
}

async fn batches(context: &Context, args: &ListArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let rows_max = match u32::try_from(args.limit) {
        Ok(0) | Err(_) => BATCHES_MAX,
        Ok(limit) => limit.min(BATCHES_MAX),
    };
    let found = store.batches(rows_max.saturating_add(1)).await?;
    let there_is_more = found.len() > rows_max as usize;
    let mut listed = Vec::new();
    for batch in found.iter().take(rows_max as usize) {
        let progress = BatchProgress::of(batch.requests, &store.counts(Some(batch.id)).await?);
        listed.push((BatchView::from(batch), progress));
    }
    let mut out = BufWriter::new(std::io::stdout());
    match args.output {
        Output::Table => table(&listed).write(&mut out, width_of_stdout())?,
        Output::Csv => {
            let header = [
                "id",
                "source",
                "actor",
                "accepted_at",
                "requests",
                "active",
                "blocked",
                "succeeded",
                "failed",
                "cancelled",
            ];
            let rows = listed.iter().map(|(batch, progress)| {
                let by = &progress.by_status;
                let number = |count: u64| count.to_string();
                [
                    batch.id.to_string(),
                    batch.source.clone(),
                    batch.actor.clone(),
                    batch.accepted_at.map(|at| at.to_string()).unwrap_or_default(),
                    number(progress.requests),
                    number(by.active),
                    number(by.blocked),
                    number(by.succeeded),
                    number(by.failed),
                    number(by.cancelled),
                ]
            });
            output::csv(&mut out, header, rows)?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            let mut values = Vec::new();
            for (batch, progress) in &listed {
                let mut value = output::value(batch)?;
                value["progress"] = json!(progress);
                values.push(value);
            }
            output::documents(&mut out, args.output, "batches", values)?;
        }
    }
    out.flush()?;
    if listed.is_empty() {
        say("Nothing was submitted yet; `seatless submit FILE` does it.")?;
    } else if there_is_more {
        say("There are more, and older ones: list all with --limit 0.")?;
    }
    Ok(Exit::Ok)
}

fn table(listed: &[(BatchView, BatchProgress)]) -> Grid {
    let palette = Palette::of_stdout();
    let columns = [
        Column::keep("BATCH"),
        Column::cut("SOURCE", 12),
        Column::drop("ACCEPTED"),
        Column::drop("BY"),
        Column::number("REQUESTS"),
        Column::number("SETTLED"),
        Column::number("SUCCEEDED"),
        Column::number("BLOCKED"),
        Column::number("FAILED"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for (batch, progress) in listed {
        let by = &progress.by_status;
        let bad = |count: u64| {
            Cell::new(count.to_string(), if count > 0 { palette.bad() } else { palette.faint() })
        };
        grid.row([
            Cell::new(batch.id.to_string(), palette.plain()),
            Cell::new(&batch.source, palette.plain()),
            Cell::new(batch.accepted_at.map(Moment::to_the_second).unwrap_or_default(), palette.faint()),
            Cell::new(&batch.actor, palette.faint()),
            Cell::new(progress.requests.to_string(), palette.plain()),
            Cell::new(format!("{:.0}%", (progress.settled_share * 100.0).floor()), palette.lively()),
            Cell::new(by.succeeded.to_string(), palette.good()),
            bad(by.blocked),
            bad(by.failed),
        ]);
    }
    grid
}

/// Tells what does not belong to the values.
fn say(sentence: &str) -> Result<(), Trouble> {
    Ok(writeln!(std::io::stderr().lock(), "{sentence}")?)
}
