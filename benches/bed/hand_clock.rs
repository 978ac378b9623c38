//! Time, chance and identity that are the same in each run.

use chrono::{DateTime, TimeDelta, Utc};
use seatless::domain::{Chance, Clock, Ids, Instant};
use seatless::engine::{Task, Timer};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Where the clock stands at first.
const START: i64 = 1_800_000_000_000_000;

/// A clock that a hand moves, for the product and its simulated cloud alike.
pub(crate) struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl HandClock {
    /// Moves the clock to `instant`; never back.
    pub(crate) fn move_to(&self, instant: Instant) {
        self.0.fetch_max(instant.timestamp_micros(), Ordering::Relaxed);
    }

    fn instant(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        self.instant()
    }

    fn elapsed(&self) -> Duration {
        let passed = self.0.load(Ordering::Relaxed) - START;
        Duration::from_micros(u64::try_from(passed).unwrap_or_default())
    }
}

impl seatless::simulator::Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        self.instant()
    }

    fn sleep(&self, _duration: Duration) -> seatless::simulator::Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// Sleeps that are over at once.
pub(crate) struct NoTimer;

impl Timer for NoTimer {
    fn sleep(&self, _duration: Duration) -> Task {
        Box::pin(std::future::ready(()))
    }
}

/// A fixed sequence in place of chance.
#[derive(Default)]
pub(crate) struct FixedChance(AtomicU64);

impl FixedChance {
    fn next(&self) -> u64 {
        // SplitMix64: short, and good enough for jitter.
        let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Chance for FixedChance {
    fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next() as u8;
        }
    }
}

/// Ids in the order in which they are drawn.
#[derive(Default)]
pub(crate) struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn fresh(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
    }
}
