//! A batch, as people and programs are shown it.

use super::Moment;
use crate::domain::BatchId;
use crate::store::Batch;
use serde::Serialize;

/// A batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchView {
    /// Its id.
    pub id: BatchId,
    /// Where it came from, such as a file's name.
    pub source: String,
    /// Who submitted it.
    pub actor: String,
    /// How many requests it added.
    pub requests: u64,
    /// When the submission began.
    pub opened_at: Moment,
    /// When it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Moment>,
}

impl From<&Batch> for BatchView {
    fn from(batch: &Batch) -> Self {
        Self {
            id: batch.id,
            source: batch.source.clone(),
            actor: batch.actor.name.clone(),
            requests: batch.requests,
            opened_at: Moment(batch.opened_at),
            accepted_at: batch.accepted_at.map(Moment),
        }
    }
}
