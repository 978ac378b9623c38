//! Promotion: requests of accepted batches are handed to the lanes, in transactions of bounded length.

use super::lanes;
use super::pen::{Pen, Query};
use super::transact::{Applied, Verb};
use crate::domain::{EventKind, Facts, Instant, Progress, Step, step_of};
use crate::store::StoreError;
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::lane_book::LanePlace;
use crate::store::sql::words::MACHINE_VERSION;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Differs because: several processes promote. Each takes a batch of its own.
pub(super) const NEXT_BATCH: &str = "
    SELECT id, promoted_through FROM batches
    WHERE NOT promoted AND accepted_at IS NOT NULL ORDER BY accepted_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED";

/// Differs because: there is no max() of ids before PostgreSQL 18.
pub(super) const PORTION: &str = "
    SELECT id FROM (SELECT id FROM requests WHERE batch = $1 AND id > $2 ORDER BY id LIMIT $3) AS portion
    ORDER BY id DESC LIMIT 1";

/// In the order in which the batch names them, so that their lanes are made in it. Differs because: SQLite's DISTINCT keeps the
/// order of the index, and there is no min() of ids before PostgreSQL 18.
pub(super) const PLACES: &str = "
    SELECT tenant, environment FROM requests WHERE batch = $1 AND id > $2 AND id <= $3
    GROUP BY tenant, environment ORDER BY (array_agg(id ORDER BY id))[1]";

pub(super) const HAND_OVER: &str = "
    UPDATE requests
    SET staged = FALSE, step = $4, due_at = $5, entered_at = $5, updated_at = $5,
        lane = (SELECT l.id FROM lanes AS l WHERE l.step = $4 AND l.tenant = requests.tenant
                AND coalesce(l.environment, '') = CASE WHEN $6 THEN requests.environment ELSE '' END)
    WHERE batch = $1 AND id > $2 AND id <= $3";

pub(super) const EVENTS: &str = r#"
    INSERT INTO events (occurred_at, machine_version, request, "user", actor, origin, kind, from_state, to_state)
    SELECT $4, $5, r.id, r.user, b.actor, b.origin, $6, r.state, r.state
    FROM batches AS b JOIN requests AS r ON r.batch = b.id
    WHERE b.id = $1 AND r.id > $2 AND r.id <= $3 ORDER BY r.id"#;

pub(super) const COUNT: &str = "
    INSERT INTO counters (batch, tenant, environment, state, status, requests)
    SELECT batch, tenant, environment, state, status, count(*) FROM requests
    WHERE batch = $1 AND id > $2 AND id <= $3 GROUP BY batch, tenant, environment, state, status
    ORDER BY batch, tenant, environment, state, status
    ON CONFLICT (batch, tenant, environment, state, status) DO UPDATE
    SET requests = counters.requests + excluded.requests";

pub(super) const THROUGH: &str = "UPDATE batches SET promoted_through = $2 WHERE id = $1";

pub(super) const FINISHED: &str = "UPDATE batches SET promoted = TRUE WHERE id = $1";

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
}

impl Promote {
    async fn hand_over(&self, pen: &mut Pen) -> Result<bool, StoreError> {
        let Some(row) = pen.row(sqlx::query(NEXT_BATCH)).await? else {
            return Ok(false);
        };
        let mut cells = Cells::of(&row);
        let batch = cells.id()?;
        let after = cells.maybe_id()?.unwrap_or(Uuid::nil());
        let portion = sqlx::query(PORTION).bind(batch).bind(after).bind(i64::from(self.rows_max));
        let Some(row) = pen.row(portion).await? else {
            pen.run(sqlx::query(FINISHED).bind(batch)).await?;
            return Ok(pen.row(sqlx::query(NEXT_BATCH)).await?.is_some());
        };
        let last = Cells::of(&row).id()?;
        self.write(pen, batch, after, last).await?;
        Ok(true)
    }

    async fn write(&self, pen: &mut Pen, batch: Uuid, after: Uuid, last: Uuid) -> Result<(), StoreError> {
        let range = |sql: &'static str| sqlx::query(sql).bind(batch).bind(after).bind(last);
        let now = micros(self.now);
        let fresh = Progress::fresh(self.now);
        let mut touched = BTreeSet::new();
        if let Some(step) = step_of(&fresh, Facts::default()) {
            touched = make_lanes(pen, step, range(PLACES)).await?;
            let of_environment = step.scope() == crate::domain::Scope::Environment;
            pen.run(range(HAND_OVER).bind(step.as_str()).bind(now).bind(of_environment)).await?;
        }
        let kind = EventKind::Submitted.as_str();
        pen.run(range(EVENTS).bind(now).bind(MACHINE_VERSION).bind(kind)).await?;
        pen.run(range(COUNT)).await?;
        pen.run(sqlx::query(THROUGH).bind(batch).bind(last)).await?;
        lanes::refresh(pen, &touched).await
    }
}

async fn make_lanes(pen: &mut Pen, step: Step, places: Query<'_>) -> Result<BTreeSet<i64>, StoreError> {
    let mut wanted = Vec::new();
    for row in pen.rows(places).await? {
        let mut cells = Cells::of(&row);
        let (tenant, environment) = (cells.text()?, cells.text()?);
        wanted.push(LanePlace::of(step, tenant, environment));
    }
    lanes::ensure(pen, wanted.iter().cloned()).await?;
    Ok(wanted.iter().filter_map(|place| pen.lanes.find(place)).collect())
}
