//! What a hundred thousand waiting requests cost: memory, statements, processor time, and the time to the first claim.

#[path = "bed"]
mod bed {
    pub(crate) mod crowd;
    pub(crate) mod daemon;
    pub(crate) mod database;
    pub(crate) mod findings;
    pub(crate) mod gauge;
    pub(crate) mod instant_steps;
    pub(crate) mod plant;
    pub(crate) mod sql;
}

use bed::crowd::{Crowd, Listed};
use bed::daemon::{self, Daemon};
use bed::findings::{Findings, median};
use bed::instant_steps::{InstantSteps, Intents};
use bed::{database, gauge, plant, sql};
use seatless::app::{SystemClock, SystemIds, TokioTimer};
use seatless::domain::Clock;
use seatless::engine::Timer;
use seatless::store::{Admission, Store};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The crowd that waits, and the one request that is due beside it.
const CROWD: Crowd =
    Crowd { wave: 0, requests: 100_000, environments: 15_000, tenants: 10, listed: Listed::InTurn };
const LATECOMER: Crowd =
    Crowd { wave: 1, requests: 1, environments: 15_000, tenants: 10, listed: Listed::InTurn };

/// How long a quiet daemon is watched.
const WATCHED: Duration = Duration::from_secs(15);
const SETTLED: Duration = Duration::from_secs(3);

const MEMORY_MAX: f64 = 40.0;
const FIRST_CLAIM_MAX: f64 = 0.2;
/// Of one processor.
const LOAD_MAX: f64 = 0.01;
/// Statements of one level check: three of the writer's operations with their transactions, and five reads.
const LEVEL_CHECK_STATEMENTS_MAX: f64 = 16.0;
const STARTS: usize = 5;

/// Whatever an earlier start has put off is due at once.
const MADE_DUE: &str = "
    UPDATE requests SET due_at = 1 WHERE due_at > 1 AND lane IS NOT NULL;
    UPDATE lanes SET served_at = 0, gate_until = NULL, next_at = min(next_at, 1);";

#[tokio::main]
async fn main() -> ExitCode {
    let mut findings = Findings::of("waiting");
    let clock = Arc::new(SystemClock);
    let folder = tempfile::tempdir().expect("a folder");
    let [empty, open, waiting] =
        ["empty", "open", "waiting"].map(|name| folder.path().join(format!("{name}.db")));
    database::open(&empty, &*clock, &SystemIds).await.close().await.expect("a closed database");
    let store = database::open(&open, &*clock, &SystemIds).await;
    CROWD.submit(&store, &*clock, &SystemIds).await;
    store.close().await.expect("a closed database");
    std::fs::copy(&open, &waiting).expect("a copy");
    let took = make_wait(&waiting, &clock).await;
    findings.say(&format!("100,000 requests were taken to their wait in {took:.1} s"));

    let statements = level_check_statements(&waiting, &clock).await;
    findings.at_most("statements per level check", statements, LEVEL_CHECK_STATEMENTS_MAX, "");

    let (empty_mib, empty_load) = watch(&empty, &clock).await;
    let (waiting_mib, waiting_load) = watch(&waiting, &clock).await;
    findings.note("resident, empty", empty_mib, "MiB");
    findings.note("resident, 100,000 waiting", waiting_mib, "MiB");
    findings.at_most("resident, the difference", waiting_mib - empty_mib, MEMORY_MAX, "MiB");
    findings.note("processor use, empty", empty_load * 100.0, "%");
    findings.at_most("processor use, 100,000 waiting", waiting_load, LOAD_MAX, "of one");

    add_latecomer(&waiting, &clock).await;
    let first = first_claims(&waiting, &clock).await;
    findings.at_most("start to first claim, 100,000 waiting", median(first), FIRST_CLAIM_MAX, "s");
    let first = first_claims(&open, &clock).await;
    findings.at_most("start to first claim, 100,000 due", median(first), FIRST_CLAIM_MAX, "s");
    findings.note("binary", daemon::binary_mib(), "MiB");
    findings.end()
}

