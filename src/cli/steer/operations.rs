//! `seatless operations`: what was ordered for many requests, by whom, why, and what it came to.

use super::super::actor::at_the_prompt;
use super::super::args::Output;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::output;
use super::super::terminal::{Cell, Column, Grid, Palette, visible, width_of_stdout};
use super::super::trouble::Trouble;
use super::args::OperationsCommand;
use crate::app::views::Moment;
use crate::domain::OperationId;
use crate::store::{ItemOutcome, Operation, OperationItem};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};

/// How many items are read at a time.
const ITEMS_PAGE: u32 = 1_000;

pub(in super::super) async fn run(context: &Context, command: OperationsCommand) -> Result<Exit, Trouble> {
    match command {
        OperationsCommand::List { limit, output } => list(context, limit, output).await,
        OperationsCommand::Show { id, output } => show(context, id, output).await,
        OperationsCommand::Cancel { id } => cancel(context, id).await,
    }
}

/// In one word.
const fn standing(operation: &Operation) -> &'static str {
    match (operation.ended_at, &operation.called_off_by) {
        (None, _) => "running",
        (Some(_), None) => "done",
        (Some(_), Some(_)) => "called off",
    }
}

const HEADER: [&str; 12] = [
    "id",
    "verb",
    "standing",
    "items",
    "done",
    "refused",
    "dropped",
    "selection",
    "reason",
    "actor",
    "opened_at",
    "ended_at",
];

fn record(operation: &Operation) -> [String; 12] {
    [
        operation.id.to_string(),
        operation.verb.as_str().to_owned(),
        standing(operation).to_owned(),
        operation.items.to_string(),
        operation.done.to_string(),
        operation.refused.to_string(),
        operation.dropped.to_string(),
        operation.selection.clone(),
        operation.reason.clone().unwrap_or_default(),
        operation.actor.name.clone(),
        Moment(operation.opened_at).to_string(),
        operation.ended_at.map(|at| Moment(at).to_string()).unwrap_or_default(),
    ]
}

/// An operation as JSON.
pub(in super::super) fn value_of(operation: &Operation) -> Value {
    let mut value = json!({
        "id": operation.id, "verb": operation.verb, "standing": standing(operation), "items": operation.items,
        "done": operation.done, "refused": operation.refused, "dropped": operation.dropped,
        "selection": operation.selection, "actor": operation.actor,
        "opened_at": Moment(operation.opened_at).to_string(),
    });
    let mut add = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            value[name] = Value::String(text);
        }
    };
    add("reason", operation.reason.clone());
    add("called_off_by", operation.called_off_by.clone());
    add("ended_at", operation.ended_at.map(|at| Moment(at).to_string()));
    value
}

async fn list(context: &Context, limit: u32, output: Output) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let operations = store.operations(limit).await?;
    let mut out = BufWriter::new(std::io::stdout());
    match output {
        Output::Table => table(&operations).write(&mut out, width_of_stdout())?,
        Output::Csv => output::csv(&mut out, HEADER, operations.iter().map(record))?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values = operations.iter().map(value_of).collect();
            output::documents(&mut out, output, "operations", values)?;
        }
    }
    out.flush()?;
    if operations.is_empty() {
        writeln!(std::io::stderr().lock(), "Nothing was ordered for many requests yet.")?;
    }
    Ok(Exit::Ok)
}

fn table(operations: &[Operation]) -> Grid {
    let palette = Palette::of_stdout();
    let columns = [
        Column::keep("OPERATION"),
        Column::keep("VERB"),
        Column::keep("STANDING"),
        Column::number("REQUESTS"),
        Column::number("DONE"),
        Column::number("REFUSED"),
        Column::cut("SELECTION", 12),
        Column::cut("REASON", 12),
        Column::drop("BY"),
        Column::drop("OPENED"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for operation in operations {
        let opened = Moment(operation.opened_at).to_the_second();
        grid.row([
            Cell::new(operation.id.to_string(), palette.plain()),
            Cell::new(operation.verb.as_str(), palette.plain()),
            Cell::new(standing(operation), palette.lively()),
            Cell::new(operation.items.to_string(), palette.plain()),
            Cell::new(operation.done.to_string(), palette.good()),
            Cell::new(
                operation.refused.to_string(),
                if operation.refused > 0 { palette.bad() } else { palette.faint() },
            ),
            Cell::new(&operation.selection, palette.plain()),
            Cell::new(operation.reason.as_deref().unwrap_or_default(), palette.plain()),
            Cell::new(&operation.actor.name, palette.faint()),
            Cell::new(opened, palette.faint()),
        ]);
    }
    grid
}

/// What an order came to for a request, as a word, and why.
fn outcome_of(item: &OperationItem) -> (&'static str, &str) {
    match &item.outcome {
        None => ("due", ""),
        Some(ItemOutcome::Done) => ("done", ""),
        Some(ItemOutcome::Refused { why }) => ("refused", why),
        Some(ItemOutcome::Dropped) => ("dropped", ""),
    }
}

async fn show(context: &Context, id: OperationId, output: Output) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let operation = store.operation(id).await?.ok_or_else(|| unknown(id))?;
    let mut items = Vec::new();
    let mut after = -1;
    loop {
        let page = store.operation_items(id, after, ITEMS_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.place;
        items.extend(page);
    }
    let mut out = BufWriter::new(std::io::stdout());
    match output {
        Output::Table => {
            for (name, text) in HEADER.iter().zip(record(&operation)).filter(|(_, text)| !text.is_empty()) {
                writeln!(out, "{name:10} {}", visible(&text))?;
            }
            for item in &items {
                let (word, why) = outcome_of(item);
                let line = format!("{}  {word}  {why}", item.request);
                writeln!(out, "{}", visible(line.trim_end()))?;
            }
        }
        Output::Csv => {
            let rows = items.iter().map(|item| {
                let (word, why) = outcome_of(item);
                [item.request.to_string(), word.to_owned(), why.to_owned()]
            });
            output::csv(&mut out, ["request", "outcome", "why"], rows)?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            let mut value = value_of(&operation);
            let items: Vec<Value> = items
                .iter()
                .map(|item| match outcome_of(item) {
                    (word, "") => json!({"request": item.request, "outcome": word}),
                    (word, why) => json!({"request": item.request, "outcome": word, "why": why}),
                })
                .collect();
            value["requests"] = Value::Array(items);
            output::documents(&mut out, output, "operations", vec![value])?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn unknown(id: OperationId) -> Trouble {
    Trouble::usage(format!("there is no operation {id}")).hint("`seatless operations list` lists them")
}

async fn cancel(context: &Context, id: OperationId) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    store.operation(id).await?.ok_or_else(|| unknown(id))?;
    store.close().await?;
    let dropped = match context.daemon().await? {
        Some((daemon, _)) => daemon.call_off(id, &at_the_prompt()).await?,
        None => {
            let store = context.owner_beside_no_daemon().await?;
            let dropped = store.call_off(id, at_the_prompt(), context.clock.now()).await;
            store.close().await?;
            dropped?
        }
    };
    let mut out = std::io::stdout().lock();
    if dropped == 0 {
        writeln!(out, "operation {id} had ended; nothing was left to drop")?;
    } else {
        writeln!(out, "operation {id}: {dropped} requests are left as they are")?;
    }
    Ok(Exit::Ok)
}
