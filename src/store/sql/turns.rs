//! The books of the lines for a seat: who joins and leaves them, and whose turn it was; pure.

use super::json_rows::JsonRows;
use super::touched::Row;
use super::words::pool_columns;
use crate::domain::{BatchId, SkuId, UserId};
use crate::store::PoolKey;
use std::collections::BTreeMap;

/// The requests of one batch and priority that wait for seats of one pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct LineKey {
    tenant: String,
    license: SkuId,
    priority: i64,
    batch: BatchId,
}

/// What changes in one line.
#[derive(Clone, Copy, Debug, Default)]
struct LineDelta {
    waiting: i64,
    turns: i64,
}

/// What changes in the order of one pool: whether its eldest had a turn, and how many turns went to others since.
#[derive(Clone, Copy, Debug, Default)]
struct Order {
    eldest_served: bool,
    passed_over: i64,
}

/// Whose turns it was, and who joined or left a line.
#[derive(Debug, Default)]
pub(in crate::store) struct Turns {
    /// The user of each pool that has waited longest.
    pub(in crate::store) eldest: BTreeMap<PoolKey, UserId>,
    lines: BTreeMap<LineKey, LineDelta>,
    orders: BTreeMap<PoolKey, Order>,
}

impl Turns {
    /// So many more of the row's kind wait in its line.
    pub(in crate::store) fn wait(&mut self, row: &Row, change: i64) {
        self.lines.entry(line_of(row)).or_default().waiting += change;
    }

    /// The row's user was granted a seat of a pool.
    pub(in crate::store) fn take(&mut self, row: &Row, pool: &PoolKey) {
        self.lines.entry(line_of(row)).or_default().turns += 1;
        let order = self.orders.entry(pool.clone()).or_default();
        if self.eldest.get(pool).is_none_or(|eldest| *eldest == row.user) {
            *order = Order { eldest_served: true, passed_over: 0 };
        } else {
            order.passed_over += 1;
        }
    }
}

fn line_of(row: &Row) -> LineKey {
    LineKey { tenant: row.tenant.clone(), license: row.license, priority: row.priority, batch: row.batch }
}

/// What is to be written of the lines.
pub(in crate::store) struct TurnRows {
    /// Who joins: tenant, license, priority, batch, by how many more wait.
    pub(in crate::store) joined: JsonRows,
    /// Who leaves, or has had turns: the same, and how many turns.
    pub(in crate::store) charged: JsonRows,
    /// What changes in the order of a pool: kind, tenant, subject, whether its eldest was served, turns of others since.
    pub(in crate::store) orders: JsonRows,
}

impl Turns {
    /// The books as rows.
    pub(in crate::store) fn rows(&self) -> TurnRows {
        let mut rows =
            TurnRows { joined: JsonRows::new(), charged: JsonRows::new(), orders: JsonRows::new() };
        for (line, delta) in &self.lines {
            if delta.waiting > 0 {
                push(&mut rows.joined, line, LineDelta { waiting: delta.waiting, turns: 0 });
            }
            let rest = LineDelta { waiting: delta.waiting.min(0), turns: delta.turns };
            if rest.waiting < 0 || rest.turns > 0 {
                push(&mut rows.charged, line, rest);
            }
        }
        for (key, order) in &self.orders {
            let (kind, tenant, subject) = pool_columns(key);
            let row = rows.orders.row().text(kind).text(tenant).text(&subject);
            drop(row.flag(order.eldest_served).int(order.passed_over));
        }
        rows
    }
}

fn push(rows: &mut JsonRows, line: &LineKey, delta: LineDelta) {
    let row = rows.row().text(&line.tenant).id(line.license.0).int(line.priority).id(line.batch.0);
    drop(row.int(delta.waiting).int(delta.turns));
}

/// Pools as rows of their key.
pub(in crate::store) fn pool_rows<'a>(pools: impl IntoIterator<Item = &'a PoolKey>) -> JsonRows {
    let mut rows = JsonRows::new();
    for key in pools {
        let (kind, tenant, subject) = pool_columns(key);
        drop(rows.row().text(kind).text(tenant).text(&subject));
    }
    rows
}
