//! Reading what is claimed, what is due, and how the lanes are.

use super::member::{self, select_members};
use super::readers::Readers;
use crate::domain::{HolderId, Instant};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::readings;
use crate::store::{LaneView, Member, StoreError};

/// Differs because: others may be alive. What a holder has is its own until its lease is over.
pub(super) const CLAIMED_BY_OTHERS: &str = select_members!(
    "FROM requests AS r JOIN users AS u ON u.id = r.user
     WHERE r.holder IS NOT NULL AND r.holder <> $2
       AND NOT EXISTS (SELECT 1 FROM workers AS w WHERE w.holder = r.holder AND w.lease_until > clock_timestamp())
     ORDER BY r.lane, r.holder LIMIT $3"
);

pub(super) const BLOCKED_SINCE: &str = select_members!(
    "FROM requests AS r JOIN users AS u ON u.id = r.user
     WHERE r.status <> 'succeeded' AND r.status = 'blocked' AND r.direction = 'forward' AND NOT r.paused
       AND r.updated_at < $2
       AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.request = r.id AND e.kind = 'reopened')
     ORDER BY r.id LIMIT $3"
);

pub(super) const NEXT_WAKE: &str = "
    SELECT wake_at FROM lanes WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1";

pub(super) const LANES: &str = "
    SELECT step, tenant, environment, next_at, gate_until, trouble, code, failure FROM lanes
    WHERE next_at IS NOT NULL OR gate_until IS NOT NULL OR trouble > 0
    ORDER BY trouble = 0, coalesce(next_at, gate_until) NULLS FIRST, id LIMIT $1";

/// In a read there is no clock: a blocked sibling that will give its seat back counts as needing it.
pub(super) const WHENEVER: i64 = i64::MIN;

pub(super) async fn claimed_by_others(
    readers: &Readers,
    holder: HolderId,
    rows_max: u32,
) -> Result<Vec<Member>, StoreError> {
    let query = || sqlx::query(CLAIMED_BY_OTHERS).bind(WHENEVER).bind(holder.0).bind(i64::from(rows_max));
    readers.rows(query).await?.iter().map(member::read).collect()
}

pub(super) async fn blocked_since(
    readers: &Readers,
    before: Instant,
    rows_max: u32,
) -> Result<Vec<Member>, StoreError> {
    let query = || sqlx::query(BLOCKED_SINCE).bind(WHENEVER).bind(micros(before)).bind(i64::from(rows_max));
    readers.rows(query).await?.iter().map(member::read).collect()
}

pub(super) async fn next_wake(readers: &Readers) -> Result<Option<Instant>, StoreError> {
    match readers.row(|| sqlx::query(NEXT_WAKE)).await? {
        Some(row) => Cells::of(&row).maybe_instant(),
        None => Ok(None),
    }
}

pub(super) async fn lanes(readers: &Readers, rows_max: u32) -> Result<Vec<LaneView>, StoreError> {
    let rows = readers.rows(|| sqlx::query(LANES).bind(i64::from(rows_max))).await?;
    rows.iter().map(readings::lane).collect()
}
