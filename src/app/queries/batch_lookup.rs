//! Finding the batch that a person means.

use crate::domain::BatchId;
use crate::store::{Batch, Batches, StoreError};

/// How many characters of an id are enough to be looked for.
const PREFIX_MIN: usize = 4;

/// How many of the latest batches are searched for a prefix.
const SEARCHED_MAX: u32 = 10_000;

/// What the latest batch is called.
const LATEST: &str = "latest";

/// Why a text names no batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchLookupError {
    /// There is none at all.
    #[error("no batch was submitted yet")]
    NoneYet,
    /// Nothing is called so.
    #[error("no batch is called {0:?}")]
    Unknown(String),
    /// Several are.
    #[error("{text:?} names several batches: {}", .candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// The store is at fault.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Finds a batch by its id, by the first characters of its id, or as `latest`.
///
/// # Errors
/// When none or several are meant.
pub async fn find_batch(store: &(impl Batches + ?Sized), text: &str) -> Result<Batch, BatchLookupError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(LATEST) {
        return store.batches(1).await?.into_iter().next().ok_or(BatchLookupError::NoneYet);
    }
    if let Ok(id) = text.parse::<BatchId>() {
        return store.batch(id).await?.ok_or_else(|| BatchLookupError::Unknown(text.to_owned()));
    }
    let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    if digits.len() < PREFIX_MIN || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(BatchLookupError::Unknown(text.to_owned()));
    }
    let mut found = store.batches(SEARCHED_MAX).await?;
    found.retain(|batch| batch.id.0.simple().to_string().starts_with(&digits));
    match found.len() {
        0 => Err(BatchLookupError::Unknown(text.to_owned())),
        1 => Ok(found.remove(0)),
        _ => {
            let candidates =
                found.iter().take(5).map(|batch| format!("{} ({})", batch.id, batch.source)).collect();
            Err(BatchLookupError::Ambiguous { text: text.to_owned(), candidates })
        }
    }
}
