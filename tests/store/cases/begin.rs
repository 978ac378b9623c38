//! Recording intents.

use crate::suite::build::ask;
use crate::suite::world::{ME, OTHER, World};
use seatless::domain::{Command, EventKind, IntentId, Outcome, State, Step};
use seatless::store::{BeginFate, Group, LicenseHold};
use std::time::Duration;

async fn claimed(world: &World) -> Group {
    world.submit(&[ask("ada")]).await;
    world.claim_one().await
}

/// A group of `ada` alone that is about to be licensed, her seat granted.
pub(super) async fn about_to_license(world: &World) -> Group {
    world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(10).await;
    world.admit().await;
    let group = world.claim_one().await;
    assert_eq!(group.step, Step::AssignLicense);
    group
}

pub async fn an_intent_is_recorded_with_its_event(world: World) {
    let group = claimed(&world).await;
    let intent = IntentId(world.id());
    world.wait(3);
    let begin = world.begin_of(&group.members[0], intent);
    assert_eq!(world.begin(vec![begin]).await, [BeginFate::Begun]);
    let request = world.member(group.members[0].request.id).await.request;
    let open = request.progress.trial.intent.unwrap();
    assert_eq!((open.id, open.begun_at), (intent, world.now()));
    assert_eq!(request.progress.trial.attempts, 1);
    let event = world.store.history(request.id, 0, 9).await.unwrap().pop().unwrap();
    assert_eq!((event.kind, event.intent), (EventKind::Begun, Some(intent)));
}

pub async fn an_unbudgeted_begin_uses_no_attempt(world: World) {
    let group = claimed(&world).await;
    let mut begin = world.begin_of(&group.members[0], IntentId(world.id()));
    begin.budgeted = false;
    assert_eq!(world.begin(vec![begin]).await, [BeginFate::Begun]);
    let trial = world.member(group.members[0].request.id).await.request.progress.trial;
    assert_eq!((trial.attempts, trial.intent.is_some()), (0, true));
}

pub async fn a_begin_that_is_not_ours_is_lost(world: World) {
    let group = claimed(&world).await;
    let member = &group.members[0];
    let good = world.begin_of(member, IntentId(world.id()));
    let mut old_epoch = good.clone();
    old_epoch.epoch -= 1;
    let mut other_state = good.clone();
    other_state.state = State::Created;
    let mut unknown = good.clone();
    unknown.request = seatless::domain::RequestId(world.id());
    let fates = world.begin(vec![old_epoch, other_state, unknown]).await;
    assert_eq!(fates, [BeginFate::Lost; 3]);
    let theirs = world.store.begin(OTHER, vec![good.clone()], world.now()).await.unwrap();
    assert_eq!(theirs, [BeginFate::Lost]);
    assert_eq!(world.member(member.request.id).await, *member, "nothing was written");
    assert_eq!(world.begin(vec![good]).await, [BeginFate::Begun]);
}

pub async fn a_pause_or_a_cancellation_meanwhile_wins(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let group = world.claim_one().await;
    world.order(ids[0], Command::Pause).await;
    world.order(ids[1], Command::Cancel).await;
    let intent = IntentId(world.id());
    let begins = group.members.iter().map(|member| world.begin_of(member, intent)).collect();
    assert_eq!(world.begin(begins).await, [BeginFate::Lost, BeginFate::Lost, BeginFate::Begun]);
}

pub async fn a_license_is_begun_only_with_a_seat(world: World) {
    world.submit(&[ask("ada")]).await;
    let mut group = world.claim_one().await;
    let mut begin = world.begin_of(&group.members[0], IntentId(world.id()));
    begin.assigns_license = true;
    assert_eq!(world.begin(vec![begin]).await, [BeginFate::NoSeat]);
    assert_eq!(
        world.member(group.members[0].request.id).await,
        group.members.remove(0),
        "nothing was written"
    );
}

pub async fn from_the_begin_on_the_license_may_be_held(world: World) {
    let mut group = about_to_license(&world).await;
    assert_eq!(world.begin_group(&mut group).await, [BeginFate::Begun]);
    let member = world.member(group.members[0].request.id).await;
    let intent = member.request.progress.trial.intent.unwrap().id;
    assert_eq!(member.user.license, LicenseHold::MayBeHeld { intent });
}

pub async fn the_first_intent_of_a_license_stays(world: World) {
    let mut group = about_to_license(&world).await;
    world.begin_group(&mut group).await;
    let first = group.members[0].request.progress.trial.intent.unwrap().id;
    let wait = Duration::ZERO;
    world.finish(&group, Outcome::NotYet { wait, because: None }).await;
    let mut group = world.claim_one().await;
    world.begin_group(&mut group).await;
    let member = world.member(group.members[0].request.id).await;
    assert_ne!(member.request.progress.trial.intent.unwrap().id, first);
    assert_eq!(member.user.license, LicenseHold::MayBeHeld { intent: first });
}

pub async fn siblings_share_an_intent(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    world.admit().await;
    let mut group = world.claim_one().await;
    for member in &mut group.members {
        assert_eq!(member.request.holder, Some(ME));
    }
    assert_eq!(world.begin_group(&mut group).await, [BeginFate::Begun; 2]);
    let intents = [world.member(ids[0]).await, world.member(ids[1]).await]
        .map(|member| (member.request.progress.trial.intent, member.user.license));
    assert_eq!(intents[0], intents[1]);
}

pub async fn a_sealed_password_is_taken_with_its_intent(world: World) {
    let group = claimed(&world).await;
    let mut begin = world.begin_of(&group.members[0], IntentId(world.id()));
    begin.sealed_password = Some(vec![0, 1, 254, 255]);
    assert_eq!(world.begin(vec![begin]).await, [BeginFate::Begun]);
}
