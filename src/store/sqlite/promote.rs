//! Promotion: requests of accepted batches are handed to the lanes, in transactions of bounded length.

use super::cells::{Cells, micros};
use super::lanes::{self, LanePlace};
use super::pen::Pen;
use super::words::MACHINE_VERSION;
use super::writer::{Applied, Verb};
use crate::domain::{EventKind, Facts, Instant, Progress, Step, step_of};
use crate::store::StoreError;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) const NEXT_BATCH: &str = "
    SELECT id, ifnull(promoted_through, x'') FROM batches INDEXED BY batches_unfinished
    WHERE promoted = 0 AND accepted_at IS NOT NULL ORDER BY accepted_at, id LIMIT 1";

pub(super) const PORTION: &str = "
    SELECT max(id), count(*) FROM (SELECT id FROM requests INDEXED BY requests_by_batch
                                   WHERE batch = ?1 AND id > ?2 ORDER BY id LIMIT ?3)";

pub(super) const PLACES: &str = "
    SELECT DISTINCT tenant, environment FROM requests INDEXED BY requests_by_batch
    WHERE batch = ?1 AND id > ?2 AND id <= ?3";

pub(super) const HAND_OVER: &str = "
    UPDATE requests INDEXED BY requests_by_batch
    SET staged = 0, step = ?4, due_at = ?5, entered_at = ?5, updated_at = ?5,
        lane = (SELECT l.id FROM lanes AS l INDEXED BY lanes_by_step WHERE l.step = ?4 AND l.tenant = requests.tenant
                AND ifnull(l.environment, '') = CASE WHEN ?6 THEN requests.environment ELSE '' END)
    WHERE batch = ?1 AND id > ?2 AND id <= ?3";

pub(super) const EVENTS: &str = "
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, kind, from_state, to_state)
    SELECT ?4, ?5, r.id, r.user, b.actor, b.origin, ?6, r.state, r.state
    FROM batches AS b CROSS JOIN requests AS r INDEXED BY requests_by_batch ON r.batch = b.id
    WHERE b.id = ?1 AND r.id > ?2 AND r.id <= ?3 ORDER BY r.id";

pub(super) const COUNT: &str = "
    INSERT INTO counters (batch, tenant, environment, state, status, requests)
    SELECT batch, tenant, environment, state, status, count(*) FROM requests INDEXED BY requests_by_batch
    WHERE batch = ?1 AND id > ?2 AND id <= ?3 GROUP BY tenant, environment, state, status
    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests";

pub(super) const THROUGH: &str = "UPDATE batches SET promoted_through = ?2 WHERE id = ?1";

pub(super) const FINISHED: &str = "UPDATE batches SET promoted = 1 WHERE id = ?1";

/// Hands over a portion.
pub(super) struct Promote {
    pub(super) rows_max: u32,
    pub(super) now: Instant,
}

impl Verb for Promote {
    type Answer = bool;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, bool> {
        Box::pin(self.hand_over(pen))
    }

    fn weight(&self) -> usize {
        self.rows_max as usize
    }
}

impl Promote {
    async fn hand_over(&self, pen: &mut Pen) -> Result<bool, StoreError> {
        let Some(row) = pen.row(sqlx::query(NEXT_BATCH)).await? else {
            return Ok(false);
        };
        let mut cells = Cells::of(&row);
        let batch = cells.id()?;
        let after: Vec<u8> = cells.take()?;
        let portion = sqlx::query(PORTION).bind(batch).bind(after.as_slice()).bind(self.rows_max);
        let last = match pen.row(portion).await? {
            Some(row) => Cells::of(&row).maybe_id()?,
            None => None,
        };
        let Some(last) = last else {
            pen.run(sqlx::query(FINISHED).bind(batch)).await?;
            return Ok(pen.row(sqlx::query(NEXT_BATCH)).await?.is_some());
        };
        self.write(pen, batch, &after, last).await?;
        Ok(true)
    }

    async fn write(&self, pen: &mut Pen, batch: Uuid, after: &[u8], last: Uuid) -> Result<(), StoreError> {
        let range = |sql: &'static str| sqlx::query(sql).bind(batch).bind(after).bind(last);
        let now = micros(self.now);
        let fresh = Progress::fresh(self.now);
        if let Some(step) = step_of(&fresh, Facts::default()) {
            let touched = self.make_lanes(pen, step, range(PLACES)).await?;
            let of_environment = step.scope() == crate::domain::Scope::Environment;
            pen.run(range(HAND_OVER).bind(step.as_str()).bind(now).bind(of_environment)).await?;
            lanes::refresh(pen, &touched).await?;
        }
        let kind = EventKind::Submitted.as_str();
        pen.run(range(EVENTS).bind(now).bind(MACHINE_VERSION).bind(kind)).await?;
        pen.run(range(COUNT)).await?;
        pen.run(sqlx::query(THROUGH).bind(batch).bind(last)).await.map(drop)
    }

    async fn make_lanes(
        &self,
        pen: &mut Pen,
        step: Step,
        places: super::pen::Query<'_>,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let mut wanted = Vec::new();
        for row in pen.rows(places).await? {
            let mut cells = Cells::of(&row);
            let (tenant, environment) = (cells.text()?, cells.text()?);
            wanted.push(LanePlace::of(step, tenant, environment));
        }
        lanes::ensure(pen, wanted.iter().cloned()).await?;
        Ok(wanted.iter().filter_map(|place| pen.lanes.find(place)).collect())
    }
}
