//! What the same database does when nothing but the writing is left: one UPDATE and one event per transition.

use super::sql;
use sqlx::{Connection, Row, SqliteConnection};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// How many transitions share a transaction.
const GROUP: usize = 1_000;

/// The way of a request: state, status and step after each transition.
const WAY: &[(&str, &str, Option<&str>)] = &[
    ("requested", "active", Some("create_user")),
    ("created", "active", Some("assign_license")),
    ("created", "active", Some("assign_license")),
    ("licensed", "active", Some("await_propagation")),
    ("propagated", "active", Some("set_non_interactive")),
    ("non_interactive", "active", Some("remove_license")),
    ("unlicensed", "active", Some("verify")),
    ("unlicensed", "succeeded", None),
];

const UPDATE: &str = "
    WITH moved AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests
    SET state = v ->> 1, status = v ->> 2, direction = CASE v ->> 2 WHEN 'active' THEN 'forward' END, step = v ->> 3,
        lane = v ->> 4, due_at = v ->> 5, entered_at = v ->> 6, updated_at = v ->> 6, epoch = epoch + 1
    FROM moved WHERE requests.id = unhex(v ->> 0)";

const EVENTS: &str = "
    WITH told AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    INSERT INTO events (machine_version, occurred_at, request, user, actor, origin, kind, from_state, to_state)
    SELECT 1, v ->> 0, unhex(v ->> 1), unhex(v ->> 2), ?2, 'engine', 'advanced', v ->> 3, v ->> 3
    FROM told ORDER BY place";

const UPDATE_ONE: &str = "
    UPDATE requests SET state = 'unlicensed', status = 'succeeded', updated_at = ?2, epoch = epoch + 1 WHERE id = ?1";

const EVENT_ONE: &str = "
    INSERT INTO events (machine_version, occurred_at, request, user, actor, origin, kind, from_state, to_state)
    VALUES (1, ?1, ?2, ?3, ?4, 'engine', 'advanced', 'unlicensed', 'unlicensed')";

const ACTOR: &str = "engine:01900000-0000-7000-8000-000000000000";

/// Transitions per second, in sets and row by row.
pub(crate) struct Ceiling {
    pub(crate) in_sets: f64,
    pub(crate) by_row: f64,
}

/// Takes every request of the database along the whole way.
pub(crate) async fn measure(path: &Path, elapsed: impl Fn() -> Duration) -> Ceiling {
    let mut connection = sql::connect(path).await;
    let rows = sqlx::query("SELECT id, user FROM requests ORDER BY id").fetch_all(&mut connection).await;
    let requests: Vec<(Uuid, Uuid)> =
        rows.expect("the requests").iter().map(|row| (row.get(0), row.get(1))).collect();
    let began = elapsed();
    let mut now: i64 = 1_800_000_000_000_000;
    for step in WAY {
        for group in requests.chunks(GROUP) {
            now += 1_000;
            move_group(&mut connection, group, *step, now).await;
        }
    }
    let in_sets = (requests.len() * WAY.len()) as f64 / (elapsed() - began).as_secs_f64();
    let began = elapsed();
    for group in requests.chunks(GROUP) {
        now += 1_000;
        move_by_row(&mut connection, group, now).await;
    }
    let by_row = requests.len() as f64 / (elapsed() - began).as_secs_f64();
    connection.close().await.expect("a closed connection");
    Ceiling { in_sets, by_row }
}

async fn move_group(
    connection: &mut SqliteConnection,
    group: &[(Uuid, Uuid)],
    (state, status, step): (&str, &str, Option<&str>),
    now: i64,
) {
    let (mut moved, mut told) = (String::from("["), String::from("["));
    for (request, user) in group {
        let (request, user) = (request.simple(), user.simple());
        let step = step.map_or("null".to_owned(), |step| format!("\"{step}\""));
        let (lane, due) =
            if status == "active" { ("7", now.to_string()) } else { ("null", "null".to_owned()) };
        let _ = write!(moved, "[\"{request}\",\"{state}\",\"{status}\",{step},{lane},{due},{now}],");
        let _ = write!(told, "[{now},\"{request}\",\"{user}\",\"{state}\"],");
    }
    for text in [&mut moved, &mut told] {
        text.pop();
        text.push(']');
    }
    begin(connection).await;
    sqlx::query(UPDATE).bind(moved).execute(&mut *connection).await.expect("moved requests");
    sqlx::query(EVENTS).bind(told).bind(ACTOR).execute(&mut *connection).await.expect("their events");
    commit(connection).await;
}

async fn move_by_row(connection: &mut SqliteConnection, group: &[(Uuid, Uuid)], now: i64) {
    begin(connection).await;
    for (request, user) in group {
        let update = sqlx::query(UPDATE_ONE).bind(request).bind(now);
        update.execute(&mut *connection).await.expect("a moved request");
        let event = sqlx::query(EVENT_ONE).bind(now).bind(request).bind(user).bind(ACTOR);
        event.execute(&mut *connection).await.expect("its event");
    }
    commit(connection).await;
}

async fn begin(connection: &mut SqliteConnection) {
    sqlx::query("BEGIN IMMEDIATE").execute(connection).await.expect("a transaction");
}

async fn commit(connection: &mut SqliteConnection) {
    sqlx::query("COMMIT").execute(connection).await.expect("a commit");
}
