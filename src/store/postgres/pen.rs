//! One transaction, and what it remembers.

use super::verdict::{is_conflict, is_connection_loss, said};
use crate::store::StoreError;
use crate::store::sql::lane_book::LaneBook;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgCopyIn, PgRow};
use sqlx::{PgConnection, PgPool, Postgres, Row, Transaction};
use std::sync::Arc;

/// A statement with its parameters.
pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// How every transaction begins. A process that is stopped in the middle of one holds up the others no longer than this;
/// no statement comes near a lease. Set for the transaction alone, so that a pooler may hand the connection on.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '15s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'";

pub(super) const MY_ID: &str = "SELECT pg_current_xact_id_if_assigned()::text";

/// What became of an end of a transaction.
pub(super) enum Ended {
    /// It is durable.
    Committed,
    /// It was refused; nothing of it is there.
    Refused(StoreError),
    /// The connection ended meanwhile: it may have been committed, under this id.
    Unknown(String, StoreError),
}

/// A running transaction.
pub(super) struct Pen {
    transaction: Transaction<'static, Postgres>,
    /// The lanes that are known to exist, this transaction's own among them.
    pub(super) lanes: Arc<LaneBook>,
    /// Another transaction stood in the way: the whole may be tried again.
    pub(super) conflict: bool,
    /// The server is gone; nothing of it was done.
    pub(super) lost: bool,
}

impl Pen {
    pub(super) async fn begin(pool: &PgPool, lanes: Arc<LaneBook>) -> Result<Self, sqlx::Error> {
        let transaction = pool.begin_with(BEGIN).await?;
        Ok(Self { transaction, lanes, conflict: false, lost: false })
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) async fn run(&mut self, query: Query<'_>) -> Result<u64, StoreError> {
        let result = query.execute(&mut *self.transaction).await;
        Ok(self.judge(result)?.rows_affected())
    }

    /// Runs a statement that gives rows.
    pub(super) async fn rows(&mut self, query: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let result = query.fetch_all(&mut *self.transaction).await;
        self.judge(result)
    }

    /// Runs a statement that gives at most one row.
    pub(super) async fn row(&mut self, query: Query<'_>) -> Result<Option<PgRow>, StoreError> {
        let result = query.fetch_optional(&mut *self.transaction).await;
        self.judge(result)
    }

    /// Begins to fill a table with the lines of COPY. The text must be one of ours.
    pub(super) async fn copy_in(
        &mut self,
        statement: &str,
    ) -> Result<PgCopyIn<&mut PgConnection>, StoreError> {
        self.transaction.copy_in_raw(statement).await.map_err(said)
    }

    /// What a table holds, as the lines of COPY, in pieces of any size. The text must be one of ours.
    pub(super) async fn copy_out(
        &mut self,
        statement: &str,
    ) -> Result<BoxStream<'_, Result<Bytes, StoreError>>, StoreError> {
        let stream = self.transaction.copy_out_raw(statement).await.map_err(said)?;
        Ok(Box::pin(stream.map_err(said)))
    }

    /// Runs a text of several statements.
    pub(super) async fn run_all(&mut self, text: &'static str) -> Result<(), StoreError> {
        let result = sqlx::raw_sql(text).execute(&mut *self.transaction).await;
        self.judge(result).map(drop)
    }

    /// Ends the transaction; gives the lanes back that it knows, if it holds.
    pub(super) async fn commit(mut self) -> (Ended, Arc<LaneBook>) {
        let id = match self.row(sqlx::query(MY_ID)).await {
            Ok(row) => row.and_then(|row| row.get::<Option<String>, _>(0)),
            Err(error) => return (Ended::Refused(error), self.lanes),
        };
        let ended = match (self.transaction.commit().await, id) {
            (Ok(()), _) => Ended::Committed,
            (Err(error), Some(id)) if is_connection_loss(&error) => Ended::Unknown(id, said(error)),
            // Without an id it has written nothing.
            (Err(error), None) if is_connection_loss(&error) => Ended::Committed,
            (Err(error), _) => Ended::Refused(said(error)),
        };
        (ended, self.lanes)
    }

    /// Ends the transaction as if it had never begun.
    pub(super) async fn roll_back(self) {
        // A connection that is gone has rolled back by itself.
        let _ = self.transaction.rollback().await;
    }

    fn judge<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            self.conflict |= is_conflict(&error);
            self.lost |= is_connection_loss(&error);
            said(error)
        })
    }
}
