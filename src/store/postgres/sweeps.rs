//! What the sweep reads and writes.

use super::incarnation;
use super::locks;
use super::pen::Pen;
use super::readers::Readers;
use super::transact::{Applied, Verb};
use crate::domain::{EventKind, Instant, ObjectId, UserId};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::json_rows::JsonRows;
use crate::store::sql::sweep_rows;
use crate::store::sql::words::{MACHINE_VERSION, maybe_failure_columns};
use crate::store::{BeginFate, Recheck, StoreError, SweepBegin, SweepEnd, SweepStanding, Swept, Trace};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

pub(super) const RECHECK: &str = r#"
    INSERT INTO rechecks (intent, tenant, "user", object_id, license, reason, noted_at)
    SELECT (v ->> 0)::uuid, v ->> 1, (v ->> 2)::uuid, (v ->> 3)::uuid, (v ->> 4)::uuid, v ->> 5, (v ->> 6)::bigint
    FROM jsonb_array_elements($1::jsonb) AS noted (v)
    ON CONFLICT (intent) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at"#;

/// Whether some request of a user is on its way with a license, whoever gave it.
macro_rules! license_in_use {
    () => {
        "EXISTS (SELECT 1 FROM requests AS s
                 WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded') AND s.status = 'active'
                   AND s.direction = 'forward' AND s.state IN ('licensed', 'propagated', 'non_interactive'))"
    };
}

/// Users that our rows name by these objects, or that these objects' markers name. Differs because: there is no max() of ids
/// before PostgreSQL 18.
pub(super) const TRACED_USERS: &str = concat!(
    "
    WITH wanted AS MATERIALIZED (SELECT object, marked FROM unnest($2::uuid[], $3::uuid[]) AS t (object, marked)),
    found AS MATERIALIZED (
        SELECT w.object, b.id FROM wanted AS w JOIN users AS b ON b.object_id = w.object
        UNION
        SELECT w.object, m.id FROM wanted AS w JOIN users AS m ON m.id = w.marked)
    SELECT f.object, u.id, u.origin, u.object_id, u.license_hold <> 'none', ",
    license_in_use!(),
    ",
        EXISTS (SELECT 1 FROM requests AS s
                WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded') AND s.status = 'active'),
        EXISTS (SELECT 1 FROM requests AS s
                WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded')),
        (SELECT s.id FROM requests AS s WHERE s.user = u.id ORDER BY s.id DESC LIMIT 1)
    FROM found AS f JOIN users AS u ON u.id = f.id
    WHERE u.tenant = $1 ORDER BY f.object, coalesce(u.object_id = f.object, FALSE)"
);

pub(super) const TRACED_RECHECKS: &str = "
    SELECT k.object_id, k.intent, k.user, k.license, k.reason, k.noted_at
    FROM rechecks AS k WHERE k.object_id = ANY($2) AND k.tenant = $1 ORDER BY k.object_id, k.noted_at";

/// The users must be locked by an earlier statement.
pub(super) const REMOVABLE: &str = concat!(
    "
    SELECT u.id FROM users AS u
    WHERE u.id = ANY($1) AND u.license_hold = 'none' AND NOT ",
    license_in_use!()
);

pub(super) const EVENTS: &str = r#"
    INSERT INTO events (occurred_at, machine_version, request, "user", actor, origin, intent, kind, from_state, to_state)
    SELECT $2, $3, r.id, r.user, 'sweep', 'sweep', (v ->> 1)::uuid, $4, r.state, r.state
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS drafts (v, place) JOIN requests AS r ON r.id = (v ->> 0)::uuid
    ORDER BY place"#;

pub(super) const USED_UP: &str = "DELETE FROM rechecks WHERE reason = 'confirmed' AND intent = ANY($1)";

pub(super) const OVER: &str = "
    DELETE FROM rechecks
    WHERE tenant = $1 AND (reason IN ('in_flight', 'fenced', 'confirmed') AND noted_at < $2
                           OR reason = 'deleted' AND noted_at < $3)
      AND intent <> ALL ($4)";

pub(super) const ENDED: &str = "
    INSERT INTO sweeps (tenant, swept_at, removed, code, failure) VALUES ($1, $2, $3, $4, $5::json)
    ON CONFLICT (tenant) DO UPDATE SET swept_at = excluded.swept_at, removed = sweeps.removed + excluded.removed,
        code = excluded.code, failure = excluded.failure";

pub(super) const FORGOTTEN: &str = "
    DELETE FROM findings WHERE tenant = $1 AND NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements($2::jsonb) AS found (v)
        WHERE (v ->> 0)::uuid = object_id AND v ->> 1 = kind AND (v ->> 2)::uuid = license)";

pub(super) const FOUND: &str = r#"
    INSERT INTO findings (tenant, object_id, kind, license, "user", request, user_principal_name, code, failure, found_at)
    SELECT $1, (v ->> 0)::uuid, v ->> 1, (v ->> 2)::uuid, (v ->> 3)::uuid, (v ->> 4)::uuid, v ->> 5, v ->> 6,
        (v ->> 7)::json, (v ->> 8)::bigint
    FROM jsonb_array_elements($2::jsonb) AS found (v) ORDER BY 2, 3, 4
    ON CONFLICT (tenant, object_id, kind, license) DO UPDATE SET "user" = excluded.user, request = excluded.request,
        user_principal_name = excluded.user_principal_name, code = excluded.code, failure = excluded.failure"#;

pub(super) const SWEEPS: &str = "SELECT tenant, swept_at, removed, code, failure FROM sweeps ORDER BY tenant";

pub(super) const FINDINGS: &str = r#"
    SELECT tenant, object_id, kind, license, "user", request, user_principal_name, code, failure, found_at
    FROM findings ORDER BY tenant, kind, user_principal_name, license"#;

/// Notes rechecks.
pub(super) struct Note(pub(super) Vec<Recheck>);

impl Verb for Note {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let rows = sweep_rows::rechecks(&self.0);
            if rows.is_empty() {
                return Ok(());
            }
            pen.run(sqlx::query(RECHECK).bind(rows.into_json())).await.map(drop)
        })
    }
}

