//! What a person has to mend: each blocked ending, before a seat was taken wherever that can be known, and the way on after
//! the cause is gone.

use crate::bed::rig::{Rig, reason};
use crate::bed::scene::{SECRET, rig};
use crate::bed::wire::Kind;
use seatless::domain::{Command, EventKind, Policy, State};
use seatless::simulator::{Act, EnvironmentState, WorldUser};
use std::time::Duration;
use uuid::Uuid;

/// Nothing was taken: no user, no license, no seat.
fn nothing_was_taken(rig: &Rig) {
    assert_eq!(rig.applied(Kind::Create), 0, "a user was made");
    no_seat_was_taken(rig);
}

fn no_seat_was_taken(rig: &Rig) {
    let assigns = rig.deeds().into_iter().filter(|deed| deed.kind == Kind::Assign);
    assert_eq!(assigns.count(), 0, "a license was asked for");
}

/// The cause is mended, and the request is tried again.
async fn finishes_after_a_retry(rig: &mut Rig) {
    rig.order("svc-a", Command::Retry).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
}

#[tokio::test]
async fn a_name_that_somebody_else_has_is_left_alone() {
    let mut rig = rig()
        .tenant("contoso")
        .somebody("svc-a", |_| {})
        .environment("dev")
        .request("svc-a")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.name-taken");
    nothing_was_taken(&rig);
    let upn = "svc-a@contoso.example".to_owned();
    rig.person(Act::DeleteUser { tenant: "contoso".to_owned(), user: upn });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn each_request_says_for_itself_whether_it_adopts() {
    for (adopting, other) in [("dev", "test"), ("test", "dev")] {
        let mut scene = rig().tenant("contoso").seats(1).somebody("svc-a", |_| {});
        for environment in ["dev", "test"] {
            scene = scene.environment(environment).request("svc-a");
            scene = if environment == adopting { scene.that_adopts() } else { scene };
        }
        let mut rig = scene.run_to_rest().await;
        assert_eq!(reason(&rig.member(&format!("svc-a/{adopting}")).await), "succeeded");
        let refused = format!("svc-a/{other}");
        assert_eq!(
            reason(&rig.member(&refused).await),
            "blocked graph.name-taken",
            "it did not ask for that"
        );
        rig.order(&refused, Command::Retry).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member(&refused).await), "blocked graph.name-taken", "nor does a sibling do");
        let mode = rig.row("svc-a", other).map(|row| row["accessmode"].clone());
        assert_ne!(mode, Some(4.into()), "its row is as it was");
    }
}

#[tokio::test]
async fn an_unknown_role_blocks_before_anything_is_made() {
    let rig = rig()
        .tenant("contoso")
        .environment("dev")
        .request("svc-a")
        .with_role("Wirter")
        .request("svc-b")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.role-unknown");
    assert_eq!(reason(&rig.member("svc-b").await), "succeeded", "one bad request stops no other");
    assert!(rig.users("svc-a").is_empty());
}

#[tokio::test]
async fn an_unknown_business_unit_blocks_before_anything_is_made() {
    let rig =
        rig().tenant("contoso").environment("dev").request("svc-a").in_unit("Slaes").run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.business-unit-unknown");
    nothing_was_taken(&rig);
}

#[tokio::test]
async fn a_full_environment_blocks_only_those_that_do_not_fit() {
    let rig = rig()
        .tenant("contoso")
        .environment("dev")
        .where_it(|environment| {
            environment.non_interactive_max = 3;
            environment.non_interactive_others = 1;
        })
        .requests(&["svc-1", "svc-2", "svc-3", "svc-4"])
        .run_to_rest()
        .await;
    let mut reasons = Vec::new();
    for name in ["svc-1", "svc-2", "svc-3", "svc-4"] {
        reasons.push(reason(&rig.member(name).await));
    }
    assert_eq!(reasons, ["succeeded", "succeeded", "blocked dataverse.no-slot", "blocked dataverse.no-slot"]);
    assert_eq!(rig.applied(Kind::Create), 2, "nothing was made for those that do not fit");
    assert_eq!(rig.applied(Kind::Assign), 2);
}

#[tokio::test]
async fn a_license_that_the_tenant_does_not_own_blocks_before_a_user_is_made() {
    let rig = rig()
        .tenant("contoso")
        .environment("dev")
        .with_license(Uuid::from_u128(77))
        .request("svc-a")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.license-unknown");
    nothing_was_taken(&rig);
}

