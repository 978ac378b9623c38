//! Rests that end, and lanes that are taken from those who are gone.

use super::commit::POOL_DELTAS;
use super::lanes;
use super::pen::Pen;
use super::transact::{Applied, Verb};
use super::verdict::corrupt;
use crate::domain::{HolderId, Instant, SkuId};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::json_rows::JsonRows;
use crate::store::sql::turns::pool_rows;
use crate::store::sql::words::pool_columns;
use crate::store::{PoolKey, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Differs because: several processes end rests. Each takes those that no other one is just ending.
pub(super) const END_RESTS: &str = "
    WITH rested AS MATERIALIZED (
        SELECT id, tenant, seat_license FROM users
        WHERE seat = 'resting' AND seat_at <= $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE users SET seat = 'none', seat_at = NULL, seat_license = NULL FROM rested WHERE users.id = rested.id
    RETURNING rested.tenant, rested.seat_license";

pub(super) const LOCK_POOLS: &str = "
    SELECT p.kind FROM jsonb_array_elements($1::jsonb) AS wanted (v)
        JOIN pools AS p ON p.kind = v ->> 0 AND p.tenant = v ->> 1 AND p.subject = v ->> 2
    ORDER BY p.kind, p.tenant, p.subject FOR NO KEY UPDATE OF p";

/// Differs because: others may be alive. Only lanes of holders without a lease are freed.
pub(super) const FREE_LANES: &str = "
    UPDATE lanes SET claimed_by = NULL
    WHERE id IN (SELECT l.id FROM lanes AS l
                 WHERE l.claimed_by IS NOT NULL AND l.claimed_by <> $1
                   AND NOT EXISTS (SELECT 1 FROM workers AS w
                                   WHERE w.holder = l.claimed_by AND w.lease_until > clock_timestamp())
                 ORDER BY l.id FOR NO KEY UPDATE)
    RETURNING id";

/// Ends the rest of seats whose time has come.
pub(super) struct EndRests {
    pub(super) now: Instant,
}

impl Verb for EndRests {
    type Answer = u64;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, u64> {
        Box::pin(end_rests(self.now, pen))
    }
}

async fn end_rests(now: Instant, pen: &mut Pen) -> Result<u64, StoreError> {
    let mut returned: BTreeMap<PoolKey, i64> = BTreeMap::new();
    let ended = pen.rows(sqlx::query(END_RESTS).bind(micros(now))).await?;
    for row in &ended {
        let mut cells = Cells::of(row);
        let key = PoolKey::Seat { tenant: cells.take()?, sku: SkuId(cells.id()?) };
        *returned.entry(key).or_default() += 1;
    }
    if returned.is_empty() {
        return Ok(0);
    }
    pen.rows(sqlx::query(LOCK_POOLS).bind(pool_rows(returned.keys()).into_json())).await?;
    let mut deltas = JsonRows::new();
    for (key, count) in &returned {
        let (kind, tenant, subject) = pool_columns(key);
        deltas.row().text(kind).text(tenant).text(&subject).int(-count).int(0).int(0);
    }
    let pools = pen.run(sqlx::query(POOL_DELTAS).bind(deltas.into_json())).await?;
    if pools != returned.len() as u64 {
        return Err(corrupt("the pools", "a seat rests that no pool counts"));
    }
    Ok(ended.len() as u64)
}

/// Frees the lanes that others have claimed whose leases are over.
pub(super) struct FreeLanes {
    pub(super) holder: HolderId,
}

impl Verb for FreeLanes {
    type Answer = u64;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, u64> {
        Box::pin(async move {
            let freed = pen.rows(sqlx::query(FREE_LANES).bind(self.holder.0)).await?;
            let freed: BTreeSet<i64> =
                freed.iter().map(|row| Cells::of(row).int()).collect::<Result<_, StoreError>>()?;
            lanes::refresh_locked(pen, &freed).await?;
            Ok(freed.len() as u64)
        })
    }
}
