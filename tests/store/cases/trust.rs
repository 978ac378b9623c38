//! Whether the database is the latest word: trusted, put back, trusted again.

use crate::suite::build::{SALES, ask};
use crate::suite::world::{World, grace, seats};
use seatless::domain::{Code, Command, EventKind, Failure, Input, Outcome, State, Status, Step};
use seatless::store::{CommitRow, Doubt, Learned, Standing};

async fn is_restored(world: &World) -> bool {
    matches!(world.store.standing().await.unwrap(), Standing::ReportOnly { doubt: Doubt::Restored, .. })
}

async fn looks_first(world: &World) -> Vec<bool> {
    world.all().await.iter().map(|member| member.request.progress.trial.look_first).collect()
}

pub async fn a_database_is_trusted_from_birth_and_over_restarts(mut world: World) {
    assert_eq!(world.store.standing().await.unwrap(), Standing::Trusted);
    world.submit(&[ask("ada")]).await;
    world.restart().await;
    assert_eq!(world.store.standing().await.unwrap(), Standing::Trusted);
    assert_eq!(looks_first(&world).await, [false]);
}

pub async fn an_older_state_only_reports_until_somebody_confirms(mut world: World) {
    world.submit(&[ask("ada")]).await;
    world.save().await;
    world.work_until(State::Created).await;
    world.put_back().await;
    assert!(is_restored(&world).await);
    world.restart().await;
    assert!(is_restored(&world).await, "a restart confirms nothing");
    world.store.confirm(grace(), world.now()).await.unwrap();
    assert_eq!(world.store.standing().await.unwrap(), Standing::Trusted);
    world.restart().await;
    assert_eq!(world.store.standing().await.unwrap(), Standing::Trusted);
    assert_eq!(looks_first(&world).await, [true], "who trusts the database has not looked at each request");
}

pub async fn confirming_what_is_trusted_changes_nothing(world: World) {
    world.store.confirm(grace(), world.now()).await.unwrap();
    assert_eq!(world.store.standing().await.unwrap(), Standing::Trusted);
    world.submit(&[ask("ada")]).await;
    assert_eq!(looks_first(&world).await, [false]);
}

pub async fn what_is_open_in_an_older_state_is_looked_at_first(mut world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo"), ask("dora")]).await;
    world.order(ids[0], Command::Cancel).await;
    world.work_until_state(ids[1], State::Created).await;
    world.order(ids[2], Command::Cancel).await;
    let paused = world.order(ids[3], Command::Pause).await;
    assert_eq!(paused.len(), 1);
    world.save().await;
    world.work_until_state(ids[1], State::Licensed).await;
    world.put_back().await;
    for (id, open) in ids.iter().zip([false, true, true, true]) {
        let member = world.member(*id).await;
        let step = member.request.step;
        let is_being_retired = matches!(step, Some(Step::DeleteUser | Step::DisableUser));
        let expected = open && !is_being_retired;
        assert_eq!(member.request.progress.trial.look_first, expected, "{id} {step:?}");
        assert_eq!(member.user.propagated_once, expected, "a user that may have a past is never deleted");
    }
    world.recount().await;
}

pub async fn what_was_blocked_with_its_license_known_is_not_unseen(mut world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Unlicensed).await;
    world.wait(3_600);
    let group = world.claim_one().await;
    world.finish(&group, no_slot()).await;
    assert_eq!(world.state(ids[0]).await, (State::Unlicensed, Status::Blocked));
    world.save().await;
    world.put_back().await;
    assert_eq!(looks_first(&world).await, [true]);
    assert_eq!(world.store.unseen(9).await.unwrap(), []);
}

pub async fn whoever_waits_for_a_seat_or_a_person_is_unseen_until_it_is_due(mut world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo").in_environment("test")]).await;
    // Without slots the third is blocked at once; without seats the others wait.
    world.offer_slots("dev", 9).await;
    world.offer_slots("test", 9).await;
    world.offer_seats(0).await;
    for _ in 0..4 {
        for group in world.claim().await {
            let outcome =
                if group.environment.as_deref() == Some("test") { no_slot() } else { Outcome::Advanced };
            world.finish(&group, outcome).await;
        }
        world.wait(1);
    }
    let due = async |world: &World| -> Vec<bool> {
        world.all().await.iter().map(|member| member.request.progress.due_at().is_some()).collect()
    };
    assert_eq!(due(&world).await, [false, false, false], "two wait for a seat, one for a person");
    world.order(ids[1], Command::Pause).await;
    assert_eq!(world.store.unseen(9).await.unwrap(), [], "nobody is, in a database that is trusted");
    world.save().await;
    world.order(ids[0], Command::Pause).await;
    world.put_back().await;
    let unseen = world.store.unseen(9).await.unwrap();
    assert_eq!(unseen.iter().map(|member| member.request.id).collect::<Vec<_>>(), ids);
    assert_eq!(world.store.unseen(2).await.unwrap().len(), 2);
    let rows = unseen
        .iter()
        .map(|member| CommitRow { holder: None, ..world.row(member, world.decide(member, Input::Rescued)) });
    world.commit_rows(rows.collect()).await;
    assert_eq!(world.store.unseen(9).await.unwrap(), []);
    assert_eq!(due(&world).await, [true, true, true]);
    assert_eq!(looks_first(&world).await, [true, true, true], "they are due, and still to be looked at");
    assert!(world.member(ids[1]).await.request.progress.paused, "what a person held stays held");
    assert_eq!(world.pool(seats(SALES)).await.waiting, 0);
    world.recount().await;
}

fn no_slot() -> Outcome {
    Outcome::Blocked { failure: Failure::new(Code::DataverseNoSlot, "") }
}

pub async fn what_is_submitted_after_it_is_looked_at_first_as_well(mut world: World) {
    world.save().await;
    world.submit(&[ask("ada")]).await;
    world.put_back().await;
    world.store.confirm(grace(), world.now()).await.unwrap();
    assert_eq!(world.all().await, [], "it is lost");
    let ids = world.submit(&[ask("ada")]).await;
    assert_eq!(looks_first(&world).await, [true], "it may have been made, whoever confirmed what");
    let history = world.store.history(ids[0], 0, 9).await.unwrap();
    assert_eq!(history[0].kind, EventKind::Submitted);
}

pub async fn the_flag_outlives_a_step_and_ends_with_the_license(mut world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.save().await;
    world.work_until(State::Created).await;
    world.put_back().await;
    world.work_until(State::NonInteractive).await;
    assert_eq!(looks_first(&world).await, [true]);
    world.work_until(State::Unlicensed).await;
    assert_eq!(looks_first(&world).await, [false]);
    world.work_to_success().await;
    assert_eq!(world.state(ids[0]).await.1, Status::Succeeded);
}

pub async fn a_user_that_was_found_again_is_never_deleted(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let member = &group.members[0];
    let outcome = Outcome::NotYet { wait: std::time::Duration::from_secs(1), because: None };
    let learned = Learned { has_past: true, ..Learned::default() };
    let row = CommitRow { learned, ..world.row(member, world.report(member, outcome)) };
    world.commit(world.commit_of(vec![row], Some(&group))).await;
    assert!(world.member(ids[0]).await.user.propagated_once);
}
