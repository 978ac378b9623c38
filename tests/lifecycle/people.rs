//! People work in the admin centers at the same time.

use crate::bed::rig::reason;
use crate::bed::scene::{SALES, rig};
use crate::bed::wire::Kind;
use seatless::domain::{EventKind, State};
use seatless::simulator::Act;
use std::time::Duration;

const UPN: &str = "svc-a@contoso.example";

fn contoso() -> String {
    "contoso".to_owned()
}

#[tokio::test]
async fn a_user_that_a_person_deleted_is_not_made_again() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::NonInteractive).await;
    rig.person(Act::DeleteUser { tenant: contoso(), user: UPN.to_owned() });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.user-gone");
    assert_eq!(rig.applied(Kind::Create), 1);
}

#[tokio::test]
async fn a_user_that_a_person_deleted_while_it_waited_blocks_and_returns_its_seat() {
    let mut rig = rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .where_it(|environment| environment.kind = seatless::simulator::EnvironmentKind::Trial)
        .request("svc-a")
        .start()
        .await;
    rig.run_until("a license", |record| {
        record.members.iter().any(|member| member.request.progress.state == State::Licensed)
    })
    .await;
    rig.person(Act::DeleteUser { tenant: contoso(), user: UPN.to_owned() });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.user-gone", "{}", rig.story().await);
    assert_eq!(rig.applied(Kind::Create), 1);
    let blocked = (seatless::domain::Clock::now(&*rig.clock) - rig.clock.started()).num_hours();
    assert!(blocked < 12, "it does not wait for its deadline");
}

#[tokio::test]
async fn a_license_that_a_person_removed_while_we_waited_is_given_again() {
    let mut rig = rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .with_delays(|delays| {
            delays.license_view_min = 200.0;
            delays.background_sync_period = 1e9;
        })
        .request("svc-a")
        .start()
        .await;
    rig.run_until_all_are(State::Licensed).await;
    rig.person(Act::RemoveLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "succeeded");
    assert_eq!(rig.applied(Kind::Assign), 2);
    let events = rig.history(member.request.id).await;
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Regressed).count(), 1);
}

#[tokio::test]
async fn an_access_mode_that_a_person_reverted_after_the_end_of_the_license_is_set_again() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Unlicensed).await;
    // Administrative: the platform leaves such a row enabled without a license.
    let mode = Act::SetAccessMode { environment: "dev".to_owned(), user: UPN.to_owned(), accessmode: 1 };
    rig.person(mode);
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "succeeded");
    assert_eq!(rig.row("svc-a", "dev").expect("a row")["accessmode"], 4);
    assert_eq!(member.request.progress.regressions, 1);
    assert_eq!(rig.applied(Kind::ChangeRow), 2);
}

#[tokio::test]
async fn a_row_that_a_person_disabled_is_brought_back_with_a_new_license() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Unlicensed).await;
    // Only a licensed user can be enabled again.
    rig.person(Act::SetDisabled { environment: "dev".to_owned(), user: UPN.to_owned(), disabled: true });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    assert_eq!(rig.applied(Kind::Assign), 2);
    assert_eq!(rig.applied(Kind::Remove), 2);
}

#[tokio::test]
async fn what_a_person_keeps_undoing_ends_in_a_block_and_not_in_a_circle() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    for _ in 0..=rig.policy.regressions_max {
        rig.run_until_all_are(State::Unlicensed).await;
        let mode = Act::SetAccessMode { environment: "dev".to_owned(), user: UPN.to_owned(), accessmode: 1 };
        rig.person(mode);
        rig.run_until("a change of mind", |record| {
            record.members[0].request.progress.state < State::Unlicensed
                || record.members[0].request.progress.status() == seatless::domain::Status::Blocked
        })
        .await;
    }
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked machine.regressed-too-often");
}

#[tokio::test]
async fn without_the_right_to_ask_for_a_sync_a_call_in_its_name_brings_the_user() {
    let rig = rig()
        .tenant("contoso")
        .whose_tenant(|tenant| tenant.apps[0].powerplatform_registered = false)
        .seats(1)
        .environment("dev")
        .with_delays(|delays| delays.background_sync_period = 1e9)
        .request("svc-a")
        .run_to_rest()
        .await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "succeeded");
    let took = (seatless::domain::Clock::now(&*rig.clock) - rig.clock.started()).num_minutes();
    assert!(took < 60 * 26, "{took} minutes, with the looks after the end");
    let asked = rig.deeds().into_iter().filter(|deed| deed.kind == Kind::AskForSync);
    let statuses: Vec<u16> = asked.map(|deed| deed.entry.status).collect();
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 403), "{statuses:?}");
}

#[tokio::test]
async fn a_deadline_that_passed_while_nobody_ran_ends_nothing_before_a_fresh_look() {
    let mut rig = rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .with_delays(|delays| delays.license_view_min = 290.0)
        .request("svc-a")
        .start()
        .await;
    rig.run_until_all_are(State::Licensed).await;
    // A long weekend: nothing runs, the cloud goes on.
    rig.clock.advance(rig.policy.propagation_deadline * 3);
    rig.restart().await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
}

#[tokio::test]
async fn a_user_that_never_comes_blocks_after_the_deadline_and_returns_its_license() {
    let mut rig = rig()
        .tenant("contoso")
        .seats(1)
        .whose_tenant(|tenant| tenant.apps[0].powerplatform_registered = false)
        .environment("dev")
        .where_it(|environment| environment.kind = seatless::simulator::EnvironmentKind::Developer)
        .with_policy(|policy| policy.propagation_deadline = Duration::from_secs(7_200))
        .request("svc-a")
        .start()
        .await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked machine.deadline-passed");
    assert_eq!(rig.applied(Kind::Remove), 1);
}
