//! What may have been left in the cloud: who explains it, who may remove it, and what was found.

use super::begin::about_to_license;
use crate::suite::build::{SALES, ask};
use crate::suite::world::World;
use seatless::domain::{
    Charge, Code, Command, EventKind, Failure, IntentId, ObjectId, Outcome, State, UserId,
};
use seatless::store::{
    BeginFate, Finding, FindingKind, Member, Recheck, RecheckReason, SweepBegin, SweepEnd, Swept, Trace,
};
use std::time::Duration;
use uuid::Uuid;

const CONTOSO: &str = "contoso";

async fn trace(world: &World, object: ObjectId) -> Trace {
    let mut traces = world.store.traces(CONTOSO.to_owned(), vec![(object, None)]).await.unwrap();
    assert_eq!(traces.len(), 1);
    traces.remove(0)
}

fn object_of(member: &Member) -> ObjectId {
    member.user.object_id.expect("it was created")
}

fn uncertain() -> Outcome {
    let failure = Failure::new(Code::RemoteUncertain, "");
    Outcome::Ambiguous { failure, charge: Charge::Member }
}

fn fenced(world: &World, member: &Member) -> Recheck {
    Recheck {
        intent: IntentId(world.id()),
        tenant: CONTOSO.to_owned(),
        user: Some(member.user.id),
        object_id: object_of(member),
        license: SALES,
        reason: RecheckReason::Fenced,
        noted_at: world.now(),
    }
}

fn nothing(world: &World) -> SweepEnd {
    SweepEnd {
        tenant: CONTOSO.to_owned(),
        now: world.now(),
        removed: Vec::new(),
        findings: Vec::new(),
        explaining: Vec::new(),
        failure: None,
        forget_before: world.now() - Duration::from_secs(86_400),
        forget_deleted_before: world.now() - Duration::from_secs(31 * 86_400),
    }
}

fn orphan(world: &World, object: u128) -> Finding {
    Finding {
        tenant: CONTOSO.to_owned(),
        object_id: ObjectId(Uuid::from_u128(object)),
        user_principal_name: format!("stray-{object}@contoso.example"),
        kind: FindingKind::Orphan,
        license: None,
        user: None,
        request: None,
        failure: Failure::new(Code::SweepOrphan, "Look."),
        found_at: world.now(),
    }
}

async fn findings(world: &World) -> Vec<Finding> {
    world.store.sweeps().await.unwrap().remove(0).findings
}

pub async fn an_assignment_explains_a_license_until_its_call_tells(world: World) {
    let mut group = about_to_license(&world).await;
    let object = object_of(&group.members[0]);
    world.begin_group(&mut group).await;
    let intent = group.members[0].request.progress.trial.intent.unwrap().id;
    let rechecks = trace(&world, object).await.rechecks;
    assert_eq!(
        rechecks.iter().map(|it| (it.intent, it.reason)).collect::<Vec<_>>(),
        [(intent, RecheckReason::InFlight)]
    );
    world.finish(&group, Outcome::Advanced).await;
    let trace = trace(&world, object).await;
    assert_eq!(trace.rechecks, []);
    assert!(trace.user.unwrap().license_may_be_held);
}

pub async fn an_assignment_that_nobody_learned_of_goes_on_explaining(world: World) {
    let mut group = about_to_license(&world).await;
    let object = object_of(&group.members[0]);
    world.begin_group(&mut group).await;
    let first = group.members[0].request.progress.trial.intent.unwrap().id;
    world.finish(&group, uncertain()).await;
    world.wait(600);
    let mut group = world.claim_one().await;
    world.begin_group(&mut group).await;
    world.finish(&group, Outcome::Advanced).await;
    let left: Vec<IntentId> = trace(&world, object).await.rechecks.iter().map(|it| it.intent).collect();
    assert_eq!(left, [first], "the second told how it ended, the first did not");
}

pub async fn whoever_was_fenced_out_can_say_so(world: World) {
    world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    let member = world.all().await.remove(0);
    let recheck = fenced(&world, &member);
    world.store.recheck(vec![recheck.clone()]).await.unwrap();
    world.wait(60);
    let again = Recheck { noted_at: world.now(), ..recheck };
    world.store.recheck(vec![again.clone()]).await.unwrap();
    assert_eq!(trace(&world, object_of(&member)).await.rechecks, [again]);
}

pub async fn a_user_is_traced_by_its_object_and_by_its_marker(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until_state(ids[0], State::Created).await;
    let (ada, bob) = (world.member(ids[0]).await, world.member(ids[1]).await);
    let stranger = ObjectId(Uuid::from_u128(0xabcd));
    let wanted =
        vec![(object_of(&ada), None), (stranger, Some(bob.user.id)), (ObjectId(Uuid::from_u128(7)), None)];
    let traces = world.store.traces(CONTOSO.to_owned(), wanted).await.unwrap();
    let of = |object: ObjectId| traces.iter().find(|trace| trace.object_id == object).unwrap();
    assert_eq!(of(object_of(&ada)).user.as_ref().unwrap().id, ada.user.id);
    let marked = of(stranger).user.as_ref().unwrap();
    assert_eq!((marked.id, marked.request), (bob.user.id, ids[1]));
    assert!(marked.live && marked.active && !marked.license_in_use);
    assert_eq!(of(ObjectId(Uuid::from_u128(7))).user, None);
    let elsewhere = vec![(object_of(&ada), Some(UserId(Uuid::from_u128(9))))];
    let traces = world.store.traces("fabrikam".to_owned(), elsewhere).await.unwrap();
    assert_eq!(traces[0].user, None, "another tenant's object is another user");
}

