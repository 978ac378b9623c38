//! The suite on SQLite, and what only SQLite promises.

pub mod factory;

mod conformance {
    crate::suite::table::conformance!(crate::suite::sqlite::factory::fresh);
}

mod statements;
