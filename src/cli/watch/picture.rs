//! What is seen at one look.

use super::latest::{Happening, Latest};
use crate::app::queries::{LANES_MAX, blocked_reasons};
use crate::app::views::{
    BatchProgress, Moment, Pace, PoolView, Reason, TroubledLane, pool_views, troubled_lanes,
};
use crate::cli::context::Context;
use crate::cli::trouble::Trouble;
use crate::http::Health;
use crate::store::{Batch, Store};
use std::time::Duration;

/// How often it is asked whether a daemon runs.
const DAEMON_EVERY: Duration = Duration::from_secs(5);

/// Over how long the pace is measured that the estimate rests on.
const PACE_WINDOW: Duration = Duration::from_secs(600);

/// How many stopped requests are read for their reasons; a live view need not count the rest out.
const STOPPED_MAX: u64 = 5_000;

/// Who moves the requests.
#[derive(Clone, Debug)]
pub(super) enum Daemon {
    Runs(Health),
    Silent,
    None,
}

/// What is seen at one look.
pub(super) struct Picture {
    pub(super) at: Moment,
    pub(super) batch: Option<Batch>,
    pub(super) daemon: Daemon,
    pub(super) progress: BatchProgress,
    pub(super) pools: Vec<PoolView>,
    pub(super) lanes: Vec<TroubledLane>,
    pub(super) reasons: Vec<Reason>,
    /// The latest that happened, the very latest last.
    pub(super) latest: Vec<Happening>,
}

/// Looks, and remembers what need not be read again.
pub(super) struct Watcher<'a> {
    context: &'a Context,
    store: &'a dyn Store,
    batch: Option<Batch>,
    pace: Pace,
    daemon: Option<(Duration, Daemon)>,
    /// How many had stopped when their reasons were read.
    reasons: Option<(u64, Vec<Reason>)>,
    latest: Latest,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(context: &'a Context, store: &'a dyn Store, batch: Option<Batch>) -> Self {
        let latest = Latest::new(batch.as_ref().map(|batch| batch.id));
        let pace = Pace::over(PACE_WINDOW);
        Self { context, store, batch, pace, daemon: None, reasons: None, latest }
    }

    pub(super) async fn look(&mut self) -> Result<Picture, Trouble> {
        let (now, elapsed) = (self.context.clock.now(), self.context.clock.elapsed());
        let batch = self.batch.as_ref().map(|batch| batch.id);
        let promised = self.batch.as_ref().map_or(0, |batch| batch.requests);
        let progress = BatchProgress::of(promised, &self.store.counts(batch).await?);
        self.pace.note(elapsed, progress.settled);
        let stopped = progress.by_status.blocked + progress.by_status.failed;
        // As many as before may still be others, but then a look later shows it: the count moves when they do.
        let reasons = match self.reasons.take().filter(|(known, _)| *known == stopped) {
            Some((_, reasons)) => reasons,
            None => blocked_reasons(self.store, batch, Some(STOPPED_MAX)).await?,
        };
        self.reasons = Some((stopped, reasons.clone()));
        Ok(Picture {
            at: Moment(now),
            batch: self.batch.clone(),
            daemon: self.daemon(elapsed).await,
            progress: progress.expecting(&self.pace, now),
            pools: pool_views(&self.store.pools().await?),
            lanes: troubled_lanes(&self.store.lanes(LANES_MAX).await?, now),
            reasons,
            latest: self.latest.look(self.store).await?,
        })
    }

    async fn daemon(&mut self, elapsed: Duration) -> Daemon {
        if let Some((asked, daemon)) = &self.daemon
            && elapsed < *asked + DAEMON_EVERY
        {
            return daemon.clone();
        }
        let daemon = match self.context.daemon().await {
            Ok(Some((_, health))) => Daemon::Runs(health),
            Ok(None) => Daemon::None,
            // The picture says so; the rest of it is worth seeing all the same.
            Err(_) => Daemon::Silent,
        };
        self.daemon = Some((elapsed, daemon.clone()));
        daemon
    }
}
