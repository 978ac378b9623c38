//! The SQLite driver: one file, one owner, one writer that shares its fsyncs, and readers beside it.

mod head;
mod library;
mod lock;
mod options;
mod private_file;
mod schema;
mod verdict;

mod pen;
mod writer;

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

mod member;
mod read_admission;
mod read_history;
mod read_requests;
mod read_turns;
mod read_watches;
mod read_work;
mod readers;
mod trust;

mod backup;
mod departure;
mod facade;
mod facade_operations;
mod facade_passwords;
mod incarnation;
mod open;
mod operations;
mod statements;
mod sweeps;

use super::sql::{cells, json_rows, words};

pub use backup::{Backup, PutBack};
pub(in crate::store) use departure::Departure;
pub use library::has_wal_reset_bug;
pub use open::SqliteStore;
pub use options::{Mode, OpenOptions, OwnerCard, Spawn};
pub use schema::{MIGRATIONS, Moved};
pub use writer::WriterStats;