pub async fn a_removal_is_begun_only_when_no_request_is_in_charge(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let begin = |member: &Member| SweepBegin {
        of: Some((member.user.id, member.request.id)),
        intent: IntentId(world.id()),
    };
    for state in [State::Licensed, State::Propagated, State::NonInteractive] {
        world.work_until(state).await;
        let member = world.member(ids[0]).await;
        let fates = world.store.begin_sweep(vec![begin(&member)], world.now()).await.unwrap();
        assert_eq!(fates, [BeginFate::Lost], "at {state}");
    }
    world.work_until(State::Unlicensed).await;
    let member = world.member(ids[0]).await;
    let ours = begin(&member);
    let intent = ours.intent;
    let of_nobody = SweepBegin { of: None, intent: IntentId(world.id()) };
    let fates = world.store.begin_sweep(vec![ours, of_nobody], world.now()).await.unwrap();
    assert_eq!(fates, [BeginFate::Begun; 2]);
    let last = world.store.history(ids[0], 0, 100).await.unwrap().pop().unwrap();
    assert_eq!(
        (last.kind, last.intent, last.from, last.to),
        (EventKind::Begun, Some(intent), State::Unlicensed, State::Unlicensed)
    );
    assert_eq!(last.actor.origin, seatless::store::Origin::Sweep);
}

pub async fn a_removal_is_an_event_and_uses_confirmations_up(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let member = world.member(ids[0]).await;
    let confirmed = Recheck { reason: RecheckReason::Confirmed, ..fenced(&world, &member) };
    let other = fenced(&world, &member);
    world.store.recheck(vec![confirmed.clone(), other.clone()]).await.unwrap();
    let swept = Swept {
        of: Some((member.user.id, ids[0])),
        intent: IntentId(world.id()),
        explained_by: vec![confirmed.intent, other.intent],
    };
    let end = SweepEnd { removed: vec![swept.clone()], ..nothing(&world) };
    world.store.end_sweep(end).await.unwrap();
    let last = world.store.history(ids[0], 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((last.kind, last.intent), (EventKind::Swept, Some(swept.intent)));
    assert_eq!(trace(&world, object_of(&member)).await.rechecks, [other]);
    world.store.end_sweep(nothing(&world)).await.unwrap();
    assert_eq!(world.store.sweeps().await.unwrap()[0].removed, 1, "the total stays");
}

pub async fn rechecks_have_their_time(world: World) {
    world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    let member = world.all().await.remove(0);
    let deleted = Recheck { reason: RecheckReason::Deleted, ..fenced(&world, &member) };
    world.store.recheck(vec![fenced(&world, &member), deleted.clone()]).await.unwrap();
    world.wait(86_400);
    world.store.end_sweep(nothing(&world)).await.unwrap();
    assert_eq!(trace(&world, object_of(&member)).await.rechecks.len(), 2);
    world.wait(1);
    let failure = Some(Failure::new(Code::RemoteUnavailable, ""));
    world.store.end_sweep(SweepEnd { failure, ..nothing(&world) }).await.unwrap();
    let explaining = trace(&world, object_of(&member)).await.rechecks.iter().map(|one| one.intent).collect();
    world.store.end_sweep(SweepEnd { explaining, ..nothing(&world) }).await.unwrap();
    assert_eq!(
        trace(&world, object_of(&member)).await.rechecks.len(),
        2,
        "not unseen, and not while it is there"
    );
    world.store.end_sweep(nothing(&world)).await.unwrap();
    assert_eq!(trace(&world, object_of(&member)).await.rechecks, [deleted]);
    world.wait(30 * 86_400);
    world.store.end_sweep(nothing(&world)).await.unwrap();
    assert_eq!(trace(&world, object_of(&member)).await.rechecks, []);
}

pub async fn findings_take_the_place_of_those_before(world: World) {
    let early = orphan(&world, 1);
    world
        .store
        .end_sweep(SweepEnd { findings: vec![early.clone(), orphan(&world, 2)], ..nothing(&world) })
        .await
        .unwrap();
    world.wait(300);
    let again = orphan(&world, 1);
    world.store.end_sweep(SweepEnd { findings: vec![again], ..nothing(&world) }).await.unwrap();
    assert_eq!(findings(&world).await, [early], "one is gone, the other keeps its first instant");
}

pub async fn a_sweep_that_could_not_see_forgets_no_finding(world: World) {
    let found = orphan(&world, 1);
    world.store.end_sweep(SweepEnd { findings: vec![found.clone()], ..nothing(&world) }).await.unwrap();
    let failure = Some(Failure::new(Code::RemoteUnavailable, ""));
    world.store.end_sweep(SweepEnd { failure: failure.clone(), ..nothing(&world) }).await.unwrap();
    assert_eq!(findings(&world).await, [found]);
    assert_eq!(world.store.sweeps().await.unwrap()[0].failure, failure);
}

pub async fn a_license_that_went_with_its_user_is_remembered(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Licensed).await;
    let object = object_of(&world.member(ids[0]).await);
    world.order(ids[0], Command::Cancel).await;
    let gone = || Outcome::Absent { failure: Failure::new(Code::GraphUserGone, "") };
    for _ in 0..world.policy.absence_looks + 1 {
        for group in world.claim().await {
            world.finish(&group, gone()).await;
        }
        world.wait(60);
    }
    let trace = trace(&world, object).await;
    assert_eq!(trace.rechecks.iter().map(|it| it.reason).collect::<Vec<_>>(), [RecheckReason::Deleted]);
}
