//! Opening an operation, and following it to its end.

use super::super::actor::at_the_prompt;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::terminal::visible;
use super::super::trouble::Trouble;
use super::preview::{Preview, counted, seats_note, verb_of};
use crate::app::{BulkOrders, OperationOrder, TokioTimer};
use crate::engine::Timer;
use crate::http::DaemonClient;
use crate::store::{ItemOutcome, Operation, Store};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How often the daemon's progress is read.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How many refusals are told one by one.
const REFUSALS_MAX: usize = 20;

/// How many items are read at a time.
const ITEMS_PAGE: u32 = 1_000;

/// Opens the operation through the daemon if one runs, else with the database in our own hands; and tells how it ended.
pub(super) async fn carry_out(
    context: &Context,
    preview: Preview,
    selection: String,
    reason: Option<String>,
) -> Result<Exit, Trouble> {
    let (verb, seats) = (preview.verb, preview.seats);
    let order =
        OperationOrder { verb, requests: preview.requests, selection, reason, actor: at_the_prompt() };
    let operation = match context.daemon().await? {
        Some((daemon, _)) => through(context, &daemon, &order).await?,
        None => alone(context, order).await?,
    };
    let store = context.reader().await?;
    let exit = tell(&*store, &operation).await?;
    store.close().await?;
    if let Some(note) = seats_note(verb, seats) {
        writeln!(std::io::stdout().lock(), "{note}")?;
    }
    Ok(exit)
}

async fn through(
    context: &Context,
    daemon: &DaemonClient,
    order: &OperationOrder,
) -> Result<Operation, Trouble> {
    let opened = daemon.open_operation(order).await?;
    announce(&opened)?;
    let store = context.reader().await?;
    loop {
        let Some(operation) = store.operation(opened.id).await? else {
            return Err(Trouble::failure(format!("operation {} is gone", opened.id)));
        };
        if operation.ended_at.is_some() {
            store.close().await?;
            return Ok(operation);
        }
        if context.daemon().await?.is_none() {
            store.close().await?;
            let mut err = std::io::stderr().lock();
            writeln!(
                err,
                "the daemon has ended; what is left follows when one runs, or with the next order"
            )?;
            return Ok(operation);
        }
        TokioTimer.sleep(LOOK_EVERY).await;
    }
}

async fn alone(context: &Context, order: OperationOrder) -> Result<Operation, Trouble> {
    let store = context.owner_beside_no_daemon().await?;
    let bulk = BulkOrders {
        store: store.shared(),
        clock: Arc::clone(&context.clock),
        ids: Arc::clone(&context.ids),
        policy: context.settings.policy.clone(),
    };
    let opened = bulk.open(order).await?;
    announce(&opened)?;
    let finished = bulk.finish(opened.id).await;
    store.close().await?;
    Ok(finished?.unwrap_or(opened))
}

/// From here on it is in effect, whatever becomes of this process.
fn announce(operation: &Operation) -> Result<(), Trouble> {
    let count = counted(usize::try_from(operation.items).unwrap_or(usize::MAX));
    let mut err = std::io::stderr().lock();
    Ok(writeln!(err, "operation {}: {} {count}; it is in effect", operation.id, verb_of(operation.verb))?)
}

async fn tell(store: &dyn Store, operation: &Operation) -> Result<Exit, Trouble> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "operation {}: {} of {} done, {} refused, {} dropped",
        operation.id, operation.done, operation.items, operation.refused, operation.dropped
    )?;
    if operation.refused + operation.dropped == 0 {
        return Ok(if operation.ended_at.is_some() { Exit::Ok } else { Exit::Partial });
    }
    drop(out);
    let (mut after, mut told) = (-1, 0);
    'pages: loop {
        let items = store.operation_items(operation.id, after, ITEMS_PAGE).await?;
        let Some(last) = items.last() else { break };
        after = last.place;
        for item in &items {
            if let Some(ItemOutcome::Refused { why }) = &item.outcome {
                if told == REFUSALS_MAX {
                    let id = operation.id;
                    writeln!(std::io::stdout().lock(), "  and more: seatless operations show {id}")?;
                    break 'pages;
                }
                told += 1;
                writeln!(std::io::stdout().lock(), "  {}: {}", item.request, visible(why))?;
            }
        }
    }
    Ok(if operation.done == 0 { Exit::Failure } else { Exit::Partial })
}
