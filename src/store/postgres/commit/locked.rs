//! What is stored of the requests, users and pools that a commit touches, locked until its end.

use super::super::locks;
use super::super::pen::Pen;
use crate::domain::{RequestId, SeatEffect, SlotEffect, UserId};
use crate::store::sql::cells::Cells;
use crate::store::sql::ledger::is_waiting;
use crate::store::sql::seats::{seat_pool, slot_pool};
use crate::store::sql::touched::{self, Row, UserRow};
use crate::store::sql::turns::pool_rows;
use crate::store::sql::words::pool_key_of;
use crate::store::{Commit, CommitRow, PoolKey, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// What the lane's group holds: whatever of it the commit does not name is left behind.
pub(in super::super) const IN_LANE: &str = "SELECT id FROM requests WHERE lane = $1 AND holder IS NOT NULL";

pub(in super::super) const CURRENT: &str = "
    SELECT r.id, r.batch, r.user, r.tenant, r.environment, r.license, r.state, r.status, r.direction, r.waiting, r.lane,
        r.holder, r.epoch, r.slot_held, r.priority, r.paused,
        u.seat, u.seat_at, u.seat_license, u.license_hold, u.license_intent, u.license_since, u.propagated_once
    FROM requests AS r JOIN users AS u ON u.id = r.user
    WHERE r.id = ANY($1) AND NOT r.staged ORDER BY r.id FOR NO KEY UPDATE OF r";

pub(in super::super) const POOLS: &str = "
    SELECT p.kind, p.tenant, p.subject, coalesce(p.capacity, 0) - p.others - p.held
    FROM jsonb_array_elements($1::jsonb) AS wanted (v)
        JOIN pools AS p ON p.kind = v ->> 0 AND p.tenant = v ->> 1 AND p.subject = v ->> 2
    ORDER BY p.kind, p.tenant, p.subject FOR NO KEY UPDATE OF p";

/// Locks the users of all that the commit may change, and those requests that it may leave behind.
pub(super) async fn households(pen: &mut Pen, commit: &Commit) -> Result<(), StoreError> {
    let mut ids: BTreeSet<Uuid> = commit.rows.iter().map(|row| row.request.0).collect();
    if let Some(lane) = &commit.lane {
        for row in pen.rows(sqlx::query(IN_LANE).bind(lane.lane.0)).await? {
            ids.insert(Cells::of(&row).id()?);
        }
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    locks::users_of(pen, &ids).await?;
    if ids.len() > commit.rows.len() {
        pen.rows(sqlx::query(CURRENT).bind(&ids)).await?;
    }
    Ok(())
}

/// Reads the requests with these ids, and their users, which are locked already.
pub(super) async fn read(
    pen: &mut Pen,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<(HashMap<RequestId, Row>, HashMap<UserId, UserRow>), StoreError> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut rows = HashMap::new();
    let mut users = HashMap::new();
    for row in pen.rows(sqlx::query(CURRENT).bind(&ids)).await? {
        touched::read(&mut Cells::of(&row), &mut rows, &mut users)?;
    }
    Ok((rows, users))
}

/// Locks every pool that may change, and says how many units of each are free; one that was never counted has none.
/// Nobody else grants anything of them before this transaction has ended, so nothing is granted twice.
pub(super) async fn pools<'a>(
    pen: &mut Pen,
    orders: impl Iterator<Item = &'a CommitRow>,
    rows: &HashMap<RequestId, Row>,
    users: &HashMap<UserId, UserRow>,
) -> Result<BTreeMap<PoolKey, i64>, StoreError> {
    let mut wanted = BTreeSet::new();
    for order in orders {
        let Some(row) = rows.get(&order.request) else { continue };
        let next = &order.transition.next;
        let changes_seat = order.transition.seat != SeatEffect::Keep;
        if changes_seat || is_waiting(next) != row.waiting || (row.waiting && next.paused != row.paused) {
            wanted.insert(seat_pool(row));
        }
        let held = users.get(&row.user).and_then(|user| user.seat_license).filter(|_| changes_seat);
        wanted.extend(held.map(|sku| PoolKey::Seat { tenant: row.tenant.clone(), sku }));
        if order.transition.slot != SlotEffect::Keep {
            wanted.insert(slot_pool(row));
        }
    }
    let mut free = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(free);
    }
    for row in pen.rows(sqlx::query(POOLS).bind(pool_rows(&wanted).into_json())).await? {
        let mut cells = Cells::of(&row);
        let key = pool_key_of(cells.text()?, cells.text()?, cells.text()?)?;
        free.insert(key, cells.int()?);
    }
    Ok(free)
}
