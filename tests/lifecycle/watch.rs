//! After the end: finished accounts are looked at, drift is told once, and what is safe is brought back.

use super::bed::rig::{Rig, person, reason};
use super::bed::scene::{SALES, Scene, rig};
use super::bed::wire::Kind;
use seatless::domain::{Clock, Drift, DriftKind, EventKind, Sight, State, Status, Watch};
use seatless::engine::Chore;
use seatless::simulator::{Act, EnvironmentState, LedgerEntry, Service, WorldGroup};
use seatless::store::{Event, Member, Watches};
use std::time::Duration;
use uuid::Uuid;

const UPN: &str = "svc-a@contoso.example";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// One finished account.
fn one() -> Scene {
    rig().tenant("contoso").seats(1).environment("dev").request("svc-a")
}

/// Lets time pass, and looks whenever somebody is due.
async fn watch_for(rig: &mut Rig, time: Duration) {
    let watch = rig.drift_watch();
    let end = rig.clock.now() + time;
    while let Some(due) = rig.store.next_watch().await.expect("the store can be read").filter(|at| *at <= end)
    {
        rig.clock.move_to(due);
        watch.tick().await.expect("the store works");
    }
    rig.clock.move_to(end);
}

async fn watch_of(rig: &Rig, name: &str) -> Watch {
    let id = rig.member(name).await.request.id;
    let watches = rig.store.watches(vec![id]).await.expect("the store can be read");
    watches.into_iter().next().expect("it is watched").1
}

async fn drifts_of(rig: &Rig, name: &str) -> Vec<DriftKind> {
    watch_of(rig, name).await.drifts.into_iter().map(|drift| drift.kind).collect()
}

/// What its history tells of it after it had succeeded.
async fn told_after_the_end(rig: &Rig, name: &str) -> Vec<Event> {
    let events = rig.history(rig.member(name).await.request.id).await;
    let end = events.iter().position(|event| event.kind == EventKind::Verified).expect("a success");
    events[end + 1..].to_vec()
}

fn mode(accessmode: i64) -> Act {
    Act::SetAccessMode { environment: "dev".to_owned(), user: UPN.to_owned(), accessmode }
}

fn enabled(enabled: bool) -> Act {
    Act::SetAccountEnabled { tenant: "contoso".to_owned(), user: UPN.to_owned(), enabled }
}

#[tokio::test]
async fn an_account_is_looked_at_after_an_hour_and_a_day_and_then_daily_and_well_it_stays_unmentioned() {
    let mut rig = one().run_to_rest().await;
    let succeeded_at = watch_of(&rig, "svc-a").await.succeeded_at;
    for (hours, looks) in [(0, 0), (1, 1), (24, 2), (50, 3), (74, 4)] {
        let left = succeeded_at + HOUR * hours - rig.clock.now();
        watch_for(&mut rig, left.to_std().unwrap_or_default()).await;
        assert_eq!(watch_of(&rig, "svc-a").await.looks, looks, "{hours} h");
    }
    assert!(told_after_the_end(&rig, "svc-a").await.is_empty());
}

#[tokio::test]
async fn drift_is_told_when_it_comes_changes_and_goes_and_not_in_between() {
    let mut rig = one().run_to_rest().await;
    watch_for(&mut rig, DAY * 2).await;
    // Administrative: the platform leaves such a row enabled without a license.
    rig.person(mode(1));
    watch_for(&mut rig, DAY * 3).await;
    assert_eq!(drifts_of(&rig, "svc-a").await, [DriftKind::AccessMode]);
    rig.person(Act::RemoveRoles { environment: "dev".to_owned(), user: UPN.to_owned() });
    watch_for(&mut rig, DAY * 3).await;
    rig.person(mode(4));
    watch_for(&mut rig, DAY * 3).await;
    let told = told_after_the_end(&rig, "svc-a").await;
    let kinds: Vec<EventKind> = told.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Drifted; 3]);
    let after = |event: &Event| {
        let change = event.drift.clone().expect("a drift");
        let kinds = |drifts: Vec<Drift>| drifts.iter().map(|it| it.kind).collect::<Vec<_>>();
        (kinds(change.before), kinds(change.after))
    };
    let (mode, roles) = (DriftKind::AccessMode, DriftKind::Roles);
    assert_eq!(after(&told[0]), (vec![], vec![mode]));
    assert_eq!(after(&told[1]), (vec![mode], vec![mode, roles]));
    assert_eq!(after(&told[2]), (vec![mode, roles], vec![roles]));
    assert_eq!(watch_of(&rig, "svc-a").await.drifts[0].message, "It is Writer.");
}

