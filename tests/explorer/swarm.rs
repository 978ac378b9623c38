//! Seeds, each with its own mix: those that failed once first, then as many as there is time for.
//!
//! `SEATLESS_SEED` replays one (`SEATLESS_WITHOUT` leaves things out of it, `SEATLESS_TRACE` names a file for what it did);
//! `SEATLESS_SEEDS` and `SEATLESS_MINUTES` say how many, `SEATLESS_FIRST` from which on; `SEATLESS_SURVEY` lists the seeds that
//! fail instead of making the first of them smaller; `SEATLESS_COVERAGE` names a file for the table of what was tried.

use crate::coverage::Coverage;
use crate::mix::mix;
use crate::mutant::Mutant;
use crate::parallel::{in_parallel, say};
use crate::play::{Ending, Play, Without};
use crate::trace::Trace;
use seatless::app::SystemClock;
use seatless::domain::Clock;
use std::sync::Arc;
use std::time::Duration;

/// How many seeds there are if nobody says how many.
const SEEDS: u64 = 2_000;

/// One seed in so many runs twice and must take the same course.
const TWICE_EVERY: u64 = 100;

/// At most so many runs to make a failure smaller.
const SHRINKS_MAX: usize = 80;

/// Runs one seed.
pub(crate) fn run(seed: u64, without: &Without, mutant: Option<Mutant>, traced: bool) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let trace = Arc::new(if traced { Trace::wanted() } else { Trace::default() });
    runtime.block_on(async {
        let play = Play::of_mix(mix(seed), seed, without.clone(), mutant, trace).await;
        play.whole().await
    })
}

#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number("SEATLESS_SEED") {
        return replay(seed, &without(&text("SEATLESS_WITHOUT")));
    }
    let mut totals = Totals::default();
    let corpus = corpus();
    totals.add(&explore(&corpus));
    let clock = SystemClock;
    let minutes = number("SEATLESS_MINUTES").map(|minutes| Duration::from_secs(60 * minutes));
    let mut first = match minutes {
        // Seeds that no run before has tried.
        Some(_) => u64::try_from(clock.now().timestamp()).unwrap_or_default() * 1_000,
        None => number("SEATLESS_FIRST").unwrap_or(1),
    };
    let mut left = number("SEATLESS_SEEDS").unwrap_or(if minutes.is_some() { u64::MAX } else { SEEDS });
    while left > 0 && minutes.is_none_or(|lasts| clock.elapsed() < lasts) {
        let count = left.min(200);
        let seeds: Vec<(u64, Without)> =
            (first..first + count).map(|seed| (seed, Without::default())).collect();
        totals.add(&explore(&seeds));
        first += count;
        left -= count;
    }
    say(&format!("{totals}, {:.0} s", clock.elapsed().as_secs_f64()));
    if let Some(file) = text("SEATLESS_COVERAGE") {
        std::fs::write(file, totals.document()).expect("a file for the table");
    }
}

/// Runs seeds; panics at the first that fails, made as small as it gets.
fn explore(seeds: &[(u64, Without)]) -> Vec<Ending> {
    in_parallel(seeds, |(seed, without)| {
        let twice = seed % TWICE_EVERY == 0;
        let mut ending = run(*seed, without, None, twice);
        if !ending.faults.is_empty() && text("SEATLESS_SURVEY").is_some() {
            say(&format!("seed {seed}: {}", ending.faults.join("; ").chars().take(300).collect::<String>()));
        } else if !ending.faults.is_empty() {
            fail(*seed, without, ending);
        }
        if twice {
            let again = run(*seed, without, None, true);
            let differs = ending.lines.iter().zip(&again.lines).find(|(one, other)| one != other);
            assert!(
                ending.trace == again.trace,
                "seed {seed} takes two courses; first they differ at {differs:#?}"
            );
        }
        ending.lines = Vec::new();
        ending
    })
}

fn replay(seed: u64, without: &Without) {
    let ending = run(seed, without, None, true);
    say(&format!("{:#?}\n{:?}", ending.befell, ending.ends));
    if let Some(file) = text("SEATLESS_TRACE") {
        std::fs::write(file, ending.lines.join("\n")).expect("a file for the trace");
    }
    assert!(ending.faults.is_empty(), "seed {seed}:\n  {}\n{}", ending.faults.join("\n  "), ending.story);
}

