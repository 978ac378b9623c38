//! Time, chance and identity as arguments. The real sources live in one file of `app`; tests bring their own.

use chrono::{DateTime, Utc};
use std::time::Duration;
use uuid::Uuid;

/// An instant on the wall clock, in UTC; stored with microsecond resolution.
pub type Instant = DateTime<Utc>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current instant. May step in either direction when the host's clock is set.
    fn now(&self) -> Instant;

    /// Time since an arbitrary fixed point, never going backwards, and going on while the process is stopped or the machine
    /// sleeps; for measuring how long something took, and for whatever ends elsewhere meanwhile: a token, a lease.
    fn elapsed(&self) -> Duration;
}

/// Draws chance: jitter and passwords. The product's source is cryptographically secure.
pub trait Chance: Send + Sync {
    /// A number in `0.0 .. 1.0`.
    fn fraction(&self) -> f64;

    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Makes identities.
pub trait Ids: Send + Sync {
    /// A fresh UUIDv7: unique, and sorting by the time it was made.
    fn fresh(&self) -> Uuid;
}
