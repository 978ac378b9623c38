//! Reading the watch over finished accounts: who is due, what is known, how many have drifted.

use super::member::{self, select_members};
use super::read_work::WHENEVER;
use super::readers::Readers;
use crate::domain::{Instant, RequestId, Status, Watch};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::{readings, watch_rows};
use crate::store::{DriftCount, Member, StoreError, WatchGroup};
use uuid::Uuid;

/// How many due watches are looked through for the environments they belong to, for each environment wanted.
const WATCHES_PER_PLACE: u32 = 100;

pub(super) const DUE_PLACES: &str = "
    SELECT tenant, environment, min(due_at) FROM
        (SELECT tenant, environment, due_at FROM watches WHERE due_at <= $1 ORDER BY due_at LIMIT $2) AS due
    GROUP BY tenant, environment ORDER BY 3 LIMIT $3";

pub(super) const DUE_OF_PLACE: &str = "
    SELECT request FROM watches
    WHERE tenant = $1 AND environment = $2 AND due_at <= $3 ORDER BY due_at LIMIT $4";

pub(super) const MEMBERS: &str = select_members!(
    "FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN requests AS r ON r.id = wanted.id
        JOIN users AS u ON u.id = r.user
     ORDER BY wanted.place"
);

pub(super) const WATCHES: &str = "
    SELECT w.request, w.succeeded_at, w.due_at, w.looks, w.looked_at, w.drifts, w.evidence, w.evidence_looks,
        w.evidence_since
    FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN watches AS w ON w.request = wanted.id
    ORDER BY wanted.place";

pub(super) const NEXT_WATCH: &str = "
    SELECT due_at FROM watches ORDER BY due_at LIMIT 1";

pub(super) const DRIFT_COUNTS: &str = r#"
    SELECT w.tenant, w.environment, (d.v ->> 'code') COLLATE "C", count(*)
    FROM watches AS w CROSS JOIN json_array_elements(w.drifts::json) AS d (v)
    WHERE w.drifts <> '[]' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"#;

pub(super) async fn due(
    readers: &Readers,
    now: Instant,
    groups_max: u32,
    members_max: u32,
) -> Result<Vec<WatchGroup>, StoreError> {
    let looked_through = groups_max.saturating_mul(WATCHES_PER_PLACE);
    let places = || {
        sqlx::query(DUE_PLACES).bind(micros(now)).bind(i64::from(looked_through)).bind(i64::from(groups_max))
    };
    let mut groups = Vec::new();
    for row in readers.rows(places).await? {
        let mut cells = Cells::of(&row);
        let (tenant, environment): (String, String) = (cells.take()?, cells.take()?);
        let due = || {
            let query = sqlx::query(DUE_OF_PLACE).bind(tenant.as_str()).bind(environment.as_str());
            query.bind(micros(now)).bind(i64::from(members_max))
        };
        let due = readers.rows(due).await?;
        let ids: Vec<Uuid> = due.iter().map(|row| Cells::of(row).id()).collect::<Result<_, StoreError>>()?;
        let members = members(readers, ids).await?;
        if !members.is_empty() {
            groups.push(WatchGroup { tenant, environment, members });
        }
    }
    Ok(groups)
}

/// The accounts; one that was reopened since its watch was read is left out.
async fn members(readers: &Readers, ids: Vec<Uuid>) -> Result<Vec<Member>, StoreError> {
    let rows = readers.rows(|| sqlx::query(MEMBERS).bind(WHENEVER).bind(&ids)).await?;
    let mut members: Vec<Member> = rows.iter().map(member::read).collect::<Result<_, StoreError>>()?;
    members.retain(|member| member.request.progress.status() == Status::Succeeded);
    Ok(members)
}

pub(super) async fn watches(
    readers: &Readers,
    requests: Vec<RequestId>,
) -> Result<Vec<(RequestId, Watch)>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = requests.into_iter().map(|request| request.0).collect();
    let read = |row| {
        let mut cells = Cells::of(row);
        Ok((RequestId(cells.id()?), watch_rows::read(&mut cells)?))
    };
    readers.rows(|| sqlx::query(WATCHES).bind(&ids)).await?.iter().map(read).collect()
}

pub(super) async fn next(readers: &Readers) -> Result<Option<Instant>, StoreError> {
    match readers.row(|| sqlx::query(NEXT_WATCH)).await? {
        Some(row) => Cells::of(&row).maybe_instant(),
        None => Ok(None),
    }
}

pub(super) async fn drift_counts(readers: &Readers) -> Result<Vec<DriftCount>, StoreError> {
    readers.rows(|| sqlx::query(DRIFT_COUNTS)).await?.iter().map(readings::drift_count).collect()
}