#[tokio::test]
async fn a_wrong_secret_blocks_and_the_right_one_finishes() {
    let mut rig = rig().tenant("contoso").environment("dev").request("svc-a").start().await;
    rig.secret = "not-the-secret".to_owned();
    rig.restart().await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked sign-in.secret-invalid");
    nothing_was_taken(&rig);
    rig.secret = SECRET.to_owned();
    rig.restart().await;
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn an_app_that_cannot_take_a_license_back_never_gives_one() {
    let mut rig = rig()
        .tenant("contoso")
        .whose_tenant(|tenant| {
            let roles = &mut tenant.apps[0].roles;
            *roles = vec!["User.Read.All".to_owned(), "Organization.Read.All".to_owned()];
        })
        .environment("dev")
        .request("svc-a")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.permission-missing");
    nothing_was_taken(&rig);
    let roles = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"];
    let client_id = rig.app();
    rig.person(Act::SetAppRoles {
        tenant: "contoso".to_owned(),
        client_id,
        roles: roles.map(str::to_owned).to_vec(),
    });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn an_app_that_is_not_in_the_environment_blocks_before_anything_is_made() {
    let mut rig = rig().tenant("contoso").environment("dev").request("svc-a").start().await;
    rig.person(Act::SetAppUsers { environment: "dev".to_owned(), enabled: false });
    rig.run_to_rest().await;
    let reasons = reason(&rig.member("svc-a").await);
    assert!(reasons.starts_with("blocked dataverse."), "{reasons}");
    nothing_was_taken(&rig);
    rig.person(Act::SetAppUsers { environment: "dev".to_owned(), enabled: true });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn a_disabled_environment_blocks_before_anything_is_made() {
    let mut rig = rig()
        .tenant("contoso")
        .environment("dev")
        .where_it(|environment| environment.state = EnvironmentState::Disabled)
        .request("svc-a")
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled");
    nothing_was_taken(&rig);
    let state = EnvironmentState::Ready;
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn a_blocked_request_gives_its_license_back_after_the_parked_time_and_finishes_after_a_retry() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Licensed).await;
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state: EnvironmentState::Disabled });
    rig.run_until("a block", |record| {
        record.members.iter().all(|m| m.request.progress.status() == seatless::domain::Status::Blocked)
    })
    .await;
    assert_eq!(rig.user("svc-a")["licenses"].as_array().map(Vec::len), Some(1), "not at once");
    let blocked_at = seatless::domain::Clock::now(&*rig.clock);
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled");
    let removal = rig.deeds().into_iter().find(|deed| deed.kind == Kind::Remove).expect("a removal");
    let waited = (removal.entry.at - blocked_at).to_std().expect("a removal after the block");
    let parked = Policy::default().parked_seat;
    assert!(
        waited >= parked - Duration::from_secs(1) && waited < parked + Duration::from_secs(60),
        "{waited:?}"
    );
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state: EnvironmentState::Ready });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn a_synchronized_user_is_not_adopted() {
    is_not_adopted(|user| user.synchronized_from_on_premises = true).await;
}

#[tokio::test]
async fn an_administrator_is_not_adopted() {
    is_not_adopted(|user| user.admin = true).await;
}

async fn is_not_adopted(change: impl FnOnce(&mut WorldUser)) {
    let rig = rig()
        .tenant("contoso")
        .somebody("svc-a", change)
        .environment("dev")
        .request("svc-a")
        .that_adopts()
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.not-adoptable");
    nothing_was_taken(&rig);
}

#[tokio::test]
async fn a_license_that_nobody_owns_does_not_mix_up_who_is_adopted() {
    let mut scene = rig()
        .tenant("contoso")
        .somebody("svc-a", |_| {})
        .somebody("svc-b", |_| {})
        .environment("dev")
        .with_license(Uuid::from_u128(77))
        .request("svc-a")
        .that_adopts()
        .request("svc-b")
        .that_adopts();
    let second = scene.wishes.pop().expect("two requests");
    let mut rig = scene.start().await;
    rig.submit(&[second], crate::bed::scene::SALES_ID).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.license-unknown");
    let member = rig.member("svc-b").await;
    assert_eq!(reason(&member), "succeeded");
    let id = member.user.object_id.expect("an id").to_string();
    assert_eq!(rig.user("svc-b")["id"], id, "the one with that name was adopted");
}

#[tokio::test]
async fn what_nobody_acts_on_is_given_up_if_the_policy_says_so() {
    let scene = || rig().tenant("contoso").seats(1).environment("dev").request("svc-a");
    let patience = Duration::from_secs(86_400);
    let mut rig = scene().with_policy(|policy| policy.give_up = Some(patience)).start().await;
    rig.run_until_all_are(State::Propagated).await;
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state: EnvironmentState::Disabled });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled");
    rig.give_up().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled", "not so soon");
    rig.clock.advance(patience);
    rig.give_up().await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "failed dataverse.environment-disabled");
    assert_eq!(rig.user("svc-a")["account_enabled"], false, "it had reached the environment");
    let kinds: Vec<EventKind> =
        rig.history(rig.member("svc-a").await.request.id).await.iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::GivenUp) && kinds.last() == Some(&EventKind::Unwound), "{kinds:?}");
}
