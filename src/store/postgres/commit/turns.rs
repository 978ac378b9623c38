//! The books of the lines for a seat: who joins and leaves them, and whose turn it was. Ordinary commits touch none. The lock
//! of the pool stands for its lines.

use super::super::pen::Pen;
use crate::domain::{FRESH_TURNS, UserId};
use crate::store::sql::cells::Cells;
use crate::store::sql::ledger::Ledger;
use crate::store::sql::turns::{TurnRows, pool_rows};
use crate::store::sql::words::pool_key_of;
use crate::store::{PoolKey, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// A line that has nobody joins with a little less than the furthest of its priority, and is never set back.
pub(in super::super) const JOIN: &str = "
    INSERT INTO turns (tenant, license, priority, batch, waiting, pass)
    SELECT v ->> 0, (v ->> 1)::uuid, (v ->> 2)::bigint, (v ->> 3)::uuid, (v ->> 4)::bigint,
        coalesce((SELECT max(f.pass) FROM turns AS f
                  WHERE f.tenant = v ->> 0 AND f.license = (v ->> 1)::uuid AND f.priority = (v ->> 2)::bigint) - $2, 0)
    FROM jsonb_array_elements($1::jsonb) AS changes (v)
    ON CONFLICT (tenant, license, priority, batch) DO UPDATE
    SET pass = CASE WHEN turns.waiting = 0 THEN greatest(turns.pass, excluded.pass) ELSE turns.pass END,
        waiting = turns.waiting + excluded.waiting";

pub(in super::super) const CHARGE: &str = "
    UPDATE turns SET waiting = waiting + (v ->> 4)::bigint, pass = pass + (v ->> 5)::bigint
    FROM jsonb_array_elements($1::jsonb) AS changes (v)
    WHERE turns.tenant = v ->> 0 AND turns.license = (v ->> 1)::uuid AND turns.priority = (v ->> 2)::bigint
      AND turns.batch = (v ->> 3)::uuid";

/// A line without anybody that lies further back than a new one would begin means nothing any more.
pub(in super::super) const FORGET: &str = "
    DELETE FROM turns
    USING (SELECT DISTINCT v ->> 0 AS tenant, (v ->> 1)::uuid AS license, (v ->> 2)::bigint AS priority
           FROM jsonb_array_elements($1::jsonb) AS t (v)) AS classes
    WHERE turns.tenant = classes.tenant AND turns.license = classes.license AND turns.priority = classes.priority
      AND turns.waiting = 0
      AND turns.pass < (SELECT max(f.pass) FROM turns AS f
                        WHERE f.tenant = classes.tenant AND f.license = classes.license
                          AND f.priority = classes.priority) - $2";

pub(in super::super) const PASS_OVER: &str = "
    UPDATE pools SET passed_over = CASE WHEN (v ->> 3)::boolean THEN 0 ELSE passed_over END + (v ->> 4)::bigint
    FROM jsonb_array_elements($1::jsonb) AS changes (v)
    WHERE kind = v ->> 0 AND tenant = v ->> 1 AND subject = v ->> 2";

/// The user of each pool that has waited longest.
pub(in super::super) const LONGEST: &str = "
    SELECT v ->> 0, v ->> 1, v ->> 2,
        (SELECT r.user FROM requests AS r JOIN users AS u ON u.id = r.user
         WHERE r.tenant = v ->> 1 AND r.license = (v ->> 2)::uuid AND r.waiting AND NOT r.paused
           AND u.seat = 'none' ORDER BY r.id LIMIT 1)
    FROM jsonb_array_elements($1::jsonb) AS wanted (v)";

/// Reads who has waited longest in those pools.
pub(super) async fn read_eldest(
    pen: &mut Pen,
    pools: &BTreeSet<PoolKey>,
) -> Result<BTreeMap<PoolKey, UserId>, StoreError> {
    let wanted = pool_rows(pools);
    let mut eldest = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(eldest);
    }
    for row in pen.rows(sqlx::query(LONGEST).bind(wanted.into_json())).await? {
        let mut cells = Cells::of(&row);
        let key = pool_key_of(cells.text()?, cells.text()?, cells.text()?)?;
        eldest.extend(cells.maybe_id()?.map(|user| (key, UserId(user))));
    }
    Ok(eldest)
}

/// Writes the books.
pub(super) async fn write(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let TurnRows { joined, charged, orders } = ledger.turns.rows();
    if !joined.is_empty() {
        pen.run(sqlx::query(JOIN).bind(joined.into_json()).bind(FRESH_TURNS)).await?;
    }
    if !charged.is_empty() {
        let charged = charged.into_json();
        pen.run(sqlx::query(CHARGE).bind(charged.as_str())).await?;
        pen.run(sqlx::query(FORGET).bind(charged.as_str()).bind(FRESH_TURNS)).await?;
    }
    if !orders.is_empty() {
        pen.run(sqlx::query(PASS_OVER).bind(orders.into_json())).await?;
    }
    Ok(())
}
