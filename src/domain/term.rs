//! For how long what a process has claimed is its own, as that process may believe.
//!
//! Instants are those of [`Clock::elapsed`](super::Clock::elapsed), which goes on while a process is stopped and while its
//! machine sleeps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One lease without a gap. Whoever sends a write takes the term in which it was begun along: it grows with each sign of
/// life, and once it has ended it stays so, whatever the process does afterwards.
#[derive(Clone, Debug)]
pub struct Term(Arc<AtomicU64>);

impl Term {
    /// One that never ends: nobody else may take anything over.
    pub fn endless() -> Self {
        Self::until(Duration::MAX)
    }

    /// One that ends at this instant, in microseconds' resolution.
    pub fn until(end: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(micros(end))))
    }

    /// Whether it lasts until `instant` at least.
    pub fn covers(&self, instant: Duration) -> bool {
        micros(instant) <= self.0.load(Ordering::Acquire)
    }
}

/// The terms of a process, one after the other.
#[derive(Debug)]
pub struct Terms(Mutex<Term>);

impl Default for Terms {
    /// One endless term.
    fn default() -> Self {
        Self(Mutex::new(Term::endless()))
    }
}

impl Terms {
    /// The present one, which may be over.
    pub fn current(&self) -> Term {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first sign of life: from here on there is a lease, until `end`.
    pub fn begin(&self, end: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Term::until(end);
    }

    /// A further sign of life was answered at `answered_at`: the lease lasts until `end`. If the term was over by then,
    /// somebody may have taken over in between: a new one begins, and the old one stays over.
    pub fn renew(&self, answered_at: Duration, end: Duration) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.covers(answered_at) {
            current.0.fetch_max(micros(end), Ordering::AcqRel);
        } else {
            *current = Term::until(end);
        }
    }
}

fn micros(instant: Duration) -> u64 {
    u64::try_from(instant.as_micros()).unwrap_or(u64::MAX)
}
