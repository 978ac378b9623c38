//! Connections that only read; they see what was committed, and never wait for the writer.

use super::pen::Query;
use super::verdict::said;
use crate::store::StoreError;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

/// A small pool of reading connections.
#[derive(Clone)]
pub(super) struct Readers {
    pool: SqlitePool,
}

impl Readers {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    pub(super) async fn rows(&self, query: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        query.fetch_all(&self.pool).await.map_err(said)
    }

    pub(super) async fn row(&self, query: Query<'_>) -> Result<Option<SqliteRow>, StoreError> {
        query.fetch_optional(&self.pool).await.map_err(said)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}
