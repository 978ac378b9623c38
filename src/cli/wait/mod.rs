//! `seatless wait`: until everything has ended or is blocked.

mod command;
mod meter;
mod verdict;

pub(super) use command::{for_batches, run};
