//! What a PostgreSQL server on the same two cores makes of the work: transitions per second by one and by two daemons, how
//! long a claim takes beside them, what a quiet daemon asks, and how much room a request needs.
//!
//! `--profile` lists the statements that took longest.

#[path = "bed"]
mod bed {
    pub(crate) mod crowd;
    pub(crate) mod daemon;
    pub(crate) mod findings;
    pub(crate) mod instant_steps;
    pub(crate) mod plant;
    pub(crate) mod server;
}

use bed::crowd::{Crowd, Listed};
use bed::daemon::Daemon;
use bed::findings::{Findings, median};
use bed::instant_steps::{InstantSteps, Intents};
use bed::plant;
use bed::server::{Server, number, rows, rule};
use futures_util::future::join_all;
use seatless::app::{SystemClock, SystemIds, TokioTimer};
use seatless::domain::{Clock, HolderId, Ids};
use seatless::engine::{Stop, Timer};
use seatless::store::{Actor, Claim, Commit, LaneRelease, Lease, Origin, PostgresStore, Store, Work};
use sqlx::Row;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Groups of a hundred, as a large batch has them.
const BATCHED: Crowd =
    Crowd { wave: 0, requests: 10_000, environments: 100, tenants: 10, listed: Listed::InTurn };
/// Many small environments, as in the bench `engine`.
const SCATTERED: Crowd = Crowd { environments: 1_500, ..BATCHED };

const ROUNDS: u32 = 5;

const RATE_GOAL: f64 = 10_000.0;
const TWO_OF_ONE_GOAL: f64 = 0.9;
const CLAIM_GOAL_MS: f64 = 20.0;
/// Of a quiet daemon: a sign of life and a level check in five seconds, each with its transaction, and the look for others
/// that are gone.
const IDLE_STATEMENTS_MAX: f64 = 60.0;

/// How often a claim is made beside the daemons, and how many lanes it takes.
const PROBE_EVERY: Duration = Duration::from_millis(10);
const PROBE_LANES: u32 = 4;

const SETTLED: Duration = Duration::from_secs(12);
const WATCHED: Duration = Duration::from_secs(60);

const LEASE: Lease = Lease { length: Duration::from_secs(45), call_max: Duration::from_secs(30) };

