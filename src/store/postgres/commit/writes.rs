//! The statements of a commit, each for all of its rows.

use super::super::passwords::destroy_superseded;
use super::super::pen::Pen;
use super::row_patch::ROWS;
use crate::domain::{IntentId, UserId};
use crate::store::sql::cells::Cells;
use crate::store::sql::drafts;
use crate::store::sql::json_rows::JsonRows;
use crate::store::sql::ledger::Ledger;
use crate::store::sql::touched::UserRow;
use crate::store::sql::words::MACHINE_VERSION;
use crate::store::{Commit, RowFate, StoreError};
use std::collections::HashMap;
use std::slice;
use uuid::Uuid;

pub(in super::super) const RELEASE: &str = "
    UPDATE requests SET holder = NULL, due_at = (v ->> 1)::bigint
    FROM jsonb_array_elements($1::jsonb) AS released (v) WHERE requests.id = (v ->> 0)::uuid";

pub(in super::super) const USERS: &str = "
    UPDATE users
    SET object_id = CASE WHEN gone THEN NULL ELSE coalesce((v ->> 1)::uuid, object_id) END,
        origin = CASE WHEN gone THEN NULL ELSE coalesce(v ->> 2, origin) END,
        password_intent = CASE WHEN gone THEN NULL ELSE coalesce(password_intent, (v ->> 12)::uuid) END,
        rotation = CASE WHEN gone THEN NULL ELSE rotation END,
        rotation_at = CASE WHEN gone THEN NULL ELSE rotation_at END,
        password_acknowledged_at = CASE WHEN gone THEN NULL ELSE password_acknowledged_at END,
        seat = v ->> 3, seat_at = (v ->> 4)::bigint, seat_license = (v ->> 5)::uuid,
        license_hold = v ->> 6, license_intent = (v ->> 7)::uuid, license_since = (v ->> 8)::bigint,
        propagated_once = (v ->> 9)::boolean, waiting = waiting + (v ->> 10)::bigint,
        licensed_by = CASE WHEN gone THEN NULL ELSE nullif(coalesce(v ->> 13, licensed_by), 'nobody') END
    FROM (SELECT v, (v ->> 11)::boolean AS gone FROM jsonb_array_elements($1::jsonb) AS t (v)) AS changed
    WHERE users.id = (v ->> 0)::uuid";

pub(in super::super) const EVENTS: &str = r#"
    INSERT INTO events (machine_version, occurred_at, request, "user", actor, origin, intent, kind, from_state, to_state,
        code, remote_request_ids, payload, payload_hash)
    SELECT $2, (v ->> 0)::bigint, (v ->> 1)::uuid, (v ->> 2)::uuid, v ->> 3, v ->> 4, (v ->> 5)::uuid, v ->> 6, v ->> 7,
        v ->> 8, v ->> 9, (v ->> 10)::json, (v ->> 11)::json, decode(v ->> 12, 'hex')
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS drafts (v, place) ORDER BY place"#;

/// Differs because: counts go up and down in one statement and in the order of their keys, so that no two commits wait for
/// each other; a count that would fall below zero is seen in what comes back.
pub(in super::super) const COUNT: &str = "
    INSERT INTO counters (batch, tenant, environment, state, status, requests)
    SELECT (v ->> 0)::uuid, v ->> 1, v ->> 2, v ->> 3, v ->> 4, (v ->> 5)::bigint
    FROM jsonb_array_elements($1::jsonb) AS changes (v) ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (batch, tenant, environment, state, status) DO UPDATE
    SET requests = counters.requests + excluded.requests
    RETURNING requests";

pub(in super::super) const POOLS_MADE: &str = "
    INSERT INTO pools (kind, tenant, subject)
    SELECT v ->> 0, v ->> 1, v ->> 2 FROM jsonb_array_elements($1::jsonb) AS changes (v) ORDER BY 1, 2, 3
    ON CONFLICT (kind, tenant, subject) DO NOTHING";

