//! The one table that decides: what is worked on next, and what an input makes of a request.

mod commands;
mod decide;
mod reports;
mod steps;
mod words;

pub use decide::decide;
pub use steps::{budget_spent, next_state, step_of};
pub use words::{
    Charge, Command, Facts, Inapplicable, Input, LicenseEffect, Outcome, SeatEffect, SlotEffect, Subject,
    Transition, WatchEffect,
};
