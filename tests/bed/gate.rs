//! What every call passes on its way out of a worker: the points at which the worker can die or stand still.

use std::future::Future;
use std::pin::Pin;

/// A point on the way of a call.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) side: Side,
    /// The verb of the store, or method and path of a call to the cloud.
    pub(crate) call: String,
    /// It leaves the process for the cloud.
    pub(crate) remote: bool,
    /// What kind of answer came, in a word; empty before it came.
    pub(crate) answer: String,
}

/// Where on its way the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Nothing was done yet.
    Before,
    /// It is done, and the caller does not know yet.
    After,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        write!(f, "{side} {}", self.call)
    }
}

/// The end of a passage; it may never come.
pub(crate) type Passage<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Whoever decides at each point how it goes on.
pub(crate) trait Gate: Send + Sync {
    /// Passes a point.
    fn pass(&self, point: Point) -> Passage<'_>;

    /// A call begins that runs to its end before anything else goes on.
    fn enter(&self) {}

    /// Such a call has ended.
    fn leave(&self) {}

    /// Whether the worker stood still past its lease in the midst of what calls now: another may have taken it over.
    fn is_stale(&self) -> bool {
        false
    }

    /// Whether [`note`](Self::note) is worth the text.
    fn is_noting(&self) -> bool {
        false
    }

    /// What is called with which arguments, or what came of it.
    fn note(&self, _text: &str) {}
}

/// Runs a call as one piece.
pub(crate) async fn in_one_piece<T>(gate: &dyn Gate, call: impl Future<Output = T>) -> T {
    struct Inside<'a>(&'a dyn Gate);
    impl Drop for Inside<'_> {
        fn drop(&mut self) {
            self.0.leave();
        }
    }
    gate.enter();
    let _inside = Inside(gate);
    call.await
}
