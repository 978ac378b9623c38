//! Whom admission could serve.

use crate::suite::build::{SALES, SERVICE, ask};
use crate::suite::world::{World, seats, slots};
use seatless::domain::{Command, Input, Outcome, RequestId, State};
use seatless::store::{CommitRow, RowFate};
use std::time::Duration;

async fn candidates(world: &World, users_max: u32) -> Vec<String> {
    let members = world.store.candidates(users_max).await.unwrap();
    members.into_iter().map(|member| member.user.account.given_name).collect()
}

async fn grant(world: &World, id: RequestId) {
    let member = world.member(id).await;
    let row = CommitRow { holder: None, ..world.row(&member, world.decide(&member, Input::Admitted)) };
    assert_eq!(world.commit_rows(vec![row]).await, [RowFate::Written]);
}

pub async fn candidates_come_by_priority_and_then_by_age(world: World) {
    let asks = [ask("ada"), ask("bob").with_priority(5), ask("cleo"), ask("dan").with_priority(5)];
    world.submit(&asks).await;
    world.work_until(State::Created).await;
    world.offer_seats(10).await;
    assert_eq!(candidates(&world, 10).await, ["bob", "dan", "ada", "cleo"]);
    assert_eq!(candidates(&world, 3).await, ["bob", "dan", "ada"]);
    world.offer_seats(2).await;
    assert_eq!(candidates(&world, 10).await, ["bob", "dan"]);
    world.offer_seats(0).await;
    assert_eq!(candidates(&world, 10).await, [""; 0]);
}

pub async fn a_user_comes_with_all_its_waiting_requests(world: World) {
    let asks = [
        ask("ada").in_environment("dev"),
        ask("bob"),
        ask("ada").in_environment("test").with_priority(9),
        ask("cleo"),
    ];
    world.submit(&asks).await;
    world.work_until(State::Created).await;
    world.offer_seats(2).await;
    assert_eq!(candidates(&world, 10).await, ["ada", "ada", "bob"], "two seats serve two users");
}

pub async fn users_that_hold_a_seat_come_first_and_need_no_further_one(world: World) {
    let ids =
        world.submit(&[ask("ada").with_priority(9), ask("bob"), ask("bob").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    grant(&world, ids[1]).await;
    assert_eq!(candidates(&world, 10).await, ["bob"], "no seat is free, and bob has one");
    world.offer_seats(2).await;
    assert_eq!(candidates(&world, 10).await, ["bob", "ada"]);
    grant(&world, ids[2]).await;
    assert_eq!(world.pool(seats(SALES)).await.held, 1);
}

pub async fn a_user_whose_seat_rests_needs_no_further_one(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    grant(&world, ids[0]).await;
    let member = world.member(ids[0]).await;
    let wait = Duration::from_secs(60);
    let mut transition = world.report(&member, Outcome::NotYet { wait, because: None });
    transition.seat = seatless::domain::SeatEffect::Return;
    world.commit_rows(vec![world.row(&member, transition)]).await;
    assert_eq!(candidates(&world, 10).await, ["ada"]);
}

pub async fn a_paused_user_with_a_seat_crowds_nobody_out(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test"), ask("bob")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(2).await;
    grant(&world, ids[0]).await;
    world.order(ids[1], Command::Pause).await;
    assert_eq!(candidates(&world, 1).await, ["bob"]);
    world.order(ids[1], Command::Resume).await;
    assert_eq!(candidates(&world, 1).await, ["ada"]);
}

pub async fn paused_requests_are_no_candidates(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(10).await;
    world.order(ids[0], Command::Pause).await;
    assert_eq!(candidates(&world, 10).await, ["bob"]);
    assert_eq!(world.pool(seats(SALES)).await.waiting, 2, "it still waits");
    world.order(ids[0], Command::Resume).await;
    assert_eq!(candidates(&world, 10).await, ["ada", "bob"]);
}

pub async fn each_pool_serves_its_own(world: World) {
    world.submit(&[ask("ada"), ask("bob").with_license(SERVICE), ask("cleo")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(0).await;
    world.observe_seats(SERVICE, 1, 0).await;
    assert_eq!(candidates(&world, 10).await, ["bob"]);
}

pub async fn a_cancelled_request_waits_no_longer(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(10).await;
    world.order(ids[0], Command::Cancel).await;
    assert_eq!(candidates(&world, 10).await, [""; 0]);
    assert_eq!(world.pool(seats(SALES)).await.waiting, 0);
}

pub async fn pools_somebody_waits_for_are_to_be_read(world: World) {
    world.submit(&[ask("ada"), ask("bob").with_license(SERVICE)]).await;
    world.work_until(State::Created).await;
    world.store.observe(slots("dev"), 7, 0, world.now()).await.unwrap();
    let keys = |pools: Vec<seatless::store::Pool>| pools.into_iter().map(|pool| pool.key).collect::<Vec<_>>();
    let now = world.now();
    assert_eq!(keys(world.store.pools_to_read(now).await.unwrap()), [], "all were read just now");
    world.wait(60);
    world.observe_seats(SALES, 1, 0).await;
    assert_eq!(keys(world.store.pools_to_read(world.now()).await.unwrap()), [seats(SERVICE)]);
    assert_eq!(world.store.pools().await.unwrap().len(), 3);
}

pub async fn a_pool_that_nothing_counts_is_absent(world: World) {
    assert_eq!(world.store.pool(seats(SALES)).await.unwrap(), None);
    assert_eq!(world.store.pools().await.unwrap(), []);
    world.observe_seats(SALES, 5, 2).await;
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.capacity, pool.others, pool.free(), pool.read_at), (Some(5), 2, 3, Some(world.now())));
}
