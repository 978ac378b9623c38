//! Claiming.

use crate::suite::build::ask;
use crate::suite::world::{ME, OTHER, World};
use seatless::domain::{Command, Outcome, State, Step};
use seatless::store::{Group, Member};
use std::time::Duration;

fn names(group: &Group) -> Vec<&str> {
    group.members.iter().map(|member| member.user.account.given_name.as_str()).collect()
}

fn not_yet(seconds: u64) -> Outcome {
    Outcome::NotYet { wait: Duration::from_secs(seconds), because: None }
}

pub async fn a_claim_takes_a_lanes_due_requests_with_their_users(world: World) {
    world.submit(&[ask("ada"), ask("bob")]).await;
    let group = world.claim_one().await;
    assert_eq!((group.step, group.tenant.as_str()), (Step::CheckEnvironment, "contoso"));
    assert_eq!((group.environment.as_deref(), group.trouble), (Some("dev"), 0));
    assert_eq!(names(&group), ["ada", "bob"]);
    for member in &group.members {
        assert_eq!(member.request.holder, Some(ME));
        assert_eq!((member.request.epoch, member.request.progress.trial.claims), (1, 1));
        assert_eq!(*member, world.member(member.request.id).await, "what is claimed is what is stored");
    }
}

pub async fn what_is_claimed_is_claimed_once(world: World) {
    world.submit(&[ask("ada")]).await;
    world.claim_one().await;
    assert_eq!(world.claim_as(OTHER, 10, 10).await, []);
    assert_eq!(world.store.next_wake().await.unwrap(), None);
}

pub async fn one_group_of_a_lane_is_out_at_a_time(world: World) {
    world.submit(&[ask("ada"), ask("bob")]).await;
    let first = world.claim_as(ME, 10, 1).await;
    assert_eq!(first.len(), 1);
    assert_eq!(world.claim_as(OTHER, 10, 1).await, [], "bob is due, but his lane is out");
    world.finish(&first[0], not_yet(60)).await;
    let second = world.claim_as(OTHER, 10, 1).await;
    assert_eq!(names(&second[0]), ["bob"]);
}

pub async fn earlier_due_requests_come_first(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let group = world.claim_one().await;
    let waits = [30, 10, 20];
    let rows = group.members.iter().zip(waits);
    let rows = rows.map(|(member, wait)| world.row(member, world.report(member, not_yet(wait)))).collect();
    world.commit(world.commit_of(rows, Some(&group))).await;
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now() + Duration::from_secs(10)));
    world.wait(60);
    let group = world.claim_as(ME, 10, 2).await.remove(0);
    let claimed: Vec<_> = group.members.iter().map(|member| member.request.id).collect();
    assert_eq!(claimed, [ids[1], ids[2]]);
}

pub async fn what_is_not_due_is_not_claimed(world: World) {
    world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    world.finish(&group, not_yet(60)).await;
    world.wait(59);
    assert_eq!(world.claim().await, []);
    world.wait(1);
    assert_eq!(names(&world.claim_one().await), ["ada"]);
}

pub async fn lanes_take_fair_turns(world: World) {
    let environments = ["a", "b", "c"];
    world.submit(&environments.map(|environment| ask(environment).in_environment(environment))).await;
    let mut served = Vec::new();
    for _ in 0..6 {
        let group = world.claim_as(ME, 1, 10).await.remove(0);
        served.push(group.environment.clone().unwrap());
        world.finish(&group, not_yet(0)).await;
        world.wait(1);
    }
    assert_eq!(served, ["a", "b", "c", "a", "b", "c"]);
}

pub async fn a_claim_takes_no_more_lanes_than_asked(world: World) {
    world.submit(&["a", "b", "c"].map(|environment| ask(environment).in_environment(environment))).await;
    assert_eq!(world.claim_as(ME, 2, 10).await.len(), 2);
    assert_eq!(world.claim_as(ME, 2, 10).await.len(), 1);
}

pub async fn epochs_and_claims_grow(world: World) {
    world.submit(&[ask("ada")]).await;
    for round in 1..=3 {
        let group = world.claim_one().await;
        assert_eq!(group.members[0].request.epoch, round);
        assert_eq!(group.members[0].request.progress.trial.claims, 1, "a commit counts them anew");
        world.finish(&group, not_yet(0)).await;
    }
    let group = world.claim_one().await;
    world.commit(world.commit_of(Vec::new(), Some(&group))).await;
    assert_eq!(world.claim_one().await.members[0].request.progress.trial.claims, 2);
}

pub async fn paused_requests_are_not_claimed(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    world.order(ids[0], Command::Pause).await;
    assert_eq!(names(&world.claim_one().await), ["bob"]);
    assert_eq!(world.store.next_wake().await.unwrap(), None, "nothing unpaused is due");
    world.order(ids[0], Command::Resume).await;
    assert_eq!(names(&world.claim_one().await), ["ada"]);
}

pub async fn a_gate_holds_a_lane_back(world: World) {
    world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    let groups = world.claim().await;
    for group in &groups {
        let mut commit = world.commit_of(Vec::new(), Some(group));
        let gated = group.environment.as_deref() == Some("dev");
        commit.lane.as_mut().unwrap().gate_until = gated.then(|| world.now() + Duration::from_secs(30));
        world.commit(commit).await;
    }
    assert_eq!(names(&world.claim_one().await), ["bob"]);
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now() + Duration::from_secs(30)));
    world.wait(30);
    assert_eq!(names(&world.claim_one().await), ["ada"]);
}

