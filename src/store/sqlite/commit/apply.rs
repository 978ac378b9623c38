//! Applies the commits of several callers at once.

use super::super::lanes::{self, LanePlace};
use super::super::pen::Pen;
use super::super::writer::Applied;
use super::current;
use super::ledger::Ledger;
use super::passwords;
use super::seats::{seat_pool, slot_pool};
use super::{turns, watches, writes};
use crate::domain::{SeatEffect, SlotEffect};
use crate::store::{Commit, CommitRow, PoolKey, RowFate, StoreError};
use std::collections::{BTreeSet, HashSet};

/// One row with its commit and the place of its fate.
struct Entry<'a> {
    commit: &'a Commit,
    row: &'a CommitRow,
    of_commit: usize,
    of_row: usize,
}

/// Applies commits; one list of fates for each, in their order.
pub(in super::super) fn apply<'a>(
    pen: &'a mut Pen,
    commits: &'a [&'a Commit],
) -> Applied<'a, Vec<Vec<RowFate>>> {
    Box::pin(async move {
        let mut fates: Vec<Vec<RowFate>> =
            commits.iter().map(|commit| vec![RowFate::Lost; commit.rows.len()]).collect();
        let mut touched = BTreeSet::new();
        for wave in waves(commits) {
            apply_wave(pen, &wave, &mut fates, &mut touched).await?;
        }
        touched.extend(writes::release_lanes(pen, commits).await?);
        lanes::refresh(pen, &touched).await?;
        writes::tallies(pen, commits, &fates).await?;
        Ok(fates)
    })
}

/// The rows in waves, so that no request stands twice in one: a set-wise statement would apply only one of the two.
fn waves<'a>(commits: &[&'a Commit]) -> Vec<Vec<Entry<'a>>> {
    let mut waves: Vec<(HashSet<_>, Vec<Entry<'a>>)> = Vec::new();
    for (of_commit, commit) in commits.iter().enumerate() {
        for (of_row, row) in commit.rows.iter().enumerate() {
            let entry = Entry { commit, row, of_commit, of_row };
            // The later of two must also come later, so it goes into the wave after the last that knows its request.
            let place =
                waves.iter().rposition(|(ids, _)| ids.contains(&row.request)).map_or(0, |place| place + 1);
            if place == waves.len() {
                waves.push((HashSet::new(), Vec::new()));
            }
            waves[place].0.insert(row.request);
            waves[place].1.push(entry);
        }
    }
    waves.into_iter().map(|(_, entries)| entries).collect()
}

async fn apply_wave(
    pen: &mut Pen,
    wave: &[Entry<'_>],
    fates: &mut [Vec<RowFate>],
    touched: &mut BTreeSet<i64>,
) -> Result<(), StoreError> {
    let (rows, mut users) = current::read(pen, wave.iter().map(|entry| entry.row.request.0)).await?;
    let mut ledger = Ledger::default();
    let mut taken = BTreeSet::new();
    for entry in wave {
        if let Some(row) = rows.get(&entry.row.request) {
            if entry.row.transition.seat == SeatEffect::Take {
                taken.insert(seat_pool(row));
            }
            if entry.row.transition.slot == SlotEffect::Take {
                taken.insert(slot_pool(row));
            }
        }
    }
    let seats = taken.iter().filter(|key| matches!(key, PoolKey::Seat { .. }));
    ledger.turns.eldest = turns::read_eldest(pen, seats).await?;
    ledger.pools.free = current::read_free(pen, taken).await?;
    for entry in wave {
        fates[entry.of_commit][entry.of_row] = ledger.enter(entry.commit, entry.row, &rows, &mut users);
    }
    let places = ledger.written.iter().filter_map(|written| {
        let step = written.order.transition.step?;
        Some(LanePlace::of(step, &written.before.tenant, &written.before.environment))
    });
    lanes::ensure(pen, places.collect::<BTreeSet<_>>()).await?;
    writes::rows(pen, &mut ledger).await?;
    writes::released(pen, &ledger).await?;
    writes::endings(pen, &ledger).await?;
    writes::rechecks(pen, &ledger).await?;
    writes::users(pen, &ledger, &users).await?;
    writes::events(pen, &ledger).await?;
    watches::watches(pen, &ledger).await?;
    passwords::settle(pen, &ledger).await?;
    writes::counts(pen, &ledger).await?;
    writes::pools(pen, &ledger).await?;
    turns::write(pen, &ledger).await?;
    touched.extend(writes::wakes(pen, &ledger).await?);
    touched.extend(ledger.lanes);
    Ok(())
}
