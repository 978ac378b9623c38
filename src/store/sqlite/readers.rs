//! Connections that only read; they see what was committed, and never wait for the writer.

use super::pen::Query;
use super::verdict::said;
use crate::store::StoreError;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A small pool of reading connections.
#[derive(Clone)]
pub(super) struct Readers {
    pool: SqlitePool,
    statements: Arc<AtomicU64>,
}

impl Readers {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, statements: Arc::default() }
    }

    pub(super) async fn rows(&self, query: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        self.count();
        query.fetch_all(&self.pool).await.map_err(said)
    }

    pub(super) async fn row(&self, query: Query<'_>) -> Result<Option<SqliteRow>, StoreError> {
        self.count();
        query.fetch_optional(&self.pool).await.map_err(said)
    }

    /// Statements so far.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}
