//! `seatless demo`: the whole job against the built-in simulator.

mod crash;
mod daemon;
mod expectation;
mod folder;
mod stage;
mod verdict;

pub(super) use stage::run;
