//! `seatless watch`: the work, live.

mod command;
mod frame;
mod latest;
mod log;
mod picture;

pub(super) use command::run;
