//! The processes that work, and their leases: measured by the database's clock alone, so that neither a clock that was set
//! nor a machine that slept makes two processes believe the same.

use super::incarnation;
use super::pen::{Pen, Query};
use super::receipts;
use super::transact::{Applied, Verb};
use crate::domain::HolderId;
use crate::store::sql::cells::Cells;
use crate::store::{Lease, StoreError};

/// The first sign of life makes the row; each further one needs it: a new incarnation of the database removes them all.
pub(super) const SIGN_ON: &str = "
    INSERT INTO workers (holder, begins_until, lease_until)
    VALUES ($1, clock_timestamp() + ($2::double precision - $3::double precision) * interval '1 second', clock_timestamp() + $2::double precision * interval '1 second')";

pub(super) const BEAT: &str = "
    UPDATE workers
    SET begins_until = clock_timestamp() + ($2::double precision - $3::double precision) * interval '1 second',
        lease_until = clock_timestamp() + $2::double precision * interval '1 second'
    WHERE holder = $1";

/// Rows of processes that are long gone say nothing more than no row does.
pub(super) const PRUNE: &str =
    "DELETE FROM workers WHERE lease_until < clock_timestamp() - interval '7 days'";

pub(super) const MAY_NOT_BEGIN: &str = "
    SELECT EXISTS (SELECT 1 FROM workers WHERE holder = $1 AND begins_until <= clock_timestamp())";

pub(super) const SIGN_OFF: &str = "DELETE FROM workers WHERE holder = $1";

/// The first sign of life of a process.
pub(super) struct SignOn {
    pub(super) holder: HolderId,
    pub(super) lease: Lease,
}

impl Verb for SignOn {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            pen.run(sqlx::query(PRUNE)).await?;
            pen.run(sqlx::query(receipts::PRUNE)).await?;
            pen.run(with_lease(SIGN_ON, self.holder, self.lease)).await.map(drop)
        })
    }
}

/// Each further one.
pub(super) struct Heartbeat {
    pub(super) holder: HolderId,
    pub(super) lease: Lease,
}

impl Verb for Heartbeat {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let beats = pen.run(with_lease(BEAT, self.holder, self.lease)).await?;
            if beats == 0 {
                return Err(StoreError::Replaced);
            }
            incarnation::stay(pen).await
        })
    }
}

/// The last one: what the process holds is free at once.
pub(super) struct SignOff(pub(super) HolderId);

impl Verb for SignOff {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move { pen.run(sqlx::query(SIGN_OFF).bind(self.0.0)).await.map(drop) })
    }
}

fn with_lease(sql: &'static str, holder: HolderId, lease: Lease) -> Query<'static> {
    sqlx::query(sql).bind(holder.0).bind(lease.length.as_secs_f64()).bind(lease.call_max.as_secs_f64())
}

/// Whether what a holder begins now could be on its way for longer than its lease. One that never gave a sign of life has
/// no lease to lose.
pub(super) async fn may_not_begin(pen: &mut Pen, holder: HolderId) -> Result<bool, StoreError> {
    match pen.row(sqlx::query(MAY_NOT_BEGIN).bind(holder.0)).await? {
        Some(row) => Cells::of(&row).flag(),
        None => Ok(false),
    }
}
