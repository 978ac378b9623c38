//! Noting what was seen of finished accounts, with the events that tell of it.

use super::cells::Cells;
use super::commit::EVENTS;
use super::json_rows::JsonRows;
use super::pen::Pen;
use super::words::MACHINE_VERSION;
use super::writer::{Applied, Verb};
use crate::domain::{Instant, RequestId, UserId};
use crate::store::sql::watch_rows;
use crate::store::{Actor, RowFate, StoreError, WatchNote};
use std::collections::{HashMap, HashSet};

pub(super) const NOTE: &str = "
    WITH noted AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE watches
    SET looks = v ->> 3, looked_at = v ->> 4, due_at = v ->> 5, drifts = v ->> 6,
        evidence = v ->> 7, evidence_looks = v ->> 8, evidence_since = v ->> 9
    FROM noted
    WHERE watches.request = unhex(v ->> 0) AND succeeded_at = v ->> 1 AND looks = v ->> 2
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

    fn weight(&self) -> usize {
        self.notes.len().max(1)
    }
}

impl NoteWatches {
    async fn note(&self, pen: &mut Pen) -> Result<Vec<RowFate>, StoreError> {
        if self.notes.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = JsonRows::new();
        let mut known = HashSet::new();
        for note in &self.notes {
            // A set-wise statement would apply one of two notes on one watch, and not say which.
            if known.insert(note.request) {
                watch_rows::push(&mut rows, note);
            }
        }
        let mut users = HashMap::new();
        for row in pen.returning(sqlx::query(NOTE).bind(rows.into_json())).await? {
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
