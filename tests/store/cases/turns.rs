//! Whose turn it is.

use crate::suite::build::{Ask, SALES, SERVICE, ask};
use crate::suite::world::{ME, World, seats};
use seatless::domain::{Command, FRESH_TURNS, Input, Outcome, PASSED_OVER_MAX, RequestId, State};
use seatless::store::{Claim, CommitRow, LicensedBy, RowFate};
use std::collections::BTreeMap;
use std::sync::Arc;

fn many(names: &str, count: usize) -> Vec<Ask> {
    (0..count).map(|number| ask(format!("{names}{number:02}"))).collect()
}

/// Grants as many seats as there are free, and says who got them.
async fn grant(world: &World) -> Vec<String> {
    let members = world.store.candidates(1_000).await.unwrap();
    let rows = members
        .iter()
        .map(|member| CommitRow { holder: None, ..world.row(member, world.decide(member, Input::Admitted)) });
    let fates = world.commit_rows(rows.collect()).await;
    let written = members.into_iter().zip(fates).filter(|(_, fate)| *fate == RowFate::Written);
    written.map(|(member, _)| member.user.account.given_name).collect()
}

/// Who gets the next seats, one after the other.
async fn turns(world: &World, count: u32) -> Vec<String> {
    let mut order = Vec::new();
    for _ in 0..count {
        let held = world.pool(seats(SALES)).await.held;
        world.offer_seats(held + 1).await;
        order.extend(grant(world).await);
    }
    order
}

/// The users of a line, in turn.
async fn line(world: &World) -> Vec<String> {
    let users = world.store.seat_line(seats(SALES), 1_000).await.unwrap().users;
    let names: BTreeMap<_, _> = world
        .all()
        .await
        .into_iter()
        .map(|member| (member.user.id, member.user.account.given_name))
        .collect();
    users.iter().map(|user| names[user].clone()).collect()
}

async fn waiting(world: &World, asks: &[Ask]) -> Vec<RequestId> {
    let ids = world.submit(asks).await;
    world.work_until_waiting(&ids).await;
    ids
}

pub async fn a_small_batch_has_its_turns_beside_a_large_one(world: World) {
    waiting(&world, &many("big", 30)).await;
    assert_eq!(turns(&world, 8).await.last().unwrap(), "big07");
    waiting(&world, &many("small", 3)).await;
    assert_eq!(turns(&world, 3).await, ["small00", "small01", "small02"], "at once");
    assert_eq!(turns(&world, 2).await, ["big08", "big09"]);
}

pub async fn batches_that_wait_take_turns(world: World) {
    for names in ["a", "b", "c"] {
        waiting(&world, &many(names, 8)).await;
    }
    let order = turns(&world, 12).await;
    let had = ["a", "b", "c"].map(|names| order.iter().filter(|name| name.starts_with(names)).count());
    let most = had.iter().max().unwrap() - had.iter().min().unwrap();
    assert!(most <= FRESH_TURNS as usize, "{order:?}");
}

pub async fn a_batch_that_was_away_has_saved_no_turns_up(world: World) {
    let away = world.submit(&many("away", 12)).await;
    world.work_until_waiting(&away[..2]).await;
    turns(&world, 2).await;
    waiting(&world, &many("big", 40)).await;
    turns(&world, 20).await;
    world.work_until_waiting(&away).await;
    let order = turns(&world, 10).await;
    let had = order.iter().filter(|name| name.starts_with("away")).count();
    assert!((5..=7).contains(&had), "it is owed nothing for the time in which it did not wait: {order:?}");
}

pub async fn a_higher_priority_comes_first_but_starves_nobody(world: World) {
    waiting(&world, &many("old", 4)).await;
    let urgent: Vec<Ask> = many("urgent", 30).into_iter().map(|ask| ask.with_priority(9)).collect();
    waiting(&world, &urgent).await;
    let order = turns(&world, 20).await;
    let old: Vec<usize> =
        order.iter().enumerate().filter(|(_, name)| name.starts_with("old")).map(|(at, _)| at).collect();
    // The first was passed over by nobody yet; each further one waits for no more than the bound.
    assert_eq!(old.len(), 4, "{order:?}");
    for (nth, at) in old.iter().enumerate() {
        let bound = (nth + 1) * (PASSED_OVER_MAX as usize + 1);
        assert!(*at < bound, "{at} is beyond {bound}: {order:?}");
    }
    assert!(order.iter().filter(|name| name.starts_with("urgent")).count() >= 15);
}