pub(in super::super) const POOL_DELTAS: &str = "
    UPDATE pools
    SET held = held + (v ->> 3)::bigint, others = others + (v ->> 4)::bigint, waiting = waiting + (v ->> 5)::bigint
    FROM jsonb_array_elements($1::jsonb) AS changes (v)
    WHERE kind = v ->> 0 AND tenant = v ->> 1 AND subject = v ->> 2";

pub(in super::super) const WAKE: &str = "
    UPDATE requests SET due_at = (v ->> 1)::bigint FROM jsonb_array_elements($1::jsonb) AS woken (v)
    WHERE requests.user = (v ->> 0)::uuid AND status IN ('active', 'blocked', 'succeeded') AND status = 'active'
      AND step = 'remove_license' AND holder IS NULL AND due_at > (v ->> 1)::bigint
    RETURNING lane";

pub(in super::super) const RELEASE_LANES: &str = "
    UPDATE lanes
    SET claimed_by = NULL, gate_until = (v ->> 2)::bigint, trouble = (v ->> 3)::bigint, code = v ->> 4,
        failure = (v ->> 5)::json
    FROM jsonb_array_elements($1::jsonb) AS released (v)
    WHERE lanes.id = (v ->> 0)::bigint AND claimed_by IS NOT NULL AND (v ->> 1 IS NULL OR claimed_by = (v ->> 1)::uuid)
    RETURNING id";

pub(in super::super) const LEAVE_BEHIND: &str = "
    UPDATE requests SET holder = NULL WHERE lane = ANY($1) AND holder IS NOT NULL";

pub(in super::super) const TALLIES: &str = "
    INSERT INTO tallies (tenant, tally, amount)
    SELECT v ->> 0, v ->> 1, sum((v ->> 2)::double precision)
    FROM jsonb_array_elements($1::jsonb) AS t (v) GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (tenant, tally) DO UPDATE SET amount = tallies.amount + excluded.amount";

pub(in super::super) const ENDINGS: &str = "
    UPDATE requests SET delete_user = (v ->> 1)::boolean, given_up_code = v ->> 2, given_up = (v ->> 3)::json
    FROM jsonb_array_elements($1::jsonb) AS turned (v) WHERE requests.id = (v ->> 0)::uuid";

pub(in super::super) const RESOLVED: &str = "
    DELETE FROM rechecks WHERE reason = 'in_flight' AND intent = ANY($1)";

pub(in super::super) const BURIED: &str = r#"
    INSERT INTO rechecks (intent, tenant, "user", object_id, license, reason, noted_at)
    SELECT (v ->> 1)::uuid, u.tenant, u.id, u.object_id, u.license, 'deleted', (v ->> 2)::bigint
    FROM jsonb_array_elements($1::jsonb) AS buried (v) JOIN users AS u ON u.id = (v ->> 0)::uuid
    WHERE u.object_id IS NOT NULL
    ON CONFLICT (intent) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at"#;

pub(in super::super) const BEGIN_WATCH: &str = "
    INSERT INTO watches (request, tenant, environment, succeeded_at, due_at)
    SELECT (v ->> 0)::uuid, v ->> 1, v ->> 2, (v ->> 3)::bigint, (v ->> 4)::bigint
    FROM jsonb_array_elements($1::jsonb) AS begun (v)";

pub(in super::super) const END_WATCH: &str = "DELETE FROM watches WHERE request = ANY($1)";

/// Runs a statement for rows, if there are any; says how many it changed.
async fn run(pen: &mut Pen, sql: &'static str, rows: JsonRows) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    pen.run(sqlx::query(sql).bind(rows.into_json())).await
}

/// Writes the decided requests; all of them, since the fence was checked under the same locks. Then those that found no
/// room, and what is special about the way back.
pub(super) async fn rows(pen: &mut Pen, ledger: &mut Ledger<'_>) -> Result<(), StoreError> {
    let decided = drafts::decided(ledger, &pen.lanes)?;
    let mut changed = 0;
    for rows in [decided.of_same_status, decided.of_new_status] {
        changed += run(pen, ROWS, rows).await?;
    }
    let expected = ledger.written.len() as u64;
    if changed != expected {
        return Err(StoreError::Failed(format!("{changed} of {expected} requests were written")));
    }
    run(pen, RELEASE, drafts::released(ledger)).await?;
    run(pen, ENDINGS, drafts::endings(ledger)).await.map(drop)
}