pub async fn a_lane_in_trouble_gets_half_as_many_each_further_time(world: World) {
    let asks: Vec<_> = (0..20).map(|n| ask(format!("user{n:02}"))).collect();
    world.submit(&asks).await;
    let mut sizes = Vec::new();
    for trouble in 1..=7 {
        let group = world.claim_as(ME, 1, 16).await.remove(0);
        sizes.push(group.members.len());
        let mut commit = world.commit_of(Vec::new(), Some(&group));
        commit.lane.as_mut().unwrap().trouble = trouble;
        world.commit(commit).await;
    }
    assert_eq!(sizes, [16, 16, 8, 4, 2, 1, 1]);
}

pub async fn siblings_at_a_tenants_step_come_together(world: World) {
    let mut asks = vec![ask("ada").in_environment("dev"), ask("ada").in_environment("test")];
    asks.extend((0..3).map(|n| ask(format!("user{n}"))));
    world.submit(&asks).await;
    for environment in ["dev", "test"] {
        world.offer_slots(environment, 100).await;
    }
    for group in world.claim().await {
        world.finish(&group, Outcome::Advanced).await;
    }
    let group = world.claim_as(ME, 10, 1).await.remove(0);
    assert_eq!(group.step, Step::CreateUser);
    assert_eq!(names(&group), ["ada", "ada"], "one is asked for, and brings its sibling");
    // One of the two is due later: it comes along all the same.
    let rows = group.members.iter().zip([10, 500]);
    let rows = rows.map(|(member, wait)| world.row(member, world.report(member, not_yet(wait)))).collect();
    world.commit(world.commit_of(rows, Some(&group))).await;
    let group = world.claim_as(ME, 10, 100).await.remove(0);
    assert_eq!(names(&group), ["user0", "user1", "user2"]);
    world.finish(&group, not_yet(1_000)).await;
    world.wait(10);
    assert_eq!(names(&world.claim_one().await), ["ada", "ada"]);
}

pub async fn a_user_is_in_one_groups_hands_at_a_time(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    world.admit().await;
    world.order(ids[1], Command::Cancel).await;
    let groups = world.claim().await;
    assert_eq!(groups.len(), 1, "one lane has the user, the other one waits: {groups:?}");
    let first = &groups[0];
    assert_eq!(world.claim().await, [], "it is still out");
    world.finish(first, not_yet(100)).await;
    assert_eq!(world.claim().await, [], "who had to wait looks again after a second");
    world.wait(1);
    let second = world.claim_one().await;
    assert_ne!(second.step, first.step);
    world.finish(&second, not_yet(99)).await;
    world.wait(99);
    assert_eq!(world.claim().await.len(), 1, "both are due, and one goes first");
}

pub async fn one_due_wait_for_propagation_claims_everybody_who_waits_there(world: World) {
    world.submit(&[ask("ada"), ask("bob"), ask("cleo").in_environment("test")]).await;
    world.work_until(State::Licensed).await;
    for group in world.claim().await {
        assert_eq!(group.step, Step::AwaitPropagation);
        let wait = |member: &Member| if member.user.account.given_name == "ada" { 10 } else { 500 };
        let rows = group.members.iter().map(|m| world.row(m, world.report(m, not_yet(wait(m))))).collect();
        world.commit(world.commit_of(rows, Some(&group))).await;
    }
    world.wait(10);
    let group = world.claim_one().await;
    assert_eq!((names(&group), group.environment.as_deref()), (vec!["ada", "bob"], Some("dev")));
}

pub async fn siblings_needs_are_known_at_the_claim(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test"), ask("bob")]).await;
    let group = world.claim().await;
    let needs = |member: &Member| (member.siblings.license_needed, member.siblings.user_needed);
    for member in group.iter().flat_map(|group| &group.members) {
        let alone = member.user.account.given_name == "bob";
        assert_eq!(needs(member), (false, !alone));
    }
    for group in &group {
        world.finish(group, not_yet(0)).await;
    }
    world.work_until(State::Licensed).await;
    assert_eq!(needs(&world.member(ids[0]).await), (true, true));
    world.order(ids[1], Command::Cancel).await;
    assert_eq!(needs(&world.member(ids[0]).await), (false, false), "a sibling on its way back needs nothing");
    assert_eq!(needs(&world.member(ids[1]).await), (true, true));
}

pub async fn a_blocked_sibling_needs_the_license_until_its_seat_is_due(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Licensed).await;
    let groups = world.claim().await;
    for group in &groups {
        let blocks = group.members[0].request.id == ids[1];
        let failure = seatless::domain::Failure::new(seatless::domain::Code::DataverseUserDisabled, "");
        let outcome = if blocks { Outcome::Blocked { failure } } else { not_yet(0) };
        world.finish(group, outcome).await;
    }
    let group = world.claim_one().await;
    assert!(group.members[0].siblings.license_needed, "its seat is not due yet");
    world.finish(&group, not_yet(0)).await;
    world.wait(world.policy.parked_seat.as_secs());
    let groups = world.claim().await;
    let ada =
        groups.iter().flat_map(|group| &group.members).find(|member| member.request.id == ids[0]).unwrap();
    assert!(!ada.siblings.license_needed, "its seat is due");
    assert!(ada.siblings.user_needed, "a blocked sibling still needs the user");
}
