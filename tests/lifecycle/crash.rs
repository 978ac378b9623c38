//! The process dies at every call to the cloud and every write to the store, before it and after it; whoever takes over
//! brings everything to the same end.

use crate::bed::rig::{Death, Rig, Step, reason};
use crate::bed::scene::{Scene, rig};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::domain::Command;
use seatless::simulator::Faults;
use serde_json::Value;
use std::collections::BTreeSet;

fn one_user_in_two_environments() -> Scene {
    rig()
        .tenant("contoso")
        .seats(1)
        .without_lags()
        .environment("dev")
        .request("svc-a")
        .environment("test")
        .request("svc-a")
}

/// How everything has ended, without what chance has made different.
async fn ending(rig: &Rig) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for member in rig.members().await {
        let environment = &member.request.asked.environment;
        let name = member.user.account.user_principal_name.local_part();
        lines.insert(format!("{name} in {environment} {}", reason(&member)));
        let row = rig.row(name, environment).unwrap_or_default();
        let shown: Vec<&Value> = ["accessmode", "isdisabled", "islicensed", "business_unit", "roles"]
            .map(|key| &row[key])
            .to_vec();
        lines.insert(format!("{name} in {environment} {shown:?}"));
        for user in rig.users(name) {
            lines.insert(format!("{name} {} {}", user["account_enabled"], user["licenses"]));
        }
        lines.insert(format!("{name} {}", rig.users(name).len()));
    }
    lines
}

/// Kills once at each of the points; `slice` of `slices` takes its share, so that the cores share the work.
async fn die_once_at_each_point(death: Death, slice: u64, slices: u64) {
    let mut undisturbed = one_user_in_two_environments().start().await;
    undisturbed.run_to_rest().await;
    let points = undisturbed.fuse.passed();
    assert!(points > 60, "{points} points are suspiciously few");
    let expected = ending(&undisturbed).await;
    let mut died = 0;
    for point in (1..=points).filter(|point| point % slices == slice) {
        let mut rig = one_user_in_two_environments().start().await;
        rig.death = death;
        rig.fuse.set(point);
        rig.run_to_rest().await;
        assert_eq!(rig.kills, 1, "at point {point} nobody died");
        assert_eq!(ending(&rig).await, expected, "killed at point {point}\n{}", rig.story().await);
        died += 1;
    }
    // Shown by `cargo test -- --nocapture`, for whoever wants the number.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("{death:?}: killed at {died} of {points} points\n").as_bytes(),
    );
}

#[tokio::test]
async fn a_process_that_ends_at_any_odd_point_costs_nothing() {
    die_once_at_each_point(Death::Drop, 1, 2).await;
}

#[tokio::test]
async fn a_process_that_ends_at_any_even_point_costs_nothing() {
    die_once_at_each_point(Death::Drop, 0, 2).await;
}

#[tokio::test]
async fn a_process_that_freezes_at_any_odd_point_costs_nothing() {
    die_once_at_each_point(Death::Leak, 1, 2).await;
}

#[tokio::test]
async fn a_process_that_freezes_at_any_even_point_costs_nothing() {
    die_once_at_each_point(Death::Leak, 0, 2).await;
}

/// Deaths all along the way, also in the middle of a rescue, while the cloud loses answers as well.
///
/// `may_block`: a token that is refused twice in a row looks like something that a person has to mend.
async fn die_again_and_again(seed: u64, faults: Faults, may_block: bool) {
    let mut rig = rig()
        .tenant("contoso")
        .seats(2)
        .environment("dev")
        .requests(&["svc-1", "svc-2", "svc-3"])
        .environment("test")
        .request("svc-1")
        .with_faults(Faults { count_max: Some(40), ..faults })
        .seeded(seed)
        .start()
        .await;
    let mut chance = StdRng::seed_from_u64(seed);
    while rig.kills < 25 {
        if !rig.fuse.is_set() {
            rig.death = if chance.random_range(0..2) == 0 { Death::Drop } else { Death::Leak };
            rig.fuse.set(chance.random_range(1..=25));
        }
        if rig.step().await == Step::AtRest {
            break;
        }
    }
    rig.run_to_rest().await;
    if may_block {
        rig.calm_down_and_retry().await;
    }
    for member in rig.members().await {
        assert_eq!(reason(&member), "succeeded", "seed {seed}\n{}", rig.story().await);
    }
}

#[tokio::test]
async fn many_deaths_cost_nothing() {
    for seed in 1..=5 {
        die_again_and_again(seed, Faults::default(), false).await;
    }
}

#[tokio::test]
async fn many_deaths_on_a_rough_day_cost_nothing() {
    for seed in 11..=15 {
        die_again_and_again(seed, Faults::named("rough").expect("a preset"), true).await;
    }
}

#[tokio::test]
async fn a_row_that_kills_whoever_works_on_it_is_set_aside() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    for _ in 0..rig.policy.claims_max + 10 {
        // Three points on, the claim is written and the next thing has begun.
        rig.fuse.set(5);
        while rig.fuse.is_set() {
            if rig.step().await == Step::AtRest {
                break;
            }
        }
    }
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert!(
        ["blocked machine.poisoned", "succeeded"].contains(&reason(&member).as_str()),
        "{}",
        reason(&member)
    );
}

/// The process dies at a point, and before anybody takes over, a person calls the request off.
async fn die_and_call_off(slice: u64, slices: u64) {
    let scene = || {
        let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
        // Long enough to wait for a user that does not show, short enough not to be most of the test.
        scene.with_policy(|policy| policy.replication = std::time::Duration::from_secs(60))
    };
    let mut undisturbed = scene().start().await;
    undisturbed.run_to_rest().await;
    let points = undisturbed.fuse.passed();
    for point in (1..=points).filter(|point| point % slices == slice) {
        let mut rig = scene().start().await;
        rig.fuse.set(point);
        while rig.kills == 0 {
            assert_ne!(rig.step().await, Step::AtRest, "at point {point} nobody died");
        }
        if rig.member("svc-a").await.request.progress.status().is_terminal() {
            continue;
        }
        rig.order("svc-a", Command::Cancel).await;
        rig.run_to_rest().await;
        let member = rig.member("svc-a").await;
        assert_eq!(reason(&member), "cancelled", "killed at {point}\n{}", rig.story().await);
        for user in rig.users("svc-a") {
            let kept = member.user.propagated_once && user["account_enabled"] == false;
            assert!(kept, "killed at {point}, {user} is left\n{}", rig.story().await);
        }
    }
}

#[tokio::test]
async fn what_is_called_off_after_a_death_at_any_odd_point_is_given_back() {
    die_and_call_off(1, 2).await;
}

#[tokio::test]
async fn what_is_called_off_after_a_death_at_any_even_point_is_given_back() {
    die_and_call_off(0, 2).await;
}
