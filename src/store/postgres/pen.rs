//! One transaction, and what it remembers.

use super::answers::in_time;
use super::options::Rest;
use super::receipts::{self, Receipt};
use super::verdict::{is_conflict, is_connection_loss, said};
use crate::store::StoreError;
use crate::store::sql::lane_book::LaneBook;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgCopyIn, PgRow};
use sqlx::{PgConnection, PgPool, Postgres};
use std::sync::Arc;

/// A statement with its parameters.
pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// How every transaction begins. A process that is stopped in the middle of one holds up the others no longer than this;
/// no statement comes near a lease. Set for the transaction alone, so that a pooler may hand the connection on.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '15s'; \
    SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// What became of an end of a transaction.
pub(super) enum Ended {
    /// It is durable.
    Committed,
    /// It was refused; nothing of it is there.
    Refused(sqlx::Error),
    /// The connection ended meanwhile: it may have been committed.
    Unknown(sqlx::Error),
}

/// A running transaction.
pub(super) struct Pen {
    /// There until the transaction has ended.
    connection: Option<PoolConnection<Postgres>>,
    rest: Rest,
    /// The lanes that are known to exist, this transaction's own among them.
    pub(super) lanes: Arc<LaneBook>,
    /// Another transaction stood in the way: the whole may be tried again.
    pub(super) conflict: bool,
    /// Why the connection is of no use any more; nothing of the transaction was done.
    pub(super) lost: Option<sqlx::Error>,
}

impl Pen {
    pub(super) async fn begin(pool: &PgPool, rest: &Rest, lanes: Arc<LaneBook>) -> Result<Self, sqlx::Error> {
        let connection = Some(pool.acquire().await?);
        let mut pen = Self { connection, rest: Arc::clone(rest), lanes, conflict: false, lost: None };
        pen.rule(BEGIN).await?;
        Ok(pen)
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) async fn run(&mut self, query: Query<'_>) -> Result<u64, StoreError> {
        let result = match &mut self.connection {
            Some(connection) => in_time(&self.rest, query.execute(&mut **connection)).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        Ok(self.judge(result)?.rows_affected())
    }

    /// Runs a statement that gives rows.
    pub(super) async fn rows(&mut self, query: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        let result = match &mut self.connection {
            Some(connection) => in_time(&self.rest, query.fetch_all(&mut **connection)).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        self.judge(result)
    }

    /// Runs a statement that gives at most one row.
    pub(super) async fn row(&mut self, query: Query<'_>) -> Result<Option<PgRow>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Begins to fill a table with the lines of COPY. The text must be one of ours.
    pub(super) async fn copy_in(
        &mut self,
        statement: &str,
    ) -> Result<PgCopyIn<&mut PgConnection>, StoreError> {
        let connection = self.connection.as_deref_mut().ok_or_else(ended)?;
        connection.copy_in_raw(statement).await.map_err(|error| said(&error))
    }

    /// What a table holds, as the lines of COPY, in pieces of any size. The text must be one of ours.
    pub(super) async fn copy_out(
        &mut self,
        statement: &str,
    ) -> Result<BoxStream<'_, Result<Bytes, StoreError>>, StoreError> {
        let connection = self.connection.as_deref_mut().ok_or_else(ended)?;
        let stream = connection.copy_out_raw(statement).await.map_err(|error| said(&error))?;
        Ok(Box::pin(stream.map_err(|error| said(&error))))
    }

    /// Runs a text of several statements.
    pub(super) async fn run_all(&mut self, text: &'static str) -> Result<(), StoreError> {
        let result = self.rule(text).await;
        self.judge(result)
    }

    /// Ends the transaction; gives the lanes back that it knows, if it holds. The receipt tells afterwards whether it does.
    pub(super) async fn commit(mut self, receipt: Option<&Receipt>) -> (Ended, Arc<LaneBook>) {
        let lanes = Arc::clone(&self.lanes);
        let has_written = match receipt {
            Some(receipt) => match self.sign(receipt).await {
                Ok(signed) => signed,
                Err(error) => return (Ended::Refused(error), lanes),
            },
            None => true,
        };
        let ended = match self.rule("COMMIT").await {
            Ok(()) => {
                // Only now is the connection good for others.
                drop(self.connection.take());
                Ended::Committed
            }
            Err(error) if is_connection_loss(&error) && has_written => Ended::Unknown(error),
            Err(error) if is_connection_loss(&error) => Ended::Committed,
            Err(error) => Ended::Refused(error),
        };
        (ended, lanes)
    }

    async fn sign(&mut self, receipt: &Receipt) -> Result<bool, sqlx::Error> {
        let Some(connection) = &mut self.connection else { return Err(sqlx::Error::PoolClosed) };
        let sign = sqlx::query(receipts::SIGN).bind(receipt.process());
        let sign = sign.bind(receipt.place()).bind(receipt.number);
        in_time(&self.rest, sign.execute(&mut **connection)).await.map(|signed| signed.rows_affected() > 0)
    }

    /// Ends the transaction as if it had never begun.
    pub(super) async fn roll_back(mut self) {
        // A connection that is gone has rolled back by itself.
        if self.lost.is_none() && self.rule("ROLLBACK").await.is_ok() {
            drop(self.connection.take());
        }
    }

    async fn rule(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        match &mut self.connection {
            Some(connection) => {
                in_time(&self.rest, sqlx::raw_sql(text).execute(&mut **connection)).await.map(drop)
            }
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    fn judge<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            self.conflict |= is_conflict(&error);
            let told = said(&error);
            self.lost = Some(error).filter(is_connection_loss);
            told
        })
    }
}

fn ended() -> StoreError {
    said(&sqlx::Error::PoolClosed)
}

impl Drop for Pen {
    /// A transaction that did not end is ended by the end of its connection.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
