//! Reading histories and batches.

use super::batches;
use super::cells::Cells;
use super::readers::Readers;
use super::verdict::corrupt;
use super::words::failure_of;
use crate::domain::{BatchId, EventKind, IntentId, RequestId, State, UserId};
use crate::store::{Actor, Batch, Event, Origin, StoreError};
use sqlx::sqlite::SqliteRow;

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
    readers.rows(query).await?.iter().map(read_event).collect()
}

pub(super) async fn history(
    readers: &Readers,
    request: RequestId,
    after: i64,
    rows_max: u32,
) -> Result<Vec<Event>, StoreError> {
    let query = sqlx::query(HISTORY).bind(request.0).bind(after).bind(rows_max);
    readers.rows(query).await?.iter().map(read_event).collect()
}

fn read_event(row: &SqliteRow) -> Result<Event, StoreError> {
    let mut cells = Cells::of(row);
    let sequence = cells.int()?;
    let occurred_at = cells.instant()?;
    let request = RequestId(cells.id()?);
    let user = UserId(cells.id()?);
    let actor = Actor { name: cells.take()?, origin: cells.word(Origin::parse)? };
    let kind = cells.word(EventKind::parse)?;
    let (from, to) = (cells.word(State::parse)?, cells.word(State::parse)?);
    let intent = cells.maybe_id()?.map(IntentId);
    let (code, payload) = (cells.maybe_text()?, cells.maybe_text()?);
    let tells_drift = matches!(kind, EventKind::Drifted | EventKind::Verified);
    let (failure, drift) = match payload.filter(|_| tells_drift) {
        None => (failure_of(code, payload)?, None),
        Some(payload) => {
            let change = serde_json::from_str(payload)
                .map_err(|_| corrupt(format!("event {sequence}"), "its payload tells of no drift"))?;
            (None, Some(change))
        }
    };
    Ok(Event {
        sequence,
        occurred_at,
        request,
        user,
        actor,
        kind,
        from,
        to,
        intent,
        failure,
        drift,
        remote_request_ids: match cells.maybe_text()? {
            None => Vec::new(),
            Some(ids) => serde_json::from_str(ids)
                .map_err(|_| corrupt(format!("event {sequence}"), "its remote request ids are no list"))?,
        },
    })
}

pub(super) async fn batch(readers: &Readers, id: BatchId) -> Result<Option<Batch>, StoreError> {
    readers.row(sqlx::query(batches::ONE).bind(id.0)).await?.as_ref().map(batches::read).transpose()
}

pub(super) async fn batches(readers: &Readers, rows_max: u32) -> Result<Vec<Batch>, StoreError> {
    readers.rows(sqlx::query(batches::LATEST).bind(rows_max)).await?.iter().map(batches::read).collect()
}
