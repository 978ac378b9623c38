//! The clock and the sleep of the simulator, as arguments.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A boxed sleep.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the simulator what time its clients believe it is, and lets it wait.
///
/// The time is the one on the wire: `Date` headers and `createdDateTime` come from it. Lags run faster by
/// [`Delays::speed`](super::Delays::speed); token lives and `Retry-After` shrink by it, so a client never needs to know.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// Completes after `duration` of the clock's own time (or at once, where time is driven by hand).
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// A clock that moves only when told to; its sleeps complete at once and move nothing.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<DateTime<Utc>>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(start) }
    }

    /// Moves the clock forward by `seconds` (backward when negative).
    pub fn advance(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::seconds(seconds);
    }

    /// Puts the clock at `instant`.
    pub fn set(&self, instant: DateTime<Utc>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, _duration: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// Simulated time: the clock's time since the origin, multiplied by the speed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timescale {
    wire_origin: DateTime<Utc>,
    simulated_origin: DateTime<Utc>,
    speed: f64,
}

impl Timescale {
    /// Simulated time stands at `simulated_origin` when the clock stands at `wire_origin`.
    pub(crate) fn new(wire_origin: DateTime<Utc>, simulated_origin: DateTime<Utc>, speed: f64) -> Self {
        Self { wire_origin, simulated_origin, speed: if speed > 0.0 { speed } else { 1.0 } }
    }

    /// The simulated instant at a clock's instant.
    pub(crate) fn simulated(&self, wire: DateTime<Utc>) -> DateTime<Utc> {
        let real = (wire - self.wire_origin).num_milliseconds() as f64;
        self.simulated_origin + TimeDelta::milliseconds((real * self.speed) as i64)
    }

    /// What a simulated duration in seconds takes on the clock.
    pub(crate) fn wire_seconds(&self, simulated_seconds: f64) -> f64 {
        simulated_seconds / self.speed
    }
}
