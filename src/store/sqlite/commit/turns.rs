//! The books of the lines for a seat: who joins and leaves them, and whose turn it was. Ordinary commits touch none.

use super::super::cells::Cells;
use super::super::pen::Pen;
use super::super::words::pool_key_of;
use super::ledger::Ledger;
use crate::domain::{FRESH_TURNS, UserId};
use crate::store::sql::turns::{TurnRows, pool_rows};
use crate::store::{PoolKey, StoreError};
use std::collections::BTreeMap;

/// A line that has nobody joins with a little less than the furthest of its priority, and is never set back.
pub(in super::super) const JOIN: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO turns (tenant, license, priority, batch, waiting, pass)
    SELECT v ->> 0, unhex(v ->> 1), v ->> 2, unhex(v ->> 3), v ->> 4,
        ifnull((SELECT max(f.pass) FROM turns AS f INDEXED BY turns_furthest
                WHERE f.tenant = v ->> 0 AND f.license = unhex(v ->> 1) AND f.priority = v ->> 2) - ?2, 0)
    FROM changes WHERE true
    ON CONFLICT DO UPDATE SET pass = iif(waiting = 0, max(pass, excluded.pass), pass),
        waiting = waiting + excluded.waiting";

pub(in super::super) const CHARGE: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE turns SET waiting = waiting + (v ->> 4), pass = pass + (v ->> 5) FROM changes
    WHERE turns.tenant = v ->> 0 AND turns.license = unhex(v ->> 1) AND turns.priority = v ->> 2
      AND turns.batch = unhex(v ->> 3)";

/// A line without anybody that lies further back than a new one would begin means nothing any more.
pub(in super::super) const FORGET: &str = "
    WITH classes AS MATERIALIZED (SELECT DISTINCT value ->> 0 AS tenant, unhex(value ->> 1) AS license,
                                      value ->> 2 AS priority FROM json_each(?1))
    DELETE FROM turns WHERE (tenant, license, priority, batch) IN
        (SELECT t.tenant, t.license, t.priority, t.batch FROM classes CROSS JOIN turns AS t INDEXED BY turns_furthest
         WHERE t.tenant = classes.tenant AND t.license = classes.license AND t.priority = classes.priority
           AND t.waiting = 0
           AND t.pass < (SELECT max(f.pass) FROM turns AS f INDEXED BY turns_furthest
                         WHERE f.tenant = classes.tenant AND f.license = classes.license
                           AND f.priority = classes.priority) - ?2)";

pub(in super::super) const PASS_OVER: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE pools SET passed_over = iif(v ->> 3, 0, passed_over) + (v ->> 4) FROM changes
    WHERE kind = v ->> 0 AND tenant = v ->> 1 AND subject = v ->> 2";

/// The user of each pool that has waited longest.
pub(in super::super) const LONGEST: &str = "
    WITH wanted AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    SELECT v ->> 0, v ->> 1, v ->> 2,
        (SELECT r.user FROM requests AS r INDEXED BY requests_longest_waiting CROSS JOIN users AS u ON u.id = r.user
         WHERE r.tenant = v ->> 1 AND r.license = unhex(replace(v ->> 2, '-', '')) AND r.waiting = 1 AND r.paused = 0
           AND u.seat = 'none' ORDER BY r.id LIMIT 1)
    FROM wanted";

/// Reads who has waited longest in those pools.
pub(super) async fn read_eldest<'a>(
    pen: &mut Pen,
    pools: impl Iterator<Item = &'a PoolKey>,
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
