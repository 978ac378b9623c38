//! The loop that keeps the engine going: claims what is due, sleeps until something is, and stops in good order.

use super::chores::keep_going;
use super::outages::Trouble;
use super::{Chore, Doing, Engine, Pulse, Ran, Spawner, Steps, Timer};
use crate::domain::Instant;
use crate::store::{Group, StoreError};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// How many requests one step of a promotion hands to the lanes.
const PROMOTION_ROWS: u32 = 500;

/// The shortest sleep, so that a clock that was set back can never make the loop spin.
const SLEEP_MIN: Duration = Duration::from_millis(5);

/// Bounds of a [`Pump`].
#[derive(Clone, Copy, Debug)]
pub struct PumpLimits {
    /// At most so many groups are worked on at a time.
    pub groups_max: u32,
    /// How often everything is looked at, whatever the hints say; nothing is ever late by more than that.
    pub level_check: Duration,
    /// How long groups may finish after a stop was asked for.
    pub drain: Duration,
}

/// Tells the pump that something may be due.
#[derive(Clone, Debug, Default)]
pub struct Hints(Arc<Notify>);

impl Hints {
    /// Something may be due. Losing a hint costs at most one level check.
    pub fn give(&self) {
        self.0.notify_one();
    }
}

/// Asks the pump to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    drain: CancellationToken,
    at_once: CancellationToken,
}

impl Stop {
    /// Claim nothing more and let the groups finish.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Stop now; what is interrupted is found again at the next start.
    pub fn at_once(&self) {
        self.drain.cancel();
        self.at_once.cancel();
    }

    /// Whether any stop was asked for.
    pub fn is_asked(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Ends when a stop is asked for.
    pub async fn asked(&self) {
        self.drain.cancelled().await;
    }
}

/// Keeps an engine going.
pub struct Pump<S> {
    /// The engine.
    pub engine: Arc<Engine<S>>,
    /// Where groups run.
    pub spawner: Arc<dyn Spawner>,
    /// The sleeper.
    pub timer: Arc<dyn Timer>,
    /// What makes it look sooner.
    pub hints: Hints,
    /// What goes on beside the lanes.
    pub chores: Vec<Arc<dyn Chore>>,
    /// Who hears that it goes round: after each round, and at least once per level check while all is well.
    pub pulse: Arc<dyn Pulse>,
    /// Its bounds.
    pub limits: PumpLimits,
}

/// What ended beside the loop.
pub(super) enum Ended {
    /// A chore has stopped, because it was asked to or because the store has failed.
    Chore(Result<(), StoreError>),
    Group(Result<Ran, StoreError>),
    /// Whether every pool could be read.
    Reading(Result<bool, StoreError>),
}

/// What the loop keeps between its rounds.
struct Round {
    /// The database may be a copy of one that is still in use: nothing is worked on until a person confirms.
    on_a_copy: bool,
    in_flight: u32,
    chores: usize,
    reading: bool,
    read_not_before: Option<Instant>,
    seats_concerned: bool,
    promotion_concerned: bool,
}

impl<S: Steps> Pump<S> {
    /// Runs until a stop is asked for and the groups have finished, or the drain time is over.
    ///
    /// # Errors
    /// A store that failed for good; whatever was claimed is rescued at the next start.
    pub async fn run(self, stop: Stop) -> Result<(), StoreError> {
        let (ended_tx, mut ended) = mpsc::unbounded_channel();
        let after_trouble = self.limits.level_check;
        for chore in &self.chores {
            let (chore, timer) = (Arc::clone(chore), Arc::clone(&self.timer));
            let outages = Arc::clone(&self.engine.outages);
            keep_going(chore, &*self.spawner, timer, stop.clone(), after_trouble, outages, ended_tx.clone());
        }
        let mut round = Round {
            on_a_copy: true,
            in_flight: 0,
            chores: self.chores.len(),
            reading: false,
            read_not_before: None,
            seats_concerned: true,
            promotion_concerned: true,
        };
        let mut trouble = Trouble::default();
        while !stop.is_asked() {
            let sleep = match self.attended(self.round(&mut round, &ended_tx)).await {
                // What was claimed is known all the same: a claim is repeated until it is answered.
                Err(error) if error.is_passing() => {
                    trouble.note(&self.engine.outages, &error);
                    self.pulse.beat(Doing::WithoutDatabase);
                    self.limits.level_check
                }
                Err(error) => return Err(error),
                Ok(sleep) => {
                    trouble.is_over();
                    self.pulse.beat(round.doing());
                    sleep
                }
            };
            tokio::select! {
                biased;
                () = stop.asked() => {}
                Some(what) = ended.recv() => {
                    round.note(what, self.read_again_at())?;
                    // One commit answers many groups: they are noted together, and one claim follows them all.
                    tokio::task::yield_now().await;
                    while let Ok(what) = ended.try_recv() {
                        round.note(what, self.read_again_at())?;
                    }
                }
                () = self.hints.0.notified() => round.promotion_concerned = true,
                () = self.timer.sleep(sleep) => {
                    round.seats_concerned = true;
                    round.promotion_concerned |= sleep >= self.limits.level_check;
                }
            }
        }
        self.drain(round, ended, &stop).await
    }

