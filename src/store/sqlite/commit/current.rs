//! What is stored of the requests, users and pools that a commit touches.

use super::super::cells::Cells;
use super::super::json_rows::{JsonRows, id_list};
use super::super::pen::Pen;
use super::super::verdict::corrupt;
use super::super::words::{license_of, pool_columns, pool_key_of, seat_of};
use crate::domain::{BatchId, Direction, HolderId, RequestId, SkuId, State, Status, UserId};
use crate::store::{LicenseHold, PoolKey, Seat, StoreError};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

pub(in super::super) const CURRENT: &str = "
    SELECT r.id, r.batch, r.user, r.tenant, r.environment, r.license, r.state, r.status, r.direction, r.waiting, r.lane,
        r.holder, r.epoch, r.slot_held, r.priority, r.paused,
        u.seat, u.seat_at, u.seat_license, u.license_hold, u.license_intent, u.license_since, u.propagated_once
    FROM json_each(?1) AS wanted CROSS JOIN requests AS r ON r.id = unhex(wanted.value)
        CROSS JOIN users AS u ON u.id = r.user
    WHERE r.staged = 0";

pub(in super::super) const POOLS: &str = "
    WITH wanted AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    SELECT p.kind, p.tenant, p.subject, ifnull(p.capacity, 0) - p.others - p.held
    FROM wanted CROSS JOIN pools AS p ON p.kind = v ->> 0 AND p.tenant = v ->> 1 AND p.subject = v ->> 2";

/// A request as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) batch: BatchId,
    pub(super) user: UserId,
    pub(super) tenant: String,
    pub(super) environment: String,
    pub(super) license: SkuId,
    pub(super) state: State,
    pub(super) status: Status,
    pub(super) direction: Option<Direction>,
    pub(super) waiting: bool,
    pub(super) lane: Option<i64>,
    pub(super) holder: Option<HolderId>,
    pub(super) epoch: i64,
    pub(super) slot_held: bool,
    pub(super) priority: i64,
    pub(super) paused: bool,
}

/// A user as it is stored, and as it changes within the commit.
#[derive(Clone, Debug)]
pub(super) struct UserRow {
    pub(super) seat: Seat,
    /// The pool's license, while there is a seat.
    pub(super) seat_license: Option<SkuId>,
    pub(super) license: LicenseHold,
    pub(super) propagated_once: bool,
}

/// Reads the requests with these ids, and their users.
pub(super) async fn read(
    pen: &mut Pen,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<(HashMap<RequestId, Row>, HashMap<UserId, UserRow>), StoreError> {
    let mut rows = HashMap::new();
    let mut users = HashMap::new();
    for row in pen.rows(sqlx::query(CURRENT).bind(id_list(ids))).await? {
        let mut cells = Cells::of(&row);
        let id = RequestId(cells.id()?);
        let row = Row {
            batch: BatchId(cells.id()?),
            user: UserId(cells.id()?),
            tenant: cells.take()?,
            environment: cells.take()?,
            license: SkuId(cells.id()?),
            state: cells.word(State::parse)?,
            status: cells.word(Status::parse)?,
            direction: cells.maybe_word(Direction::parse)?,
            waiting: cells.flag()?,
            lane: cells.maybe_int()?,
            holder: cells.maybe_id()?.map(HolderId),
            epoch: cells.int()?,
            slot_held: cells.flag()?,
            priority: cells.int()?,
            paused: cells.flag()?,
        };
        if let Entry::Vacant(entry) = users.entry(row.user) {
            entry.insert(read_user(&mut cells, row.user)?);
        }
        rows.insert(id, row);
    }
    Ok((rows, users))
}

fn read_user(cells: &mut Cells<'_>, id: UserId) -> Result<UserRow, StoreError> {
    let (seat, seat_at) = (cells.text()?, cells.maybe_instant()?);
    let seat =
        seat_of(seat, seat_at).ok_or_else(|| corrupt(format!("user {id}"), "its seat contradicts itself"))?;
    let seat_license = cells.maybe_id()?.map(SkuId);
    let (hold, intent, since) = (cells.text()?, cells.maybe_id()?, cells.maybe_instant()?);
    let license = license_of(hold, intent, since)
        .ok_or_else(|| corrupt(format!("user {id}"), "its license contradicts itself"))?;
    Ok(UserRow { seat, seat_license, license, propagated_once: cells.flag()? })
}

/// How many units of each pool are free; a pool that was never counted has none.
pub(super) async fn read_free(
    pen: &mut Pen,
    keys: impl IntoIterator<Item = PoolKey>,
) -> Result<BTreeMap<PoolKey, i64>, StoreError> {
    let mut wanted = JsonRows::new();
    for key in keys {
        let (kind, tenant, subject) = pool_columns(&key);
        wanted.row().text(kind).text(tenant).text(&subject);
    }
    let mut free = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(free);
    }
    for row in pen.rows(sqlx::query(POOLS).bind(wanted.into_json())).await? {
        let mut cells = Cells::of(&row);
        let key = pool_key_of(cells.text()?, cells.text()?, cells.text()?)?;
        free.insert(key, cells.int()?);
    }
    Ok(free)
}
