//! Lanes, claims and timers: the machinery that moves groups of requests. Knows no Microsoft.

mod admission;
mod chores;
mod core;
mod decisions;
mod give_up;
mod group;
mod leases;
mod outages;
mod pump;
mod rescue;
mod seams;
mod steadfast;
mod steps;

pub use chores::Chore;
pub use core::{Engine, EngineParts};
pub use give_up::GivingUp;
pub use group::Ran;
pub use leases::{Heartbeat, TakeOver};
pub use pump::{Hints, Pump, PumpLimits, Stop};
pub use seams::{Doing, Pulse, Spawner, Task, Timer};
pub use steps::{Capacity, Need, Report, Seen, Steps, WholeFailure, WholeKind};
