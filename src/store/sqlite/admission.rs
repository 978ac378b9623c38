//! Rests that end, and lanes that are taken from those who are gone.

use super::cells::{Cells, micros};
use super::commit::POOL_DELTAS;
use super::json_rows::JsonRows;
use super::lanes;
use super::pen::Pen;
use super::verdict::corrupt;
use super::words::pool_columns;
use super::writer::{Applied, Verb};
use crate::domain::{HolderId, Instant, SkuId};
use crate::store::{PoolKey, StoreError};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RESTED: &str = "
    SELECT tenant, seat_license, count(*) FROM users INDEXED BY users_resting
    WHERE seat = 'resting' AND seat_at <= ?1 GROUP BY tenant, seat_license";

pub(super) const END_RESTS: &str = "
    UPDATE users INDEXED BY users_resting SET seat = 'none', seat_at = NULL, seat_license = NULL
    WHERE seat = 'resting' AND seat_at <= ?1";

pub(super) const FREE_LANES: &str = "
    UPDATE lanes SET claimed_by = NULL WHERE claimed_by IS NOT NULL AND claimed_by <> ?1 RETURNING id";

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
    let mut returned = BTreeMap::new();
    for row in pen.rows(sqlx::query(RESTED).bind(micros(now))).await? {
        let mut cells = Cells::of(&row);
        let key = PoolKey::Seat { tenant: cells.take()?, sku: SkuId(cells.id()?) };
        returned.insert(key, cells.int()?);
    }
    if returned.is_empty() {
        return Ok(0);
    }
    let ended = pen.run(sqlx::query(END_RESTS).bind(micros(now))).await?;
    let mut deltas = JsonRows::new();
    for (key, count) in &returned {
        let (kind, tenant, subject) = pool_columns(key);
        deltas.row().text(kind).text(tenant).text(&subject).int(-count).int(0).int(0);
    }
    let pools = pen.run(sqlx::query(POOL_DELTAS).bind(deltas.into_json())).await?;
    if pools != returned.len() as u64 {
        return Err(corrupt("the pools", "a seat rests that no pool counts"));
    }
    Ok(ended)
}

/// Frees the lanes that others have claimed.
pub(super) struct FreeLanes {
    pub(super) holder: HolderId,
}

impl Verb for FreeLanes {
    type Answer = u64;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, u64> {
        Box::pin(async move {
            let freed = pen.returning(sqlx::query(FREE_LANES).bind(self.holder.0)).await?;
            let freed: BTreeSet<i64> =
                freed.iter().map(|row| Cells::of(row).int()).collect::<Result<_, StoreError>>()?;
            lanes::refresh(pen, &freed).await?;
            Ok(freed.len() as u64)
        })
    }
}
