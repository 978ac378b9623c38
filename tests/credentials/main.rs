//! Passwords from end to end: the real binary, a simulated cloud on a real port, and a wire between them that remembers
//! every secret that went over it.

#[path = "../kill/patience.rs"]
#[allow(dead_code, reason = "shared with the kill tests, which use the rest")]
mod patience;
#[path = "../kill/process.rs"]
#[allow(dead_code, reason = "shared with the kill tests, which use the rest")]
mod process;

mod wiretap;

mod place;
mod searcher;

mod canary;
mod handover;
mod rotation;
mod standard_tool;
