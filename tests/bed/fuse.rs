//! Where a process can die: every call to the cloud and every write to the store, before and after.

use super::gate::{Gate, Passage, Point};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Counts the points that are passed, and stops whoever passes the chosen one for ever.
#[derive(Default)]
pub(crate) struct Fuse {
    state: Mutex<State>,
    blown: Notify,
}

#[derive(Default)]
struct State {
    passed: u64,
    blows_at: Option<u64>,
    last: String,
}

impl Fuse {
    /// Blows when so many further points have been passed.
    pub(crate) fn set(&self, further: u64) {
        let mut state = self.locked();
        state.blows_at = Some(state.passed + further);
    }

    /// How many points were passed.
    pub(crate) fn passed(&self) -> u64 {
        self.locked().passed
    }

    /// The point that was passed last.
    pub(crate) fn last(&self) -> String {
        self.locked().last.clone()
    }

    /// Whether it is still going to blow.
    pub(crate) fn is_set(&self) -> bool {
        self.locked().blows_at.is_some()
    }

    /// Ends when the fuse blows.
    pub(crate) async fn blown(&self) {
        self.blown.notified().await;
    }

    /// Passes a point; never ends if it is the chosen one.
    pub(crate) async fn pass(&self, what: &str) {
        let blows = {
            let mut state = self.locked();
            state.passed += 1;
            state.last = format!("{} {what}", state.passed);
            let blows = state.blows_at == Some(state.passed);
            if blows {
                state.blows_at = None;
            }
            blows
        };
        if blows {
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Fuse {
    fn pass(&self, point: Point) -> Passage<'_> {
        Box::pin(async move { Fuse::pass(self, &point.to_string()).await })
    }
}
