//! The statements of a commit, each for all of its rows.

use super::super::cells::Cells;
use super::super::json_rows::{JsonRows, id_list, int_list};
use super::super::pen::Pen;
use super::super::words::MACHINE_VERSION;
use super::ledger::Ledger;
use crate::domain::UserId;
use crate::store::sql::drafts;
use crate::store::sql::touched::UserRow;
use crate::store::{Commit, RowFate, StoreError};
use std::collections::{BTreeSet, HashMap};

pub(in super::super) use super::row_patch::{ROWS, ROWS_OF_NEW_STATUS};

pub(in super::super) const RELEASE: &str = "
    WITH released AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests SET holder = NULL, due_at = v ->> 1 FROM released WHERE requests.id = unhex(v ->> 0)";

pub(in super::super) const USERS: &str = "
    WITH changed AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE users
    SET object_id = iif(v ->> 11, NULL, ifnull(unhex(v ->> 1), object_id)),
        origin = iif(v ->> 11, NULL, ifnull(v ->> 2, origin)),
        password_intent = iif(v ->> 11, NULL, ifnull(password_intent, unhex(v ->> 12))),
        rotation = iif(v ->> 11, NULL, rotation), rotation_at = iif(v ->> 11, NULL, rotation_at),
        password_acknowledged_at = iif(v ->> 11, NULL, password_acknowledged_at),
        seat = v ->> 3, seat_at = v ->> 4, seat_license = unhex(v ->> 5),
        license_hold = v ->> 6, license_intent = unhex(v ->> 7), license_since = v ->> 8,
        propagated_once = v ->> 9, waiting = waiting + (v ->> 10),
        licensed_by = iif(v ->> 11, NULL, nullif(ifnull(v ->> 13, licensed_by), 'nobody'))
    FROM changed WHERE users.id = unhex(v ->> 0)";

pub(in super::super) const EVENTS: &str = "
    WITH drafts AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    INSERT INTO events (machine_version, occurred_at, request, user, actor, origin, intent, kind, from_state, to_state,
        code, remote_request_ids, payload, payload_hash)
    SELECT ?2, v ->> 0, unhex(v ->> 1), unhex(v ->> 2), v ->> 3, v ->> 4, unhex(v ->> 5), v ->> 6, v ->> 7, v ->> 8,
        v ->> 9, v ->> 10, v ->> 11, unhex(v ->> 12)
    FROM drafts ORDER BY place";

pub(in super::super) const COUNT_UP: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO counters (batch, tenant, environment, state, status, requests)
    SELECT unhex(v ->> 0), v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5 FROM changes WHERE true
    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests";

pub(in super::super) const COUNT_DOWN: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE counters SET requests = requests - (v ->> 5) FROM changes
    WHERE batch = unhex(v ->> 0) AND tenant = v ->> 1 AND environment = v ->> 2 AND state = v ->> 3
      AND status = v ->> 4";

pub(in super::super) const COUNT_CLEAN: &str = "
    DELETE FROM counters WHERE requests = 0 AND (batch, tenant, environment, state, status) IN
        (SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1))";

pub(in super::super) const POOLS_MADE: &str = "
    INSERT INTO pools (kind, tenant, subject)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING";

pub(in super::super) const POOL_DELTAS: &str = "
    WITH changes AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE pools SET held = held + (v ->> 3), others = others + (v ->> 4), waiting = waiting + (v ->> 5) FROM changes
    WHERE kind = v ->> 0 AND tenant = v ->> 1 AND subject = v ->> 2";

pub(in super::super) const WAKE: &str = "
    WITH woken AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests INDEXED BY requests_live SET due_at = v ->> 1 FROM woken
    WHERE requests.user = unhex(v ->> 0) AND status IN ('active', 'blocked', 'succeeded') AND status = 'active'
      AND step = 'remove_license' AND holder IS NULL AND due_at > v ->> 1
    RETURNING lane";

pub(in super::super) const RELEASE_LANES: &str = "
    WITH released AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE lanes
    SET claimed_by = NULL, gate_until = v ->> 2, trouble = v ->> 3, code = v ->> 4, failure = v ->> 5 FROM released
    WHERE lanes.id = v ->> 0 AND claimed_by IS NOT NULL AND (v ->> 1 IS NULL OR claimed_by = unhex(v ->> 1))
    RETURNING id";

pub(in super::super) const LEAVE_BEHIND: &str = "
    UPDATE requests INDEXED BY requests_claimed SET holder = NULL
    WHERE lane IN (SELECT value FROM json_each(?1)) AND holder IS NOT NULL";

pub(in super::super) const TALLIES: &str = "
    INSERT INTO tallies (tenant, tally, amount)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET amount = amount + excluded.amount";

pub(in super::super) const ENDINGS: &str = "
    WITH turned AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests SET delete_user = v ->> 1, given_up_code = v ->> 2, given_up = v ->> 3
    FROM turned WHERE requests.id = unhex(v ->> 0)";