/// Writes what changes once per user: forgets the assignments that cannot take effect later, notes the licenses that a
/// restore of their users would bring back, and then the users themselves.
pub(super) async fn households(
    pen: &mut Pen,
    ledger: &Ledger<'_>,
    users: &HashMap<UserId, UserRow>,
) -> Result<(), StoreError> {
    if !ledger.resolved.is_empty() {
        let resolved: Vec<Uuid> = ledger.resolved.iter().map(|intent| intent.0).collect();
        pen.run(sqlx::query(RESOLVED).bind(&resolved)).await?;
    }
    run(pen, BURIED, drafts::buried(ledger)).await?;
    run(pen, USERS, drafts::users(ledger, users)).await.map(drop)
}

/// Writes the events, the watches that begin and end, and what became of sealed passwords.
pub(super) async fn histories(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    events(pen, drafts::events(ledger)).await?;
    let (begun, ended) = drafts::watches(ledger);
    run(pen, BEGIN_WATCH, begun).await?;
    if !ended.is_empty() {
        pen.run(sqlx::query(END_WATCH).bind(&ended)).await?;
    }
    let settled = drafts::settled_users(ledger);
    if settled.is_empty() {
        return Ok(());
    }
    let gone: Vec<(UserId, IntentId)> = destroy_superseded(pen, settled).await?;
    events(pen, drafts::destroyed(ledger, gone)).await
}

async fn events(pen: &mut Pen, rows: JsonRows) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(EVENTS).bind(rows.into_json()).bind(MACHINE_VERSION)).await.map(drop)
}

pub(super) async fn counts(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let mut rows = JsonRows::new();
    for ((batch, tenant, environment, state, status), change) in &ledger.counts {
        if *change != 0 {
            let row = rows.row().id(batch.0).text(tenant).text(environment);
            drop(row.text(state.as_str()).text(status.as_str()).int(*change));
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    for row in pen.rows(sqlx::query(COUNT).bind(rows.into_json())).await? {
        if Cells::of(&row).int()? < 0 {
            return Err(StoreError::Corrupt(
                "the counters do not know a request that was counted".to_owned(),
            ));
        }
    }
    Ok(())
}

pub(super) async fn pools(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let rows = drafts::pools(ledger);
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_json();
    pen.run(sqlx::query(POOLS_MADE).bind(rows.as_str())).await?;
    pen.run(sqlx::query(POOL_DELTAS).bind(rows.as_str())).await.map(drop)
}

/// Wakes requests that waited until nobody needs their user's license any more; gives back their lanes.
pub(super) async fn wakes(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<Vec<i64>, StoreError> {
    let rows = drafts::wakes(ledger);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let woken = pen.rows(sqlx::query(WAKE).bind(rows.into_json())).await?;
    woken.iter().map(|row| Cells::of(row).int()).collect()
}

/// Gives the lane back, and with it whatever its group left behind.
pub(super) async fn release_lane(pen: &mut Pen, commit: &Commit) -> Result<(), StoreError> {
    let rows = drafts::lane_releases(&[commit]);
    if rows.is_empty() {
        return Ok(());
    }
    let released = pen.rows(sqlx::query(RELEASE_LANES).bind(rows.into_json())).await?;
    let released: Vec<i64> =
        released.iter().map(|row| Cells::of(row).int()).collect::<Result<_, StoreError>>()?;
    if !released.is_empty() {
        pen.run(sqlx::query(LEAVE_BEHIND).bind(&released)).await?;
    }
    Ok(())
}

/// Adds to the running totals.
pub(super) async fn tallies(pen: &mut Pen, commit: &Commit, fates: &[RowFate]) -> Result<(), StoreError> {
    let rows = drafts::tallies(&[commit], slice::from_ref(&fates.to_vec()));
    run(pen, TALLIES, rows).await.map(drop)
}
