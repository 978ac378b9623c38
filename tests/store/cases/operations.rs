//! Orders for many requests: in effect when they are opened, carried out in chunks.

use crate::suite::build::ask;
use crate::suite::world::{World, grace};
use seatless::domain::{EventKind, Input, IntentId, OperationId, Outcome, RequestId, Steering};
use seatless::store::{
    BeginFate, Commit, CommitRow, DueItem, ItemEnd, ItemOutcome, Operation, OperationDraft,
};
use std::time::Duration;

async fn open(world: &World, verb: Steering, requests: &[RequestId]) -> Operation {
    let draft = OperationDraft {
        id: OperationId(world.id()),
        verb,
        selection: "batch x".to_owned(),
        reason: Some("a change \"freeze\"".to_owned()),
        actor: grace(),
        at: world.now(),
    };
    world.store.open_operation(draft, requests.to_vec()).await.unwrap()
}

/// What the order comes to for these items as they were read, carried out.
fn decided(world: &World, due: &[DueItem]) -> (Commit, Vec<ItemEnd>) {
    let rows = due.iter().map(|item| {
        let member = item.member.as_ref().expect("the request is there");
        let transition = world.decide(member, Input::Ordered(item.verb.command()));
        CommitRow { holder: None, ..world.row(member, transition) }
    });
    let mut commit = world.commit_of(rows.collect(), None);
    commit.actor = due[0].actor.clone();
    let end =
        |item: &DueItem| ItemEnd { place: item.place, request: item.request, outcome: ItemOutcome::Done };
    (commit, due.iter().map(end).collect())
}

async fn settle(world: &World, due: &[DueItem]) -> u64 {
    let (commit, ends) = decided(world, due);
    world.store.settle_items(due[0].operation, commit, ends).await.unwrap()
}

async fn outcomes(world: &World, id: OperationId) -> Vec<Option<ItemOutcome>> {
    let items = world.store.operation_items(id, -1, 100).await.unwrap();
    items.into_iter().map(|item| item.outcome).collect()
}

pub async fn nothing_is_begun_for_whom_an_operation_halts(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo"), ask("dora")]).await;
    let group = world.claim_one().await;
    open(&world, Steering::Pause, &ids[..1]).await;
    open(&world, Steering::Cancel, &ids[1..2]).await;
    open(&world, Steering::Retry, &ids[2..3]).await;
    let intent = IntentId(world.id());
    let begins = group.members.iter().map(|member| world.begin_of(member, intent)).collect();
    let fates = world.begin(begins).await;
    assert_eq!(fates, [BeginFate::Lost, BeginFate::Lost, BeginFate::Begun, BeginFate::Begun]);
}

pub async fn an_item_is_settled_with_its_row_and_event(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let unknown = RequestId(world.id());
    let operation = open(&world, Steering::Pause, &[ids[2], ids[0], ids[2], unknown]).await;
    assert_eq!((operation.items, operation.done, operation.ended_at), (3, 0, None));
    let due = world.store.due_items(2).await.unwrap();
    assert_eq!(due.iter().map(|item| item.request).collect::<Vec<_>>(), [ids[2], ids[0]]);
    world.wait(1);
    assert_eq!(settle(&world, &due).await, 2);
    for (id, paused) in [(ids[0], true), (ids[1], false), (ids[2], true)] {
        assert_eq!(world.member(id).await.request.progress.paused, paused);
    }
    let event = world.store.history(ids[0], 0, 9).await.unwrap().pop().unwrap();
    assert_eq!((event.kind, event.actor), (EventKind::Paused, grace()));
    let due = world.store.due_items(9).await.unwrap();
    assert_eq!((due.len(), due[0].request, &due[0].member), (1, unknown, &None));
    let why = "there is no such request".to_owned();
    let refused = ItemOutcome::Refused { why };
    let end = ItemEnd { place: due[0].place, request: unknown, outcome: refused.clone() };
    let nothing = world.commit_of(Vec::new(), None);
    assert_eq!(world.store.settle_items(operation.id, nothing, vec![end]).await.unwrap(), 1);
    assert_eq!(
        outcomes(&world, operation.id).await,
        [Some(ItemOutcome::Done), Some(ItemOutcome::Done), Some(refused)]
    );
    let ended = world.store.operation(operation.id).await.unwrap().unwrap();
    assert_eq!((ended.done, ended.refused, ended.dropped, ended.ended_at), (2, 1, 0, Some(world.now())));
    assert_eq!(world.store.operations_of(ids[0], 9).await.unwrap(), std::slice::from_ref(&ended));
    assert_eq!(world.store.operations_of(ids[1], 9).await.unwrap(), []);
    assert_eq!(world.store.due_items(9).await.unwrap(), []);
    world.recount().await;
}

