//! The real clock and the real tasks: the only file here that reaches for them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::clock::{Clock, Sleep};
use super::listen::{Spawn, Task};

/// The wall's clock and tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the simulator reads the real clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the simulator really sleeps")]
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Tasks of the current tokio runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSpawn;

impl Spawn for TokioSpawn {
    #[expect(clippy::disallowed_methods, reason = "the one place where the simulator starts a task")]
    fn spawn(&self, task: Task) {
        tokio::spawn(task);
    }
}
