//! Sleeping, spawning and being watched over as arguments.

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

/// What the loop is at, for whoever watches over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// What is due is claimed; so many groups are on their way.
    Working {
        /// How many, from 0 to the pump's `groups_max`.
        groups: u32,
    },
    /// The database may be a copy of one in use: nothing is worked on until a person confirms.
    OnACopy,
    /// The database is busy, full or away, and asked again and again.
    WithoutDatabase,
    /// Nothing is claimed any more; so many groups may still end.
    Stopping {
        /// How many, from 0 to the pump's `groups_max`.
        groups: u32,
    },
}

/// Hears that the loop goes round. A loop that is stuck is silent, since nobody else calls this.
pub trait Pulse: Send + Sync {
    /// The loop has gone round, or knows why it has not. Called often; it must neither wait nor fail.
    fn beat(&self, doing: Doing);
}

/// Nobody watches.
impl Pulse for () {
    fn beat(&self, _: Doing) {}
}