/// Records removals before they are sent.
pub(super) struct BeginSweep {
    pub(super) begins: Vec<SweepBegin>,
    pub(super) now: Instant,
}

impl Verb for BeginSweep {
    type Answer = Vec<BeginFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Self::Answer> {
        Box::pin(async move {
            let users: Vec<Uuid> =
                self.begins.iter().filter_map(|begin| begin.of.map(|(user, _)| user.0)).collect();
            locks::users(pen, &users).await?;
            incarnation::stay(pen).await?;
            let mut removable = HashSet::new();
            for row in pen.rows(sqlx::query(REMOVABLE).bind(&users)).await? {
                removable.insert(UserId(Cells::of(&row).id()?));
            }
            let mut rows = JsonRows::new();
            let mut fates = Vec::with_capacity(self.begins.len());
            for begin in &self.begins {
                fates.push(match begin.of {
                    // An orphan has no history; the person's confirmation is its record.
                    None => BeginFate::Begun,
                    Some((user, request)) if removable.contains(&user) => {
                        rows.row().id(request.0).id(begin.intent.0);
                        BeginFate::Begun
                    }
                    Some(_) => BeginFate::Lost,
                });
            }
            write_events(pen, rows, EventKind::Begun, self.now).await?;
            Ok(fates)
        })
    }
}

async fn write_events(
    pen: &mut Pen,
    rows: JsonRows,
    kind: EventKind,
    now: Instant,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(EVENTS).bind(rows.into_json()).bind(micros(now)).bind(MACHINE_VERSION);
    pen.run(query.bind(kind.as_str())).await.map(drop)
}

/// Writes what a sweep came to.
pub(super) struct EndSweep(pub(super) SweepEnd);

