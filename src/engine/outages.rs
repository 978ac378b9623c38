//! What the log says of a database that is away: one line when it begins, one when it is over, however many wait for it.

use crate::domain::{Clock, Code};
use crate::store::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Everybody's troubles with the database.
pub(super) struct Outages {
    clock: Arc<dyn Clock>,
    outage: Mutex<Outage>,
    failed_tries: AtomicU64,
}

#[derive(Default)]
struct Outage {
    since: Option<Duration>,
    waiting: usize,
    told: Vec<Code>,
    is_over: bool,
}

/// One caller's part in an outage: whoever had trouble keeps it until a call of his succeeds.
#[derive(Default)]
pub(super) struct Trouble(Option<Arc<Outages>>);

impl Outages {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, outage: Mutex::default(), failed_tries: AtomicU64::new(0) }
    }

    /// How many tries have failed since the start, whoever made them: while it grows, the database is away and asked.
    pub(super) fn failed_tries(&self) -> u64 {
        self.failed_tries.load(Ordering::Relaxed)
    }

    fn begin(&self, joins: bool, error: &StoreError) {
        self.failed_tries.fetch_add(1, Ordering::Relaxed);
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        outage.waiting += usize::from(joins);
        outage.since.get_or_insert_with(|| self.clock.elapsed());
        let failure = error.failure();
        if !outage.told.contains(&failure.code) {
            outage.told.push(failure.code);
            tracing::error!(code = %failure.code, "{failure} {}", failure.hint());
        }
    }

    fn end(&self, is_over: bool) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        outage.waiting = outage.waiting.saturating_sub(1);
        outage.is_over |= is_over;
        if outage.waiting > 0 {
            return;
        }
        let Outage { since, is_over, .. } = std::mem::take(&mut *outage);
        if let (Some(since), true) = (since, is_over) {
            let seconds = self.clock.elapsed().saturating_sub(since).as_secs();
            tracing::info!(seconds, "the database is back after {seconds} seconds; the work goes on");
        }
    }
}

impl Trouble {
    /// A call has failed for a while.
    pub(super) fn note(&mut self, outages: &Arc<Outages>, error: &StoreError) {
        outages.begin(self.0.is_none(), error);
        self.0 = Some(Arc::clone(outages));
    }

    /// A call has succeeded.
    pub(super) fn is_over(&mut self) {
        if let Some(outages) = self.0.take() {
            outages.end(true);
        }
    }
}

impl Drop for Trouble {
    /// Whoever stops waiting knows nothing of an end.
    fn drop(&mut self) {
        if let Some(outages) = self.0.take() {
            outages.end(false);
        }
    }
}
