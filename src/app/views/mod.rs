//! What people and programs are shown: serializable values, and the pure functions that make them.

mod batch;
mod census;
mod efficiency;
mod entry;
mod failure;
mod lane;
mod moment;
mod next;
mod pace;
mod pool;
mod progress;
mod reasons;
mod request;
mod stats;
mod sweep;
mod timeline;
mod watch;
mod words;

pub use batch::BatchView;
pub use census::{ByState, ByStatus, Place, census};
pub use efficiency::{Efficiency, FIXED_SEAT_MINUTES, efficiency};
pub use entry::{Entry, Tone};
pub use failure::FailureView;
pub use lane::{TroubledLane, troubled_lanes};
pub use moment::{Moment, span};
pub use next::{Circumstances, Next, SeatPlace, next};
pub use pace::Pace;
pub use pool::{PoolView, pool_views};
pub use progress::BatchProgress;
pub use reasons::{Reason, Reasons};
pub use request::RequestView;
pub use stats::Stats;
pub use sweep::{FindingView, SweepView};
pub use timeline::timeline;
pub use watch::{DriftFigure, DriftView, Verdict, WatchView};
pub use words::{doing, who_can};
