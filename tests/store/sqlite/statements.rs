//! Every statement is one, and the hot ones find what they look for without a walk through the tables.

use super::factory::fresh;
use seatless::store::{MIGRATIONS, SqliteStore};
use sqlx::{AssertSqlSafe, Executor, Row};
use std::path::Path;

#[tokio::test]
async fn every_statement_prepares() {
    let file = fresh();
    let store = file.own().await.unwrap();
    let mut bare = file.bare().await;
    for (name, sql) in SqliteStore::STATEMENTS {
        if let Err(error) = (&mut bare).prepare(sqlx::SqlSafeStr::into_sql_str(*sql)).await {
            panic!("{name}: {error}\n{sql}");
        }
    }
    store.close().await.unwrap();
}

#[test]
fn statements_have_names_of_their_own() {
    let mut names: Vec<&str> = SqliteStore::STATEMENTS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SqliteStore::STATEMENTS.len());
}

#[test]
fn the_migrations_are_the_files_of_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    let listed: Vec<String> =
        MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
    assert_eq!(files, listed);
    for ((_, _, text), file) in MIGRATIONS.iter().zip(files) {
        assert_eq!(*text, std::fs::read_to_string(folder.join(file)).unwrap());
    }
}

/// The hot statements, and what their plans must say.
const PLANS: &[(&str, &[&str])] = &[
    (
        "stage: stored",
        &["u USING INDEX users_by_name", "r USING INDEX requests_live", "s USING INDEX requests_live"],
    ),
    ("promote: batch", &["batches_unfinished"]),
    ("promote: portion", &["requests_by_batch (batch=? AND id>?)"]),
    ("promote: hand over", &["requests_by_batch (batch=? AND id>? AND id<?)", "lanes_by_step"]),
    ("lanes: find", &["lanes_by_step (step=? AND tenant=? AND <expr>=?)"]),
    ("lanes: refresh", &["lanes USING INTEGER PRIMARY KEY", "requests_due (lane=?"]),
    ("claim: tenants", &["lanes_due_of_tenant"]),
    ("claim: lanes", &["lanes_due_of_tenant (tenant=? AND wake_at<?)"]),
    ("claim: requests", &["r USING INTEGER PRIMARY KEY", "requests_due (lane=? AND due_at>? AND due_at<?)"]),
    ("claim: siblings", &["requests_live (user=?"]),
    ("claim: take", &["requests USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    (
        "claim: members",
        &["r USING INDEX sqlite_autoindex_requests_1", "u USING INDEX sqlite_autoindex_users_1"],
    ),
    (
        "begin: current",
        &["r USING INDEX sqlite_autoindex_requests_1", "u USING INDEX sqlite_autoindex_users_1"],
    ),
    ("begin: record", &["requests USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    ("begin: license", &["users USING INDEX sqlite_autoindex_users_1 (id=?)"]),
    (
        "commit: current",
        &["r USING INDEX sqlite_autoindex_requests_1", "u USING INDEX sqlite_autoindex_users_1"],
    ),
    ("commit: free", &["p USING PRIMARY KEY (kind=? AND tenant=? AND subject=?)"]),
    ("commit: rows", &["requests USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    ("commit: rows of new status", &["requests USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    ("commit: no room", &["sqlite_autoindex_requests_1 (id=?)"]),
    ("commit: users", &["users USING INDEX sqlite_autoindex_users_1 (id=?)"]),
    ("commit: count down", &["counters USING PRIMARY KEY (batch=? AND tenant=? AND environment=?"]),
    ("commit: count clean", &["counters USING PRIMARY KEY (batch=? AND tenant=? AND environment=?"]),
    ("commit: pool counts", &["pools USING PRIMARY KEY (kind=? AND tenant=? AND subject=?)"]),
    ("commit: wake", &["requests_live (user=?"]),
    ("commit: lanes", &["lanes USING INTEGER PRIMARY KEY (rowid=?)"]),
    ("commit: left behind", &["requests_claimed (lane=?"]),
    ("claimed_by_others", &["USING INDEX requests_claimed"]),
    ("next_wake", &["lanes_due"]),
    ("candidates: seated", &["users_seated_waiting"]),
    ("candidates: pools", &["pools_wanted (kind=?)"]),
    ("candidates: lines", &["turns_next (tenant=? AND license=?)"]),
    (
        "candidates: in line",
        &[
            "requests_in_line (tenant=? AND license=? AND priority=? AND batch=?)",
            "s USING INDEX requests_live (user=?",
        ],
    ),
    ("candidates: eldest", &["requests_longest_waiting (tenant=? AND license=?)"]),
    ("commit: longest waiting", &["requests_longest_waiting (tenant=? AND license=?)"]),
    ("commit: join a line", &["turns_furthest (tenant=? AND license=? AND priority=?)"]),
    ("commit: charge a turn", &["turns USING PRIMARY KEY"]),
    (
        "commit: forget lines",
        &[
            "t USING INDEX turns_furthest (tenant=? AND license=? AND priority=? AND pass<?)",
            "turns USING PRIMARY KEY",
        ],
    ),
    ("commit: pass over", &["pools USING PRIMARY KEY (kind=? AND tenant=? AND subject=?)"]),
    ("seat_line: seats", &["users_seated (tenant=? AND seat_license=?)"]),
    ("candidates: members", &["r USING INDEX requests_live (user=?"]),
    ("end_rests", &["users_resting (seat_at<?)"]),
    ("next_rest_end", &["users_resting"]),
    ("pools_to_read", &["pools_wanted (kind=?)"]),
    ("confirmed_holders", &["users_licensed (tenant=? AND license=? AND license_since<?)"]),
    ("slot_holders", &["requests_by_environment (tenant=? AND environment=?)"]),
    ("request", &["r USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    ("due_watches: places", &["watches USING INDEX watches_due (due_at<?)"]),
    ("due_watches: of place", &["watches_by_place (tenant=? AND environment=? AND due_at<?)"]),
    ("due_watches: members", &["r USING INDEX sqlite_autoindex_requests_1 (id=?)"]),
    ("watches", &["w USING INDEX sqlite_autoindex_watches_1 (request=?)"]),
    ("note_watches", &["watches USING INDEX sqlite_autoindex_watches_1 (request=?)"]),
    ("next_watch", &["watches_due"]),
    ("drift_counts", &["w USING INDEX watches_drifted"]),
    ("commit: end watch", &["watches USING COVERING INDEX sqlite_autoindex_watches_1 (request=?)"]),
    (
        "passwords",
        &["u USING INDEX sqlite_autoindex_users_1", "s USING INDEX sealed_passwords_by_user (user=?)"],
    ),
    (
        "passwords: take",
        &[
            "sealed_passwords_by_user (user=?)",
            "r EXISTS USING INDEX requests_live (user=?",
            "sealed_passwords_1 (intent=?)",
        ],
    ),
    ("passwords: destroy taken", &["sealed_passwords_by_user (user=?)", "sealed_passwords_1 (intent=?)"]),
    ("passwords: acknowledged", &["users USING COVERING INDEX sqlite_autoindex_users_1 (id=?)"]),
    (
        "passwords: destroy superseded",
        &["sealed_passwords_by_user (user=?)", "sealed_passwords_1 (intent=?)"],
    ),
    ("passwords: events", &["r USING INDEX requests_live (user=?"]),
    ("rotations: begin", &["users USING INDEX sqlite_autoindex_users_1 (id=?)"]),
    ("rotations: confirm", &["users USING INDEX sqlite_autoindex_users_1 (id=?)"]),
    ("rotations: take back", &["users USING INDEX sqlite_autoindex_users_1 (id=?)"]),
    ("rotations: destroy unused", &["sealed_passwords_1 (intent=?)"]),
    ("history", &["events_by_request (request=? AND sequence>?)"]),
];

/// Tables that grow with the work: a hot statement never walks through one of them.
const LARGE: &[&str] = &[
    "requests",
    "users",
    "events",
    "counters",
    "watches",
    "sealed_passwords",
    "turns",
    "r",
    "u",
    "s",
    "w",
    "x",
    "t",
];

#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let file = fresh();
    let store = file.own().await.unwrap();
    let mut bare = file.bare().await;
    for (name, wanted) in PLANS {
        let (_, sql) = SqliteStore::STATEMENTS.iter().find(|(known, _)| known == name).expect("it is listed");
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(explain).fetch_all(&mut bare).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        for part in *wanted {
            assert!(plan.iter().any(|line| line.contains(part)), "{name} lacks {part}: {plan:#?}");
        }
        for table in LARGE {
            let walks = |line: &String| line == &format!("SCAN {table}");
            assert!(!plan.iter().any(walks), "{name} walks through {table}: {plan:#?}");
        }
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_makes_a_commit_durable_is_set() {
    let file = fresh();
    let store = file.own().await.unwrap();
    let mut bare = file.bare().await;
    let mode: String = sqlx::query("PRAGMA journal_mode").fetch_one(&mut bare).await.unwrap().get(0);
    assert_eq!(mode, "wal");
    sqlx::Connection::close(bare).await.unwrap();
    store.close().await.unwrap();
    assert!(!file.directory.path().join("seatless.db-wal").exists(), "closing folds the log into the file");
}
