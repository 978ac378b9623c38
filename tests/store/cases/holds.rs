//! Seats, slots and licenses.

use crate::suite::build::{SALES, SERVICE, ask};
use crate::suite::world::{World, seats, slots};
use seatless::domain::{
    Code, Failure, Input, LicenseEffect, Outcome, RequestId, SeatEffect, SlotEffect, State, Status, Step,
};
use seatless::store::{CommitRow, LicenseHold, RowFate, Seat};
use std::time::Duration;

/// Requests that wait for a seat.
async fn waiting(world: &World, names: &[&str]) -> Vec<RequestId> {
    let ids = world.submit(&names.iter().map(|name| ask(*name)).collect::<Vec<_>>()).await;
    world.offer_slots("dev", 100).await;
    for _ in 0..2 {
        let group = world.claim_one().await;
        world.finish(&group, Outcome::Advanced).await;
    }
    ids
}

/// Rows that grant a seat to each of these requests.
async fn grants(world: &World, ids: &[RequestId]) -> Vec<CommitRow> {
    let mut rows = Vec::new();
    for id in ids {
        let member = world.member(*id).await;
        let transition = world.decide(&member, Input::Admitted);
        rows.push(CommitRow { holder: None, ..world.row(&member, transition) });
    }
    rows
}

pub async fn a_pool_that_was_never_read_grants_nothing(world: World) {
    let ids = waiting(&world, &["ada"]).await;
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.capacity, pool.waiting, pool.held, pool.read_at), (None, 1, 0, None));
    assert_eq!(world.commit_rows(grants(&world, &ids).await).await, [RowFate::NoRoom]);
    assert_eq!(world.member(ids[0]).await.user.seat, Seat::None);
}

pub async fn seats_are_never_oversold_within_a_commit(world: World) {
    let ids = waiting(&world, &["ada", "bob", "cleo"]).await;
    world.observe_seats(SALES, 5, 3).await;
    let fates = world.commit_rows(grants(&world, &ids).await).await;
    assert_eq!(fates, [RowFate::Written, RowFate::Written, RowFate::NoRoom]);
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.held, pool.waiting, pool.free()), (2, 1, 0));
}

pub async fn seats_are_never_oversold_by_commits_at_the_same_time(world: World) {
    let ids = waiting(&world, &["ada", "bob", "cleo"]).await;
    world.offer_seats(1).await;
    let mut commits = Vec::new();
    for row in grants(&world, &ids).await {
        commits.push(world.store.commit(world.commit_of(vec![row], None)));
    }
    let fates = futures_util::future::join_all(commits).await;
    let written = fates.iter().filter(|fate| fate.as_ref().unwrap()[0] == RowFate::Written).count();
    assert_eq!(written, 1);
    assert_eq!(world.pool(seats(SALES)).await.held, 1);
}

pub async fn a_row_without_room_goes_on_waiting(world: World) {
    let ids = waiting(&world, &["ada"]).await;
    let before = world.member(ids[0]).await;
    world.offer_seats(0).await;
    assert_eq!(world.commit_rows(grants(&world, &ids).await).await, [RowFate::NoRoom]);
    assert_eq!(world.member(ids[0]).await, before);
}

pub async fn siblings_take_one_seat(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    assert_eq!(world.pool(seats(SALES)).await.waiting, 2);
    world.offer_seats(1).await;
    assert_eq!(world.commit_rows(grants(&world, &ids).await).await, [RowFate::Written, RowFate::Written]);
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.held, pool.waiting), (1, 0));
    assert_eq!(world.member(ids[1]).await.user.seat, Seat::Held { since: world.now() });
}

pub async fn a_slot_is_taken_once_and_never_oversold(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    world.offer_slots("dev", 2).await;
    let group = world.claim_one().await;
    let fates = world.finish(&group, Outcome::Advanced).await;
    assert_eq!(fates, [RowFate::Written, RowFate::Written, RowFate::NoRoom]);
    assert_eq!(world.pool(slots("dev")).await.held, 2);
    let cleo = world.member(ids[2]).await.request;
    assert_eq!((cleo.slot_held, cleo.holder, cleo.progress.due_at()), (false, None, Some(world.now())));
    assert_eq!(cleo.progress.state, State::Requested);
}

pub async fn a_request_without_a_slot_is_due_again(world: World) {
    world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    world.wait(5);
    assert_eq!(world.finish(&group, Outcome::Advanced).await, [RowFate::NoRoom]);
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now()));
    assert_eq!(world.claim_one().await.members[0].request.epoch, 2);
}

pub async fn a_returned_slot_is_free_at_once(world: World) {
    world.submit(&[ask("ada"), ask("bob")]).await;
    world.offer_slots("dev", 1).await;
    let group = world.claim_one().await;
    world.finish(&group, Outcome::Advanced).await;
    let ada = world.claim().await;
    let ada = ada.iter().flat_map(|group| &group.members).find(|member| member.request.slot_held).unwrap();
    let transition = world.decide(ada, Input::Ordered(seatless::domain::Command::Cancel));
    assert_eq!(transition.slot, SlotEffect::Return);
    world.commit_rows(vec![world.row(ada, transition)]).await;
    assert_eq!(world.pool(slots("dev")).await.held, 0);
}

