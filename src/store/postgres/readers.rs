//! Reading: one statement each, on whatever connection is free.

use super::options::Rest;
use super::patience::Patience;
use super::pen::Query;
use super::verdict::{is_connection_loss, said};
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
            match query().fetch_all(&self.pool).await {
                Err(error) if is_connection_loss(&error) && patience.bears_another_try().await => {}
                result => return result.map_err(said),
            }
        }
    }

    pub(super) async fn row<'q>(&self, query: impl Fn() -> Query<'q>) -> Result<Option<PgRow>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }
}