pub async fn a_refused_seat_puts_its_user_back_into_the_line(world: World) {
    let ids = waiting(&world, &many("ada", 2)).await;
    assert_eq!(turns(&world, 1).await, ["ada00"]);
    let mut group = world.claim().await.remove(0);
    world.begin_group(&mut group).await;
    let failure = seatless::domain::Failure::new(seatless::domain::Code::GraphNoSeat, "");
    world.finish(&group, Outcome::NoSeat { failure }).await;
    let member = world.member(ids[0]).await;
    assert_eq!(member.request.progress.trial.attempts, 0, "it cost no attempt");
    assert_eq!(line(&world).await, ["ada00", "ada01"]);
    assert_eq!(grant(&world).await, [""; 0], "the estimate went down");
    world.offer_seats(1).await;
    assert_eq!(grant(&world).await, ["ada00"]);
}

pub async fn a_pause_takes_a_request_out_of_its_line_and_back(world: World) {
    let ids = waiting(&world, &many("ada", 3)).await;
    world.order(ids[0], Command::Pause).await;
    assert_eq!(line(&world).await, ["ada01", "ada02"]);
    world.order(ids[0], Command::Resume).await;
    assert_eq!(line(&world).await, ["ada00", "ada01", "ada02"]);
    world.order(ids[1], Command::Cancel).await;
    assert_eq!(line(&world).await, ["ada00", "ada02"]);
    assert_eq!(turns(&world, 2).await, ["ada00", "ada02"]);
    assert_eq!(line(&world).await, [""; 0]);
}

pub async fn the_line_is_the_order_in_which_seats_are_granted(world: World) {
    waiting(&world, &many("a", 9)).await;
    turns(&world, 2).await;
    waiting(&world, &many("b", 5)).await;
    let urgent: Vec<Ask> = many("c", 6).into_iter().map(|ask| ask.with_priority(3)).collect();
    waiting(&world, &urgent).await;
    let told = line(&world).await;
    assert_eq!(told.len(), 18);
    assert_eq!(turns(&world, 18).await, told);
}

pub async fn a_user_in_several_batches_has_one_turn(world: World) {
    waiting(&world, &[ask("ada"), ask("bob")]).await;
    waiting(&world, &[ask("ada").in_environment("test"), ask("cleo").in_environment("test")]).await;
    assert_eq!(line(&world).await.len(), 3);
    let order = turns(&world, 3).await;
    assert_eq!(order.len(), 4, "ada comes with both of hers: {order:?}");
    assert_eq!(world.pool(seats(SALES)).await.held, 3);
}

pub async fn a_seat_line_tells_the_seats_that_are_out(world: World) {
    waiting(&world, &many("ada", 3)).await;
    assert_eq!(world.store.seat_line(seats(SERVICE), 10).await.unwrap(), Default::default());
    turns(&world, 1).await;
    let granted_at = world.now();
    world.wait(7);
    turns(&world, 1).await;
    let line = world.store.seat_line(seats(SALES), 10).await.unwrap();
    assert_eq!(line.held_since, [granted_at, world.now()]);
    assert_eq!((line.users.len(), line.resting_until.len()), (1, 0));
}

pub async fn who_else_gave_the_license_is_remembered(world: World) {
    let ids = waiting(&world, &many("ada", 1)).await;
    turns(&world, 1).await;
    let group = world.claim().await.remove(0);
    let member = &group.members[0];
    let mut row = world.row(member, world.report(member, Outcome::Advanced));
    row.learned.licensed_by = Some(LicensedBy::Group);
    world.commit(world.commit_of(vec![row], Some(&group))).await;
    let member = world.member(ids[0]).await;
    assert_eq!(member.user.licensed_by, LicensedBy::Group);
    assert_eq!(member.request.progress.state, State::Licensed);
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.held, pool.free()), (0, 1), "its seat is free at once, without a rest");
}

pub async fn tenants_take_turns_by_their_weights(world: World) {
    let mut asks: Vec<Ask> =
        (0..20).map(|number| ask(format!("big{number:02}")).in_environment(format!("env{number}"))).collect();
    asks.extend((0..4).map(|number| {
        ask(format!("small{number}")).of_tenant("fabrikam").in_environment(format!("fab{number}"))
    }));
    world.submit(&asks).await;
    let claim = |lanes_max, weights: &[(&str, u32)]| Claim {
        holder: ME,
        now: world.now(),
        lanes_max,
        members_max: 10,
        weights: Arc::new(weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()),
    };
    let mut order = Vec::new();
    for _ in 0..6 {
        let groups = world.store.claim(claim(1, &[])).await.unwrap();
        order.extend(groups.into_iter().map(|group| group.tenant));
    }
    assert_eq!(order.iter().filter(|tenant| *tenant == "fabrikam").count(), 3, "{order:?}");
    let groups = world.store.claim(claim(8, &[("contoso", 7)])).await.unwrap();
    assert_eq!(groups.iter().filter(|group| group.tenant == "fabrikam").count(), 1);
    assert_eq!(groups.len(), 8);
}