pub async fn a_returned_seat_rests_and_still_counts(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Unlicensed).await;
    let until = match world.member(ids[0]).await.user.seat {
        Seat::Resting { until } => until,
        seat => panic!("the seat rests: {seat:?}"),
    };
    assert_eq!(world.pool(seats(SALES)).await.held, 1);
    assert_eq!(world.store.next_rest_end().await.unwrap(), Some(until));
    assert_eq!(world.store.end_rests(until - Duration::from_micros(1)).await.unwrap(), 0);
    assert_eq!(world.store.end_rests(until).await.unwrap(), 1);
    assert_eq!(world.pool(seats(SALES)).await.held, 0);
    assert_eq!(world.member(ids[0]).await.user.seat, Seat::None);
    assert_eq!(world.store.next_rest_end().await.unwrap(), None);
}

pub async fn without_a_rest_a_seat_is_free_at_once(mut world: World) {
    world.policy.seat_cool_down = Duration::ZERO;
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Unlicensed).await;
    assert_eq!(world.member(ids[0]).await.user.seat, Seat::None);
    assert_eq!(world.pool(seats(SALES)).await.held, 0);
}

pub async fn a_resting_seat_is_taken_again_without_another_one(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    world.admit().await;
    // Both hold the one seat; it is returned by the first and taken again by the second.
    let first = world.member(ids[0]).await;
    let mut transition = world.report(&first, Outcome::NotYet { wait: Duration::ZERO, because: None });
    transition.seat = SeatEffect::Return;
    world.commit_rows(vec![world.row(&first, transition)]).await;
    assert!(matches!(world.member(ids[1]).await.user.seat, Seat::Resting { .. }));
    let second = world.member(ids[1]).await;
    let mut transition = world.report(&second, Outcome::NotYet { wait: Duration::ZERO, because: None });
    transition.seat = SeatEffect::Take;
    assert_eq!(world.commit_rows(vec![world.row(&second, transition)]).await, [RowFate::Written]);
    assert_eq!(world.member(ids[1]).await.user.seat, Seat::Held { since: world.now() });
    assert_eq!(world.pool(seats(SALES)).await.held, 1);
}

pub async fn a_resting_seat_of_another_license_stays_with_its_pool(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Licensed).await;
    world.order(ids[0], seatless::domain::Command::Cancel).await;
    world.work_to_success().await;
    assert_eq!(world.pool(seats(SALES)).await.held, 1, "it rests");
    let again = world.submit(&[ask("ada").with_license(SERVICE)]).await;
    world.work_until_state(again[0], State::Created).await;
    world.observe_seats(SERVICE, 1, 0).await;
    assert_eq!(world.commit_rows(grants(&world, &again).await).await, [RowFate::Written]);
    assert_eq!(world.pool(seats(SERVICE)).await.held, 1);
    assert_eq!(world.pool(seats(SALES)).await.held, 0);
}

pub async fn a_refused_seat_is_not_offered_again_before_the_next_reading(world: World) {
    let ids = waiting(&world, &["ada"]).await;
    world.offer_seats(1).await;
    world.admit().await;
    let mut group = world.claim_one().await;
    world.begin_group(&mut group).await;
    let failure = Failure::new(Code::GraphNoSeat, "");
    assert_eq!(world.finish(&group, Outcome::NoSeat { failure }).await, [RowFate::Written]);
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.held, pool.others, pool.waiting, pool.free()), (0, 1, 1, 0));
    let user = world.member(ids[0]).await.user;
    assert_eq!((user.seat, user.license), (Seat::None, LicenseHold::None));
    assert_eq!(world.store.candidates(10).await.unwrap(), []);
    world.offer_seats(1).await;
    assert_eq!(world.store.candidates(10).await.unwrap().len(), 1);
}

pub async fn a_confirmed_license_keeps_the_intent_that_assigned_it(world: World) {
    let ids = waiting(&world, &["ada"]).await;
    world.offer_seats(1).await;
    world.admit().await;
    let mut group = world.claim_one().await;
    world.begin_group(&mut group).await;
    let intent = group.members[0].request.progress.trial.intent.unwrap().id;
    world.wait(9);
    let confirmed_at = world.now();
    world.finish(&group, Outcome::Advanced).await;
    let held = LicenseHold::Held { intent, since: confirmed_at };
    assert_eq!(world.member(ids[0]).await.user.license, held);
    assert_eq!(world.store.confirmed_holders(seats(SALES), confirmed_at).await.unwrap(), 0);
    let later = confirmed_at + Duration::from_secs(1);
    assert_eq!(world.store.confirmed_holders(seats(SALES), later).await.unwrap(), 1);
    assert_eq!(world.store.confirmed_holders(seats(SERVICE), later).await.unwrap(), 0);
    assert_eq!(world.store.confirmed_holders(slots("dev"), later).await.unwrap(), 0);
}

