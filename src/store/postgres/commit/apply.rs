//! Applies a commit.

use super::super::hints;
use super::super::lanes;
use super::super::locks;
use super::super::pen::Pen;
use super::super::transact::{Applied, Verb};
use super::{locked, turns, writes};
use crate::domain::{RequestId, SeatEffect};
use crate::store::sql::lane_book::LanePlace;
use crate::store::sql::ledger::Ledger;
use crate::store::sql::seats::seat_pool;
use crate::store::{Commit, CommitRow, PoolKey, RowFate, StoreError};
use std::collections::{BTreeSet, HashSet};

impl Verb for Commit {
    type Answer = Vec<RowFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<RowFate>> {
        Box::pin(async move {
            let mut fates = vec![RowFate::Lost; self.rows.len()];
            let mut touched = BTreeSet::new();
            locked::households(pen, self).await?;
            for wave in waves(&self.rows) {
                apply_wave(pen, self, &wave, &mut fates, &mut touched).await?;
            }
            writes::tallies(pen, self, &fates).await?;
            // From here on others wait for the lanes.
            touched.extend(self.lane.iter().map(|lane| lane.lane.0));
            if !touched.is_empty() {
                locks::lanes(pen, &touched).await?;
                writes::release_lane(pen, self).await?;
                lanes::refresh_locked(pen, &touched).await?;
            }
            Ok(fates)
        })
    }

    fn is_news(&self) -> bool {
        hints::is_news(self)
    }
}

/// A row with the place of its fate.
type Placed<'a> = (usize, &'a CommitRow);

/// The rows in waves, so that no request stands twice in one: a set-wise statement would apply only one of the two.
fn waves(rows: &[CommitRow]) -> Vec<Vec<Placed<'_>>> {
    let mut waves: Vec<(HashSet<RequestId>, Vec<Placed<'_>>)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        // The later of two must also come later, so it goes into the wave after the last that knows its request.
        let wave = waves.iter().rposition(|(ids, _)| ids.contains(&row.request)).map_or(0, |wave| wave + 1);
        if wave == waves.len() {
            waves.push((HashSet::new(), Vec::new()));
        }
        waves[wave].0.insert(row.request);
        waves[wave].1.push((place, row));
    }
    waves.into_iter().map(|(_, rows)| rows).collect()
}

async fn apply_wave(
    pen: &mut Pen,
    commit: &Commit,
    wave: &[Placed<'_>],
    fates: &mut [RowFate],
    touched: &mut BTreeSet<i64>,
) -> Result<(), StoreError> {
    let (rows, mut users) = locked::read(pen, wave.iter().map(|(_, row)| row.request.0)).await?;
    let mut ledger = Ledger::default();
    ledger.pools.free = locked::pools(pen, wave.iter().map(|(_, row)| *row), &rows, &users).await?;
    let takes = wave.iter().filter(|(_, row)| row.transition.seat == SeatEffect::Take);
    let taken: BTreeSet<PoolKey> =
        takes.filter_map(|(_, row)| rows.get(&row.request)).map(seat_pool).collect();
    ledger.turns.eldest = turns::read_eldest(pen, &taken).await?;
    for (place, row) in wave {
        fates[*place] = ledger.enter(commit, row, &rows, &mut users);
    }
    let places = ledger.written.iter().filter_map(|written| {
        let step = written.order.transition.step?;
        Some(LanePlace::of(step, &written.before.tenant, &written.before.environment))
    });
    lanes::ensure(pen, places.collect::<BTreeSet<_>>()).await?;
    writes::rows(pen, &mut ledger).await?;
    writes::households(pen, &ledger, &users).await?;
    touched.extend(writes::wakes(pen, &ledger).await?);
    writes::histories(pen, &ledger).await?;
    writes::pools(pen, &ledger).await?;
    turns::write(pen, &ledger).await?;
    writes::counts(pen, &ledger).await?;
    touched.extend(ledger.lanes);
    Ok(())
}