#[tokio::main]
async fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let rounds = if has("--quick") { 1 } else { ROUNDS };
    let mut findings = Findings::of("postgres");
    let clock = Arc::new(SystemClock);
    let server = Server::start();
    let (mut one, mut two, mut share, mut bare_loop) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let alone = run(&server, &clock, BATCHED, 1, None).await;
        if has("--profile") {
            profile(&server, &findings).await;
        }
        findings.say(&format!("round {round}: one daemon   {}", alone.text()));
        let both = run(&server, &clock, BATCHED, 2, None).await;
        findings.say(&format!("round {round}: two daemons  {}", both.text()));
        let bare = bare(&server, &clock).await;
        findings.say(&format!("round {round}: bare loop    {bare:.0}/s"));
        share.push(both.rate() / alone.rate());
        one.push(alone.rate());
        two.push(both.rate());
        bare_loop.push(bare);
        if round == 0 {
            findings.note(
                "room per finished request",
                alone.bytes / f64::from(BATCHED.requests) / 1024.0,
                "KiB",
            );
            findings.note("log (WAL) per transition", alone.wal / alone.writes / 1024.0, "KiB");
        }
    }
    let scattered = run(&server, &clock, SCATTERED, 1, None).await;
    findings.say(&format!("1,500 environments: {}", scattered.text()));
    let (rate, ceiling) = (median(one), median(bare_loop));
    findings.goal("transitions per second, batched", rate, RATE_GOAL, "1/s");
    findings.note("transitions per second, two daemons", median(two), "1/s");
    findings.goal("two daemons, of one (median of the rounds)", median(share), TWO_OF_ONE_GOAL, "");
    findings.note("the bare loop, in sets of 1,000", ceiling, "1/s");
    findings.note("share of the bare loop", rate / ceiling, "");
    findings.note("transitions per second, 1,500 environments", scattered.rate(), "1/s");

    let mut claims = Vec::new();
    for _ in 0..rounds {
        run(&server, &clock, BATCHED, 2, Some(&mut claims)).await;
    }
    claims.sort_unstable();
    let at = |share: f64| claims[((claims.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    findings.note("claims measured beside two daemons", claims.len() as f64, "");
    findings.note("claim, median", at(0.5), "ms");
    findings.goal_at_most("claim, p99", at(0.99), CLAIM_GOAL_MS, "ms");

    let idle = idle(&server, &clock, &findings).await;
    findings.at_most("statements of a quiet daemon in 5 s", idle, IDLE_STATEMENTS_MAX, "");
    findings.end()
}

/// What one run came to.
struct Ran {
    writes: f64,
    seconds: f64,
    bytes: f64,
    wal: f64,
    per_group: f64,
}

impl Ran {
    fn rate(&self) -> f64 {
        self.writes / self.seconds
    }

    fn text(&self) -> String {
        format!(
            "{:.0} writes in {:.2} s = {:.0}/s, {:.1} requests per group",
            self.writes,
            self.seconds,
            self.rate(),
            self.per_group
        )
    }
}

const EVENTS: &str = "SELECT count(*) FROM events";
const SIZE: &str = "SELECT pg_database_size(current_database())";
const LOG: &str = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn";

/// Takes a fresh crowd from the lanes to succeeded, by so many daemons, each with connections of its own. If `claims` is to be
/// filled, one more claims beside them and gives back what it got; that slows the others down.
async fn run(
    server: &Server,
    clock: &Arc<SystemClock>,
    crowd: Crowd,
    daemons: usize,
    claims: Option<&mut Vec<Duration>>,
) -> Ran {
    server.make("bench").await;
    let mut bare = server.bare("bench").await;
    let empty = number(&mut bare, SIZE).await;
    let store = server.open("bench", &**clock).await;
    crowd.submit(&store, &**clock, &SystemIds).await;
    rule(&mut bare, "ANALYZE; CHECKPOINT; SELECT pg_stat_statements_reset()").await;
    let (events, wal) = (number(&mut bare, EVENTS).await, number(&mut bare, LOG).await);
    let first: Arc<dyn Store> = Arc::new(store.clone());
    let steps = InstantSteps::new(first, Intents::None, crowd.requests, crowd.requests);
    let steps = Arc::new(steps.with_slots(crowd.requests / crowd.environments + 1));
    let mut stores = vec![store];
    while stores.len() < daemons {
        stores.push(server.open("bench", &**clock).await);
    }
    let mut pumps = Vec::new();
    for store in &stores {
        let (pump, stop) = plant::pump(Arc::new(store.clone()), clock, Arc::clone(&steps));
        pump.engine.sign_on(LEASE).await.expect("a signed on daemon");
        pumps.push((pump, stop));
    }
    let began = clock.elapsed();
    let stops: Vec<_> = pumps.iter().map(|(_, stop)| stop.clone()).collect();
    let working = join_all(pumps.into_iter().map(|(pump, stop)| pump.run(stop)));
    let stopping = async {
        steps.done().await;
        stops.iter().for_each(Stop::drain);
    };
    let probing = async {
        let Some(claims) = claims else { return };
        let probe = server.open("bench", &**clock).await;
        probe_claims(&probe, clock, &steps, crowd, claims).await;
        probe.close().await;
    };
    let (results, (), ()) = tokio::join!(working, stopping, probing);
    results.into_iter().for_each(|result| result.expect("a store that works"));
    let seconds = (clock.elapsed() - began).as_secs_f64();
    join_all(stores.iter().map(PostgresStore::close)).await;
    let succeeded = number(&mut bare, "SELECT count(*) FROM requests WHERE status = 'succeeded'").await;
    assert!(succeeded >= f64::from(crowd.requests), "only {succeeded} requests succeeded");
    Ran {
        writes: number(&mut bare, EVENTS).await - events,
        seconds,
        bytes: number(&mut bare, SIZE).await - empty,
        wal: number(&mut bare, LOG).await - wal,
        per_group: steps.requests_per_group(),
    }
}

/// Claims now and then, for as long as there is much to claim, and gives back what it got.
async fn probe_claims(
    store: &PostgresStore,
    clock: &SystemClock,
    steps: &InstantSteps,
    crowd: Crowd,
    claims: &mut Vec<Duration>,
) {
    let holder = HolderId(SystemIds.fresh());
    store.sign_on(holder, LEASE).await.expect("a signed on daemon");
    // Eight steps; the last ones are left alone.
    while steps.looked() < u64::from(crowd.requests) * 7 {
        let claim = Claim {
            holder,
            now: clock.now(),
            lanes_max: PROBE_LANES,
            members_max: 100,
            weights: Arc::default(),
        };
        let began = clock.elapsed();
        let groups = store.claim(claim).await.expect("a claim");
        claims.push(clock.elapsed() - began);
        for group in groups {
            let lane = LaneRelease {
                lane: group.lane,
                holder: Some(holder),
                gate_until: None,
                trouble: 0,
                failure: None,
            };
            let nothing = Commit {
                now: clock.now(),
                actor: Actor { name: "probe".to_owned(), origin: Origin::Engine },
                rows: Vec::new(),
                lane: Some(lane),
                seat_rest: Duration::ZERO,
                tallies: Vec::new(),
            };
            store.commit(nothing).await.expect("a release");
        }
        TokioTimer.sleep(PROBE_EVERY).await;
    }
    store.sign_off(holder).await.expect("a signed off daemon");
}

const BARE_UPDATE: &str = "
    UPDATE requests SET note = $2, updated_at = updated_at + 1, due_at = due_at + 1, epoch = epoch + 1
    WHERE id IN (SELECT id FROM requests ORDER BY id OFFSET $1 LIMIT 1000)";

const BARE_EVENTS: &str = "
    INSERT INTO events (machine_version, occurred_at, request, \"user\", actor, origin, kind, from_state, to_state)
    SELECT 1, updated_at, id, \"user\", 'bench', 'engine', 'advanced', state, state
    FROM requests ORDER BY id OFFSET $1 LIMIT 1000";

/// The same crowd without the product: an UPDATE and an INSERT for a thousand at a time, each pair a transaction.
async fn bare(server: &Server, clock: &Arc<SystemClock>) -> f64 {
    server.make("bare").await;
    let store = server.open("bare", &**clock).await;
    BATCHED.submit(&store, &**clock, &SystemIds).await;
    store.close().await;
    let mut bare = server.bare("bare").await;
    rule(&mut bare, "ANALYZE; CHECKPOINT").await;
    let began = clock.elapsed();
    for step in 0..8 {
        for from in (0..i64::from(BATCHED.requests)).step_by(1_000) {
            rule(&mut bare, "BEGIN").await;
            let update = sqlx::query(BARE_UPDATE).bind(from).bind(format!("{step}"));
            update.execute(&mut bare).await.expect("moved requests");
            sqlx::query(BARE_EVENTS).bind(from).execute(&mut bare).await.expect("their events");
            rule(&mut bare, "COMMIT").await;
        }
    }
    f64::from(BATCHED.requests) * 8.0 / (clock.elapsed() - began).as_secs_f64()
}

const LONGEST: &str = "
    SELECT calls, total_exec_time, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 110)
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC LIMIT 25";

async fn profile(server: &Server, findings: &Findings) {
    for row in rows(&mut server.bare("bench").await, LONGEST).await {
        let (calls, took, rows): (i64, f64, i64) = (row.get(0), row.get(1), row.get(2));
        let query: String = row.get(3);
        findings.say(&format!("{calls:>7} calls {took:>8.0} ms {rows:>8} rows  {query}"));
    }
}

const ASKED: &str = "
    SELECT calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND query NOT LIKE '%pg_stat_statements%' ORDER BY calls DESC, 2";

/// What the real daemon asks in five seconds while nothing is due.
async fn idle(server: &Server, clock: &Arc<SystemClock>, findings: &Findings) -> f64 {
    server.make("idle").await;
    server.open("idle", &**clock).await.close().await;
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = Daemon::start_on(&server.url("idle"), &folder.path().join("idle"), 1, 0);
    TokioTimer.sleep(SETTLED).await;
    let mut bare = server.bare("idle").await;
    rule(&mut bare, "SELECT pg_stat_statements_reset()").await;
    TokioTimer.sleep(WATCHED).await;
    let asked = rows(&mut bare, ASKED).await;
    drop(daemon);
    let periods = WATCHED.as_secs_f64() / 5.0;
    let mut total = 0.0;
    for row in &asked {
        let (calls, query): (i64, String) = (row.get(0), row.get(1));
        total += calls as f64 / periods;
        findings.say(&format!("quiet: {:>6.2} in 5 s  {query}", calls as f64 / periods));
    }
    total
}
