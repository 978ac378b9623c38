//! The whole product on PostgreSQL servers to which everything happens that can happen to one; the judge looks at
//! everything in the end.

#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test crate has no public face, and shares files of which it uses its own part"
)]

#[path = "../bed/mod.rs"]
mod bed;

#[path = "../store/postgres/cluster.rs"]
mod cluster;

mod crowded;
mod cut;
mod full;
mod outage;
mod promoted;
mod stand;
mod stopped;
mod way;
