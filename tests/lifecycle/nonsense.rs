//! A service that answers with something else for ever: nobody waits for ever.

use crate::bed::rig::reason;
use crate::bed::scene::rig;
use crate::bed::wire::Kind;
use seatless::simulator::Faults;

#[tokio::test]
async fn a_service_that_only_ever_answers_with_pages_blocks_in_the_end_and_goes_on_when_it_is_mended() {
    // Reads and writes; reads alone; Power Platform is only a lever, and stops nobody.
    for (place, blocks) in [("/v1.0/$batch", true), ("/api/data", true), ("addUser", false)] {
        let faults = Faults { html: 1.0, only: vec![place.to_owned()], ..Faults::default() };
        let mut rig = rig()
            .tenant("contoso")
            .seats(2)
            .environment("dev")
            .requests(&["svc-1", "svc-2"])
            .with_faults(faults)
            .run_to_rest()
            .await;
        for member in rig.members().await {
            let expected = if blocks { "blocked machine.attempts-exhausted" } else { "succeeded" };
            assert_eq!(reason(&member), expected, "{place}\n{}", rig.story().await);
        }
        // A page in place of the answer to a create: the user is there, once, and is found.
        assert!(
            rig.deeds().iter().filter(|deed| deed.kind == Kind::Create && deed.entry.applied).count() <= 2
        );
        rig.calm_down_and_retry().await;
        for member in rig.members().await {
            assert_eq!(reason(&member), "succeeded", "{place}\n{}", rig.story().await);
        }
    }
}
