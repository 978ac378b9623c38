//! The road into an environment: who is kept out, and why, is told before a license is taken wherever that can be known, and
//! no row that is not the user's own is ever changed.

use crate::bed::rig::{Rig, reason};
use crate::bed::scene::{Scene, rig};
use crate::bed::wire::Kind;
use seatless::domain::{Clock, Code, Command, Failure, State, Status};
use seatless::provisioning::GroupRule;
use seatless::simulator::{Act, EnvironmentKind, EnvironmentState};
use seatless::store::Member;
use serde_json::Value;
use uuid::Uuid;

const UPN: &str = "svc-a@contoso.example";
const STRANGER: Uuid = Uuid::from_u128(0xdead);

fn contoso() -> Scene {
    rig().tenant("contoso").seats(2)
}

fn group_of(rig: &Rig, environment: &str) -> Uuid {
    let state = rig.simulator.state();
    let environments = state["tenants"][0]["environments"].as_array().cloned().unwrap_or_default();
    let found = environments.into_iter().find(|found| found["name"] == environment).expect("an environment");
    found["security_group"].as_str().and_then(|id| id.parse().ok()).expect("a group")
}

fn is_member(rig: &Rig, environment: &str) -> bool {
    let (group, user) = (group_of(rig, environment).to_string(), rig.user("svc-a")["id"].clone());
    let state = rig.simulator.state();
    let groups = state["tenants"][0]["groups"].as_array().cloned().unwrap_or_default();
    let found = groups.into_iter().find(|found| found["id"] == group.as_str()).expect("a group");
    found["members"].as_array().is_some_and(|members| members.contains(&user))
}

fn calls_to_groups(rig: &Rig) -> usize {
    rig.simulator.ledger(0).iter().filter(|entry| entry.path.contains("/groups/")).count()
}

fn blocked_for(member: &Member) -> Failure {
    match &member.request.progress.phase {
        seatless::domain::Phase::Blocked { failure, .. } => failure.clone(),
        phase => panic!("{phase:?}"),
    }
}

fn let_in(rig: &mut Rig, member: bool) {
    let group = group_of(rig, "dev");
    rig.person(Act::SetMembership { tenant: "contoso".to_owned(), user: UPN.to_owned(), group, member });
}

async fn finishes_after_a_retry(rig: &mut Rig) {
    rig.order("svc-a", Command::Retry).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
}

async fn until_blocked(rig: &mut Rig) -> Failure {
    rig.run_until("a block", |record| {
        record.members.iter().all(|member| member.request.progress.status() == Status::Blocked)
    })
    .await;
    blocked_for(&rig.member("svc-a").await)
}

#[tokio::test]
async fn whom_the_security_group_keeps_out_is_told_before_a_license_is_taken() {
    let mut rig = contoso().environment("dev").guarded(|_| {}).request("svc-a").run_to_rest().await;
    let failure = blocked_for(&rig.member("svc-a").await);
    assert_eq!(failure.code, Code::GraphNotInGroup);
    assert!(failure.message.contains(&group_of(&rig, "dev").to_string()), "{failure}");
    assert_eq!(rig.applied(Kind::Assign), 0);
    assert_eq!(rig.applied(Kind::JoinGroup), 0, "nobody has asked for that");
    let_in(&mut rig, true);
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn an_environment_without_a_group_and_one_whose_group_is_ignored_cost_no_look_at_it() {
    let rig = contoso().environment("dev").request("svc-a").run_to_rest().await;
    assert_eq!((reason(&rig.member("svc-a").await), calls_to_groups(&rig)), ("succeeded".to_owned(), 0));
    let ignored = contoso().environment("dev").guarded(|_| {}).request("svc-a");
    let mut rig = ignored.with_group_rule(GroupRule::Ignore).start().await;
    rig.run_until("a refusal", |record| {
        let trouble = &record.members[0].request.progress.trial.trouble;
        trouble.as_ref().is_some_and(|failure| failure.code == Code::PowerPlatformRefused)
    })
    .await;
    assert_eq!(calls_to_groups(&rig), 0);
}

#[tokio::test]
async fn accounts_are_made_members_where_the_config_says_so_and_stay_members() {
    let scene = contoso().environment("dev").guarded(|_| {}).request("svc-a");
    let scene = scene.environment("test").guarded(|_| {}).request("svc-a").with_group_rule(GroupRule::Join);
    let rig = scene.run_to_rest().await;
    for environment in ["dev", "test"] {
        let member = rig.member(&format!("svc-a/{environment}")).await;
        assert_eq!(reason(&member), "succeeded", "{}", rig.story().await);
        assert!(is_member(&rig, environment));
    }
    let deeds = rig.deeds();
    let applied = |kind| deeds.iter().filter(move |deed| deed.kind == kind && deed.entry.applied);
    assert_eq!(applied(Kind::JoinGroup).count(), 2, "once for each group");
    let licensed = applied(Kind::Assign).map(|deed| deed.entry.sequence).min();
    assert!(applied(Kind::JoinGroup).any(|deed| Some(deed.entry.sequence) < licensed), "before the license");
}

#[tokio::test]
async fn a_membership_survives_the_way_back() {
    let scene = contoso().environment("dev").guarded(|_| {}).request("svc-a");
    let mut rig = scene.with_group_rule(GroupRule::Join).start().await;
    rig.run_until_all_are(State::Propagated).await;
    rig.order("svc-a", Command::Cancel).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "cancelled");
    assert!(is_member(&rig, "dev"));
}

