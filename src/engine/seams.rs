//! Sleeping and spawning as arguments.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A piece of work that owns all it needs.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sleeps.
pub trait Timer: Send + Sync {
    /// Ends after `duration`, or later.
    fn sleep(&self, duration: Duration) -> Task;
}

/// Runs work beside the caller.
pub trait Spawner: Send + Sync {
    /// Starts a task. A task that panics ends alone.
    fn spawn(&self, task: Task);
}
