//! What is stored of the requests, users and pools that a commit touches.

use super::super::cells::Cells;
use super::super::json_rows::{JsonRows, id_list};
use super::super::pen::Pen;
use super::super::words::{pool_columns, pool_key_of};
use crate::domain::{RequestId, UserId};
use crate::store::sql::touched::{self, Row, UserRow};
use crate::store::{PoolKey, StoreError};
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

/// Reads the requests with these ids, and their users.
pub(super) async fn read(
    pen: &mut Pen,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<(HashMap<RequestId, Row>, HashMap<UserId, UserRow>), StoreError> {
    let mut rows = HashMap::new();
    let mut users = HashMap::new();
    for row in pen.rows(sqlx::query(CURRENT).bind(id_list(ids))).await? {
        touched::read(&mut Cells::of(&row), &mut rows, &mut users)?;
    }
    Ok((rows, users))
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
