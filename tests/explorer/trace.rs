//! What happened in a run, as one number: every store call, every remote call, every decision of the scheduler.

use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, PoisonError};

/// The trace of one run; it costs nothing unless it is wanted.
#[derive(Default)]
pub(crate) struct Trace {
    wanted: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    hasher: DefaultHasher,
    lines: Vec<String>,
}

impl Trace {
    pub(crate) fn wanted() -> Self {
        Self { wanted: true, ..Self::default() }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(crate) fn note(&self, text: &str) {
        if self.wanted {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.hasher.write(text.as_bytes());
            kept.lines.push(text.to_owned());
        }
    }

    /// The number, and the lines behind it.
    pub(crate) fn end(&self) -> (u64, Vec<String>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.hasher.finish(), kept.lines.clone())
    }
}
