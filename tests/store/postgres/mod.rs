//! The suite on PostgreSQL, and what only a server promises.

mod cluster;
mod factory;
mod lost_answers;
mod moving;
mod opening;
mod owners;
mod random_orders;
mod statements;

mod conformance {
    crate::suite::table::conformance!(crate::suite::postgres::factory::fresh);
}