/// Leaves out one thing after the other while it still fails; then says how to see it.
fn fail(seed: u64, known: &Without, mut ending: Ending) -> ! {
    let mut smallest = known.clone();
    let mut runs = 0;
    let mut attempt = |candidate: Without, smallest: &mut Without, ending: &mut Ending| {
        if runs >= SHRINKS_MAX {
            return;
        }
        runs += 1;
        let tried = run(seed, &candidate, None, false);
        if !tried.faults.is_empty() {
            *smallest = candidate;
            *ending = tried;
        }
    };
    attempt(Without { faults: true, ..smallest.clone() }, &mut smallest, &mut ending);
    attempt(Without { latency: true, ..smallest.clone() }, &mut smallest, &mut ending);
    let points: Vec<u64> = ending.befell.iter().map(|(point, _)| *point).collect();
    for point in points.into_iter().rev() {
        let mut candidate = smallest.clone();
        candidate.points.insert(point);
        attempt(candidate, &mut smallest, &mut ending);
    }
    panic!(
        "seed {seed} breaks a promise:\n  {}\n{:#?}\n{}\nSEATLESS_SEED={seed} SEATLESS_WITHOUT={smallest} cargo test --test explorer \
         no_seed -- --nocapture\nAdd this line to tests/explorer/corpus.txt once it is mended:\n{seed} {smallest}",
        ending.faults.join("\n  "),
        ending.befell,
        ending.story,
    );
}

/// The seeds that failed once: `seed without # why` in each line.
fn corpus() -> Vec<(u64, Without)> {
    let lines =
        include_str!("corpus.txt").lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (seed, rest) = line.split_once(' ').unwrap_or((line, ""));
            (seed.parse().expect("a seed"), without(&Some(rest.to_owned())))
        })
        .collect()
}

fn without(text: &Option<String>) -> Without {
    let mut without = Without::default();
    for word in text.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "-" => {}
            "faults" => without.faults = true,
            "latency" => without.latency = true,
            point => drop(without.points.insert(point.parse().expect("a point"))),
        }
    }
    without
}

impl std::fmt::Display for Without {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.faults.then(|| "faults".to_owned()));
        words.extend(self.latency.then(|| "latency".to_owned()));
        words.extend(self.points.iter().map(u64::to_string));
        f.write_str(if words.is_empty() { "-".to_owned() } else { words.join(",") }.as_str())
    }
}

pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

pub(crate) fn number(name: &str) -> Option<u64> {
    text(name).map(|text| text.parse().expect("a number"))
}

/// What many runs come to.
#[derive(Default)]
pub(crate) struct Totals {
    schedules: u64,
    kills: u64,
    pauses: u64,
    points: u64,
    calls: u64,
    simulated: Duration,
    coverage: Coverage,
}

impl Totals {
    pub(crate) fn add(&mut self, endings: &[Ending]) {
        for ending in endings {
            self.schedules += 1;
            self.kills += ending.kills;
            self.pauses += ending.pauses;
            self.points += ending.points;
            self.calls += ending.calls;
            self.simulated += ending.simulated;
        }
        self.coverage.add(endings);
    }

    /// What a run has tried, as a document.
    fn document(&self) -> String {
        format!(
            "# What the explorer has tried\n\nWritten by `make explored`: {self}. No seed broke a promise; each draws its \
             own world, faults, people and deaths.\n\nA call has two points at which its worker can die or fall asleep: before \
             it leaves, and after its answer came and before the worker knows. `round` claims and admits, `reading` reads \
             the pools; `begin` and `commit` are the store's.\n\n{}",
            self.coverage
        )
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let years = self.simulated.as_secs_f64() / (365.25 * 86_400.0);
        write!(
            f,
            "{} schedules, {} kills, {} pauses, {} points, {} remote calls, {years:.2} simulated years",
            self.schedules, self.kills, self.pauses, self.points, self.calls
        )
    }
}
