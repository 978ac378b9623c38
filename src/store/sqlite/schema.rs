//! The schema: its migrations, and who may read it.

use super::cells::Cells;
use super::pen::Pen;
use super::verdict::said;
use crate::domain::{Instant, StoreId};
use crate::store::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Row, SqlSafeStr, SqliteConnection};
use std::borrow::Cow;
use uuid::Uuid;

/// Every migration as (version, name, text), in order. A test compares them with the folder `migrations/sqlite`.
pub const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "requests", include_str!("../../../migrations/sqlite/0001_requests.sql")),
    (2, "rechecks", include_str!("../../../migrations/sqlite/0002_rechecks.sql")),
    (3, "standing", include_str!("../../../migrations/sqlite/0003_standing.sql")),
    (4, "passwords", include_str!("../../../migrations/sqlite/0004_passwords.sql")),
    (5, "watches", include_str!("../../../migrations/sqlite/0005_watches.sql")),
    (6, "turns", include_str!("../../../migrations/sqlite/0006_turns.sql")),
    (7, "endings", include_str!("../../../migrations/sqlite/0007_endings.sql")),
    (8, "moved", include_str!("../../../migrations/sqlite/0008_moved.sql")),
    (9, "operations", include_str!("../../../migrations/sqlite/0009_operations.sql")),
];

/// The schema version this binary writes, and the newest it can read.
pub(super) const KNOWN: i64 = 9;

/// What a binary must know at least to read what this one writes.
const READER_MIN: i64 = 1;

/// The first version that knows where a database has gone.
const KNOWS_MOVES: i64 = 8;

pub(super) const MOVED: &str = "SELECT moved_to, moved_at, moved_as FROM meta WHERE moved_to IS NOT NULL";

/// Where the content of a database has gone, so that nothing is written to it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The address of the other database.
    pub to: String,
    /// Since when.
    pub at: Instant,
    /// The incarnation that began there.
    pub(in crate::store) incarnation: Uuid,
}

/// What a database says about itself.
pub(super) struct Birth {
    pub(super) store: StoreId,
    pub(super) version: i64,
    reader_min: i64,
    pub(super) moved: Option<Moved>,
}

impl Birth {
    /// Refuses a database that only a newer Seatless can read, and one that lacks tables which this one reads.
    pub(super) fn check_reader(&self) -> Result<(), StoreError> {
        refuse_newer(self.reader_min)?;
        if self.version < KNOWN {
            return Err(StoreError::Unreadable(format!(
                "it has schema version {}, this is version {KNOWN}; start `seatless run` once, which brings it up to date",
                self.version
            )));
        }
        Ok(())
    }

    /// Refuses a database that only a newer Seatless can write, and one that nobody writes any more.
    pub(super) fn check_writer(&self) -> Result<(), StoreError> {
        refuse_newer(self.version.max(self.reader_min))?;
        self.check_stayed()
    }

    /// Refuses a database whose content has gone elsewhere.
    pub(super) fn check_stayed(&self) -> Result<(), StoreError> {
        match &self.moved {
            Some(moved) => Err(StoreError::Moved { to: moved.to.clone() }),
            None => Ok(()),
        }
    }
}

fn refuse_newer(needed: i64) -> Result<(), StoreError> {
    if needed > KNOWN { Err(StoreError::SchemaNewer { needed, known: KNOWN }) } else { Ok(()) }
}

/// Reads what a database says about itself; nothing if it is empty.
pub(super) async fn read_birth(connection: &mut SqliteConnection) -> Result<Option<Birth>, StoreError> {
    let tables: i64 = sqlx::query("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(said)?;
    if tables == 0 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT store_id, schema_version, reader_version_min FROM meta")
        .fetch_optional(&mut *connection)
        .await
        .map_err(said)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut cells = Cells::of(&row);
    let (store, version, reader_min) = (StoreId(cells.id()?), cells.int()?, cells.int()?);
    let moved = if version < KNOWS_MOVES { None } else { read_moved(connection).await? };
    Ok(Some(Birth { store, version, reader_min, moved }))
}

async fn read_moved(connection: &mut SqliteConnection) -> Result<Option<Moved>, StoreError> {
    let row = sqlx::query(MOVED).fetch_optional(connection).await.map_err(said)?;
    row.map(|row| {
        let mut cells = Cells::of(&row);
        Ok(Moved { to: cells.take()?, at: cells.instant()?, incarnation: cells.id()? })
    })
    .transpose()
}

/// A file with tables but without our own belongs to another program, and is left as it is.
pub(super) async fn refuse_foreign(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let foreign: Option<String> = sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' LIMIT 1")
        .fetch_optional(&mut *connection)
        .await
        .and_then(|row| row.map(|row| row.try_get(0)).transpose())
        .map_err(said)?;
    match foreign {
        None => Ok(()),
        Some(table) => Err(StoreError::Unreadable(format!(
            "the file is a database of another program (it holds the table {table}), and is left as it is"
        ))),
    }
}

/// Brings the schema up to date; a database that has no id yet gets `new_store`.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    new_store: StoreId,
) -> Result<StoreId, StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    // `run` takes any way to a connection, and its future is then not `Send` for the compiler.
    Migrator::with_migrations(migrations.collect())
        .run_direct(None, &mut *connection, false)
        .await
        .map_err(|error| StoreError::Failed(format!("the schema cannot be brought up to date: {error}")))?;
    sqlx::query(
        "INSERT INTO meta (one, store_id, schema_version, reader_version_min) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE
         SET schema_version = excluded.schema_version, reader_version_min = excluded.reader_version_min
         WHERE schema_version <> excluded.schema_version",
    )
    .bind(new_store.0)
    .bind(KNOWN)
    .bind(READER_MIN)
    .execute(&mut *connection)
    .await
    .map_err(said)?;
    match read_birth(connection).await? {
        Some(birth) => Ok(birth.store),
        None => Err(StoreError::Corrupt("the table meta has no row".to_owned())),
    }
}

/// Compares a setting with what it must be: a driver that ignores a pragma says nothing.
pub(super) async fn read_back(pen: &mut Pen) -> Result<(), StoreError> {
    for (pragma, wanted) in [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA secure_delete", "1"),
    ] {
        let row = pen.row(sqlx::query(pragma)).await?;
        let found = row.and_then(|row| {
            row.try_get_unchecked::<String, _>(0)
                .or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))
                .ok()
        });
        if found.as_deref() != Some(wanted) {
            return Err(StoreError::Failed(format!("{pragma} is {found:?}, it must be {wanted}")));
        }
    }
    Ok(())
}
