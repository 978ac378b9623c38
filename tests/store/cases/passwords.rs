//! Sealed passwords: which is the right one, who has it, and when it is destroyed.

use crate::suite::build::ask;
use crate::suite::world::{World, grace};
use seatless::domain::{
    Code, Command, EventKind, Failure, IntentId, ObjectId, Outcome, RequestId, State, UserId,
};
use seatless::store::{
    OpenRotation, Password, PasswordOrder, PasswordStanding, Rotation, RotationEnd, RotationFate,
    SealedPassword, UserOrigin,
};

/// One create of a user, begun with a sealed password and left without an answer.
async fn begun(world: &World, sealed: u8) -> IntentId {
    let mut group = world.claim_one().await;
    let intent = IntentId(world.id());
    let begins = group
        .members
        .iter()
        .enumerate()
        .map(|(place, member)| {
            let mut begin = world.begin_of(member, intent);
            begin.sealed_password = (place == 0).then(|| vec![sealed; 9]);
            begin
        })
        .collect();
    world.begin(begins).await;
    for member in &mut group.members {
        member.request.progress.trial.attempts += 1;
    }
    let failure = Failure::new(Code::RemoteUncertain, "");
    let charge = seatless::domain::Charge::Lane { wait: std::time::Duration::ZERO };
    world.finish(&group, Outcome::Ambiguous { failure, charge }).await;
    world.wait(1);
    intent
}

/// The next look shows the user, and whose create made it.
async fn made(world: &World, intent: Option<IntentId>) {
    settled(world, intent, UserOrigin::Made).await;
}

async fn settled(world: &World, intent: Option<IntentId>, origin: UserOrigin) {
    let group = world.claim_one().await;
    let rows = group.members.iter().map(|member| {
        let mut row = world.row(member, world.report(member, Outcome::Advanced));
        row.learned.object_id = Some(ObjectId(member.user.id.0));
        row.learned.origin = Some(origin);
        row.learned.password_intent = intent;
        row
    });
    world.commit(world.commit_of(rows.collect(), Some(&group))).await;
    world.wait(1);
}

/// `ada`, at the point where her user is created.
async fn ada(world: &World) -> (RequestId, UserId) {
    let ids = world.submit(&[ask("ada")]).await;
    world.offer_slots("dev", 9).await;
    let group = world.claim_one().await;
    world.finish(&group, Outcome::Advanced).await;
    (ids[0], world.member(ids[0]).await.user.id)
}

/// `ada`, made, with a sealed password that is the right one.
async fn ada_made(world: &World) -> (RequestId, UserId, IntentId) {
    let (request, user) = ada(world).await;
    let intent = begun(world, 7).await;
    made(world, Some(intent)).await;
    (request, user, intent)
}

