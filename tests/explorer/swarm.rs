//! Seeds, each with its own mix.

use crate::mix::mix;
use crate::mutant::Mutant;
use crate::play::{Ending, Play, Without};
use crate::trace::Trace;
use std::sync::Arc;

/// Runs one seed.
pub(crate) fn run(seed: u64, without: &Without, mutant: Option<Mutant>, traced: bool) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let trace = Arc::new(if traced { Trace::wanted() } else { Trace::default() });
    let ending = runtime.block_on(async {
        let play = Play::of_mix(mix(seed), seed, without.clone(), mutant, trace).await;
        play.whole().await
    });
    drop(runtime);
    ending
}

#[test]
fn try_some() {
    let first = std::env::var("SEATLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1_u64);
    let count = std::env::var("SEATLESS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_u64);
    let mut bad = 0;
    for seed in first..first + count {
        let clock = seatless::app::SystemClock::default();
        let ending = run(seed, &Without::default(), None, count == 1);
        eprintln!(
            "seed {seed} points {} kills {} calls {} sim {:?} {:?}",
            ending.points, ending.kills, ending.calls, ending.simulated, ending.ends
        );
        {
            use crate::play::*;
            let g = |a: &std::sync::atomic::AtomicU64| a.load(std::sync::atomic::Ordering::Relaxed);
            eprintln!(
                "  took {:?} look {} us/{}; due {}/{}",
                seatless::domain::Clock::elapsed(&clock),
                g(&LOOK),
                g(&LOOKS),
                g(&DUE),
                g(&DUES)
            );
        }
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