pub async fn an_item_is_settled_once_and_a_lost_row_stays_due(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    let operation = open(&world, Steering::Pause, &ids).await;
    let due = world.store.due_items(9).await.unwrap();
    // Whoever claims bob meanwhile has moved him on.
    world.claim_one().await;
    assert_eq!(settle(&world, &due[..1]).await, 0, "their epochs have grown");
    assert_eq!(outcomes(&world, operation.id).await, [None, None]);
    let fresh = world.store.due_items(9).await.unwrap();
    assert_eq!(settle(&world, &fresh).await, 2);
    let events = world.store.latest(0, 100).await.unwrap().len();
    assert_eq!(settle(&world, &fresh).await, 0);
    // As another process would that read them before: by now it means to do something else.
    let (mut commit, ends) = decided(&world, &fresh);
    for row in &mut commit.rows {
        row.epoch = world.member(row.request).await.request.epoch;
    }
    assert_eq!(world.store.settle_items(operation.id, commit, ends).await.unwrap(), 0);
    assert_eq!(world.store.latest(0, 100).await.unwrap().len(), events, "nothing was written");
    let ended = world.store.operation(operation.id).await.unwrap().unwrap();
    assert_eq!((ended.done, ended.refused), (2, 0));
}

pub async fn what_is_called_off_goes_on_as_it_was(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    let group = world.claim_one().await;
    let operation = open(&world, Steering::Pause, &ids).await;
    let due = world.store.due_items(1).await.unwrap();
    settle(&world, &due).await;
    assert_eq!(world.store.call_off(operation.id, grace(), world.now()).await.unwrap(), 1);
    assert_eq!(world.store.call_off(operation.id, grace(), world.now()).await.unwrap(), 0);
    let ended = world.store.operation(operation.id).await.unwrap().unwrap();
    assert_eq!((ended.done, ended.dropped, ended.ended_at), (1, 1, Some(world.now())));
    assert_eq!(ended.called_off_by, Some(grace().name));
    let begins = group.members.iter().map(|member| world.begin_of(member, IntentId(world.id()))).collect();
    assert_eq!(world.begin(begins).await, [BeginFate::Lost, BeginFate::Begun]);
    // Whoever read it before it was called off comes too late.
    let late =
        DueItem { member: Some(world.member(ids[1]).await), place: 1, request: ids[1], ..due[0].clone() };
    assert_eq!(settle(&world, &[late]).await, 0);
    assert!(!world.member(ids[1]).await.request.progress.paused);
    let wait = Duration::ZERO;
    let rest = seatless::store::Group { members: vec![world.member(ids[1]).await], ..group };
    world.finish(&rest, Outcome::NotYet { wait, because: None }).await;
    assert_eq!(world.claim_one().await.members.len(), 1);
}

pub async fn operations_come_one_after_the_other(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    let pause = open(&world, Steering::Pause, &ids).await;
    world.wait(1);
    let resume = open(&world, Steering::Resume, &ids[..1]).await;
    let latest: Vec<OperationId> =
        world.store.operations(9).await.unwrap().into_iter().map(|operation| operation.id).collect();
    assert_eq!(latest, [resume.id, pause.id]);
    assert_eq!(world.store.operations(1).await.unwrap(), std::slice::from_ref(&resume));
    for (id, items) in [(pause.id, 2), (resume.id, 1)] {
        let due = world.store.due_items(9).await.unwrap();
        assert_eq!((due.len(), due[0].operation), (items, id));
        assert_eq!(settle(&world, &due).await, items as u64);
    }
    let paused =
        [world.member(ids[0]).await, world.member(ids[1]).await].map(|member| member.request.progress.paused);
    assert_eq!(paused, [false, true]);
    let nobody = open(&world, Steering::Pause, &[]).await;
    assert_eq!((nobody.items, nobody.ended_at), (0, Some(world.now())));
}

pub async fn an_opened_operation_survives_a_restart(mut world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let opened = open(&world, Steering::Pause, &ids).await;
    settle(&world, &world.store.due_items(1).await.unwrap()).await;
    world.restart().await;
    let kept = world.store.operation(opened.id).await.unwrap().unwrap();
    assert_eq!(Operation { done: 1, ..opened.clone() }, kept);
    let group = world.claim().await;
    let begins = group.iter().flat_map(|group| &group.members);
    let begins: Vec<_> = begins.map(|member| world.begin_of(member, IntentId(world.id()))).collect();
    assert_eq!(world.begin(begins).await, [BeginFate::Lost; 2]);
    let due = world.store.due_items(9).await.unwrap();
    assert_eq!(settle(&world, &due).await, 2);
    assert!(world.store.operation(opened.id).await.unwrap().unwrap().ended_at.is_some());
}