pub async fn a_license_that_its_own_call_confirmed_is_ours_whatever_was_believed_meanwhile(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    world.admit().await;
    let mut group = world.claim_one().await;
    group.members.retain(|member| member.request.id == ids[0]);
    world.begin_group(&mut group).await;
    let intent = group.members[0].request.progress.trial.intent.unwrap().id;
    let sibling = world.member(ids[1]).await;
    let mut mistaken = world.report(&sibling, Outcome::NotYet { wait: Duration::ZERO, because: None });
    mistaken.license = LicenseEffect::Gone;
    assert_eq!(world.commit_rows(vec![world.row(&sibling, mistaken)]).await, [RowFate::Written]);
    assert_eq!(world.member(ids[0]).await.user.license, LicenseHold::None);
    world.finish(&group, Outcome::Advanced).await;
    let held = LicenseHold::Held { intent, since: world.now() };
    assert_eq!(world.member(ids[0]).await.user.license, held);
}

pub async fn a_license_that_no_intent_explains_does_not_become_ours(world: World) {
    let ids = waiting(&world, &["ada"]).await;
    world.offer_seats(1).await;
    world.admit().await;
    let group = world.claim_one().await;
    let transition = world.report(&group.members[0], Outcome::Advanced);
    assert_eq!(transition.license, LicenseEffect::Confirmed);
    world.finish(&group, Outcome::Advanced).await;
    assert_eq!(world.member(ids[0]).await.user.license, LicenseHold::None);
}

pub async fn reaching_propagated_is_remembered(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until(State::Licensed).await;
    assert!(!world.member(ids[0]).await.user.propagated_once);
    let group = world.claim_one().await;
    let rows = vec![world.row(&group.members[0], world.report(&group.members[0], Outcome::Advanced))];
    world.commit(world.commit_of(rows, Some(&group))).await;
    assert!(world.member(ids[0]).await.user.propagated_once);
    assert!(!world.member(ids[1]).await.user.propagated_once);
    world.order(ids[0], seatless::domain::Command::Cancel).await;
    assert!(world.member(ids[0]).await.user.propagated_once);
}

pub async fn a_sibling_that_waits_to_unlicense_is_woken(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Propagated).await;
    for group in world.claim().await {
        if group.members[0].request.id == ids[0] {
            world.finish(&group, Outcome::Advanced).await;
        } else {
            world.finish(&group, Outcome::NotYet { wait: Duration::from_secs(5), because: None }).await;
        }
    }
    let group = world.claim_one().await;
    assert_eq!((group.step, group.members[0].siblings.license_needed), (Step::RemoveLicense, true));
    world.finish(&group, Outcome::NotYet { wait: Duration::from_secs(3_600), because: None }).await;
    world.wait(5);
    let group = world.claim_one().await;
    assert_eq!(group.members[0].request.id, ids[1]);
    world.finish(&group, Outcome::Advanced).await;
    let group = world.claim_one().await;
    assert_eq!((group.step, group.members.len()), (Step::RemoveLicense, 2), "both are due");
    assert!(group.members.iter().all(|member| !member.siblings.license_needed));
}

pub async fn a_cancelled_sibling_wakes_who_waits_to_unlicense(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Propagated).await;
    let groups = world.claim().await;
    for group in &groups {
        let advances = group.members[0].request.id == ids[0];
        let wait = Outcome::NotYet { wait: Duration::from_secs(7_200), because: None };
        world.finish(group, if advances { Outcome::Advanced } else { wait }).await;
    }
    let group = world.claim_one().await;
    world.finish(&group, Outcome::NotYet { wait: Duration::from_secs(3_600), because: None }).await;
    assert_eq!(world.claim().await, []);
    world.order(ids[1], seatless::domain::Command::Cancel).await;
    assert_eq!(world.claim_one().await.members.len(), 2);
}

pub async fn a_blocked_sibling_wakes_who_waits_to_unlicense(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Propagated).await;
    let groups = world.claim().await;
    let (first, second): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| group.members[0].request.id == ids[0]);
    world.finish(&first[0], Outcome::Advanced).await;
    let group = world.claim_one().await;
    assert_eq!((group.step, group.members.len()), (Step::RemoveLicense, 1));
    world.finish(&group, Outcome::NotYet { wait: Duration::from_secs(3_600), because: None }).await;
    world.wait(5);
    let failure = Failure::new(Code::DataverseRoleRefused, "");
    world.finish(&second[0], Outcome::Blocked { failure }).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now()));
    assert_eq!(world.member(ids[0]).await.request.progress.due_at(), Some(world.now()));
}

pub async fn slot_holders_are_the_users_with_a_slot(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo").in_environment("test")]).await;
    world.work_until(State::Created).await;
    let mut holders = Vec::new();
    for id in &ids[..2] {
        holders.extend(world.member(*id).await.user.object_id);
    }
    let read = || world.store.slot_holders("contoso".to_owned(), "dev".to_owned());
    assert_eq!(read().await.unwrap(), holders);
    world.order(ids[0], seatless::domain::Command::Cancel).await;
    world.claim_and_unwind(ids[0]).await;
    assert_eq!(world.state(ids[0]).await.1, Status::Cancelled);
    assert_eq!(read().await.unwrap(), holders[1..]);
}
