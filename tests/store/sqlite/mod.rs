//! The suite on SQLite, and what only a file promises.

mod complete;
mod damage;
mod factory;
mod ownership;
mod passwords;
mod statements;
mod writer;

mod conformance {
    crate::suite::table::conformance!(crate::suite::sqlite::factory::fresh);
}
