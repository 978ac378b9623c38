//! Every statement is one, and the hot ones find what they look for without a walk through the tables.

use super::factory::fresh;
use seatless::store::{POSTGRES_MIGRATIONS, PostgresStore, SqliteStore};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use std::collections::BTreeSet;
use std::path::Path;

#[tokio::test]
async fn every_statement_prepares() {
    let served = fresh();
    let mut bare = served.bare().await;
    for (name, sql) in PostgresStore::STATEMENTS {
        if let Err(error) = (&mut bare).prepare(sqlx::SqlSafeStr::into_sql_str(*sql)).await {
            panic!("{name}: {error}\n{sql}");
        }
    }
}

#[test]
fn statements_have_names_of_their_own_and_most_of_them_in_both_drivers() {
    let names = |statements: &[(&'static str, &str)]| -> BTreeSet<&'static str> {
        statements.iter().map(|(name, _)| *name).collect()
    };
    let (postgres, sqlite) = (names(PostgresStore::STATEMENTS), names(SqliteStore::STATEMENTS));
    assert_eq!(postgres.len(), PostgresStore::STATEMENTS.len());
    // What SQLite alone has: two dialects of one statement, and what belongs to a file.
    let alone: Vec<&str> = sqlite.difference(&postgres).copied().collect();
    assert_eq!(
        alone,
        [
            "backup: summary",
            "commit: count clean",
            "commit: count down",
            "commit: count up",
            "commit: rows of new status",
            "copy: numbers",
            "copy: seal",
            "keep_head",
            "open: moved"
        ]
    );
}

#[test]
fn the_migrations_are_the_files_of_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    let listed: Vec<String> =
        POSTGRES_MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
    assert_eq!(files, listed);
}

/// A user's requests; of the two indexes that begin with the user either will do.
const BY_USER: &[&str] = &["Index Cond: (\"user\" = "];

/// The hot statements, and the indexes that their plans must name. Tables that hold only what is unfinished, and so have few
/// rows, are rightly read as a whole.
const PLANS: &[(&str, &[&str])] = &[
    ("stage: stored", &["users_by_", "requests_live"]),
    ("promote: portion", &["requests_by_batch"]),
    ("promote: hand over", &["requests_by_batch"]),
    ("lanes: refresh", &["requests_due"]),
    ("claim: requests", &["requests_due", "requests_live"]),
    ("claim: siblings", BY_USER),
    ("claim: take", &["requests_pkey"]),
    ("claim: members", &["requests_pkey", "users_pkey"]),
    ("lock: users of requests", &["requests_pkey", "users_pkey"]),
    ("begin: current", &["requests_pkey", "users_pkey"]),
    ("begin: record", &["requests_pkey"]),
    ("commit: in lane", &["requests_claimed"]),
    ("commit: current", &["requests_pkey", "users_pkey"]),
    ("commit: rows", &["requests_pkey"]),
    ("commit: no room", &["requests_pkey"]),
    ("commit: users", &["users_pkey"]),
    ("commit: wake", BY_USER),
    ("commit: left behind", &["requests_claimed"]),
    ("claimed_by_others", &["requests_claimed"]),
    ("candidates: seated", &["users_seated_waiting"]),
    ("candidates: in line", &["requests_in_line"]),
    ("candidates: eldest", &["requests_longest_waiting"]),
    ("commit: longest waiting", &["requests_longest_waiting"]),
    ("candidates: members", &["requests_live"]),
    ("end_rests", &["users_resting"]),
    ("next_rest_end", &["users_resting"]),
    ("confirmed_holders", &["users_licensed"]),
    ("slot_holders", &["requests_by_environment"]),
    ("request", &["requests_pkey"]),
    ("due_watches: places", &["watches_due"]),
    ("due_watches: of place", &["watches_by_place"]),
    ("watches", &["watches_pkey"]),
    ("note_watches", &["watches_pkey"]),
    ("passwords", &["users_pkey", "sealed_passwords_by_user"]),
    ("history", &["events_by_request"]),
    ("latest", &["events_pkey"]),
];

/// Tables that grow with the work: a hot statement never walks through one of them.
const LARGE: [&str; 5] = ["requests", "users", "events", "watches", "sealed_passwords"];

/// How many accounts there are when the plans are looked at. `SEATLESS_PLAN_ROWS=1000000` asks for more.
const ROWS: u32 = 50_000;

/// A history in the middle of its life: most accounts have succeeded, some are on their way, some wait for a seat.
const POPULATION: &str = "
    INSERT INTO batches (id, source, actor, origin, requests, opened_at, accepted_at, promoted)
    SELECT uuid(lpad(to_hex(b), 32, '0')), 'people.csv', 'grace', 'cli', 1000, 0, 0, TRUE FROM generate_series(0, 99) AS b;
    INSERT INTO lanes (step, tenant, environment)
    SELECT 'verify', 'contoso', 'env' || e FROM generate_series(0, 99) AS e;
    INSERT INTO lanes (step, tenant) VALUES ('assign_license', 'contoso');
    INSERT INTO users (id, tenant, tenant_id, user_principal_name, display_name, given_name, surname, usage_location, license,
        print, object_id, origin, seat, seat_at, seat_license, license_hold, license_intent, license_since, waiting)
    SELECT uuid(lpad(to_hex(n), 32, '0')), 'contoso', uuid(lpad('7e7a', 32, '0')), 'user' || n || '@contoso.com', 'User', 'User',
        'Name', 'GB', uuid(lpad('5a1e5', 32, '0')), decode(lpad(to_hex(n), 64, '0'), 'hex'), uuid(lpad(to_hex(n), 32, 'f')), 'made',
        CASE WHEN n % 500 = 1 THEN 'held' WHEN n % 500 = 2 THEN 'resting' ELSE 'none' END,
        CASE WHEN n % 500 IN (1, 2) THEN n END, CASE WHEN n % 500 IN (1, 2) THEN uuid(lpad('5a1e5', 32, '0')) END,
        CASE WHEN n % 500 = 1 THEN 'held' ELSE 'none' END,
        CASE WHEN n % 500 = 1 THEN uuid(lpad(to_hex(n), 32, '0')) END, CASE WHEN n % 500 = 1 THEN n END,
        CASE WHEN n % 500 IN (1, 3) THEN 1 ELSE 0 END
    FROM generate_series(1, $ROWS) AS n;
    INSERT INTO requests (id, batch, \"user\", tenant, environment, tenant_id, environment_id, dataverse_origin, license,
        security_roles, on_existing, priority, print, submitted_at, staged, state, status, direction, paused, waiting, due_at,
        entered_at, updated_at, step, lane, holder, epoch, slot_held)
    SELECT uuid(lpad(to_hex(n), 32, '0')), uuid(lpad(to_hex(n % 100), 32, '0')), uuid(lpad(to_hex(n), 32, '0')), 'contoso',
        'env' || n % 100, uuid(lpad('7e7a', 32, '0')), uuid(lpad('e417', 32, '0')), 'https://x', uuid(lpad('5a1e5', 32, '0')),
        '[]', 'adopt', 0, decode(lpad(to_hex(n), 64, '0'), 'hex'), 0, FALSE,
        CASE WHEN kind = 0 THEN 'unlicensed' WHEN kind = 1 THEN 'created' ELSE 'unlicensed' END,
        CASE WHEN kind = 0 THEN 'succeeded' ELSE 'active' END, CASE WHEN kind > 0 THEN 'forward' END, FALSE, kind = 1,
        CASE WHEN kind > 1 THEN n END, 0, 0, CASE WHEN kind = 1 THEN 'assign_license' WHEN kind > 1 THEN 'verify' END,
        CASE WHEN kind = 1 THEN 101 WHEN kind > 1 THEN n % 100 + 1 END,
        CASE WHEN kind = 3 THEN uuid(lpad('1111', 32, '0')) END, 1, kind > 0
    FROM (SELECT n, CASE WHEN n % 500 = 3 THEN 1 WHEN n % 50 = 4 THEN 2 WHEN n % 500 = 5 THEN 3 ELSE 0 END AS kind
          FROM generate_series(1, $ROWS) AS n) AS numbered;
    INSERT INTO events (occurred_at, machine_version, request, \"user\", actor, origin, kind, from_state, to_state)
    SELECT n, 1, uuid(lpad(to_hex(n), 32, '0')), uuid(lpad(to_hex(n), 32, '0')), 'engine', 'engine', 'advanced', 'created',
        'licensed' FROM generate_series(1, $ROWS) AS n CROSS JOIN generate_series(1, 2);
    INSERT INTO sealed_passwords (intent, \"user\", sealed, begun_at)
    SELECT uuid(lpad(to_hex(n), 32, '0')), uuid(lpad(to_hex(n), 32, '0')), '', 0 FROM generate_series(1, $ROWS) AS n;
    INSERT INTO watches (request, tenant, environment, succeeded_at, due_at)
    SELECT id, tenant, environment, 0, submitted_at + 1 FROM requests WHERE status = 'succeeded';
    ANALYZE;";

#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let served = fresh();
    let mut bare = served.bare().await;
    let rows = std::env::var("SEATLESS_PLAN_ROWS").unwrap_or_else(|_| ROWS.to_string());
    let population = POPULATION.replace("$ROWS", &rows);
    sqlx::raw_sql(AssertSqlSafe(population)).execute(&mut bare).await.expect("the tables can be filled");
    sqlx::raw_sql("SET plan_cache_mode = force_generic_plan").execute(&mut bare).await.unwrap();
    let mut faults = Vec::new();
    for (name, wanted) in PLANS {
        let (_, sql) =
            PostgresStore::STATEMENTS.iter().find(|(known, _)| known == name).expect("it is listed");
        let plan = plan_of(&mut bare, sql).await;
        let lacks = |part: &&&str| !plan.iter().any(|line| line.contains(**part));
        faults.extend(wanted.iter().filter(lacks).map(|part| format!("{name} lacks {part}: {plan:#?}")));
        let walks = |table: &&&str| plan.iter().any(|line| line.contains(&format!("Seq Scan on {table} ")));
        faults.extend(
            LARGE.iter().filter(walks).map(|table| format!("{name} walks through {table}: {plan:#?}")),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The plan for whatever the parameters are.
async fn plan_of(bare: &mut PgConnection, sql: &str) -> Vec<String> {
    let count = (1..=20).take_while(|n| sql.contains(&format!("${n}"))).count();
    let parameters = vec!["NULL"; count].join(", ");
    let arguments = if count == 0 { String::new() } else { format!("({parameters})") };
    sqlx::raw_sql(AssertSqlSafe(format!("PREPARE looked_at AS {sql}"))).execute(&mut *bare).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE looked_at{arguments}"));
    let plan = sqlx::raw_sql(explain).fetch_all(&mut *bare).await.unwrap();
    sqlx::raw_sql("DEALLOCATE looked_at").execute(&mut *bare).await.unwrap();
    plan.iter().map(|row| row.get(0)).collect()
}
