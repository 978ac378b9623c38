//! The writer: shared fsyncs, and failures that stay with whoever caused them.

use super::factory::fresh;
use crate::suite::build::ask;
use crate::suite::world::{World, grace};
use futures_util::future::join_all;
use seatless::domain::{BatchId, Outcome};
use seatless::store::{BatchDraft, RowFate, SqliteStore, WriterStats};
use std::sync::Arc;
use std::time::Duration;

async fn world_and_store() -> (World, SqliteStore) {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let store = file.opened();
    (world, store)
}

fn spent(store: &SqliteStore, before: WriterStats) -> (u64, u64) {
    let after = store.writer_stats();
    (after.commits - before.commits, after.operations - before.operations)
}

#[tokio::test]
async fn an_operation_alone_is_written_at_once() {
    let (world, store) = world_and_store().await;
    let before = store.writer_stats();
    world.open_batch().await;
    assert_eq!(spent(&store, before), (1, 1));
}

#[tokio::test]
async fn commits_of_many_lanes_share_an_fsync_and_their_statements() {
    let (world, store) = world_and_store().await;
    let asks: Vec<_> = (0..60).map(|n| ask(format!("user{n}")).in_environment(format!("env{n}"))).collect();
    world.submit(&asks).await;
    let groups = world.claim().await;
    assert_eq!(groups.len(), 60);
    let wait = || Outcome::NotYet { wait: Duration::from_secs(60), because: None };
    let commits = groups.iter().map(|group| {
        let rows =
            group.members.iter().map(|member| world.row(member, world.report(member, wait()))).collect();
        world.store.commit(world.commit_of(rows, Some(group)))
    });
    let before = store.writer_stats();
    let fates = join_all(commits).await;
    assert!(fates.into_iter().all(|fates| fates.unwrap() == [RowFate::Written]));
    let (commits, operations) = spent(&store, before);
    assert_eq!(operations, 60);
    assert!(commits <= 3, "{commits} fsyncs for 60 commits");
    let statements = store.writer_stats().statements - before.statements;
    assert!(statements <= 60, "{statements} statements for 60 commits");
}

#[tokio::test]
async fn only_the_guilty_operation_fails() {
    let (world, _store) = world_and_store().await;
    let draft = |id| BatchDraft { id, source: "x".to_owned(), actor: grace(), at: world.now() };
    let taken = world.open_batch().await;
    let ids: Vec<BatchId> = (0..5).map(|n| if n == 2 { taken } else { BatchId(world.id()) }).collect();
    let outcomes = join_all(ids.iter().map(|id| world.store.open_batch(draft(*id)))).await;
    let refused: Vec<bool> = outcomes.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, false, true, false, false]);
    for id in [ids[0], ids[1], ids[3], ids[4]] {
        world.accept(id).await;
    }
}

#[tokio::test]
async fn looking_for_work_costs_no_fsync() {
    let (world, store) = world_and_store().await;
    world.submit(&[ask("ada")]).await;
    world.claim_one().await;
    let before = store.writer_stats();
    for _ in 0..5 {
        assert_eq!(world.claim().await, []);
    }
    assert_eq!(spent(&store, before), (0, 5));
}

#[tokio::test]
async fn a_lane_made_by_a_transaction_that_failed_is_made_again() {
    let (world, _store) = world_and_store().await;
    let ids = world.submit(&[ask("ada")]).await;
    world.offer_slots("dev", 9).await;
    let group = world.claim_one().await;
    let row = world.row(&group.members[0], world.report(&group.members[0], Outcome::Advanced));
    let mut impossible = row.clone();
    impossible.transition.next.state = seatless::domain::State::Created;
    impossible.transition.next.phase = seatless::domain::Phase::Succeeded;
    world.store.commit(world.commit_of(vec![impossible], None)).await.unwrap_err();
    assert_eq!(world.member(ids[0]).await, group.members[0]);
    assert_eq!(world.commit(world.commit_of(vec![row], Some(&group))).await, [RowFate::Written]);
    assert_eq!(world.claim_one().await.step, seatless::domain::Step::CreateUser);
}

#[tokio::test]
async fn a_caller_that_goes_away_undoes_nothing() {
    let (world, _store) = world_and_store().await;
    let id = BatchId(world.id());
    let draft = BatchDraft { id, source: "x".to_owned(), actor: grace(), at: world.now() };
    let mut call = world.store.open_batch(draft);
    // One poll queues it; then its caller forgets it.
    assert!(futures_util::poll!(&mut call).is_pending());
    drop(call);
    world.accept(id).await;
}
