//! The watch over finished accounts.

use crate::suite::build::ask;
use crate::suite::world::{World, engine, grace};
use seatless::domain::{
    Command, Drift, DriftChange, DriftEvidence, DriftKind, EventKind, RequestId, Sight, State, Status, Watch,
    Weighed,
};
use seatless::store::{CommitRow, DriftCount, Filter, Page, RowFate, WatchNote};

async fn watch(world: &World, request: RequestId) -> Option<Watch> {
    let watches = world.store.watches(vec![request]).await.expect("watches can be read");
    watches.into_iter().next().map(|(_, watch)| watch)
}

fn drifted(kinds: &[DriftKind]) -> Sight {
    Sight::Found { drifts: kinds.iter().map(|kind| Drift::new(*kind, "seen \"so\" — é")).collect() }
}

/// Notes one look at each; in order.
async fn note(world: &World, sights: &[(RequestId, Sight)]) -> Vec<RowFate> {
    let mut notes = Vec::new();
    for (request, sight) in sights {
        let before = watch(world, *request).await.expect("it is watched");
        let weighed = before.weigh(sight.clone(), &world.policy, world.now());
        notes.push(WatchNote { request: *request, before, weighed });
    }
    world.store.note_watches(notes, engine(), world.now()).await.expect("looks can be noted")
}

async fn due(world: &World, groups_max: u32, members_max: u32) -> Vec<(String, Vec<RequestId>)> {
    let groups =
        world.store.due_watches(world.now(), groups_max, members_max).await.expect("watches can be read");
    groups
        .into_iter()
        .map(|group| (group.environment, group.members.iter().map(|member| member.request.id).collect()))
        .collect()
}

/// Has a request healed, as a person's order does.
async fn heal(world: &World, id: RequestId, to: State) {
    assert_eq!(world.order(id, Command::Heal { to }).await, [RowFate::Written]);
}

pub async fn what_succeeds_is_watched_from_that_commit_on(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until(State::Unlicensed).await;
    assert_eq!(watch(&world, ids[0]).await, None);
    assert_eq!(world.store.next_watch().await.unwrap(), None);
    world.work_to_success().await;
    for id in ids {
        let succeeded_at = world.member(id).await.request.updated_at;
        let due_at = succeeded_at + world.policy.watch_first;
        assert_eq!(watch(&world, id).await, Some(Watch::begun(succeeded_at, due_at)));
        assert_eq!(world.store.next_watch().await.unwrap(), Some(due_at));
    }
}

pub async fn due_watches_come_by_environment_the_longest_due_first(world: World) {
    let early = world.submit(&[ask("ada").in_environment("test"), ask("bob").in_environment("test")]).await;
    world.work_to_success().await;
    world.wait(600);
    let late = world.submit(&[ask("cleo"), ask("ada").in_environment("prod")]).await;
    world.work_to_success().await;
    let test = watch(&world, early[0]).await.unwrap().due_at;
    world.wait((test - world.now()).num_seconds() as u64 - 1);
    assert_eq!(due(&world, 10, 10).await, [], "nobody is due yet");
    world.wait(1);
    assert_eq!(due(&world, 10, 10).await, [("test".to_owned(), early.clone())]);
    world.wait(7_200);
    let all = due(&world, 10, 10).await;
    assert_eq!(all[0], ("test".to_owned(), early.clone()));
    assert_eq!(all.len(), 3);
    assert!(
        all.contains(&("dev".to_owned(), vec![late[0]])) && all.contains(&("prod".to_owned(), vec![late[1]]))
    );
    assert_eq!(due(&world, 1, 1).await, [("test".to_owned(), vec![early[0]])], "no more than asked");
}

