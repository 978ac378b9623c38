//! The whole life of requests, in process: every path straight, disturbed, undone, and killed between any two lines.

#[path = "../bed/mod.rs"]
mod bed;

mod blocked;
mod cancel;
mod crash;
mod faults;
mod nonsense;
mod people;
mod restore;
mod seats;
mod secrets;
mod straight;
mod sweep;
mod watch;
