//! Every death on every path, every pair of deaths on two of them, and every call repeated and failed.

use crate::mix::Rough;
use crate::parallel::{in_parallel, say};
use crate::paths::{self, Path};
use crate::play::{Death, Ending, Play};
use crate::stage::Stage;
use crate::trace::Trace;
use crate::tricks::Trick;
use seatless::simulator::Faults;
use std::sync::Arc;

/// Runs a path with deaths at chosen points, and perhaps a trick.
fn run(path: &Path, kills: &[(u64, Death)], trick: Option<&(u64, Trick)>) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stage = Stage::set((path.scene)(), None, Arc::new(Trace::default())).await;
        if let Some((call, trick)) = trick {
            stage.play_trick(*call, trick.clone());
        }
        let play = Play::new(stage, 1, Rough::calm()).on_cue(&path.cues).killing_at(kills.iter().copied());
        play.whole().await
    })
}

fn assert_sound(path: &Path, ending: &Ending, what: &str) {
    assert!(
        ending.faults.is_empty(),
        "{}, {what}:\n  {}\n{:#?}\n{}",
        path.name,
        ending.faults.join("\n  "),
        ending.befell,
        ending.story
    );
}

/// Where a run went elsewhere than the undisturbed one.
fn assert_same_end(path: &Path, ending: &Ending, undisturbed: &Ending, what: &str) {
    assert_sound(path, ending, what);
    assert_eq!(
        ending.ends, undisturbed.ends,
        "{}, {what}\n{:#?}\n{}",
        path.name, ending.befell, ending.story
    );
}

#[test]
fn a_death_at_any_point_of_any_path_costs_nothing() {
    let paths = paths::all();
    let undisturbed: Vec<Ending> = paths.iter().map(|path| run(path, &[], None)).collect();
    let mut deaths = Vec::new();
    for (place, (path, ending)) in paths.iter().zip(&undisturbed).enumerate() {
        assert_sound(path, ending, "undisturbed");
        for point in 1..=ending.points {
            let death = if point % 2 == 0 { Death::Drop } else { Death::Leak };
            deaths.push((place, point, death));
        }
    }
    let died = in_parallel(&deaths, |(place, point, death)| {
        let (path, undisturbed) = (&paths[*place], &undisturbed[*place]);
        let ending = run(path, &[(*point, *death)], None);
        let what = format!("{death:?} at {point}");
        // Who dies before the cue may give it later, or in another state; it ends well all the same.
        if path.cues.is_empty() {
            assert_same_end(path, &ending, undisturbed, &what);
        } else {
            assert_sound(path, &ending, &what);
        }
        ending
    });
    report("single deaths", &died);
}

/// Of what there is to try, an even share; all of it if `SEATLESS_EVERYTHING` is set, as `make prove` does.
fn an_even_share<T>(all: Vec<T>) -> Vec<T> {
    const SHARE: usize = 600;
    if std::env::var_os("SEATLESS_EVERYTHING").is_some() {
        return all;
    }
    let step = all.len().div_ceil(SHARE).max(1);
    all.into_iter().step_by(step).collect()
}

fn die_twice(path: &Path) {
    let undisturbed = run(path, &[], None);
    assert_sound(path, &undisturbed, "undisturbed");
    // Deaths between which nothing was written are the same death.
    let mut pairs = Vec::new();
    for first in &undisturbed.changes {
        let once = run(path, &[(*first, Death::Drop)], None);
        pairs.extend(once.changes.iter().filter(|second| *second > first).map(|second| (*first, *second)));
    }
    let died = in_parallel(&pairs, |(first, second)| {
        let ending = run(path, &[(*first, Death::Drop), (*second, Death::Leak)], None);
        let what = format!("deaths at {first} and {second}");
        if path.cues.is_empty() {
            assert_same_end(path, &ending, &undisturbed, &what);
        } else {
            assert_sound(path, &ending, &what);
        }
        ending
    });
    report(&format!("pairs of deaths, {}", path.name), &died);
}

#[test]
fn two_deaths_on_the_straight_path_cost_nothing() {
    die_twice(&paths::straight());
}

#[test]
fn two_deaths_around_an_unwinding_cost_nothing() {
    die_twice(&paths::unwinding());
}

/// One call goes wrong; whatever a person has to mend for that is blocked, and nothing is left behind.
fn every_call(what: &str, tricks: &[Trick]) {
    let paths = paths::all();
    let mut played = Vec::new();
    for (place, path) in paths.iter().enumerate() {
        let undisturbed = run(path, &[], None);
        for call in 1..=undisturbed.calls {
            played.extend(tricks.iter().map(|trick| (place, call, trick.clone())));
        }
    }
    let played = an_even_share(played);
    let endings = in_parallel(&played, |(place, call, trick)| {
        let ending = run(&paths[*place], &[], Some(&(*call, trick.clone())));
        assert_sound(&paths[*place], &ending, &format!("call {call} {trick:?}"));
        ending
    });
    report(what, &endings);
}

#[test]
fn every_call_can_be_delivered_twice() {
    every_call("calls delivered twice", &[Trick::Twice]);
}

#[test]
fn every_call_can_fail() {
    let none = Faults::default();
    let kinds = [
        Faults { drop_after_commit: 1.0, ..none.clone() },
        Faults { error_before_commit: 1.0, ..none.clone() },
        Faults { html: 1.0, ..none.clone() },
        Faults { truncate: 1.0, ..none.clone() },
        Faults { land_late: 1.0, late_seconds_max: 300.0, ..none.clone() },
        Faults {
            throttle_graph: 1.0,
            throttle_dataverse: 1.0,
            throttle_power_platform: 1.0,
            throttle_sign_in: 1.0,
            ..none
        },
    ];
    let tricks: Vec<Trick> = kinds.into_iter().map(|faults| Trick::Strike(Box::new(faults))).collect();
    every_call("calls that fail", &tricks);
}

fn report(what: &str, endings: &[Ending]) {
    let kills: u64 = endings.iter().map(|ending| ending.kills).sum();
    let calls: u64 = endings.iter().map(|ending| ending.calls).sum();
    say(&format!("{what}: {} schedules, {kills} kills, {calls} remote calls", endings.len()));
}
