//! The whole life of requests, in process: every path straight, disturbed, undone, and killed between any two lines.

#[path = "../bed/mod.rs"]
mod bed;

mod as_described;
mod blocked;
mod cancel;
#[path = "../contracts/mod.rs"]
mod contracts;
mod crash;
mod entry;
mod faults;
mod nonsense;
mod people;
mod restore;
mod seats;
mod secrets;
mod straight;
mod sweep;
mod watch;
