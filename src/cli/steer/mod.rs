//! `seatless pause`, `resume`, `retry` and `cancel`, for named requests or all that a filter selects; `seatless operations`.

mod args;
mod bulk;
mod command;
mod operations;
mod preview;

pub(super) use args::{CancelArgs, OperationsCommand, SteerArgs};
pub(super) use command::run;
pub(super) use operations::{run as operations, value_of};
