//! Lanes: made on demand, and told when their next request is due.

use super::locks;
use super::pen::Pen;
use crate::domain::Step;
use crate::store::StoreError;
use crate::store::sql::cells::Cells;
use crate::store::sql::lane_book::LanePlace;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const MAKE: &str = "
    INSERT INTO lanes (step, tenant, environment)
    SELECT step, tenant, environment
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (step, tenant, environment, place)
    ORDER BY place
    ON CONFLICT DO NOTHING";

pub(super) const FIND: &str = "
    SELECT l.id, l.step, l.tenant, l.environment
    FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (step, tenant, environment)
        JOIN lanes AS l ON l.step = wanted.step AND l.tenant = wanted.tenant
            AND coalesce(l.environment, '') = coalesce(wanted.environment, '')";

/// The lanes must be locked by an earlier statement. Differs because: SQLite has nobody else who might change a request of
/// the lane meanwhile; here whoever does has the lane's lock before or after us, and the later one sees both.
pub(super) const REFRESH: &str = "
    UPDATE lanes
    SET next_at = (SELECT r.due_at FROM requests AS r
                   WHERE r.lane = lanes.id AND r.due_at IS NOT NULL AND r.holder IS NULL AND NOT r.paused
                   ORDER BY r.due_at LIMIT 1)
    WHERE id = ANY($1)";

/// Makes those lanes that are missing and learns their ids.
pub(super) async fn ensure(
    pen: &mut Pen,
    places: impl IntoIterator<Item = LanePlace>,
) -> Result<(), StoreError> {
    let missing = places.into_iter().filter(|place| pen.lanes.find(place).is_none());
    let (mut steps, mut tenants, mut environments) = (Vec::new(), Vec::new(), Vec::new());
    for place in missing {
        steps.push(place.step.as_str());
        tenants.push(place.tenant);
        environments.push(place.environment);
    }
    if steps.is_empty() {
        return Ok(());
    }
    let of_places = |sql: &'static str| sqlx::query(sql).bind(&steps).bind(&tenants).bind(&environments);
    pen.run(of_places(MAKE)).await?;
    let found = pen.rows(of_places(FIND)).await?;
    let book = Arc::make_mut(&mut pen.lanes);
    for row in &found {
        let mut cells = Cells::of(row);
        let id = cells.int()?;
        let step = cells.word(Step::parse)?;
        book.learn(LanePlace { step, tenant: cells.take()?, environment: cells.take()? }, id);
    }
    Ok(())
}

/// Writes down when the next request of each lane is due, after something about its requests has changed. The last thing
/// that a transaction does.
pub(super) async fn refresh(pen: &mut Pen, lanes: &BTreeSet<i64>) -> Result<(), StoreError> {
    if lanes.is_empty() {
        return Ok(());
    }
    locks::lanes(pen, lanes).await?;
    refresh_locked(pen, lanes).await
}

/// The same for lanes that an earlier statement has locked.
pub(super) async fn refresh_locked(pen: &mut Pen, lanes: &BTreeSet<i64>) -> Result<(), StoreError> {
    if lanes.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = lanes.iter().copied().collect();
    pen.run(sqlx::query(REFRESH).bind(&ids)).await.map(drop)
}