#[tokio::test]
async fn what_people_do_in_the_directory_is_drift_and_its_end_is_told_as_well() {
    let mut rig = one().seats(2).run_to_rest().await;
    rig.person(enabled(false));
    let license = |tenant: &str| (tenant.to_owned(), UPN.to_owned(), SALES.to_owned());
    let (tenant, user, part_number) = license("contoso");
    rig.person(Act::AddLicense { tenant, user, part_number });
    watch_for(&mut rig, DAY * 2).await;
    let drifts = watch_of(&rig, "svc-a").await.drifts;
    let kinds: Vec<DriftKind> = drifts.iter().map(|drift| drift.kind).collect();
    assert!(kinds.starts_with(&[DriftKind::UserDisabled, DriftKind::Licensed]), "{drifts:?}");
    assert!(drifts[1].message.contains(SALES), "{drifts:?}");
    rig.person(enabled(true));
    let (tenant, user, part_number) = license("contoso");
    rig.person(Act::RemoveLicense { tenant, user, part_number });
    rig.person(Act::SetDisabled { environment: "dev".to_owned(), user: UPN.to_owned(), disabled: false });
    watch_for(&mut rig, DAY * 2).await;
    let told = told_after_the_end(&rig, "svc-a").await;
    assert_eq!(told.last().map(|event| event.kind), Some(EventKind::Verified), "{told:?}");
    assert!(told.last().and_then(|event| event.drift.clone()).expect("a change").after.is_empty());
}

#[tokio::test]
async fn a_group_that_licenses_the_user_is_named() {
    let group = Uuid::from_u128(0x6709);
    let mut rig = one()
        .seats(2)
        .whose_tenant(|tenant| {
            tenant.groups.push(WorldGroup {
                id: group,
                members: Vec::new(),
                licenses: vec![SALES.to_owned()],
                dynamic: false,
            });
        })
        .run_to_rest()
        .await;
    let tenant = "contoso".to_owned();
    rig.person(Act::SetMembership { tenant, user: UPN.to_owned(), group, member: true });
    watch_for(&mut rig, DAY * 2).await;
    let drifts = watch_of(&rig, "svc-a").await.drifts;
    assert_eq!(drifts.len(), 1, "{drifts:?}");
    assert_eq!(drifts[0].kind, DriftKind::LicensedByGroup);
    assert!(drifts[0].message.contains(&group.to_string()), "{drifts:?}");
}

