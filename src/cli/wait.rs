//! Waiting until a batch has come to rest.

use super::args::Output;
use super::context::Context;
use super::exit::Exit;
use super::trouble::Trouble;
use crate::app::TokioTimer;
use crate::domain::{BatchId, Status};
use crate::engine::Timer;
use crate::store::Requests;
use std::time::Duration;

/// Waits until every request of a batch is terminal or blocked.
pub(super) async fn for_batch(
    context: &Context,
    batch: BatchId,
    timeout: Option<Duration>,
    _output: Output,
) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let began = context.clock.elapsed();
    let exit = loop {
        let counts = reader.counts(Some(batch)).await?;
        let of = |status| counts.iter().filter(|c| c.status == status).map(|c| c.requests).sum::<u64>();
        if of(Status::Active) == 0 {
            break if of(Status::Blocked) + of(Status::Failed) + of(Status::Cancelled) == 0 {
                Exit::Ok
            } else {
                Exit::Partial
            };
        }
        if timeout.is_some_and(|timeout| context.clock.elapsed() - began > timeout) {
            break Exit::TimedOut;
        }
        TokioTimer.sleep(Duration::from_millis(250)).await;
    };
    reader.close().await?;
    Ok(exit)
}
