//! Noting what was seen of finished accounts, with the events that tell of it.

use super::commit::EVENTS;
use super::locks;
use super::pen::Pen;
use super::transact::{Applied, Verb};
use crate::domain::{Instant, RequestId, UserId};
use crate::store::sql::cells::Cells;
use crate::store::sql::json_rows::JsonRows;
use crate::store::sql::watch_rows;
use crate::store::sql::words::MACHINE_VERSION;
use crate::store::{Actor, RowFate, StoreError, WatchNote};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(super) const NOTE: &str = "
    UPDATE watches
    SET looks = (v ->> 3)::bigint, looked_at = (v ->> 4)::bigint, due_at = (v ->> 5)::bigint, drifts = v ->> 6,
        evidence = v ->> 7, evidence_looks = (v ->> 8)::bigint, evidence_since = (v ->> 9)::bigint
    FROM jsonb_array_elements($1::jsonb) AS noted (v)
    WHERE watches.request = (v ->> 0)::uuid AND succeeded_at = (v ->> 1)::bigint AND looks = (v ->> 2)::bigint
    RETURNING request, (SELECT r.user FROM requests AS r WHERE r.id = watches.request)";

/// Notes looks.
pub(super) struct NoteWatches {
    pub(super) notes: Vec<WatchNote>,
    pub(super) actor: Actor,
    pub(super) now: Instant,
}

impl Verb for NoteWatches {
    type Answer = Vec<RowFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<RowFate>> {
        Box::pin(self.note(pen))
    }
}

impl NoteWatches {
    async fn note(&self, pen: &mut Pen) -> Result<Vec<RowFate>, StoreError> {
        if self.notes.is_empty() {
            return Ok(Vec::new());
        }
        // A commit that reopens one writes its event before it takes the watch away, both under the user's lock.
        let ids: Vec<Uuid> = self.notes.iter().map(|note| note.request.0).collect();
        locks::users_of(pen, &ids).await?;
        let mut rows = JsonRows::new();
        let mut known = HashSet::new();
        for note in &self.notes {
            // A set-wise statement would apply one of two notes on one watch, and not say which.
            if known.insert(note.request) {
                watch_rows::push(&mut rows, note);
            }
        }
        let mut users = HashMap::new();
        for row in pen.rows(sqlx::query(NOTE).bind(rows.into_json())).await? {
            let mut cells = Cells::of(&row);
            users.insert(RequestId(cells.id()?), UserId(cells.id()?));
        }
        let mut events = JsonRows::new();
        let mut fates = Vec::with_capacity(self.notes.len());
        for note in &self.notes {
            let Some(user) = users.remove(&note.request) else {
                fates.push(RowFate::Lost);
                continue;
            };
            watch_rows::push_event(&mut events, note, user, &self.actor, self.now)?;
            fates.push(RowFate::Written);
        }
        if !events.is_empty() {
            pen.run(sqlx::query(EVENTS).bind(events.into_json()).bind(MACHINE_VERSION)).await?;
        }
        Ok(fates)
    }
}
