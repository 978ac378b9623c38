//! What the sweep reads and writes.

use super::cells::{Cells, micros};
use super::json_rows::{JsonRows, id_list};
use super::pen::Pen;
use super::readers::Readers;
use super::words::{MACHINE_VERSION, maybe_failure_columns};
use super::writer::{Applied, Verb};
use crate::domain::{EventKind, Instant, ObjectId, UserId};
use crate::store::sql::sweep_rows;
use crate::store::{BeginFate, Recheck, StoreError, SweepBegin, SweepEnd, SweepStanding, Swept, Trace};
use std::collections::{BTreeMap, HashSet};

pub(super) const RECHECK: &str = "
    WITH noted AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO rechecks (intent, tenant, user, object_id, license, reason, noted_at)
    SELECT unhex(v ->> 0), v ->> 1, unhex(v ->> 2), unhex(v ->> 3), unhex(v ->> 4), v ->> 5, v ->> 6 FROM noted WHERE true
    ON CONFLICT (intent) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at";

/// Whether some request of a user is on its way with a license, whoever gave it.
macro_rules! license_in_use {
    () => {
        "EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                 WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded') AND s.status = 'active'
                   AND s.direction = 'forward' AND s.state IN ('licensed', 'propagated', 'non_interactive'))"
    };
}

/// Users that our rows name by these objects, or that these objects' markers name.
pub(super) const TRACED_USERS: &str = concat!(
    "
    WITH wanted AS MATERIALIZED (SELECT unhex(value ->> 0) AS object, unhex(value ->> 1) AS marked FROM json_each(?2)),
    found AS MATERIALIZED (
        SELECT w.object, b.id FROM wanted AS w CROSS JOIN users AS b INDEXED BY users_by_object ON b.object_id = w.object
        UNION
        SELECT w.object, m.id FROM wanted AS w CROSS JOIN users AS m ON m.id = w.marked)
    SELECT f.object, u.id, u.origin, u.object_id, u.license_hold <> 'none', ",
    license_in_use!(),
    ",
        EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded') AND s.status = 'active'),
        EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded')),
        (SELECT max(s.id) FROM requests AS s INDEXED BY requests_by_user WHERE s.user = u.id)
    FROM found AS f CROSS JOIN users AS u ON u.id = f.id
    WHERE u.tenant = ?1 ORDER BY f.object, u.object_id = f.object"
);

pub(super) const TRACED_RECHECKS: &str = "
    SELECT k.object_id, k.intent, k.user, k.license, k.reason, k.noted_at
    FROM json_each(?2) AS wanted CROSS JOIN rechecks AS k INDEXED BY rechecks_by_object
        ON k.object_id = unhex(wanted.value ->> 0)
    WHERE k.tenant = ?1 ORDER BY k.object_id, k.noted_at";

pub(super) const REMOVABLE: &str = concat!(
    "
    SELECT u.id FROM json_each(?1) AS wanted CROSS JOIN users AS u ON u.id = unhex(wanted.value)
    WHERE u.license_hold = 'none' AND NOT ",
    license_in_use!()
);

pub(super) const EVENTS: &str = "
    WITH drafts AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, intent, kind, from_state, to_state)
    SELECT ?2, ?3, r.id, r.user, 'sweep', 'sweep', unhex(v ->> 1), ?4, r.state, r.state
    FROM drafts CROSS JOIN requests AS r ON r.id = unhex(v ->> 0) ORDER BY place";

pub(super) const USED_UP: &str =
    "DELETE FROM rechecks WHERE reason = 'confirmed' AND intent IN (SELECT unhex(value) FROM json_each(?1))";

pub(super) const OVER: &str = "
    DELETE FROM rechecks
    WHERE tenant = ?1 AND (reason IN ('in_flight', 'fenced', 'confirmed') AND noted_at < ?2
                           OR reason = 'deleted' AND noted_at < ?3)
      AND intent NOT IN (SELECT unhex(value) FROM json_each(?4))";

