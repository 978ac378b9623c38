//! The PostgreSQL driver: any number of owners, each writing by itself, and nobody who waits for another one's disk.

mod options;
mod patience;
mod probe;
mod rights;
mod schema;
mod verdict;

mod answers;
mod locks;
mod pen;
mod receipts;
mod transact;

mod admission;
mod batches;
mod begin;
mod claim;
mod commit;
mod lanes;
mod observe;
mod passwords;
mod promote;
mod rotations;
mod stage;
mod watches;
mod workers;

mod member;
mod read_admission;
mod read_history;
mod read_requests;
mod read_turns;
mod read_watches;
mod read_work;
mod readers;
mod trust;

mod arrival;
mod facade;
mod facade_operations;
mod facade_passwords;
mod hints;
mod incarnation;
mod open;
mod operations;
mod statements;
mod sweeps;

pub(in crate::store) use arrival::{Arrival, Found, Load};
pub use open::PostgresStore;
pub use options::{PostgresOptions, Rest};
pub use schema::POSTGRES_MIGRATIONS;
