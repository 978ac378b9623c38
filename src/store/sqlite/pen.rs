//! The one connection that writes, and what its transactions remember.

use super::lanes::LaneBook;
use super::verdict::{is_disk_failure, said};
use crate::store::StoreError;
use futures_util::{Stream, TryStreamExt};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Sqlite, SqliteConnection};

/// A statement with its parameters.
pub(super) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The writing connection. It counts what it does, since each statement and each fsync has its price.
pub(super) struct Pen {
    connection: SqliteConnection,
    /// The lanes that are known to exist.
    pub(super) lanes: LaneBook,
    /// Statements so far.
    pub(super) statements: u64,
    /// Rows changed so far; a transaction that changed none costs no fsync.
    pub(super) changed: u64,
    /// The disk failed; what was written before is uncertain until the database is opened again.
    pub(super) disk_failed: bool,
}

impl Pen {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        Self { connection, lanes: LaneBook::default(), statements: 0, changed: 0, disk_failed: false }
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) async fn run(&mut self, query: Query<'_>) -> Result<u64, StoreError> {
        self.statements += 1;
        let result = query.execute(&mut self.connection).await;
        let changed = self.judge(result)?.rows_affected();
        self.changed += changed;
        Ok(changed)
    }

    /// Runs a reading statement.
    pub(super) async fn rows(&mut self, query: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        self.statements += 1;
        let result = query.fetch_all(&mut self.connection).await;
        self.judge(result)
    }

    /// Runs a reading statement that gives at most one row.
    pub(super) async fn row(&mut self, query: Query<'_>) -> Result<Option<SqliteRow>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Runs a reading statement that gives too many rows to have them all at once. The text must be one of ours.
    pub(super) fn stream<'a>(
        &'a mut self,
        sql: &'a str,
    ) -> impl Stream<Item = Result<SqliteRow, StoreError>> + Send + 'a {
        self.statements += 1;
        sqlx::query(AssertSqlSafe(sql)).fetch(&mut self.connection).map_err(said)
    }

    /// Runs a writing statement that gives back a row for each row it changed.
    pub(super) async fn returning(&mut self, query: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = self.rows(query).await?;
        self.changed += rows.len() as u64;
        Ok(rows)
    }

    /// Begins a transaction that may write: a later upgrade could fail at once, whatever the busy wait.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.rule("BEGIN IMMEDIATE").await
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.rule("COMMIT").await
    }

    /// Ends a transaction as if it had never begun.
    pub(super) async fn roll_back(&mut self) {
        // Some errors, such as a full disk, have ended the transaction already; then there is nothing to roll back.
        let _ = self.rule("ROLLBACK").await;
        self.lanes = LaneBook::default();
    }

    pub(super) async fn close(mut self) -> Result<(), StoreError> {
        // Both only save time later; a reader that is in the way may keep them from it.
        let _ = self.rule("PRAGMA optimize").await;
        let _ = self.rows(sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")).await;
        self.connection.close().await.map_err(said)
    }

    /// Runs a statement that changes no row itself; SQLite would give the count of the statement before.
    async fn rule(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.statements += 1;
        let result = sqlx::query(sql).execute(&mut self.connection).await;
        self.judge(result).map(drop)
    }

    fn judge<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            self.disk_failed |= is_disk_failure(&error);
            said(error)
        })
    }
}
