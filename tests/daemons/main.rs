//! Several daemons, real processes, on one PostgreSQL database: they share the work, take over from each other, and outlive
//! stops of their own and of the server.

#[path = "../store/postgres/cluster.rs"]
#[allow(unreachable_pub, reason = "shared with the store's tests, which use the rest")]
mod cluster;
#[path = "../kill/patience.rs"]
#[allow(dead_code, reason = "shared with the kill tests, which use the rest")]
mod patience;

mod daemon;
mod judge;
mod place;

mod sharing;
mod stopped;
mod storm;
