//! The suite on PostgreSQL, and what only a server promises.

mod cluster;
pub mod factory;
mod lost_answers;
mod moving;
mod opening;
mod owners;
mod statements;

mod conformance {
    crate::suite::table::conformance!(crate::suite::postgres::factory::fresh);
}
