//! The watch over finished accounts, as columns and as values.

use super::cells::Cells;
use super::corrupt::corrupt;
use super::json_rows::JsonRows;
use crate::domain::{Code, Drift, DriftChange, DriftEvidence, DriftKind, Instant, State, UserId, Watch};
use crate::store::{Actor, StoreError, WatchNote};
use sha2::{Digest, Sha256};

/// The event of a note, if it changes anything.
pub(in crate::store) fn push_event(
    rows: &mut JsonRows,
    note: &WatchNote,
    user: UserId,
    actor: &Actor,
    now: Instant,
) -> Result<(), StoreError> {
    let Some(kind) = note.weighed.event else { return Ok(()) };
    let (before, after) = (&note.before.drifts, &note.weighed.next.drifts);
    let fresh = after.iter().find(|drift| !before.contains(drift)).or(after.first());
    let change = DriftChange { before: before.clone(), after: after.clone() };
    let payload = serde_json::to_string(&change)
        .map_err(|error| StoreError::Failed(format!("a drift has no JSON form: {error}")))?;
    rows.row()
        .instant(now)
        .id(note.request.0)
        .id(user.0)
        .text(&actor.name)
        .text(actor.origin.as_str())
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

/// The columns of a note, with what it is fenced by.
pub(in crate::store) fn push(rows: &mut JsonRows, note: &WatchNote) {
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

/// Reads a watch.
pub(in crate::store) fn read(cells: &mut Cells<'_>) -> Result<Watch, StoreError> {
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
