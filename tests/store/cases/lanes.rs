//! Lanes: when they wake, what they show, and what becomes of them after their group.

use crate::suite::build::ask;
use crate::suite::world::{OTHER, World};
use seatless::domain::{Code, Failure, Outcome, State, Step};
use std::time::Duration;

fn not_yet(seconds: u64) -> Outcome {
    Outcome::NotYet { wait: Duration::from_secs(seconds), because: None }
}

pub async fn the_next_wake_is_the_earliest_due(world: World) {
    assert_eq!(world.store.next_wake().await.unwrap(), None);
    world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now()));
    let groups = world.claim().await;
    assert_eq!(world.store.next_wake().await.unwrap(), None);
    world.finish(&groups[0], not_yet(40)).await;
    world.finish(&groups[1], not_yet(20)).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now() + Duration::from_secs(20)));
}

pub async fn a_request_that_moves_on_is_due_in_its_next_lane(world: World) {
    world.submit(&[ask("ada")]).await;
    world.offer_slots("dev", 1).await;
    let group = world.claim_one().await;
    world.finish(&group, Outcome::Advanced).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now()));
    let group = world.claim_one().await;
    assert_eq!((group.step, group.environment.as_deref()), (Step::CreateUser, None));
}

pub async fn members_that_a_release_does_not_name_are_released_with_it(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    let group = world.claim_one().await;
    let row = world.row(&group.members[0], world.report(&group.members[0], not_yet(60)));
    world.commit(world.commit_of(vec![row], Some(&group))).await;
    let bob = world.member(ids[1]).await.request;
    assert_eq!((bob.holder, bob.epoch), (None, 1));
    assert_eq!(world.claim_one().await.members[0].request.id, ids[1]);
}

pub async fn a_release_by_a_former_holder_changes_nothing(world: World) {
    world.submit(&[ask("ada")]).await;
    let old = world.claim_one().await;
    world.store.free_lanes(OTHER).await.unwrap();
    let member = world.member(old.members[0].request.id).await;
    let rescued = world.decide(&member, seatless::domain::Input::Rescued);
    let row = seatless::store::CommitRow { holder: None, ..world.row(&member, rescued) };
    world.commit_rows(vec![row]).await;
    let new = world.claim_as(OTHER, 10, 10).await.remove(0);
    world.finish(&old, not_yet(0)).await;
    assert_eq!(world.claim().await, [], "the lane is still out");
    assert_eq!(world.member(new.members[0].request.id).await, new.members[0]);
}

pub async fn lanes_show_gates_and_troubles(world: World) {
    world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    let groups = world.claim().await;
    let failure = Failure::new(Code::RemoteUnavailable, "connection refused");
    let gate = world.now() + Duration::from_secs(30);
    let mut commit = world.commit_of(Vec::new(), Some(&groups[0]));
    let lane = commit.lane.as_mut().unwrap();
    (lane.gate_until, lane.trouble, lane.failure) = (Some(gate), 2, Some(failure.clone()));
    world.commit(commit).await;
    world.finish(&groups[1], not_yet(600)).await;
    let lanes = world.store.lanes(10).await.unwrap();
    assert_eq!(lanes.len(), 2);
    assert_eq!((lanes[0].environment.as_deref(), lanes[0].trouble), (Some("dev"), 2), "trouble comes first");
    assert_eq!((lanes[0].gate_until, lanes[0].failure.as_ref()), (Some(gate), Some(&failure)));
    assert_eq!((lanes[0].step, lanes[0].next_at), (Step::CheckEnvironment, Some(world.now())));
    assert_eq!(world.store.lanes(1).await.unwrap(), lanes[..1]);
    world.wait(30);
    let group = world.claim_one().await;
    assert_eq!(group.trouble, 2);
    world.finish(&group, not_yet(9)).await;
    let lane = world.store.lanes(10).await.unwrap().remove(0);
    assert_eq!((lane.trouble, lane.failure, lane.gate_until), (0, None, None), "a release says all anew");
}

pub async fn waiting_for_a_seat_wakes_nobody(world: World) {
    world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until(State::Created).await;
    assert_eq!(world.store.next_wake().await.unwrap(), None);
    assert_eq!(world.claim().await, []);
}

pub async fn a_pause_while_waiting_takes_the_wake_away(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.order(ids[0], seatless::domain::Command::Pause).await;
    assert_eq!(world.store.next_wake().await.unwrap(), None);
}
