//! Seeds, each with its own mix.

use crate::mix::mix;
use crate::mutant::Mutant;
use crate::play::{Ending, Play, Without};
use crate::trace::Trace;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs one seed.
pub(crate) fn run(seed: u64, without: &Without, mutant: Option<Mutant>, traced: bool) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let trace = Arc::new(if traced { Trace::wanted() } else { Trace::default() });
    runtime.block_on(async {
        let play = Play::of_mix(mix(seed), seed, without.clone(), mutant, trace).await;
        play.whole().await
    })
}

/// For whoever wants the number: shown by `cargo test -- --nocapture`.
pub(crate) fn say(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
}

/// Does the same with each item, on all cores; a panic ends it.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn try_some() {
    let first = std::env::var("SEATLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1_u64);
    let count = std::env::var("SEATLESS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_u64);
    let mut bad = 0;
    for seed in first..first + count {
        let clock = seatless::app::SystemClock::default();
        let ending = run(seed, &Without::default(), None, count == 1);
        let took = seatless::domain::Clock::elapsed(&clock).as_millis();
        eprintln!(
            "seed {seed} {took} ms points {} kills {} calls {} sim {:?} {:?}",
            ending.points, ending.kills, ending.calls, ending.simulated, ending.ends
        );
        if !ending.faults.is_empty() {
            bad += 1;
            eprintln!("FAULTS {:#?}", ending.faults);
            if count == 1 {
                eprintln!("{:#?}\n{}", ending.befell, ending.story);
                std::fs::write("/tmp/wt/trace.txt", ending.lines.join("\n")).ok();
            }
        }
    }
    assert_eq!(bad, 0);
}
