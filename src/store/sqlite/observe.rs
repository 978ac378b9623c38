//! What was read about a pool.

use super::cells::micros;
use super::pen::Pen;
use super::words::pool_columns;
use super::writer::{Applied, Verb};
use crate::domain::Instant;
use crate::store::PoolKey;

pub(super) const OBSERVE: &str = "
    INSERT INTO pools (kind, tenant, subject, capacity, others, read_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET capacity = excluded.capacity, others = excluded.others, read_at = excluded.read_at";

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
            pen.run(query.bind(self.capacity).bind(self.others).bind(micros(self.now))).await.map(drop)
        })
    }
}
