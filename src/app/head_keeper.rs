//! Keeping the side-car near the head of the history.

use crate::engine::Chore;
use crate::store::{SqliteStore, StoreError};
use async_trait::async_trait;
use std::time::Duration;

/// How often the side-car may be written: each time is a small file and an fsync.
const EVERY: Duration = Duration::from_secs(1);

/// Writes down beside the database how far its history has come.
pub struct HeadKeeper(pub SqliteStore);

#[async_trait]
impl Chore for HeadKeeper {
    fn name(&self) -> &'static str {
        "side-car"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        match self.0.keep_head().await {
            // What was written before stands, and is only less telling.
            Err(StoreError::Unreadable(why)) => tracing::warn!("the side-car cannot be written: {why}"),
            result => result?,
        }
        Ok(EVERY)
    }
}