pub async fn a_note_is_kept_and_told_with_what_was_before(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let end = world.store.history(ids[0], 0, 100).await.unwrap().last().unwrap().sequence;
    world.wait(3_600);
    let roles = drifted(&[DriftKind::Roles]);
    let both = drifted(&[DriftKind::Roles, DriftKind::UserDisabled]);
    for sight in [drifted(&[]), roles.clone(), roles, both, drifted(&[])] {
        assert_eq!(note(&world, &[(ids[0], sight)]).await, [RowFate::Written]);
    }
    let kept = watch(&world, ids[0]).await.unwrap();
    assert_eq!((kept.looks, kept.looked_at, kept.drifts), (5, Some(world.now()), vec![]));
    let events = world.store.history(ids[0], end, 100).await.unwrap();
    let told: Vec<(EventKind, Vec<DriftKind>, Vec<DriftKind>)> = events
        .iter()
        .map(|event| {
            let DriftChange { before, after } = event.drift.clone().expect("a change");
            let kinds = |drifts: Vec<Drift>| drifts.iter().map(|drift| drift.kind).collect();
            (event.kind, kinds(before), kinds(after))
        })
        .collect();
    let (one, two) = (vec![DriftKind::Roles], vec![DriftKind::UserDisabled, DriftKind::Roles]);
    assert_eq!(
        told,
        [
            (EventKind::Drifted, vec![], one.clone()),
            (EventKind::Drifted, one, two.clone()),
            (EventKind::Verified, two, vec![]),
        ]
    );
    assert_eq!(events[0].drift.as_ref().unwrap().after[0].message, "seen \"so\" — é");
    assert!(events.iter().all(|event| event.actor == engine() && event.failure.is_none()));
    assert!(events.iter().all(|event| (event.from, event.to) == (State::Unlicensed, State::Unlicensed)));
}

pub async fn evidence_is_kept_until_it_is_settled(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let gone = Drift::new(DriftKind::UserDeleted, "");
    let absent = Sight::Absent { drift: gone, others: Vec::new() };
    let since = world.now();
    note(&world, &[(ids[0], absent.clone())]).await;
    world.wait(5);
    note(&world, &[(ids[0], absent)]).await;
    let evidence = DriftEvidence { kind: DriftKind::UserDeleted, looks: 2, since };
    assert_eq!(watch(&world, ids[0]).await.unwrap().evidence, Some(evidence));
    note(&world, &[(ids[0], drifted(&[]))]).await;
    assert_eq!(watch(&world, ids[0]).await.unwrap().evidence, None);
}

pub async fn a_note_on_an_older_watch_is_lost(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_to_success().await;
    let before = watch(&world, ids[0]).await.unwrap();
    note(&world, &[(ids[0], drifted(&[]))]).await;
    let weighed = before.weigh(drifted(&[DriftKind::Roles]), &world.policy, world.now());
    let stale = WatchNote { request: ids[0], before, weighed };
    let bobs = watch(&world, ids[1]).await.unwrap();
    let weighed = bobs.weigh(drifted(&[DriftKind::AccessMode]), &world.policy, world.now());
    let fresh = WatchNote { request: ids[1], before: bobs, weighed };
    let fates = world.store.note_watches(vec![stale, fresh], grace(), world.now()).await.unwrap();
    assert_eq!(fates, [RowFate::Lost, RowFate::Written]);
    assert!(watch(&world, ids[0]).await.unwrap().drifts.is_empty());
    let told = world.store.latest(0, 1).await.unwrap();
    assert_eq!((told[0].request, told[0].kind, &told[0].actor), (ids[1], EventKind::Drifted, &grace()));
}

pub async fn two_notes_on_one_watch_go_through_once(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let before = watch(&world, ids[0]).await.unwrap();
    let of = |kind| WatchNote {
        request: ids[0],
        before: before.clone(),
        weighed: before.weigh(drifted(&[kind]), &world.policy, world.now()),
    };
    let notes = vec![of(DriftKind::Roles), of(DriftKind::AccessMode)];
    let fates = world.store.note_watches(notes, engine(), world.now()).await.unwrap();
    assert_eq!(fates, [RowFate::Written, RowFate::Lost]);
    let kept = watch(&world, ids[0]).await.unwrap().drifts;
    let told = world.store.latest(0, 2).await.unwrap();
    assert_eq!(told[0].drift.clone().unwrap().after, kept);
    assert_eq!((kept[0].kind, told[1].kind), (DriftKind::Roles, EventKind::Verified));
}