#[tokio::test]
async fn a_deleted_user_is_reported_only_after_enough_looks_over_the_window() {
    let mut rig = one().run_to_rest().await;
    watch_for(&mut rig, HOUR * 2).await;
    rig.person(Act::DeleteUser { tenant: "contoso".to_owned(), user: UPN.to_owned() });
    let watch = rig.drift_watch();
    let due = rig.store.next_watch().await.unwrap().expect("a next look");
    rig.clock.move_to(due);
    watch.tick().await.unwrap();
    let first = watch_of(&rig, "svc-a").await;
    assert!(first.drifts.is_empty() && first.evidence.is_some(), "one look is not enough: {first:?}");
    watch_for(&mut rig, Duration::from_secs(60)).await;
    assert!(drifts_of(&rig, "svc-a").await.contains(&DriftKind::UserDeleted));
    let after = watch_of(&rig, "svc-a").await;
    assert!(after.looks >= first.looks + rig.policy.absence_looks - 1, "{after:?}");
    assert!(after.due_at - rig.clock.now() > chrono::TimeDelta::hours(20), "the pace is that of a day again");
    assert_eq!(told_after_the_end(&rig, "svc-a").await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_drift_and_is_tried_again() {
    let mut rig = one().run_to_rest().await;
    let state = |state| Act::SetEnvironmentState { environment: "dev".to_owned(), state };
    rig.person(state(EnvironmentState::Disabled));
    watch_for(&mut rig, HOUR * 4).await;
    let watch = watch_of(&rig, "svc-a").await;
    assert!(watch.looks >= 3 && watch.looked_at.is_none(), "{watch:?}");
    assert!(watch.drifts.is_empty() && told_after_the_end(&rig, "svc-a").await.is_empty());
    rig.person(state(EnvironmentState::Ready));
    rig.person(mode(1));
    watch_for(&mut rig, HOUR * 2).await;
    assert_eq!(drifts_of(&rig, "svc-a").await, [DriftKind::AccessMode]);
}

#[tokio::test]
async fn one_question_to_each_service_serves_an_environment() {
    let names = ["svc-1", "svc-2", "svc-3", "svc-4", "svc-5", "svc-6"];
    let mut rig = rig()
        .tenant("contoso")
        .seats(12)
        .environment("dev")
        .requests(&names)
        .environment("test")
        .requests(&names)
        .run_to_rest()
        .await;
    // From the second day on they are looked at together.
    watch_for(&mut rig, DAY * 2).await;
    let before = rig.simulator.ledger(0).len();
    watch_for(&mut rig, DAY).await;
    let calls: Vec<LedgerEntry> = rig.simulator.ledger(0).split_off(before);
    let to = |service: Service, path: &str| {
        calls.iter().filter(|entry| entry.service == Some(service) && entry.path.contains(path)).count()
    };
    assert_eq!(to(Service::Dataverse, "systemusers"), 2, "{calls:#?}");
    assert_eq!(to(Service::Graph, "$batch"), 2, "{calls:#?}");
    for member in rig.members().await {
        assert_eq!(member.request.progress.status(), Status::Succeeded);
    }
}

#[tokio::test]
async fn a_reverted_access_mode_is_healed_by_writing_the_row_and_without_a_license() {
    let mut rig = one().run_to_rest().await;
    rig.person(mode(1));
    watch_for(&mut rig, HOUR * 2).await;
    heal(&rig, "svc-a").await.expect("it is safe");
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    assert_eq!(rig.row("svc-a", "dev").expect("a row")["accessmode"], 4);
    for (kind, count) in [(Kind::Assign, 1), (Kind::Remove, 1), (Kind::ChangeRow, 2)] {
        assert_eq!(rig.applied(kind), count, "{kind:?}");
    }
    let told = told_after_the_end(&rig, "svc-a").await;
    let order = told.iter().find(|event| event.kind == EventKind::Reopened).expect("an order");
    assert_eq!(order.actor, person());
    assert!(watch_of(&rig, "svc-a").await.drifts.is_empty());
}

#[tokio::test]
async fn a_disabled_row_is_healed_with_a_license_lent_once_more() {
    let mut rig = one().run_to_rest().await;
    rig.person(Act::SetDisabled { environment: "dev".to_owned(), user: UPN.to_owned(), disabled: true });
    watch_for(&mut rig, HOUR * 2).await;
    assert_eq!(drifts_of(&rig, "svc-a").await, [DriftKind::RowDisabled]);
    heal(&rig, "svc-a").await.expect("it is safe");
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    for kind in [Kind::Assign, Kind::Remove] {
        assert_eq!(rig.applied(kind), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_not_healed() {
    let mut rig = one().seats(2).run_to_rest().await;
    rig.person(mode(1));
    rig.person(enabled(false));
    watch_for(&mut rig, HOUR * 2).await;
    let kinds = drifts_of(&rig, "svc-a").await;
    assert!(kinds.contains(&DriftKind::UserDisabled) && kinds.contains(&DriftKind::AccessMode), "{kinds:?}");
    let refused = heal(&rig, "svc-a").await.expect_err("a person is needed");
    assert!(refused.contains("only a person"), "{refused}");
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
    assert_eq!(rig.applied(Kind::ChangeRow), 1);
}

#[tokio::test]
async fn an_account_that_is_well_is_not_healed() {
    let mut rig = one().run_to_rest().await;
    watch_for(&mut rig, HOUR * 2).await;
    heal(&rig, "svc-a").await.expect_err("there is nothing to heal");
}

#[tokio::test]
async fn a_siblings_license_is_no_drift_and_healing_beside_it_takes_nothing_from_it() {
    let mut rig = one().environment("test").run_to_rest().await;
    let wish = super::bed::scene::Wish {
        name: UPN.to_owned(),
        environment: "test".to_owned(),
        role: "Writer".to_owned(),
        unit: None,
        adopts: false,
    };
    rig.submit(&[wish], super::bed::scene::SALES_ID).await;
    rig.run_until("a license for the sibling", |record| {
        record.members.iter().any(|member| {
            member.request.asked.environment == "test" && member.request.progress.state >= State::Licensed
        })
    })
    .await;
    rig.person(mode(1));
    let watch = rig.drift_watch();
    let due = rig.store.next_watch().await.unwrap().expect("a next look");
    // The look is early, as a person's would be: the sibling is still on its way.
    let members = vec![rig.member("svc-a/dev").await];
    let sights = watch.lookout.look("dev", &members).await;
    let sighting = seatless::app::Sighting {
        request: members[0].request.id,
        looked_at: rig.clock.now(),
        sight: sights.into_iter().next().expect("a sight"),
    };
    watch.keeper.note(vec![sighting], &person()).await.expect("the store works");
    assert!(rig.clock.now() < due);
    assert_eq!(drifts_of(&rig, "svc-a/dev").await, [DriftKind::AccessMode]);
    heal(&rig, "svc-a/dev").await.expect("it is safe");
    rig.run_to_rest().await;
    for name in ["svc-a/dev", "svc-a/test"] {
        assert_eq!(reason(&rig.member(name).await), "succeeded", "{}", rig.story().await);
    }
    assert_eq!(
        (rig.applied(Kind::Assign), rig.applied(Kind::Remove)),
        (2, 2),
        "one for each way, none twice"
    );
}

/// What a look at an account as it would have been delivered shows now.
async fn sight(rig: &Rig, environment: &str, member: &Member) -> Sight {
    rig.drift_watch().lookout.look(environment, std::slice::from_ref(member)).await.remove(0)
}

#[tokio::test]
async fn a_row_that_is_not_there_is_absent_and_one_that_was_moved_has_drifted() {
    let mut rig = one().environment("test").request("svc-b").start().await;
    rig.run_until("a user without a row", |record| {
        record.members.iter().any(|member| {
            member.request.asked.environment == "test" && member.request.progress.state == State::Licensed
        })
    })
    .await;
    let missing = sight(&rig, "test", &rig.member("svc-b").await).await;
    let expected = Sight::Absent { drift: Drift::new(DriftKind::RowMissing, ""), others: Vec::new() };
    assert_eq!(missing, expected);
    rig.run_to_rest().await;
    let mut member = rig.member("svc-a").await;
    assert_eq!(sight(&rig, "dev", &member).await, Sight::Found { drifts: Vec::new() });
    let resolved = member.request.resolved.clone().expect("what its names mean");
    let mut elsewhere: serde_json::Value = serde_json::from_str(&resolved).expect("a document");
    elsewhere["business_unit"] = Uuid::from_u128(0xb0).to_string().into();
    member.request.resolved = Some(elsewhere.to_string());
    let moved = vec![Drift::new(DriftKind::BusinessUnit, "")];
    assert_eq!(sight(&rig, "dev", &member).await, Sight::Found { drifts: moved });
    // Its name means another place now: what is there tells nothing about it.
    member.request.asked.pinned.environment_id = Uuid::from_u128(0xb1);
    let Sight::Unseen { failure, .. } = sight(&rig, "dev", &member).await else { panic!("it was looked at") };
    assert_eq!(failure.code, seatless::domain::Code::MachinePinnedElsewhere);
}

#[tokio::test]
async fn a_license_that_an_adopted_user_had_before_is_no_drift() {
    let mut rig = rig()
        .tenant("contoso")
        .seats(2)
        .environment("dev")
        .somebody("svc-a", |user| user.licenses.push(SALES.to_owned()))
        .request("svc-a")
        .that_adopts()
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    watch_for(&mut rig, DAY * 2).await;
    assert_eq!(drifts_of(&rig, "svc-a").await, []);
}

/// It was in use before somebody reverted it, so that no policy takes it from its users.
#[tokio::test]
async fn an_account_whose_healing_is_blocked_is_never_given_up() {
    let patience = Duration::from_secs(3_600);
    let mut rig = one().with_policy(|policy| policy.give_up = Some(patience)).run_to_rest().await;
    rig.person(mode(1));
    watch_for(&mut rig, HOUR * 2).await;
    heal(&rig, "svc-a").await.expect("it is safe");
    let disabled = EnvironmentState::Disabled;
    rig.person(Act::SetEnvironmentState { environment: "dev".to_owned(), state: disabled });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled");
    rig.clock.advance(patience * 2);
    rig.give_up().await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked dataverse.environment-disabled");
    assert_eq!(rig.user("svc-a")["account_enabled"], true);
}

/// A person orders it, by what the last look told.
async fn heal(rig: &Rig, name: &str) -> Result<(), String> {
    let id = rig.member(name).await.request.id;
    let healed = rig.drift_watch().keeper.heal(id, &person()).await;
    healed.map(drop).map_err(|error| error.to_string())
}
