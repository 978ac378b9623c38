//! The cloud misbehaves in every way that it can be made to, for a while; then everything ends, and every invariant held.

use crate::bed::rig::{Rig, reason};
use crate::bed::scene::rig;
use seatless::simulator::Faults;

/// How many seeds each kind of fault is run with.
const SEEDS: u64 = 4;

async fn count_blocked(rig: &Rig) -> usize {
    let members = rig.members().await;
    members.iter().filter(|member| reason(member).starts_with("blocked")).count()
}

/// `may_block`: the fault may look like something that a person has to mend, such as a token that is refused twice, or go on
/// for longer than the budget of attempts.
async fn everything_ends(preset: &str, may_block: bool) {
    for seed in 1..=SEEDS {
        let faults = Faults { count_max: Some(60), ..Faults::named(preset).expect("a preset") };
        let mut rig = rig()
            .tenant("contoso")
            .seats(2)
            .environment("dev")
            .requests(&["svc-1", "svc-2", "svc-3"])
            .environment("test")
            .request("svc-1")
            .with_faults(faults)
            .seeded(seed)
            .run_to_rest()
            .await;
        let blocked = count_blocked(&rig).await;
        if blocked > 0 {
            // What was refused twice in a row waits for a person, who has it tried again.
            assert!(may_block, "{preset}, seed {seed}\n{}", rig.story().await);
            rig.calm_down_and_retry().await;
        }
        for member in rig.members().await {
            assert_eq!(reason(&member), "succeeded", "{preset}, seed {seed}\n{}", rig.story().await);
        }
    }
}

macro_rules! presets {
    ($($test:ident = $preset:literal $may_block:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                everything_ends($preset, $may_block).await;
            }
        )*

        #[test]
        fn every_preset_has_its_test() {
            let tested = [$($preset,)*];
            for name in Faults::NAMES.iter().filter(|name| **name != "none") {
                assert!(tested.contains(name), "{name}");
            }
        }
    };
}

presets! {
    a_cloud_that_throttles_delays_everything_and_loses_nothing = "throttle" false,
    answers_that_are_lost_are_looked_up = "drop" false,
    a_cloud_that_breaks_down_is_asked_again = "errors" true,
    writes_that_land_late_do_no_harm = "late" false,
    answers_that_make_no_sense_are_not_believed = "lies" false,
    tokens_that_are_withdrawn_are_asked_for_again = "revoked" true,
    conflicts_over_licenses_are_tried_again = "conflict" false,
    answers_that_come_late_are_waited_for = "slow" false,
    a_rough_day_ends_well = "rough" true,
    a_storm_ends_well = "storm" true,
}
