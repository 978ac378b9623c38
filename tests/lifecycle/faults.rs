//! The cloud misbehaves in every way that it can be made to, for a while; then everything ends, and every invariant held.

use super::rig::reason;
use super::scene::rig;
use seatless::simulator::Faults;

/// How many seeds each kind of fault is run with.
const SEEDS: u64 = 4;

async fn everything_ends(preset: &str) {
    for seed in 1..=SEEDS {
        let faults = Faults { count_max: Some(60), ..Faults::named(preset).expect("a preset") };
        let rig = rig()
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
        for member in rig.members().await {
            assert_eq!(reason(&member), "succeeded", "{preset}, seed {seed}\n{}", rig.story().await);
        }
    }
}

macro_rules! presets {
    ($($test:ident = $preset:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                everything_ends($preset).await;
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
    a_cloud_that_throttles_delays_everything_and_loses_nothing = "throttle",
    answers_that_are_lost_are_looked_up = "drop",
    a_cloud_that_breaks_down_is_asked_again = "errors",
    writes_that_land_late_do_no_harm = "late",
    answers_that_make_no_sense_are_not_believed = "lies",
    tokens_that_are_withdrawn_are_asked_for_again = "revoked",
    conflicts_over_licenses_are_tried_again = "conflict",
    answers_that_come_late_are_waited_for = "slow",
    a_rough_day_ends_well = "rough",
    a_storm_ends_well = "storm",
}
