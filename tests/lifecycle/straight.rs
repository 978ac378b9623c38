//! Nothing goes wrong.

use crate::bed::rig::reason;
use crate::bed::scene::rig;
use crate::bed::wire::Kind;
use seatless::domain::State;

#[tokio::test]
async fn a_request_becomes_an_account_with_one_write_of_each_kind() {
    let rig = rig().tenant("contoso").seats(3).environment("dev").request("svc-a").run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "succeeded");
    for kind in [Kind::Create, Kind::Assign, Kind::ChangeRow, Kind::GiveRole, Kind::Remove] {
        assert_eq!(rig.applied(kind), 1, "{kind:?}");
    }
    let row = rig.row("svc-a", "dev").expect("a row");
    assert_eq!(row["accessmode"], 4);
    assert_eq!(row["roles"], serde_json::json!(["Writer"]));
}

#[tokio::test]
async fn siblings_share_one_user_and_one_seat_and_both_become_accounts() {
    let rig = rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .request("svc-a")
        .environment("test")
        .request("svc-a")
        .in_unit("Sales")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a/dev").await), "succeeded");
    assert_eq!(reason(&rig.member("svc-a/test").await), "succeeded");
    assert_eq!(rig.users("svc-a").len(), 1);
    for (kind, count) in [(Kind::Create, 1), (Kind::Assign, 1), (Kind::ChangeRow, 2), (Kind::Remove, 1)] {
        assert_eq!(rig.applied(kind), count, "{kind:?}");
    }
    assert_eq!(rig.row("svc-a", "test").expect("a row")["business_unit"], "Sales");
}

#[tokio::test]
async fn with_few_seats_who_came_first_is_served_first_and_all_finish() {
    let names = ["svc-1", "svc-2", "svc-3", "svc-4", "svc-5", "svc-6"];
    let rig = rig().tenant("contoso").seats(2).environment("dev").requests(&names).run_to_rest().await;
    let mut admitted = Vec::new();
    for name in names {
        let member = rig.member(name).await;
        assert_eq!(reason(&member), "succeeded", "{name}");
        let events = rig.history(member.request.id).await;
        let event = events.iter().find(|event| event.kind == seatless::domain::EventKind::Admitted);
        admitted.push(event.expect("an admission").sequence);
    }
    assert!(admitted.is_sorted(), "{admitted:?}");
    let refused =
        rig.deeds().into_iter().filter(|deed| deed.kind == Kind::Assign && deed.entry.status >= 400);
    assert_eq!(refused.count(), 0, "a seat was granted that was not there");
}

#[tokio::test]
async fn the_license_that_a_later_sibling_needs_does_not_block_who_waits_to_be_verified() {
    let wishes = rig().tenant("contoso").environment("test").request("svc-a").wishes;
    let mut rig = rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .request("svc-a")
        .environment("test")
        .where_it(|environment| environment.kind = seatless::simulator::EnvironmentKind::Developer)
        .whose_tenant(|tenant| tenant.apps[0].powerplatform_registered = false)
        .with_policy(|policy| policy.propagation_deadline = std::time::Duration::from_secs(7_200))
        .start()
        .await;
    rig.run_until_all_are(State::Unlicensed).await;
    rig.submit(&wishes, crate::bed::scene::SALES_ID).await;
    rig.run_to_rest().await;
    let waited = (rig.member("svc-a/dev").await.request.updated_at - rig.clock.started()).num_seconds();
    assert_eq!(reason(&rig.member("svc-a/dev").await), "succeeded", "{}", rig.story().await);
    assert!(waited > 7_200, "it was verified after {waited} s, with a license still there");
}
