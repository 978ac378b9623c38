//! The conformance suite over the store's ports, run on each driver, and what only SQLite promises.

#![allow(
    unreachable_pub,
    reason = "a test crate has no public face; `pub` says what a file offers the others"
)]

#[path = "store/mod.rs"]
mod suite;
