//! Reading histories and batches.

use super::batches;
use super::readers::Readers;
use crate::domain::{BatchId, RequestId};
use crate::store::sql::readings;
use crate::store::{Batch, Event, StoreError};

pub(super) const HISTORY: &str = "
    SELECT sequence, occurred_at, request, user, actor, origin, kind, from_state, to_state, intent, code, payload,
        remote_request_ids
    FROM events INDEXED BY events_by_request WHERE request = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";

pub(super) const LATEST_EVENTS: &str = "
    SELECT sequence, occurred_at, request, user, actor, origin, kind, from_state, to_state, intent, code, payload,
        remote_request_ids
    FROM events WHERE sequence > ?1 ORDER BY sequence DESC LIMIT ?2";

pub(super) async fn latest(readers: &Readers, after: i64, rows_max: u32) -> Result<Vec<Event>, StoreError> {
    let query = sqlx::query(LATEST_EVENTS).bind(after).bind(rows_max);
    readers.rows(query).await?.iter().map(readings::event).collect()
}

pub(super) async fn history(
    readers: &Readers,
    request: RequestId,
    after: i64,
    rows_max: u32,
) -> Result<Vec<Event>, StoreError> {
    let query = sqlx::query(HISTORY).bind(request.0).bind(after).bind(rows_max);
    readers.rows(query).await?.iter().map(readings::event).collect()
}

pub(super) async fn batch(readers: &Readers, id: BatchId) -> Result<Option<Batch>, StoreError> {
    readers.row(sqlx::query(batches::ONE).bind(id.0)).await?.as_ref().map(readings::batch).transpose()
}

pub(super) async fn batches(readers: &Readers, rows_max: u32) -> Result<Vec<Batch>, StoreError> {
    readers.rows(sqlx::query(batches::LATEST).bind(rows_max)).await?.iter().map(readings::batch).collect()
}
