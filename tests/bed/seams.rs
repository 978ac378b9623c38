//! Time, chance and identity for the rig: one clock for both sides, and everything else from a seed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use seatless::domain::{Chance, Clock, Ids, Instant};
use seatless::engine::{Task, Timer};
use seatless::simulator;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// A clock that moves only when it is told to, and that Seatless and the simulated cloud share.
pub(crate) struct SharedClock {
    started: Instant,
    now: Mutex<Instant>,
}

impl SharedClock {
    pub(crate) fn new() -> Self {
        let started = DateTime::from_timestamp(1_800_000_000, 0).expect("a fixed instant");
        Self { started, now: Mutex::new(started) }
    }

    /// Moves to `instant`, and at least a millisecond on: an instant that is reached is over.
    pub(crate) fn move_to(&self, instant: Instant) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = instant.max(*now + TimeDelta::milliseconds(1));
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.move_to(Clock::now(self) + duration);
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self) -> Duration {
        (Clock::now(self) - self.started).to_std().unwrap_or_default()
    }
}

impl simulator::Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        Clock::now(self)
    }

    fn sleep(&self, _duration: Duration) -> simulator::Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// A timer whose sleeps end at once.
pub(crate) struct NoWait;

impl Timer for NoWait {
    fn sleep(&self, _duration: Duration) -> Task {
        Box::pin(std::future::ready(()))
    }
}

/// Chance from a seed.
pub(crate) struct SeededChance {
    source: Mutex<StdRng>,
}

impl SeededChance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { source: Mutex::new(StdRng::seed_from_u64(seed)) }
    }
}

impl Chance for SeededChance {
    fn fraction(&self) -> f64 {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).random_range(0.0..1.0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// UUIDs of version 7 by the shared clock, counted up.
pub(crate) struct CountedIds {
    clock: Arc<SharedClock>,
    next: AtomicU64,
}

impl CountedIds {
    pub(crate) fn new(clock: Arc<SharedClock>) -> Self {
        Self { clock, next: AtomicU64::new(1) }
    }
}

impl Ids for CountedIds {
    fn fresh(&self) -> Uuid {
        let mut tail = [0_u8; 10];
        tail[2..].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let milliseconds = u64::try_from(Clock::now(&*self.clock).timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid()
    }
}