    /// Waits for a round. One that outlives an outage of the database is not stuck, and as long as tries go on failing,
    /// that is told; one that is silent while nobody has trouble with the database is left to whoever watches.
    async fn attended<T>(&self, round: impl Future<Output = T>) -> T {
        let mut round = std::pin::pin!(round);
        let mut failed = self.engine.outages.failed_tries();
        loop {
            tokio::select! {
                biased;
                done = &mut round => return done,
                () = self.timer.sleep(self.limits.level_check) => {
                    let failed_before = std::mem::replace(&mut failed, self.engine.outages.failed_tries());
                    if failed > failed_before {
                        self.pulse.beat(Doing::WithoutDatabase);
                    }
                }
            }
        }
    }

    /// Does what is due, and says how long the loop may sleep if nothing ends and no hint comes.
    async fn round(
        &self,
        round: &mut Round,
        ended: &mpsc::UnboundedSender<Ended>,
    ) -> Result<Duration, StoreError> {
        let engine = &self.engine;
        if round.on_a_copy {
            round.on_a_copy = engine.works_on_a_copy().await?;
            if round.on_a_copy {
                return Ok(self.limits.level_check);
            }
        }
        let now = engine.clock.now();
        if std::mem::take(&mut round.promotion_concerned) {
            round.promotion_concerned =
                engine.steadfast("promote", || engine.store.promote(PROMOTION_ROWS, now)).await?;
        }
        if std::mem::take(&mut round.seats_concerned) {
            engine.admit().await?;
            self.read_pools(round, ended).await?;
        }
        let room = self.limits.groups_max.saturating_sub(round.in_flight);
        if room > 0 {
            for group in engine.claim(room).await? {
                round.in_flight += 1;
                self.start(group, ended.clone());
            }
        }
        if round.promotion_concerned {
            return Ok(Duration::ZERO);
        }
        self.sleep_time(round.in_flight < self.limits.groups_max).await
    }

    async fn sleep_time(&self, has_room: bool) -> Result<Duration, StoreError> {
        let engine = &self.engine;
        let lanes = if has_room { engine.store.next_wake().await? } else { None };
        let rests = engine.store.next_rest_end().await?;
        let now = engine.clock.now();
        let wake = lanes.into_iter().chain(rests).min();
        let until = wake.map_or(self.limits.level_check, |at| (at - now).to_std().unwrap_or_default());
        Ok(until.clamp(SLEEP_MIN, self.limits.level_check.max(SLEEP_MIN)))
    }

