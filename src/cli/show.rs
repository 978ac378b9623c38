//! `seatless show`: the life of one request, or how a batch stands.

use super::args::Output;
use super::context::Context;
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::read_args::ShowArgs;
use super::terminal::{Palette, visible};
use super::trouble::Trouble;
use super::{batch_page, request_page};
use crate::app::queries::{BatchLookupError, blocked_reasons, find_batch, request_next};
use crate::app::views::{BatchProgress, BatchView, Pace, RequestView, WatchView, timeline};
use crate::app::{LookupError, find_request};
use crate::domain::{RequestId, Status};
use crate::store::{Batch, Event, Member, Operation, Store, StoreError};
use serde_json::json;
use std::io::{BufWriter, Write};
use std::time::Duration;

/// How many of the latest operations on a request are named.
const OPERATIONS_MAX: u32 = 5;

/// How many events are read at a time.
const EVENTS_PAGE: u32 = 1_000;

pub(super) async fn run(context: &Context, args: ShowArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let request = find_request(&*store, &args.what).await;
    let batch = find_batch(&*store, &args.what).await;
    match (request, batch) {
        (Ok(member), Ok(batch)) => Err(Trouble::usage(format!(
            "{:?} names both the request {} and the batch {}",
            args.what, member.request.id, batch.id
        ))
        .hint("give more characters of the id")),
        (Ok(member), Err(_)) => show_request(context, &*store, &member, args.output).await,
        (Err(_), Ok(batch)) => show_batch(context, &*store, &batch, args.output).await,
        (Err(LookupError::Unknown(_)), Err(error @ BatchLookupError::NoneYet)) => Err(error.into()),
        (Err(LookupError::Unknown(text)), Err(_)) => Err(Trouble::usage(format!(
            "no request and no batch is called {text:?}"
        ))
        .hint(
            "give an id, the first characters of one, or a user name with /environment behind it; `seatless list` shows them",
        )),
        (Err(error), Err(_)) => Err(error.into()),
    }
}

async fn show_request(
    context: &Context,
    store: &dyn Store,
    member: &Member,
    form: Output,
) -> Result<Exit, Trouble> {
    let now = context.clock.now();
    let events = history(store, member.request.id).await?;
    let entries = timeline(&events);
    let next = request_next(store, member, &context.settings.policy, now).await?;
    let view = RequestView::from(member);
    let watch = store.watches(vec![view.id]).await?.first().map(|(_, watch)| WatchView::from(watch));
    let operations = store.operations_of(view.id, OPERATIONS_MAX).await?;
    let moves = view.status == Status::Active && !view.paused;
    let mut out = BufWriter::new(std::io::stdout());
    match form {
        Output::Table => {
            let mut lines = request_page::lines(&view, &entries, &next, now, Palette::of_stdout());
            if let Some(watch) = &watch {
                lines.extend(request_page::watch_lines(watch, now, Palette::of_stdout()));
            }
            lines.extend(operations.iter().map(ordered));
            if moves && context.seems_idle().await {
                lines.push(
                    "      No daemon runs, so nothing moves; start one with `seatless run`.".to_owned(),
                );
            }
            output::page(&mut out, lines)?;
        }
        Output::Csv => output::csv(&mut out, request_page::HEADER, entries.iter().map(request_page::record))?,
        Output::Jsonl => {
            for entry in &entries {
                output::document(&mut out, form, output::value(entry)?)?;
            }
        }
        Output::Json | Output::Yaml => {
            let mut value = json!({
                "schema_version": SCHEMA_VERSION,
                "request": view,
                "next": next,
                "timeline": entries,
            });
            if let Some(watch) = &watch {
                value["watch"] = output::value(watch)?;
            }
            if !operations.is_empty() {
                value["operations"] = operations.iter().map(super::steer::value_of).collect();
            }
            output::document(&mut out, form, value)?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// An operation that the request belongs to.
fn ordered(operation: &Operation) -> String {
    let reason = operation.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let (verb, actor, id) = (operation.verb.as_str(), &operation.actor.name, operation.id);
    visible(&format!("part of: {verb} by {actor}{reason}, operation {id}")).to_string()
}

async fn history(store: &dyn Store, request: RequestId) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(0, |event: &Event| event.sequence);
        let page = store.history(request, after, EVENTS_PAGE).await?;
        let is_last = page.len() < EVENTS_PAGE as usize;
        events.extend(page);
        if is_last {
            return Ok(events);
        }
    }
}

async fn show_batch(
    context: &Context,
    store: &dyn Store,
    batch: &Batch,
    form: Output,
) -> Result<Exit, Trouble> {
    let now = context.clock.now();
    let progress = BatchProgress::of(batch.requests, &store.counts(Some(batch.id)).await?);
    let progress = match batch.accepted_at.and_then(|at| (now - at).to_std().ok()) {
        // Nothing was watched, so the pace is that since the beginning.
        Some(age) => {
            let mut pace = Pace::over(age);
            pace.note(Duration::ZERO, 0);
            pace.note(age, progress.settled);
            progress.expecting(&pace, now)
        }
        None => progress,
    };
    let reasons = blocked_reasons(store, Some(batch.id), None).await?;
    let view = BatchView::from(batch);
    let mut out = BufWriter::new(std::io::stdout());
    match form {
        Output::Table => {
            output::page(&mut out, batch_page::lines(&view, &progress, &reasons, Palette::of_stdout()))?;
        }
        Output::Csv => output::csv(&mut out, batch_page::HEADER, [batch_page::record(&view, &progress)])?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let value = json!({
                "schema_version": SCHEMA_VERSION,
                "batch": view,
                "progress": progress,
                "reasons": reasons,
            });
            output::document(&mut out, form, value)?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}