impl Verb for EndSweep {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let end = &self.0;
            write_removals(pen, &end.removed, end.now).await?;
            let (code, failure) = maybe_failure_columns(end.failure.as_ref());
            let removed = i64::try_from(end.removed.len()).unwrap_or(i64::MAX);
            let query =
                sqlx::query(ENDED).bind(end.tenant.as_str()).bind(micros(end.now)).bind(removed).bind(code);
            pen.run(query.bind(failure)).await?;
            // What could not be looked at may have come meanwhile.
            if end.failure.is_none() {
                let over = sqlx::query(OVER).bind(end.tenant.as_str()).bind(micros(end.forget_before));
                let explaining: Vec<Uuid> = end.explaining.iter().map(|intent| intent.0).collect();
                pen.run(over.bind(micros(end.forget_deleted_before)).bind(explaining)).await?;
            }
            write_findings(pen, end).await
        })
    }
}

async fn write_removals(pen: &mut Pen, removed: &[Swept], now: Instant) -> Result<(), StoreError> {
    let told: Vec<Uuid> = removed.iter().filter_map(|swept| swept.of.map(|(_, request)| request.0)).collect();
    // The sequence grows along each history, because whoever writes into one has the lock of its user.
    locks::users_of(pen, &told).await?;
    write_events(pen, sweep_rows::removals(removed), EventKind::Swept, now).await?;
    let used: Vec<Uuid> =
        removed.iter().flat_map(|swept| swept.explained_by.iter().map(|intent| intent.0)).collect();
    if removed.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(USED_UP).bind(&used)).await.map(drop)
}

async fn write_findings(pen: &mut Pen, end: &SweepEnd) -> Result<(), StoreError> {
    let rows = sweep_rows::findings(&end.findings).into_json();
    // What could not be looked at is not known to be gone.
    if end.failure.is_none() {
        pen.run(sqlx::query(FORGOTTEN).bind(end.tenant.as_str()).bind(rows.as_str())).await?;
    }
    pen.run(sqlx::query(FOUND).bind(end.tenant.as_str()).bind(rows.as_str())).await.map(drop)
}

/// What is known of these users of the directory, each given with the user that its marker names.
pub(super) async fn traces(
    readers: &Readers,
    tenant: String,
    objects: Vec<(ObjectId, Option<UserId>)>,
) -> Result<Vec<Trace>, StoreError> {
    let ids: Vec<Uuid> = objects.iter().map(|(object, _)| object.0).collect();
    let marked: Vec<Option<Uuid>> = objects.iter().map(|(_, marked)| marked.map(|user| user.0)).collect();
    let fresh = |object| Trace { object_id: object, user: None, rechecks: Vec::new() };
    let mut traces: BTreeMap<ObjectId, Trace> =
        objects.iter().map(|(object, _)| (*object, fresh(*object))).collect();
    let users = || sqlx::query(TRACED_USERS).bind(tenant.as_str()).bind(&ids).bind(&marked);
    for row in readers.rows(users).await? {
        let (object, user) = sweep_rows::traced_user(&row)?;
        // The row that names the object comes last and wins over the one that only its marker names.
        if let Some(trace) = traces.get_mut(&object) {
            trace.user = user;
        }
    }
    let rechecks = || sqlx::query(TRACED_RECHECKS).bind(tenant.as_str()).bind(&ids);
    for row in readers.rows(rechecks).await? {
        let recheck = sweep_rows::recheck(&row, &tenant)?;
        if let Some(trace) = traces.get_mut(&recheck.object_id) {
            trace.rechecks.push(recheck);
        }
    }
    Ok(traces.into_values().collect())
}

pub(super) async fn sweeps(readers: &Readers) -> Result<Vec<SweepStanding>, StoreError> {
    let mut standings = Vec::new();
    for row in readers.rows(|| sqlx::query(SWEEPS)).await? {
        standings.push(sweep_rows::standing(&row)?);
    }
    for row in readers.rows(|| sqlx::query(FINDINGS)).await? {
        let finding = sweep_rows::finding(&row)?;
        if let Some(standing) = standings.iter_mut().find(|standing| standing.tenant == finding.tenant) {
            standing.findings.push(finding);
        }
    }
    Ok(standings)
}
