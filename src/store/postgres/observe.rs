//! What was read about a pool.

use super::pen::Pen;
use super::transact::{Applied, Verb};
use crate::domain::Instant;
use crate::store::PoolKey;
use crate::store::sql::cells::micros;
use crate::store::sql::words::pool_columns;

pub(super) const OBSERVE: &str = "
    INSERT INTO pools (kind, tenant, subject, capacity, others, read_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (kind, tenant, subject) DO UPDATE
    SET capacity = excluded.capacity, others = excluded.others, read_at = excluded.read_at";

/// Notes capacity and others of a pool.
pub(super) struct Observe {
    pub(super) key: PoolKey,
    pub(super) capacity: u32,
    pub(super) others: u32,
    pub(super) now: Instant,
}

impl Verb for Observe {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let (kind, tenant, subject) = pool_columns(&self.key);
            let query = sqlx::query(OBSERVE).bind(kind).bind(tenant).bind(subject);
            let query = query.bind(i64::from(self.capacity)).bind(i64::from(self.others));
            pen.run(query.bind(micros(self.now))).await.map(drop)
        })
    }
}
