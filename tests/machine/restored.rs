//! A row that may lie behind the cloud, since an older state of the database was put back.

use crate::world::{World, failure};
use seatless::domain::{
    Code, Command, Direction, Input, Instant, IntentId, OpenIntent, Outcome, Phase, SeatEffect, State,
    Status, Step, Timer, Transition, step_of,
};
use uuid::Uuid;

/// A request at a state, as it is in a database that was put back.
fn restored(state: State) -> World {
    let mut world = World::at(state);
    world.progress.trial.look_first = true;
    world.step = step_of(&world.progress, world.facts());
    world
}

fn decided(world: &World, input: Input) -> Transition {
    world.decide(input, 0.5).expect("the input is applicable")
}

fn reported(world: &World, outcome: Outcome) -> Transition {
    decided(world, Input::Reported { outcome, looked_at: world.now, begun: false })
}

#[test]
fn the_flag_outlives_each_step_until_the_license_is_gone() {
    for (state, stays) in [
        (State::Requested, true),
        (State::Licensed, true),
        (State::Propagated, true),
        (State::NonInteractive, false),
    ] {
        let next = reported(&restored(state), Outcome::Advanced).next;
        assert_eq!(next.trial.look_first, stays, "from {state} to {}", next.state);
    }
    let next = reported(&restored(State::Unlicensed), Outcome::Advanced).next;
    assert_eq!((next.status(), next.trial.look_first), (Status::Succeeded, false));
}

#[test]
fn whoever_was_found_goes_on_to_its_license_without_waiting_for_a_seat() {
    let mut world = restored(State::Requested);
    world.facts.slot_held = true;
    world.step = step_of(&world.progress, world.facts());
    let transition = reported(&world, Outcome::Advanced);
    assert_eq!(transition.next.state, State::Created);
    assert!(matches!(transition.next.phase, Phase::Active { timer: Timer::At(_), .. }));
    assert_eq!(transition.seat, SeatEffect::Keep);
}

#[test]
fn whoever_was_seen_without_a_license_waits_for_its_seat_like_everybody() {
    let mut world = restored(State::Created);
    world.progress.phase = Phase::Active { direction: Direction::Forward, timer: Timer::At(world.now) };
    let transition = reported(&world, Outcome::NoSeat { failure: failure(Code::GraphNoSeat) });
    assert_eq!(transition.next.phase, Phase::Active { direction: Direction::Forward, timer: Timer::ForSeat });
    assert!(!transition.next.trial.look_first, "it was looked at");
    assert_eq!((transition.event, transition.next.trial.trouble), (None, None), "nothing was refused");
}

#[test]
fn nothing_is_called_off_without_a_look() {
    for state in [State::Requested, State::Created] {
        let transition = decided(&restored(state), Input::Ordered(Command::Cancel));
        assert_eq!(transition.next.status(), Status::Active, "{state}");
        assert_eq!(transition.step, Some(Step::RemoveLicense), "{state}: its license first, if it has one");
    }
}

#[test]
fn the_way_back_ends_the_flag_with_the_license_and_goes_on_to_the_user() {
    let mut world = restored(State::Requested);
    world.progress.phase = Phase::Active { direction: Direction::Cancelling, timer: Timer::At(world.now) };
    let transition = reported(&world, Outcome::Advanced);
    assert_eq!(transition.next.state, State::Requested);
    assert_eq!((transition.step, transition.next.trial.look_first), (Some(Step::DeleteUser), false));
}

#[test]
fn a_create_that_may_land_yet_is_remembered_over_the_look_for_a_license() {
    let intent = Some(OpenIntent { id: IntentId(Uuid::from_u128(7)), begun_at: Instant::UNIX_EPOCH });
    let mut world = restored(State::Requested);
    world.progress.trial.intent = intent;
    world.progress.phase = Phase::Active { direction: Direction::Cancelling, timer: Timer::At(world.now) };
    let back = reported(&world, Outcome::Advanced);
    assert_eq!((back.step, back.next.trial.intent), (Some(Step::DeleteUser), intent));
    let failure = failure(Code::GraphNameTaken);
    let seat_due = Some(world.now);
    world.progress.phase = Phase::Blocked { direction: Direction::Forward, failure, seat_due };
    assert_eq!(reported(&world, Outcome::Advanced).next.trial.intent, intent);
}

#[test]
fn a_new_owner_makes_those_due_who_wait_for_a_seat_or_a_person() {
    let waiting = restored(State::Created);
    assert!(matches!(waiting.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    let next = decided(&waiting, Input::Rescued).next;
    assert_eq!(next.due_at(), Some(waiting.now));
    for (state, due) in [
        (State::Requested, true),
        (State::Created, true),
        (State::NonInteractive, false),
        (State::Unlicensed, false),
    ] {
        let mut world = restored(state);
        let failure = failure(Code::DataverseNoSlot);
        world.progress.phase = Phase::Blocked { direction: Direction::Forward, failure, seat_due: None };
        let next = decided(&world, Input::Rescued).next;
        assert_eq!(next.due_at().is_some(), due, "{state}");
        assert_eq!(next.status(), Status::Blocked);
    }
}

#[test]
fn a_blocked_one_that_held_nothing_is_seen_without_a_word() {
    for state in [State::Requested, State::Created] {
        let mut world = restored(state);
        let failure = failure(Code::GraphNameTaken);
        let seat_due = Some(world.now);
        world.progress.phase = Phase::Blocked { direction: Direction::Forward, failure, seat_due };
        let transition = reported(&world, Outcome::Advanced);
        assert_eq!((transition.next.state, transition.next.due_at(), transition.event), (state, None, None));
        assert!(!transition.next.trial.look_first);
    }
}

#[test]
fn what_only_a_person_can_tell_is_asked_once() {
    let mut world = restored(State::Created);
    world.progress.phase = Phase::Active { direction: Direction::Forward, timer: Timer::At(world.now) };
    let unclear = Outcome::Blocked { failure: failure(Code::MachineRestoredUnclear) };
    let blocked = reported(&world, unclear).next;
    assert_eq!((blocked.status(), blocked.due_at()), (Status::Blocked, None));
    world.progress = blocked;
    assert!(!decided(&world, Input::Ordered(Command::Retry)).next.trial.look_first, "the person has looked");
    let failure = failure(Code::GraphUserDisabled);
    world.progress.phase = Phase::Blocked { direction: Direction::Forward, failure, seat_due: None };
    let retried = decided(&world, Input::Ordered(Command::Retry)).next;
    assert!(retried.trial.look_first, "any other reason says nothing about the license");
    assert!(retried.due_at().is_some(), "and it is looked at before it waits for a seat");
}

#[test]
fn another_step_back_is_looked_at_at_once() {
    let mut world = restored(State::Unlicensed);
    world.policy.absence_looks = 1;
    world.policy.absence_window = std::time::Duration::ZERO;
    let behind = Outcome::Regressed { to: State::Created, failure: failure(Code::GraphLicenseForeign) };
    let next = reported(&world, behind).next;
    assert_eq!((next.state, next.trial.look_first), (State::Created, true));
    assert!(matches!(next.phase, Phase::Active { timer: Timer::At(_), .. }));
}