/// Takes every request to where only a seat is missing; there are none.
async fn make_wait(file: &Path, clock: &Arc<SystemClock>) -> f64 {
    let store = database::open(file, &**clock, &SystemIds).await;
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let steps = Arc::new(InstantSteps::new(Arc::clone(&shared), Intents::None, CROWD.requests, 0));
    let (pump, stop) = plant::pump(shared, clock, steps);
    let began = clock.elapsed();
    let stopping = async {
        while waiting(&store).await < CROWD.requests {
            TokioTimer.sleep(Duration::from_millis(250)).await;
        }
        stop.drain();
    };
    let (result, ()) = tokio::join!(pump.run(stop.clone()), stopping);
    result.expect("a store that works");
    store.close().await.expect("a closed database");
    (clock.elapsed() - began).as_secs_f64()
}

async fn waiting(store: &impl Admission) -> u32 {
    store.pools().await.expect("the pools").iter().map(|pool| pool.waiting).sum()
}

/// Statements per level check of a pump that has nothing to do.
async fn level_check_statements(file: &Path, clock: &Arc<SystemClock>) -> f64 {
    let store = database::open(file, &**clock, &SystemIds).await;
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let steps = Arc::new(InstantSteps::new(Arc::clone(&shared), Intents::None, CROWD.requests, 0));
    let (mut pump, stop) = plant::pump(shared, clock, steps);
    pump.limits.level_check = Duration::from_millis(500);
    let counted = async {
        TokioTimer.sleep(SETTLED).await;
        let before = (store.writer_stats(), store.reading_statements());
        TokioTimer.sleep(pump_watch()).await;
        let after = (store.writer_stats(), store.reading_statements());
        stop.drain();
        assert_eq!(after.0.commits, before.0.commits, "a quiet pump writes nothing");
        (after.0.statements - before.0.statements + after.1 - before.1) as f64
    };
    let (result, statements) = tokio::join!(pump.run(stop.clone()), counted);
    result.expect("a store that works");
    store.close().await.expect("a closed database");
    statements / (pump_watch().as_secs_f64() / 0.5)
}

const fn pump_watch() -> Duration {
    Duration::from_secs(5)
}

/// Memory and load of the real daemon, once it has settled.
async fn watch(file: &Path, clock: &SystemClock) -> (f64, f64) {
    let daemon = Daemon::start(file, CROWD.tenants, LATECOMER.wave * LATECOMER.environments);
    TokioTimer.sleep(SETTLED).await;
    let (began, used) = (clock.elapsed(), gauge::processor_time(&daemon.process()));
    TokioTimer.sleep(WATCHED).await;
    let used = gauge::processor_time(&daemon.process()) - used;
    let load = used.as_secs_f64() / (clock.elapsed() - began).as_secs_f64();
    (gauge::resident_mib(&daemon.process()), load)
}

async fn add_latecomer(file: &Path, clock: &SystemClock) {
    let store = database::open(file, clock, &SystemIds).await;
    LATECOMER.submit(&store, clock, &SystemIds).await;
    store.close().await.expect("a closed database");
}

/// Seconds from the start of the process to its first claim, several times.
async fn first_claims(file: &Path, clock: &SystemClock) -> Vec<f64> {
    let mut seconds = Vec::new();
    for _ in 0..STARTS {
        let mut connection = sql::connect(file).await;
        sql::run(&mut connection, MADE_DUE).await;
        let began = clock.elapsed();
        let daemon = Daemon::start(file, CROWD.tenants, LATECOMER.wave * LATECOMER.environments);
        let deadline = began + Duration::from_secs(20);
        while clock.elapsed() < deadline {
            let query = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM lanes WHERE served_at > 0)");
            let claimed: i64 = query.fetch_one(&mut connection).await.expect("a number");
            if claimed == 1 {
                break;
            }
            TokioTimer.sleep(Duration::from_millis(1)).await;
        }
        seconds.push((clock.elapsed() - began).as_secs_f64());
        drop(daemon);
        sqlx::Connection::close(connection).await.expect("a closed connection");
    }
    seconds
}
