//! Store calls that outlive a passing trouble of the database.

use super::outages::Trouble;
use super::{Engine, Steps};
use crate::store::{Answer, StoreError};
use std::time::Duration;

/// How long to wait before a database that is busy, full or away is tried again.
const PAUSE: Duration = Duration::from_millis(500);

impl<S: Steps> Engine<S> {
    /// Repeats a store call for as long as the database is busy, full or away: what the cloud has told us must not be
    /// thrown away because a disk is full for a while. Any other trouble is returned.
    pub(super) async fn steadfast<'a, T, F>(&'a self, what: &'static str, call: F) -> Result<T, StoreError>
    where
        F: Fn() -> Answer<'a, T>,
    {
        let mut trouble = Trouble::default();
        loop {
            match call().await {
                Err(error) if error.is_passing() => {
                    tracing::debug!(what, "tried again: {error}");
                    trouble.note(&self.outages, &error);
                    self.timer.sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
                Ok(answer) => {
                    trouble.is_over();
                    return Ok(answer);
                }
            }
        }
    }
}