#[tokio::test]
async fn an_adopted_user_that_is_a_member_is_not_added_again() {
    let scene = contoso().somebody("svc-a", |_| {}).environment("dev");
    let scene = scene.guarded(|group| group.members = vec![UPN.to_owned()]).request("svc-a").that_adopts();
    let rig = scene.with_group_rule(GroupRule::Join).run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    assert!(!rig.deeds().iter().any(|deed| deed.kind == Kind::JoinGroup));
}

#[tokio::test]
async fn a_group_that_takes_nobody_in_from_us_blocks_before_a_license_is_taken() {
    let scene = contoso().environment("dev").guarded(|group| group.dynamic = true).request("svc-a");
    let mut rig = scene.with_group_rule(GroupRule::Join).run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.group-closed");
    assert_eq!(rig.applied(Kind::Assign), 0);
    // Its rule has taken the user in meanwhile.
    let_in(&mut rig, true);
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn a_group_is_not_joined_by_an_app_that_power_platform_does_not_tell_of_it() {
    let scene = contoso().whose_tenant(|tenant| tenant.apps[0].powerplatform_registered = false);
    let scene = scene.environment("dev").guarded(|_| {}).request("svc-a").with_group_rule(GroupRule::Join);
    let mut rig = scene.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked powerplatform.not-registered");
    assert_eq!(rig.applied(Kind::Create), 0);
    let client_id = rig.app();
    rig.person(Act::SetRegistered { tenant: "contoso".to_owned(), client_id, registered: true });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn an_environment_under_maintenance_is_waited_for_with_empty_hands() {
    let scene = contoso().environment("dev").where_it(|it| it.state = EnvironmentState::AdminMode);
    let mut rig = scene.request("svc-a").start().await;
    rig.run_until("a wait", |record| {
        let trouble = &record.members[0].request.progress.trial.trouble;
        trouble.as_ref().is_some_and(|failure| failure.code == Code::DataverseAdminMode)
    })
    .await;
    assert_eq!(rig.applied(Kind::Create), 0);
    let state = EnvironmentState::Ready;
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "by itself");
}

#[tokio::test]
async fn an_environment_without_a_database_blocks_before_anything_is_made() {
    let scene = contoso().environment("dev").where_it(|it| it.kind = EnvironmentKind::NoDatabase);
    let rig = scene.request("svc-a").run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked powerplatform.no-database");
    assert_eq!(rig.applied(Kind::Create), 0);
}

fn rows_of(rig: &Rig, object: &str) -> Vec<Value> {
    let state = rig.simulator.state();
    let rows = crate::bed::wire::rows(&state, "dev");
    rows.filter(|row| row["azureactivedirectoryobjectid"] == object).cloned().collect()
}

#[tokio::test]
async fn a_row_of_somebody_else_that_keeps_the_name_is_named_and_left_alone() {
    let mut rig = contoso().environment("dev").request("svc-a").start().await;
    let environment = "dev".to_owned();
    rig.person(Act::AddRow {
        environment: environment.clone(),
        user: UPN.to_owned(),
        object_id: Some(STRANGER),
    });
    let before = rows_of(&rig, &STRANGER.to_string());
    let failure = until_blocked(&mut rig).await;
    assert_eq!(failure.code, Code::DataverseNameHeld, "{failure}");
    assert!(failure.message.contains(&STRANGER.to_string()), "{failure}");
    assert_eq!(rows_of(&rig, &STRANGER.to_string()), before);
    assert_eq!(rig.applied(Kind::ChangeRow), 0);
    let waited = (rig.clock.now() - rig.clock.started()).num_minutes();
    assert!(waited < 30, "it was refused, so it is looked into at once: {waited} minutes");
    rig.run_to_rest().await;
    assert_eq!(rig.applied(Kind::Remove), 1, "the license is given back");
    rig.person(Act::DeleteRow { environment, object_id: STRANGER });
    finishes_after_a_retry(&mut rig).await;
}

#[tokio::test]
async fn a_user_that_stands_twice_in_an_environment_is_told_and_neither_row_is_changed() {
    let mut rig = contoso().environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Licensed).await;
    for _ in 0..2 {
        rig.person(Act::AddRow { environment: "dev".to_owned(), user: UPN.to_owned(), object_id: None });
    }
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "blocked dataverse.user-ambiguous", "{}", rig.story().await);
    assert_eq!(rig.applied(Kind::ChangeRow), 0);
}

#[tokio::test]
async fn a_row_that_nothing_enables_blocks_with_the_environments_own_reason() {
    let scene = contoso().environment("dev").guarded(|_| {}).with_group_rule(GroupRule::Join);
    let mut rig = scene.request("svc-a").start().await;
    rig.run_until_all_are(State::Unlicensed).await;
    let_in(&mut rig, false);
    rig.person(Act::Synchronize);
    let failure = until_blocked(&mut rig).await;
    assert_eq!(failure.code, Code::DataverseUserDisabled, "{failure}");
    assert!(failure.message.contains("not in the security group"), "{failure}");
    rig.run_to_rest().await;
    let_in(&mut rig, true);
    finishes_after_a_retry(&mut rig).await;
}