pub(in super::super) const RESOLVED: &str = "
    DELETE FROM rechecks WHERE reason = 'in_flight' AND intent IN (SELECT unhex(value) FROM json_each(?1))";

pub(in super::super) const BURIED: &str = "
    WITH buried AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO rechecks (intent, tenant, user, object_id, license, reason, noted_at)
    SELECT unhex(v ->> 1), u.tenant, u.id, u.object_id, u.license, 'deleted', v ->> 2
    FROM buried CROSS JOIN users AS u ON u.id = unhex(v ->> 0) WHERE u.object_id IS NOT NULL
    ON CONFLICT (intent) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at";

/// Runs a statement for rows, if there are any.
async fn run(pen: &mut Pen, sql: &'static str, rows: JsonRows) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(sql).bind(rows.into_json())).await.map(drop)
}

/// Writes the decided requests; all of them, since the fence was checked under the same lock.
pub(super) async fn rows(pen: &mut Pen, ledger: &mut Ledger<'_>) -> Result<(), StoreError> {
    let decided = drafts::decided(ledger, &pen.lanes)?;
    let mut changed = 0;
    for (sql, rows) in [(ROWS, decided.of_same_status), (ROWS_OF_NEW_STATUS, decided.of_new_status)] {
        if !rows.is_empty() {
            changed += pen.run(sqlx::query(sql).bind(rows.into_json())).await?;
        }
    }
    let expected = ledger.written.len() as u64;
    if changed != expected {
        return Err(StoreError::Failed(format!("{changed} of {expected} requests were written")));
    }
    Ok(())
}

pub(super) async fn released(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    run(pen, RELEASE, drafts::released(ledger)).await
}

/// Notes what is special about the way back. Only requests on it have anything to note, and it never goes again.
pub(super) async fn endings(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    run(pen, ENDINGS, drafts::endings(ledger)).await
}

/// Forgets the assignments that cannot take effect later, and notes the licenses that a restore of their users would bring
/// back.
pub(super) async fn rechecks(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    if !ledger.resolved.is_empty() {
        let resolved = id_list(ledger.resolved.iter().map(|intent| intent.0));
        pen.run(sqlx::query(RESOLVED).bind(resolved)).await?;
    }
    run(pen, BURIED, drafts::buried(ledger)).await
}

pub(super) async fn users(
    pen: &mut Pen,
    ledger: &Ledger<'_>,
    users: &HashMap<UserId, UserRow>,
) -> Result<(), StoreError> {
    run(pen, USERS, drafts::users(ledger, users)).await
}

pub(super) async fn events(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let rows = drafts::events(ledger);
    if rows.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(EVENTS).bind(rows.into_json()).bind(MACHINE_VERSION)).await.map(drop)
}

pub(super) async fn counts(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let (mut up, mut down, mut downs) = (JsonRows::new(), JsonRows::new(), 0);
    for ((batch, tenant, environment, state, status), change) in &ledger.counts {
        let rows = match change.signum() {
            1 => &mut up,
            -1 => {
                downs += 1;
                &mut down
            }
            _ => continue,
        };
        let row = rows.row().id(batch.0).text(tenant).text(environment);
        drop(row.text(state.as_str()).text(status.as_str()).int(change.abs()));
    }
    if !up.is_empty() {
        pen.run(sqlx::query(COUNT_UP).bind(up.into_json())).await?;
    }
    if !down.is_empty() {
        let down = down.into_json();
        if pen.run(sqlx::query(COUNT_DOWN).bind(down.as_str())).await? != downs {
            return Err(StoreError::Corrupt(
                "the counters do not know a request that was counted".to_owned(),
            ));
        }
        pen.run(sqlx::query(COUNT_CLEAN).bind(down.as_str())).await?;
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
    let woken = pen.returning(sqlx::query(WAKE).bind(rows.into_json())).await?;
    woken.iter().map(|row| Cells::of(row).int()).collect()
}

/// Gives the lanes back, and with them whatever their groups left behind; gives back the lanes.
pub(super) async fn release_lanes(pen: &mut Pen, commits: &[&Commit]) -> Result<BTreeSet<i64>, StoreError> {
    let rows = drafts::lane_releases(commits);
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let released = pen.returning(sqlx::query(RELEASE_LANES).bind(rows.into_json())).await?;
    let released: BTreeSet<i64> =
        released.iter().map(|row| Cells::of(row).int()).collect::<Result<_, StoreError>>()?;
    if !released.is_empty() {
        pen.run(sqlx::query(LEAVE_BEHIND).bind(int_list(released.iter().copied()))).await?;
    }
    Ok(released)
}

/// Adds to the running totals; a commit of which nothing was written has nothing to add.
pub(super) async fn tallies(
    pen: &mut Pen,
    commits: &[&Commit],
    fates: &[Vec<RowFate>],
) -> Result<(), StoreError> {
    run(pen, TALLIES, drafts::tallies(commits, fates)).await
}
