//! Reading: one statement each, on whatever connection is free.

use super::answers::ask;
use super::options::Rest;
use super::patience::Patience;
use super::pen::Query;
use super::probe::explained;
use super::verdict::is_connection_loss;
use crate::store::StoreError;
use sqlx::PgPool;
use sqlx::postgres::PgRow;

/// Connections that read.
#[derive(Clone)]
pub(super) struct Readers {
    pub(super) pool: PgPool,
    pub(super) rest: Rest,
}

impl Readers {
    /// Reads; reading twice does no harm.
    pub(super) async fn rows<'q>(&self, query: impl Fn() -> Query<'q>) -> Result<Vec<PgRow>, StoreError> {
        let mut patience = Patience::with(&self.pool, &self.rest);
        loop {
            match ask(&self.pool, &self.rest, query()).await {
                Err(error) if is_connection_loss(&error) && patience.bears_another_try(&error).await => {}
                Err(error) => return Err(explained(&self.pool, &self.rest, &error).await),
                Ok(rows) => return Ok(rows),
            }
        }
    }

    pub(super) async fn row<'q>(&self, query: impl Fn() -> Query<'q>) -> Result<Option<PgRow>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }
}
