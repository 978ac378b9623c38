//! The suite on SQLite, and what only a file promises.

mod backup;
mod complete;
mod damage;
pub mod factory;
mod ownership;
mod passwords;
mod side_car;
mod statements;
mod writer;

mod conformance {
    crate::suite::table::conformance!(crate::suite::sqlite::factory::fresh);
}
