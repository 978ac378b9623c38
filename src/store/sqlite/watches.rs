//! Noting what was seen of finished accounts, with the events that tell of it.

use super::cells::Cells;
use super::commit::EVENTS;
use super::json_rows::JsonRows;
use super::pen::Pen;
use super::verdict::corrupt;
use super::words::MACHINE_VERSION;
use super::writer::{Applied, Verb};
use crate::domain::{
    Code, Drift, DriftChange, DriftEvidence, DriftKind, Instant, RequestId, State, UserId, Watch,
};
use crate::store::{Actor, RowFate, StoreError, WatchNote};
use sha2::{Digest, Sha256};
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
                push(&mut rows, note);
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
            self.push_event(&mut events, note, user)?;
            fates.push(RowFate::Written);
        }
        if !events.is_empty() {
            pen.run(sqlx::query(EVENTS).bind(events.into_json()).bind(MACHINE_VERSION)).await?;
        }
        Ok(fates)
    }

    fn push_event(&self, rows: &mut JsonRows, note: &WatchNote, user: UserId) -> Result<(), StoreError> {
        let Some(kind) = note.weighed.event else { return Ok(()) };
        let (before, after) = (&note.before.drifts, &note.weighed.next.drifts);
        let fresh = after.iter().find(|drift| !before.contains(drift)).or(after.first());
        let change = DriftChange { before: before.clone(), after: after.clone() };
        let payload = serde_json::to_string(&change)
            .map_err(|error| StoreError::Failed(format!("a drift has no JSON form: {error}")))?;
        rows.row()
            .instant(self.now)
            .id(note.request.0)
            .id(user.0)
            .text(&self.actor.name)
            .text(self.actor.origin.as_str())
            .maybe_id(None)
            .text(kind.as_str())
            .text(State::Unlicensed.as_str())
            .text(State::Unlicensed.as_str())
            .maybe_text(fresh.map(|drift| drift.kind.code().as_str()))
            .maybe_text(None)
            .text(&payload)
            .bytes(&Sha256::digest(payload.as_bytes()));
        Ok(())
    }
}

fn push(rows: &mut JsonRows, note: &WatchNote) {
    let WatchNote { request, before, weighed } = note;
    let next = &weighed.next;
    rows.row()
        .id(request.0)
        .instant(before.succeeded_at)
        .int(i64::from(before.looks))
        .int(i64::from(next.looks))
        .maybe_instant(next.looked_at)
        .instant(next.due_at)
        .text(&drifts_column(&next.drifts))
        .maybe_text(next.evidence.map(|evidence| evidence.kind.code().as_str()))
        .maybe_int(next.evidence.map(|evidence| i64::from(evidence.looks)))
        .maybe_instant(next.evidence.map(|evidence| evidence.since));
}

fn drifts_column(drifts: &[Drift]) -> String {
    // A list of texts always has a JSON form.
    serde_json::to_string(drifts).unwrap_or_else(|_| "[]".to_owned())
}

/// Reads a watch from the columns that [`super::read_watches`] selects.
pub(super) fn read(cells: &mut Cells<'_>) -> Result<Watch, StoreError> {
    let unreadable = |what: &str| corrupt("a watch", what);
    let succeeded_at = cells.instant()?;
    let due_at = cells.instant()?;
    let looks = cells.count()?;
    let looked_at = cells.maybe_instant()?;
    let drifts =
        serde_json::from_str(cells.text()?).map_err(|_| unreadable("its drifts are no list of them"))?;
    let kind = cells.maybe_word(|word| word.parse::<Code>().ok().and_then(DriftKind::of))?;
    let evidence_looks = cells.maybe_int()?.map(u32::try_from).transpose();
    let evidence_looks = evidence_looks.map_err(|_| unreadable("its evidence is out of range"))?;
    let evidence = match (kind, evidence_looks, cells.maybe_instant()?) {
        (None, None, None) => None,
        (Some(kind), Some(looks), Some(since)) => Some(DriftEvidence { kind, looks, since }),
        _ => return Err(unreadable("its evidence contradicts itself")),
    };
    Ok(Watch { succeeded_at, due_at, looks, looked_at, drifts, evidence })
}