pub(super) const ENDED: &str = "
    INSERT INTO sweeps (tenant, swept_at, removed, code, failure) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (tenant) DO UPDATE SET swept_at = excluded.swept_at, removed = removed + excluded.removed,
        code = excluded.code, failure = excluded.failure";

pub(super) const FORGOTTEN: &str = "
    DELETE FROM findings WHERE tenant = ?1 AND NOT EXISTS (
        SELECT 1 FROM json_each(?2)
        WHERE unhex(value ->> 0) = object_id AND value ->> 1 = kind AND unhex(value ->> 2) = license)";

pub(super) const FOUND: &str = "
    WITH found AS MATERIALIZED (SELECT value AS v FROM json_each(?2))
    INSERT INTO findings (tenant, object_id, kind, license, user, request, user_principal_name, code, failure, found_at)
    SELECT ?1, unhex(v ->> 0), v ->> 1, unhex(v ->> 2), unhex(v ->> 3), unhex(v ->> 4), v ->> 5, v ->> 6, v ->> 7, v ->> 8
    FROM found WHERE true
    ON CONFLICT DO UPDATE SET user = excluded.user, request = excluded.request,
        user_principal_name = excluded.user_principal_name, code = excluded.code, failure = excluded.failure";

pub(super) const SWEEPS: &str = "SELECT tenant, swept_at, removed, code, failure FROM sweeps ORDER BY tenant";

pub(super) const FINDINGS: &str = "
    SELECT tenant, object_id, kind, license, user, request, user_principal_name, code, failure, found_at
    FROM findings ORDER BY tenant, kind, user_principal_name, license";

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

    fn weight(&self) -> usize {
        self.0.len()
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
            let users = id_list(self.begins.iter().filter_map(|begin| begin.of.map(|(user, _)| user.0)));
            let mut removable = HashSet::new();
            for row in pen.rows(sqlx::query(REMOVABLE).bind(users)).await? {
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

    fn weight(&self) -> usize {
        self.begins.len()
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
                let explaining = id_list(end.explaining.iter().map(|intent| intent.0));
                pen.run(over.bind(micros(end.forget_deleted_before)).bind(explaining)).await?;
            }
            write_findings(pen, end).await
        })
    }

    fn weight(&self) -> usize {
        1 + self.0.findings.len() + self.0.removed.len()
    }
}

async fn write_removals(pen: &mut Pen, removed: &[Swept], now: Instant) -> Result<(), StoreError> {
    write_events(pen, sweep_rows::removals(removed), EventKind::Swept, now).await?;
    let used = id_list(removed.iter().flat_map(|swept| swept.explained_by.iter().map(|intent| intent.0)));
    if removed.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(USED_UP).bind(used)).await.map(drop)
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
    let mut wanted = JsonRows::new();
    let mut traces: BTreeMap<ObjectId, Trace> = BTreeMap::new();
    for (object, marked) in &objects {
        wanted.row().id(object.0).maybe_id(marked.map(|user| user.0));
        traces.insert(*object, Trace { object_id: *object, user: None, rechecks: Vec::new() });
    }
    let wanted = wanted.into_json();
    let users = sqlx::query(TRACED_USERS).bind(tenant.as_str()).bind(wanted.as_str());
    for row in readers.rows(users).await? {
        let (object, user) = sweep_rows::traced_user(&row)?;
        // The row that names the object comes last and wins over the one that only its marker names.
        if let Some(trace) = traces.get_mut(&object) {
            trace.user = user;
        }
    }
    let rechecks = sqlx::query(TRACED_RECHECKS).bind(tenant.as_str()).bind(wanted.as_str());
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
    for row in readers.rows(sqlx::query(SWEEPS)).await? {
        standings.push(sweep_rows::standing(&row)?);
    }
    for row in readers.rows(sqlx::query(FINDINGS)).await? {
        let finding = sweep_rows::finding(&row)?;
        if let Some(standing) = standings.iter_mut().find(|standing| standing.tenant == finding.tenant) {
            standing.findings.push(finding);
        }
    }
    Ok(standings)
}
