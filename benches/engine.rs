//! How many transitions per second the engine makes durable, beside what the same database does with a bare loop; how
//! many fsyncs a request costs; and whether a million finished requests slow it down.

#[path = "bed"]
mod bed {
    pub(crate) mod ceiling;
    pub(crate) mod crowd;
    pub(crate) mod database;
    pub(crate) mod findings;
    pub(crate) mod instant_steps;
    pub(crate) mod million;
    pub(crate) mod plant;
    pub(crate) mod sql;
}

use bed::crowd::{Crowd, Listed};
use bed::findings::{Findings, median};
use bed::instant_steps::{InstantSteps, Intents};
use bed::{ceiling, database, million, plant, sql};
use seatless::app::{SystemClock, SystemIds};
use seatless::domain::Clock;
use seatless::store::Store;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The work of one run.
const REQUESTS: u32 = 10_000;
const ENVIRONMENTS: u32 = 1_500;
const TENANTS: u32 = 10;

/// How often each kind of run is made, in turns.
const ROUNDS: u32 = 3;

/// The share of the ceiling that is demanded.
const RATIO_DEMANDED: f64 = 0.15;
/// What is aimed for.
const RATIO_GOAL: f64 = 0.5;
const FSYNCS_MAX: f64 = 0.5;
const LADEN_MIN: f64 = 0.85;

#[tokio::main]
async fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let mut findings = Findings::of("engine");
    let clock = Arc::new(SystemClock);
    let folder = tempfile::tempdir().expect("a folder");
    let laden = folder.path().join("laden.db");
    if !quick {
        database::open(&laden, &*clock, &SystemIds).await.close().await.expect("a closed database");
        let began = clock.elapsed();
        million::fill(&laden).await;
        let size = std::fs::metadata(&laden).expect("a file").len() as f64 / f64::from(1 << 20);
        findings.note("a million finished: file", size, "MiB");
        findings.note("a million finished: made in", (clock.elapsed() - began).as_secs_f64(), "s");
    }
    let (mut empty, mut full, mut ceilings, mut by_row) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for round in 0..if quick { 1 } else { ROUNDS } {
        let file = folder.path().join(format!("empty-{round}.db"));
        let ran = run(&file, &clock, round, Intents::None, Listed::InTurn).await;
        findings.say(&format!("round {round}: empty  {}", ran.text()));
        empty.push(ran.rate());
        last = Some(ran);
        if !quick {
            let ran = run(&laden, &clock, round, Intents::None, Listed::InTurn).await;
            findings.say(&format!("round {round}: laden  {}", ran.text()));
            full.push(ran.rate());
        }
        let file = folder.path().join(format!("ceiling-{round}.db"));
        let bare = bare(&file, &clock, round).await;
        findings
            .say(&format!("round {round}: bare loop {:.0}/s, row by row {:.0}/s", bare.in_sets, bare.by_row));
        ceilings.push(bare.in_sets);
        by_row.push(bare.by_row);
    }
    let with_intents =
        run(&folder.path().join("intents.db"), &clock, 0, Intents::Recorded, Listed::InTurn).await;
    findings.say(&format!("with intents: {}", with_intents.text()));

    let sorted = run(&folder.path().join("sorted.db"), &clock, 0, Intents::None, Listed::ByEnvironment).await;
    findings.say(&format!("listed by environment: {}", sorted.text()));

    let (rate, ceiling) = (median(empty), median(ceilings));
    findings.note("transitions per second", rate, "1/s");
    findings.note("the bare loop, in sets of 1,000", ceiling, "1/s");
    findings.note("the bare loop, row by row", median(by_row), "1/s");
    findings.goal("share of the bare loop", rate / ceiling, RATIO_DEMANDED, "");
    findings.goal("listed by environment: share of the bare loop", sorted.rate() / ceiling, RATIO_GOAL, "");
    findings.note("with intents: writes per second", with_intents.rate(), "1/s");
    findings.note("with intents: share of the bare loop", with_intents.rate() / ceiling, "");
    if let Some(ran) = last {
        findings.at_most("fsyncs per finished request", ran.fsyncs / f64::from(REQUESTS), FSYNCS_MAX, "");
        findings.note("statements per finished request", ran.statements / f64::from(REQUESTS), "");
    }
    findings.note("with intents: fsyncs per finished request", with_intents.fsyncs / f64::from(REQUESTS), "");
    if !quick {
        findings.at_least("rate with a million finished", median(full) / rate, LADEN_MIN, "of empty");
    }
    findings.end()
}

/// What one run came to.
struct Ran {
    writes: f64,
    seconds: f64,
    fsyncs: f64,
    statements: f64,
    per_group: f64,
}

impl Ran {
    fn rate(&self) -> f64 {
        self.writes / self.seconds
    }

    fn text(&self) -> String {
        format!(
            "{:.0} writes in {:.2} s = {:.0}/s, {:.0} fsyncs, {:.0} statements, {:.1} requests per group",
            self.writes,
            self.seconds,
            self.rate(),
            self.fsyncs,
            self.statements,
            self.per_group
        )
    }
}

/// Takes a fresh crowd from the lanes to succeeded. A write is a transition with its event, or an intent with its.
async fn run(file: &Path, clock: &Arc<SystemClock>, wave: u32, intents: Intents, listed: Listed) -> Ran {
    let store = database::open(file, &**clock, &SystemIds).await;
    let crowd = Crowd { wave, requests: REQUESTS, environments: ENVIRONMENTS, tenants: TENANTS, listed };
    crowd.submit(&store, &**clock, &SystemIds).await;
    let events = sql::number(file, "SELECT max(sequence) FROM events").await;
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let seats = REQUESTS * ROUNDS;
    let steps = Arc::new(InstantSteps::new(Arc::clone(&shared), intents, REQUESTS, seats));
    let (pump, stop) = plant::pump(shared, clock, Arc::clone(&steps));
    let before = store.writer_stats();
    let began = clock.elapsed();
    let stopping = async {
        steps.done().await;
        stop.drain();
    };
    let (result, ()) = tokio::join!(pump.run(stop.clone()), stopping);
    result.expect("a store that works");
    let seconds = (clock.elapsed() - began).as_secs_f64();
    let after = store.writer_stats();
    store.close().await.expect("a closed database");
    let live = sql::number(file, "SELECT count(*) FROM requests WHERE status = 'succeeded'").await;
    assert!(live >= i64::from(REQUESTS), "only {live} requests succeeded");
    let writes = (sql::number(file, "SELECT max(sequence) FROM events").await - events) as f64;
    Ran {
        writes,
        seconds,
        fsyncs: (after.commits - before.commits) as f64,
        statements: (after.statements - before.statements) as f64,
        per_group: steps.requests_per_group(),
    }
}

/// The same crowd, moved by the bare loop.
async fn bare(file: &Path, clock: &Arc<SystemClock>, wave: u32) -> ceiling::Ceiling {
    let store = database::open(file, &**clock, &SystemIds).await;
    let crowd = Crowd {
        wave,
        requests: REQUESTS,
        environments: ENVIRONMENTS,
        tenants: TENANTS,
        listed: Listed::InTurn,
    };
    crowd.submit(&store, &**clock, &SystemIds).await;
    store.close().await.expect("a closed database");
    ceiling::measure(file, || clock.elapsed()).await
}
