//! Lanes: made on demand, and told when their next request is due.

use super::cells::Cells;
use super::json_rows::{JsonRows, int_list};
use super::pen::Pen;
use crate::domain::Step;
use crate::store::StoreError;
use std::collections::BTreeSet;

pub(super) use crate::store::sql::lane_book::{LaneBook, LanePlace};

pub(super) const MAKE: &str = "
    INSERT INTO lanes (step, tenant, environment)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING";

pub(super) const FIND: &str = "
    SELECT l.id, l.step, l.tenant, l.environment
    FROM json_each(?1) AS wanted
    CROSS JOIN lanes AS l INDEXED BY lanes_by_step
    WHERE l.step = wanted.value ->> 0 AND l.tenant = wanted.value ->> 1
      AND ifnull(l.environment, '') = ifnull(wanted.value ->> 2, '')";

pub(super) const REFRESH: &str = "
    UPDATE lanes
    SET next_at = (SELECT r.due_at FROM requests AS r INDEXED BY requests_due
                   WHERE r.lane = lanes.id AND r.due_at IS NOT NULL AND r.holder IS NULL AND r.paused = 0
                   ORDER BY r.due_at LIMIT 1)
    WHERE id IN (SELECT value FROM json_each(?1))";

/// Makes those lanes that are missing and learns their ids.
pub(super) async fn ensure(
    pen: &mut Pen,
    places: impl IntoIterator<Item = LanePlace>,
) -> Result<(), StoreError> {
    let mut missing = JsonRows::new();
    for place in places {
        if pen.lanes.find(&place).is_none() {
            let environment = place.environment.as_deref();
            missing.row().text(place.step.as_str()).text(&place.tenant).maybe_text(environment);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.into_json();
    pen.run(sqlx::query(MAKE).bind(missing.as_str())).await?;
    for row in pen.rows(sqlx::query(FIND).bind(missing.as_str())).await? {
        let mut cells = Cells::of(&row);
        let id = cells.int()?;
        let step = cells.word(Step::parse)?;
        let tenant = cells.text()?.to_owned();
        let environment = cells.maybe_text()?.map(str::to_owned);
        pen.lanes.learn(LanePlace { step, tenant, environment }, id);
    }
    Ok(())
}

/// Writes down when the next request of each lane is due, after something about its requests has changed.
pub(super) async fn refresh(pen: &mut Pen, lanes: &BTreeSet<i64>) -> Result<(), StoreError> {
    if lanes.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(REFRESH).bind(int_list(lanes.iter().copied()))).await?;
    Ok(())
}
