//! After a crash: what others had claimed.

use crate::suite::build::ask;
use crate::suite::world::{ME, OTHER, World};
use seatless::domain::{EventKind, Input, Outcome};
use seatless::store::{CommitRow, RowFate};
use std::time::Duration;

async fn rescue(world: &World) -> usize {
    world.store.free_lanes(OTHER).await.unwrap();
    let stranded = world.store.claimed_by_others(OTHER, 100).await.unwrap();
    let rows = stranded
        .iter()
        .map(|member| CommitRow { holder: None, ..world.row(member, world.decide(member, Input::Rescued)) });
    let fates = world.commit_rows(rows.collect()).await;
    fates.iter().filter(|fate| **fate == RowFate::Written).count()
}

pub async fn a_new_owner_sees_what_the_old_one_had_claimed(mut world: World) {
    let ids = world
        .submit(&[ask("ada"), ask("bob").in_environment("test"), ask("cleo").in_environment("prod")])
        .await;
    world.claim_as(ME, 2, 10).await;
    world.restart().await;
    let stranded = world.store.claimed_by_others(OTHER, 100).await.unwrap();
    let stranded: Vec<_> = stranded.iter().map(|member| member.request.id).collect();
    assert_eq!(stranded, ids[..2]);
    assert_eq!(world.store.claimed_by_others(ME, 100).await.unwrap(), []);
    assert_eq!(world.store.claimed_by_others(OTHER, 1).await.unwrap().len(), 1);
}

pub async fn rescued_requests_are_due_again(mut world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.claim_one().await;
    world.restart().await;
    world.wait(60);
    assert_eq!(rescue(&world).await, 2);
    let group = world.claim_as(OTHER, 10, 10).await.remove(0);
    assert_eq!(group.members.len(), 2);
    assert_eq!(group.members[0].request.progress.trial.claims, 2, "a rescue does not count claims anew");
    let kinds: Vec<_> =
        world.store.history(ids[0], 0, 9).await.unwrap().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Submitted, EventKind::Rescued]);
}

pub async fn the_dead_owner_can_write_nothing_more(world: World) {
    world.submit(&[ask("ada")]).await;
    let mut group = world.claim_one().await;
    assert_eq!(rescue(&world).await, 1);
    assert_eq!(world.begin_group(&mut group).await, [seatless::store::BeginFate::Lost]);
    let wait = Duration::ZERO;
    assert_eq!(world.finish(&group, Outcome::NotYet { wait, because: None }).await, [RowFate::Lost]);
}

pub async fn an_open_intent_survives_the_rescue(mut world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let mut group = world.claim_one().await;
    world.begin_group(&mut group).await;
    let intent = group.members[0].request.progress.trial.intent;
    world.restart().await;
    rescue(&world).await;
    assert_eq!(world.member(ids[0]).await.request.progress.trial.intent, intent);
}

pub async fn freeing_lanes_leaves_ones_own_alone(world: World) {
    world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    world.claim_as(ME, 1, 10).await;
    world.wait(1);
    world.claim_as(OTHER, 1, 10).await;
    assert_eq!(world.store.free_lanes(ME).await.unwrap(), 1);
    assert_eq!(world.store.free_lanes(ME).await.unwrap(), 0);
}
