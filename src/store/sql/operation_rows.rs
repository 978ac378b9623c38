//! Operations as rows, and what is written about them; pure.

use super::cells::{AnyRow, Cells, micros};
use super::json_rows::JsonRows;
use crate::domain::{OperationId, RequestId, Steering};
use crate::store::{
    Actor, Commit, ItemEnd, ItemOutcome, Operation, OperationItem, Origin, RowFate, StoreError,
};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// The requests of an operation, each once, in the order given.
pub(in crate::store) fn once(requests: &[RequestId]) -> Vec<Uuid> {
    let mut known = HashSet::new();
    requests.iter().map(|request| request.0).filter(|id| known.insert(*id)).collect()
}

/// Reads an operation.
pub(in crate::store) fn operation<'r>(row: impl Into<AnyRow<'r>>) -> Result<Operation, StoreError> {
    let mut cells = Cells::of(row);
    Ok(Operation {
        id: OperationId(cells.id()?),
        verb: cells.word(Steering::parse)?,
        selection: cells.take()?,
        reason: cells.take()?,
        actor: Actor { name: cells.take()?, origin: cells.word(Origin::parse)? },
        opened_at: cells.instant()?,
        ended_at: cells.maybe_instant()?,
        called_off_by: cells.take()?,
        items: u64::from(cells.count()?),
        done: u64::from(cells.count()?),
        refused: u64::from(cells.count()?),
        dropped: u64::from(cells.count()?),
    })
}

/// Reads an item.
pub(in crate::store) fn item<'r>(row: impl Into<AnyRow<'r>>) -> Result<OperationItem, StoreError> {
    let mut cells = Cells::of(row);
    let (place, request) = (cells.int()?, RequestId(cells.id()?));
    let word = cells.maybe_text()?;
    let why = cells.maybe_text()?;
    let outcome = match (word, why) {
        (None, _) => None,
        (Some("refused"), Some(why)) => Some(ItemOutcome::Refused { why: why.to_owned() }),
        (Some("done"), _) => Some(ItemOutcome::Done),
        (Some("dropped"), _) => Some(ItemOutcome::Dropped),
        (Some(word), _) => {
            return Err(super::corrupt::corrupt(
                format!("item {place} ({word})"),
                "its outcome says too little",
            ));
        }
    };
    Ok(OperationItem { place, request, outcome, settled_at: cells.maybe_instant()? })
}

/// The part of a commit whose items are not settled yet.
pub(in crate::store) fn still_due(commit: &Commit, ends: &[ItemEnd], due: &BTreeSet<i64>) -> Commit {
    let requests: HashSet<RequestId> =
        ends.iter().filter(|end| due.contains(&end.place)).map(|end| end.request).collect();
    let rows = commit.rows.iter().filter(|row| requests.contains(&row.request)).cloned().collect();
    Commit { rows, ..commit.clone() }
}

/// What is settled now, for the statement that says so, and how many were carried out and refused.
pub(in crate::store) fn settled(
    commit: &Commit,
    fates: &[RowFate],
    ends: &[ItemEnd],
    due: &BTreeSet<i64>,
) -> (JsonRows, i64, i64) {
    let written: HashSet<RequestId> = commit
        .rows
        .iter()
        .zip(fates)
        .filter(|(_, fate)| **fate == RowFate::Written)
        .map(|(row, _)| row.request)
        .collect();
    let mut rows = JsonRows::new();
    let (mut done, mut refused) = (0, 0);
    for end in ends.iter().filter(|end| due.contains(&end.place)) {
        let (word, why) = match &end.outcome {
            ItemOutcome::Done if written.contains(&end.request) => ("done", None),
            ItemOutcome::Refused { why } => ("refused", Some(why.as_str())),
            // Its row was not written, so that it stays due; and what is dropped is never said one by one.
            ItemOutcome::Done | ItemOutcome::Dropped => continue,
        };
        if why.is_some() {
            refused += 1;
        } else {
            done += 1;
        }
        rows.row().int(end.place).text(word).maybe_text(why).int(micros(commit.now));
    }
    (rows, done, refused)
}
