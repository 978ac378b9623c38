//! The one file of the product that may reach for the real time, chance, identities, timers and tasks.
#![expect(
    clippy::disallowed_methods,
    reason = "everybody else takes these as arguments; this is where they come from"
)]

use crate::domain::{Chance, Clock, Ids, Instant};
use crate::engine::{Spawner, Task, Timer};
use rand::{Rng, RngExt};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use uuid::Uuid;

/// The clock that goes on while the machine sleeps. The standard library's stands still then on Linux (`CLOCK_MONOTONIC`,
/// clock_gettime(2)); macOS gives that name to one that goes on (clock_gettime(3) there).
#[cfg(target_os = "linux")]
const AWAKE_OR_NOT: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const AWAKE_OR_NOT: ClockId = ClockId::Monotonic;

/// The host's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        chrono::Utc::now()
    }

    fn elapsed(&self) -> Duration {
        let now = clock_gettime(AWAKE_OR_NOT);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
    }
}

/// The operating system's entropy, through a cryptographically secure generator per thread.
#[derive(Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fraction(&self) -> f64 {
        rand::rng().random_range(0.0..1.0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// UUIDv7 by the host's clock.
#[derive(Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Sleeps on tokio's timer.
#[derive(Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    fn sleep(&self, duration: Duration) -> Task {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Spawns on the tokio runtime it is used in.
#[derive(Debug, Default)]
pub struct TokioSpawner;

impl Spawner for TokioSpawner {
    fn spawn(&self, task: Task) {
        drop(tokio::spawn(task));
    }
}