async fn password(world: &World, user: UserId) -> Password {
    let mut found = world.store.passwords(vec![user]).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn standing(world: &World, user: UserId) -> PasswordStanding {
    password(world, user).await.standing()
}

fn order(world: &World, users: &[UserId]) -> PasswordOrder {
    PasswordOrder { users: users.to_vec(), actor: grace(), now: world.now() }
}

async fn take(world: &World, user: UserId) -> Vec<SealedPassword> {
    world.store.take_passwords(order(world, &[user])).await.unwrap()
}

async fn acknowledge(world: &World, user: UserId) -> Vec<UserId> {
    world.store.acknowledge_passwords(order(world, &[user])).await.unwrap()
}

async fn begin(world: &World, user: UserId, before: Option<OpenRotation>) -> (Rotation, RotationFate) {
    let rotation = Rotation { user, intent: IntentId(world.id()), before };
    let fates =
        world.store.begin_rotations(vec![rotation], vec![vec![8; 9]], order(world, &[])).await.unwrap();
    (rotation, fates[0])
}

async fn end(world: &World, rotation: Rotation, end: RotationEnd) -> RotationFate {
    world.store.end_rotations(vec![(rotation, end)], order(world, &[])).await.unwrap()[0]
}

async fn kinds(world: &World, request: RequestId) -> Vec<EventKind> {
    world.store.history(request, 0, 99).await.unwrap().iter().map(|event| event.kind).collect()
}

fn lost() -> Failure {
    Failure::new(Code::RemoteUncertain, "Nobody knows.").seen_as(["r-1".to_owned()])
}

pub async fn a_password_waits_once_its_create_is_known(world: World) {
    let (_, user) = ada(&world).await;
    assert_eq!(standing(&world, user).await, PasswordStanding::NotMade);
    let intent = begun(&world, 7).await;
    assert_eq!(standing(&world, user).await, PasswordStanding::NotMade);
    assert_eq!(take(&world, user).await, [], "nobody knows yet whether it will ever be used");
    made(&world, Some(intent)).await;
    let password = password(&world, user).await;
    assert_eq!((password.standing(), password.valid), (PasswordStanding::Waiting, Some(intent)));
    assert_eq!(password.user_principal_name.as_str(), "ada@contoso.com");
}

pub async fn the_passwords_of_other_creates_are_destroyed(world: World) {
    let (request, user) = ada(&world).await;
    let first = begun(&world, 1).await;
    let second = begun(&world, 2).await;
    let third = begun(&world, 3).await;
    assert_eq!(
        password(&world, user).await.kept.iter().map(|kept| kept.intent).collect::<Vec<_>>(),
        [first, second, third]
    );
    made(&world, Some(second)).await;
    let taken = take(&world, user).await;
    assert_eq!(
        taken.iter().map(|one| (one.intent, &*one.sealed)).collect::<Vec<_>>(),
        [(second, &[2; 9][..])]
    );
    let history = world.store.history(request, 0, 99).await.unwrap();
    let mut destroyed: Vec<_> =
        history.iter().filter(|event| event.kind == EventKind::Destroyed).map(|event| event.intent).collect();
    destroyed.sort();
    assert_eq!(destroyed, [Some(first), Some(third)]);
}

pub async fn the_first_known_create_stays_the_right_one(world: World) {
    let (request, user, intent) = ada_made(&world).await;
    let member = world.member(request).await;
    let mut row = world.row(&member, world.decide(&member, seatless::domain::Input::Ordered(Command::Pause)));
    row.holder = None;
    row.learned.password_intent = Some(IntentId(world.id()));
    world.commit_rows(vec![row]).await;
    assert_eq!(password(&world, user).await.valid, Some(intent));
    assert_eq!(standing(&world, user).await, PasswordStanding::Waiting);
}

pub async fn without_a_known_create_nobody_knows_which_is_right(world: World) {
    let (_, user) = ada(&world).await;
    let first = begun(&world, 1).await;
    let second = begun(&world, 2).await;
    made(&world, None).await;
    assert_eq!(standing(&world, user).await, PasswordStanding::Uncertain);
    let taken: Vec<IntentId> = take(&world, user).await.iter().map(|one| one.intent).collect();
    assert_eq!(taken, [first, second], "all that may be right, oldest first");
}

pub async fn a_known_create_without_a_kept_password_is_told(world: World) {
    let (_, user) = ada(&world).await;
    begun(&world, 1).await;
    made(&world, Some(IntentId(world.id()))).await;
    let password = password(&world, user).await;
    assert_eq!((password.standing(), password.kept), (PasswordStanding::NoneKept, Vec::new()));
}

pub async fn the_password_of_an_adopted_user_is_none_of_ours(world: World) {
    let (_, user) = ada(&world).await;
    begun(&world, 1).await;
    settled(&world, None, UserOrigin::Adopted).await;
    assert_eq!(standing(&world, user).await, PasswordStanding::NotOurs);
    assert_eq!(take(&world, user).await, []);
    assert_eq!(begin(&world, user, None).await.1, RotationFate::Lost);
}

pub async fn each_view_is_an_event_and_may_be_repeated(world: World) {
    let (request, user, intent) = ada_made(&world).await;
    let first = take(&world, user).await;
    assert_eq!(
        first.iter().map(|one| (one.user, one.intent, &*one.sealed)).collect::<Vec<_>>(),
        [(user, intent, &[7; 9][..])]
    );
    let at = world.wait(5);
    assert_eq!(take(&world, user).await, first);
    assert_eq!(password(&world, user).await.kept[0].taken_at, Some(at));
    assert_eq!(standing(&world, user).await, PasswordStanding::Taken);
    let history = world.store.history(request, 0, 99).await.unwrap();
    let views: Vec<_> = history.iter().filter(|event| event.kind == EventKind::HandedOver).collect();
    assert_eq!(views.len(), 2);
    for view in views {
        assert_eq!((view.intent, &view.actor), (Some(intent), &grace()));
        assert_eq!((view.from, view.to), (State::Created, State::Created));
    }
}

pub async fn each_request_of_the_user_tells_of_the_view(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    let user = world.member(ids[0]).await.user.id;
    for environment in ["dev", "test"] {
        world.offer_slots(environment, 9).await;
    }
    for group in world.claim().await {
        world.finish(&group, Outcome::Advanced).await;
    }
    let intent = begun(&world, 7).await;
    made(&world, Some(intent)).await;
    assert_eq!(take(&world, user).await.len(), 1);
    for id in ids {
        assert_eq!(kinds(&world, id).await.pop(), Some(EventKind::HandedOver));
    }
}

pub async fn what_was_acknowledged_is_destroyed(world: World) {
    let (request, user, _) = ada_made(&world).await;
    take(&world, user).await;
    assert_eq!(acknowledge(&world, user).await, [user]);
    let password = password(&world, user).await;
    assert_eq!((password.standing(), &*password.kept), (PasswordStanding::Acknowledged, &[][..]));
    assert_eq!(take(&world, user).await, []);
    assert_eq!(acknowledge(&world, user).await, [], "only once");
    assert_eq!(kinds(&world, request).await.pop(), Some(EventKind::Acknowledged));
}

pub async fn what_was_never_taken_is_not_destroyed(world: World) {
    let (request, user, _) = ada_made(&world).await;
    assert_eq!(acknowledge(&world, user).await, []);
    assert_eq!(standing(&world, user).await, PasswordStanding::Waiting);
    assert!(!kinds(&world, request).await.contains(&EventKind::Acknowledged));
}

pub async fn a_deleted_user_leaves_no_password(world: World) {
    let (request, user, _) = ada_made(&world).await;
    world.order(request, Command::Cancel).await;
    for _ in 0..9 {
        if world.state(request).await.1.is_terminal() {
            break;
        }
        let group = world.claim_one().await;
        let rows = group.members.iter().map(|member| {
            let mut row = world.row(member, world.report(member, Outcome::Advanced));
            row.learned.user_gone = true;
            row
        });
        world.commit(world.commit_of(rows.collect(), Some(&group))).await;
    }
    let password = password(&world, user).await;
    assert_eq!((password.standing(), password.valid), (PasswordStanding::NotMade, None));
    assert_eq!(password.kept, []);
    assert!(kinds(&world, request).await.contains(&EventKind::Destroyed));
}

pub async fn a_rotation_is_recorded_before_anything_is_sent(world: World) {
    let (request, user, valid) = ada_made(&world).await;
    let (rotation, fate) = begin(&world, user, None).await;
    assert_eq!(fate, RotationFate::Recorded);
    let password = password(&world, user).await;
    assert_eq!(password.rotation, Some(OpenRotation { intent: rotation.intent, begun_at: world.now() }));
    assert_eq!((password.standing(), password.valid), (PasswordStanding::Uncertain, Some(valid)));
    let event = world.store.history(request, 0, 99).await.unwrap().pop().unwrap();
    assert_eq!((event.kind, event.intent, event.actor), (EventKind::Begun, Some(rotation.intent), grace()));
    let taken: Vec<IntentId> = take(&world, user).await.iter().map(|one| one.intent).collect();
    assert_eq!(taken, [valid, rotation.intent], "while nobody knows, both are handed over");
}

pub async fn a_confirmed_rotation_leaves_the_new_password_only(world: World) {
    let (request, user, valid) = ada_made(&world).await;
    take(&world, user).await;
    acknowledge(&world, user).await;
    let (rotation, _) = begin(&world, user, None).await;
    assert_eq!(end(&world, rotation, RotationEnd::Confirmed).await, RotationFate::Recorded);
    let password = password(&world, user).await;
    assert_eq!((password.standing(), password.valid), (PasswordStanding::Waiting, Some(rotation.intent)));
    assert_eq!(password.kept.iter().map(|kept| kept.intent).collect::<Vec<_>>(), [rotation.intent]);
    assert_eq!(kinds(&world, request).await.pop(), Some(EventKind::Rotated));
    assert_ne!(valid, rotation.intent);
    assert_eq!(end(&world, rotation, RotationEnd::Confirmed).await, RotationFate::Lost, "only once");
}

pub async fn a_confirmed_rotation_destroys_the_former_password(world: World) {
    let (request, user, valid) = ada_made(&world).await;
    let (rotation, _) = begin(&world, user, None).await;
    end(&world, rotation, RotationEnd::Confirmed).await;
    assert_eq!(password(&world, user).await.kept.len(), 1);
    let last = world.store.history(request, 0, 99).await.unwrap().pop().unwrap();
    assert_eq!((last.kind, last.intent), (EventKind::Destroyed, Some(valid)));
}

pub async fn a_rotation_that_was_not_done_leaves_everything_as_it_was(world: World) {
    let (request, user, _) = ada_made(&world).await;
    let before = password(&world, user).await;
    let (rotation, _) = begin(&world, user, None).await;
    let failure = Failure::new(Code::GraphPasswordForbidden, "HTTP 403").seen_as(["r-1".to_owned()]);
    end(&world, rotation, RotationEnd::NotDone(failure.clone())).await;
    assert_eq!(password(&world, user).await, before);
    let history = world.store.history(request, 0, 99).await.unwrap();
    let failed = history.iter().find(|event| event.kind == EventKind::Failed).unwrap();
    assert_eq!(failed.failure.as_ref(), Some(&failure));
    assert_eq!(failed.remote_request_ids, ["r-1"]);
    assert_eq!(history.last().unwrap().kind, EventKind::Destroyed);
}

pub async fn an_unknown_rotation_keeps_both_until_the_next_one(world: World) {
    let (_, user, valid) = ada_made(&world).await;
    let (first, _) = begin(&world, user, None).await;
    end(&world, first, RotationEnd::Unknown(lost())).await;
    assert_eq!(standing(&world, user).await, PasswordStanding::Uncertain);
    world.wait(60);
    let open = password(&world, user).await.rotation;
    let (second, fate) = begin(&world, user, open).await;
    assert_eq!(fate, RotationFate::Recorded);
    assert_eq!(
        password(&world, user).await.kept.iter().map(|kept| kept.intent).collect::<Vec<_>>(),
        [valid, first.intent, second.intent]
    );
    end(&world, second, RotationEnd::NotDone(lost())).await;
    assert_eq!(password(&world, user).await.rotation, open, "the earlier one is still unknown");
    let (third, _) = begin(&world, user, open).await;
    end(&world, third, RotationEnd::Confirmed).await;
    let password = password(&world, user).await;
    assert_eq!((password.standing(), password.kept.len()), (PasswordStanding::Waiting, 1));
}

pub async fn two_rotations_at_once_do_not_both_begin(world: World) {
    let (_, user, _) = ada_made(&world).await;
    let (first, _) = begin(&world, user, None).await;
    let (second, fate) = begin(&world, user, None).await;
    assert_eq!(fate, RotationFate::Lost);
    assert_eq!(password(&world, user).await.kept.len(), 2, "the lost one left nothing");
    assert_eq!(end(&world, second, RotationEnd::Confirmed).await, RotationFate::Lost);
    assert_eq!(password(&world, user).await.rotation.map(|open| open.intent), Some(first.intent));
}

pub async fn a_rotation_outlives_its_process_as_unknown(mut world: World) {
    let (_, user, _) = ada_made(&world).await;
    let (rotation, _) = begin(&world, user, None).await;
    world.restart().await;
    let password = password(&world, user).await;
    assert_eq!(password.rotation.map(|open| open.intent), Some(rotation.intent));
    assert_eq!((password.standing(), password.kept.len()), (PasswordStanding::Uncertain, 2));
}

pub async fn a_rotation_begins_only_from_what_was_seen(world: World) {
    let (_, user, _) = ada_made(&world).await;
    let (first, _) = begin(&world, user, None).await;
    let other = OpenRotation { intent: IntentId(world.id()), begun_at: world.now() };
    assert_eq!(begin(&world, user, Some(other)).await.1, RotationFate::Lost);
    let seen = password(&world, user).await.rotation;
    assert_eq!(seen.map(|open| open.intent), Some(first.intent));
    assert_eq!(begin(&world, user, seen).await.1, RotationFate::Recorded);
}

pub async fn unknown_users_have_no_passwords(world: World) {
    let nobody = UserId(world.id());
    assert_eq!(world.store.passwords(vec![nobody]).await.unwrap(), []);
    assert_eq!(take(&world, nobody).await, []);
    assert_eq!(acknowledge(&world, nobody).await, []);
    assert_eq!(begin(&world, nobody, None).await.1, RotationFate::Lost);
}