    fn start(&self, group: Group, ended: mpsc::UnboundedSender<Ended>) {
        let engine = Arc::clone(&self.engine);
        self.spawner.spawn(Box::pin(async move {
            let spare = group.clone();
            let result = match AssertUnwindSafe(engine.run(group)).catch_unwind().await {
                Ok(result) => result,
                Err(_) => {
                    tracing::error!(step = %spare.step, tenant = %spare.tenant, "a group's task panicked; its requests are due again");
                    engine.abandon(spare).await.map(|()| Ran { concerns_seats: true })
                }
            };
            // The receiver is gone only when the pump has stopped; then nobody needs to know.
            let _ = ended.send(Ended::Group(result));
        }));
    }

    /// Reads the pools that somebody waits for, beside the loop, one after the other.
    async fn read_pools(
        &self,
        round: &mut Round,
        ended: &mpsc::UnboundedSender<Ended>,
    ) -> Result<(), StoreError> {
        let now = self.engine.clock.now();
        if round.reading || round.read_not_before.is_some_and(|at| now < at) {
            return Ok(());
        }
        let pools = self.engine.unread_pools().await?;
        if pools.is_empty() {
            return Ok(());
        }
        round.reading = true;
        round.read_not_before = None;
        let engine = Arc::clone(&self.engine);
        let ended = ended.clone();
        self.spawner.spawn(Box::pin(async move {
            let mut result = Ok(true);
            for pool in pools {
                match engine.measure(&pool).await {
                    Ok(Ok(())) => {}
                    Ok(Err(failure)) => {
                        result = result.map(|_| false);
                        tracing::warn!(pool = ?pool.key, code = %failure.code, "free license units cannot be read: {}", failure.code.row().sentence);
                    }
                    Err(error) => result = Err(error),
                }
            }
            let _ = ended.send(Ended::Reading(result));
        }));
        Ok(())
    }

    fn read_again_at(&self) -> Instant {
        self.engine.clock.now() + self.engine.policy.capacity_read
    }

    async fn drain(
        &self,
        mut round: Round,
        mut ended: mpsc::UnboundedReceiver<Ended>,
        stop: &Stop,
    ) -> Result<(), StoreError> {
        if round.in_flight > 0 {
            tracing::info!(groups = round.in_flight, "stopping: letting the work in flight finish");
        }
        let mut deadline = self.timer.sleep(self.limits.drain);
        self.pulse.beat(Doing::Stopping { groups: round.in_flight });
        while round.in_flight > 0 || round.chores > 0 {
            tokio::select! {
                biased;
                () = stop.at_once.cancelled() => break,
                Some(what) = ended.recv() => round.note(what, self.read_again_at())?,
                () = &mut deadline => break,
                () = self.timer.sleep(self.limits.level_check) => {}
            }
            self.pulse.beat(Doing::Stopping { groups: round.in_flight });
        }
        if round.in_flight > 0 {
            tracing::warn!(
                groups = round.in_flight,
                "stopped with work in flight; it is looked up at the next start"
            );
        }
        Ok(())
    }
}

impl Round {
    fn doing(&self) -> Doing {
        if self.on_a_copy { Doing::OnACopy } else { Doing::Working { groups: self.in_flight } }
    }

    fn note(&mut self, what: Ended, again_at: Instant) -> Result<(), StoreError> {
        match what {
            Ended::Chore(result) => {
                self.chores = self.chores.saturating_sub(1);
                result?;
            }
            Ended::Group(result) => {
                self.in_flight = self.in_flight.saturating_sub(1);
                self.seats_concerned |= result?.concerns_seats;
            }
            Ended::Reading(result) => {
                self.reading = false;
                let all_read = result?;
                self.seats_concerned |= all_read;
                // A cloud that cannot be read is not asked again at every turn of the loop.
                self.read_not_before = (!all_read).then_some(again_at);
            }
        }
        Ok(())
    }
}
