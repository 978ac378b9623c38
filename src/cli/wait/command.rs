//! The wait itself: a look at the counters each second, and a verdict at the end.

use super::meter::Meter;
use super::verdict::{Verdict, report};
use crate::app::TokioTimer;
use crate::app::queries::{blocked_reasons, find_batch};
use crate::app::views::{BatchProgress, Pace};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::read_args::WaitArgs;
use crate::cli::trouble::Trouble;
use crate::domain::BatchId;
use crate::engine::Timer;
use crate::store::Store;
use std::io::Write;
use std::time::Duration;

/// How often the counters are read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Over how long the pace is measured that the estimate rests on.
const PACE_WINDOW: Duration = Duration::from_secs(600);

pub(in crate::cli) async fn run(context: &Context, args: WaitArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let batch = match &args.batch {
        Some(text) => Some(find_batch(&*store, text).await?.id),
        None => None,
    };
    if context.seems_idle().await && !progress(&*store, batch).await?.is_settled() {
        writeln!(
            std::io::stderr().lock(),
            "No daemon runs on {}, so nothing moves; start one with `seatless run`.",
            context.settings.store.url
        )?;
    }
    until_settled(context, &*store, batch, args.timeout, args.output).await
}

/// Waits for batches one after the other, as `submit --wait` does; the worst end is the end of all.
pub(in crate::cli) async fn for_batches(
    context: &Context,
    batches: &[BatchId],
    timeout: Option<Duration>,
    output: Output,
) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let began = context.clock.elapsed();
    let mut worst = Exit::Ok;
    for batch in batches {
        let waited = context.clock.elapsed().saturating_sub(began);
        let left = timeout.map(|timeout| timeout.saturating_sub(waited));
        let exit = until_settled(context, &*store, Some(*batch), left, output).await?;
        worst = if exit.code() > worst.code() { exit } else { worst };
    }
    Ok(worst)
}

async fn until_settled(
    context: &Context,
    store: &dyn Store,
    batch: Option<BatchId>,
    timeout: Option<Duration>,
    output: Output,
) -> Result<Exit, Trouble> {
    let timer = TokioTimer;
    let began = context.clock.elapsed();
    let mut pace = Pace::over(PACE_WINDOW);
    let mut meter = Meter::new();
    loop {
        let waited = context.clock.elapsed().saturating_sub(began);
        let progress = progress(store, batch).await?;
        pace.note(waited, progress.settled);
        let progress = progress.expecting(&pace, context.clock.now());
        let left = timeout.map_or(LOOK_EVERY, |timeout| timeout.saturating_sub(waited));
        let verdict = if progress.is_settled() {
            Some(if progress.all_succeeded() { Verdict::Succeeded } else { Verdict::Partial })
        } else {
            left.is_zero().then_some(Verdict::TimedOut)
        };
        let Some(verdict) = verdict else {
            meter.show(&progress, waited)?;
            timer.sleep(left.min(LOOK_EVERY)).await;
            continue;
        };
        meter.clear();
        let reasons = blocked_reasons(store, batch, None).await?;
        report(batch, verdict, &progress, &reasons, output)?;
        return Ok(verdict.exit());
    }
}

async fn progress(store: &dyn Store, batch: Option<BatchId>) -> Result<BatchProgress, Trouble> {
    // An accepted batch reaches the counters a moment later; until then its own number counts.
    let promised = match batch {
        Some(id) => store.batch(id).await?.map_or(0, |batch| batch.requests),
        None => 0,
    };
    Ok(BatchProgress::of(promised, &store.counts(batch).await?))
}