pub async fn a_reopened_request_is_watched_no_longer_and_then_anew(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let first = watch(&world, ids[0]).await.unwrap();
    heal(&world, ids[0], State::Propagated).await;
    assert_eq!(world.state(ids[0]).await, (State::Propagated, Status::Active));
    assert_eq!(watch(&world, ids[0]).await, None);
    assert_eq!(world.store.next_watch().await.unwrap(), None);
    world.recount().await;
    world.wait(1);
    world.work_to_success().await;
    let second = watch(&world, ids[0]).await.unwrap();
    assert!(second.succeeded_at > first.succeeded_at && second.looks == 0);
    let weighed = Weighed { next: Watch { looks: 1, ..first.clone() }, event: None };
    let stale = WatchNote { request: ids[0], before: first, weighed };
    let fates = world.store.note_watches(vec![stale], engine(), world.now()).await.unwrap();
    assert_eq!(fates, [RowFate::Lost], "it was weighed on another life");
}

pub async fn a_request_healed_from_created_waits_for_a_seat(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    world.wait(3_600);
    world.store.end_rests(world.now()).await.unwrap();
    heal(&world, ids[0], State::Created).await;
    let candidates = world.store.candidates(10).await.unwrap();
    assert_eq!(candidates.iter().map(|member| member.request.id).collect::<Vec<_>>(), ids);
    world.recount().await;
    world.work_to_success().await;
    assert_eq!(world.state(ids[0]).await, (State::Unlicensed, Status::Succeeded));
    world.recount().await;
}

pub async fn a_worker_cannot_undo_what_was_reopened(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let member = world.member(ids[0]).await;
    heal(&world, ids[0], State::Propagated).await;
    let again = world.decide(&member, seatless::domain::Input::Ordered(Command::Heal { to: State::Created }));
    let row = CommitRow { holder: None, ..world.row(&member, again) };
    assert_eq!(world.commit_rows(vec![row]).await, [RowFate::Lost]);
    assert_eq!(world.state(ids[0]).await.0, State::Propagated);
}

pub async fn drift_is_counted_and_selects(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("ada").in_environment("test"), ask("cleo")]).await;
    world.work_to_success().await;
    note(
        &world,
        &[
            (ids[0], drifted(&[DriftKind::Roles, DriftKind::AccessMode])),
            (ids[1], drifted(&[DriftKind::Roles])),
            (ids[2], drifted(&[DriftKind::Roles])),
            (ids[3], drifted(&[])),
        ],
    )
    .await;
    let count = |environment: &str, kind, accounts| DriftCount {
        tenant: "contoso".to_owned(),
        environment: environment.to_owned(),
        kind,
        accounts,
    };
    let counts = world.store.drift_counts().await.unwrap();
    assert_eq!(
        counts,
        [
            count("dev", DriftKind::AccessMode, 1),
            count("dev", DriftKind::Roles, 2),
            count("test", DriftKind::Roles, 1)
        ]
    );
    let selected = async |filter: Filter| -> Vec<RequestId> {
        let page = Page { after: None, rows_max: 10 };
        let found = world.store.requests(filter, page).await.unwrap();
        found.iter().map(|member| member.request.id).collect()
    };
    let drifted_ones = Filter { drifted: true, ..Filter::default() };
    assert_eq!(selected(drifted_ones.clone()).await, ids[..3]);
    let in_test = Filter { environment: Some("test".to_owned()), ..drifted_ones };
    assert_eq!(selected(in_test).await, [ids[2]]);
}
