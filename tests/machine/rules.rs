//! The special rules, one test each.

use crate::world::{Turn, World, failure};
use seatless::domain::{
    Charge, Code, Command, Direction, EventKind, Facts, Input, LicenseEffect, Outcome, Phase, SeatEffect,
    State, Status, Step, Timer,
};
use std::time::Duration;

fn order(world: &mut World, command: Command) {
    world.put(Input::Ordered(command), 0.5).unwrap();
}

pub(crate) fn transient(charge: Charge) -> Outcome {
    Outcome::Transient { failure: failure(Code::RemoteUnavailable), charge }
}

pub(crate) fn ambiguous() -> Outcome {
    Outcome::Ambiguous { failure: failure(Code::RemoteUncertain), charge: Charge::Member }
}

pub(crate) fn absent() -> Outcome {
    Outcome::Absent { failure: failure(Code::GraphUserGone) }
}

pub(crate) fn blocked(code: Code) -> Outcome {
    Outcome::Blocked { failure: failure(code) }
}

pub(crate) fn behind(to: State) -> Outcome {
    Outcome::Regressed { to, failure: failure(Code::MachineLicenseLost) }
}

fn blocked_by(world: &World) -> Option<Code> {
    match &world.progress.phase {
        Phase::Blocked { failure, .. } => Some(failure.code),
        Phase::Active { .. } | Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => None,
    }
}

/// Created, and granted its seat.
pub(crate) fn seated() -> World {
    let mut world = World::at(State::Created);
    world.put(Input::Admitted, 0.5).unwrap();
    world
}

#[test]
fn an_uncertain_create_is_looked_for_before_it_is_sent_again() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::good());
    world.turn(&Turn::of(ambiguous()));
    let open = world.progress.trial.intent.expect("its fate is unknown");
    // Whatever keeps a later look from telling must not make us forget it.
    let lane = Charge::Lane { wait: Duration::from_secs(1) };
    for outcome in [
        transient(lane),
        transient(Charge::Member),
        Outcome::Throttled { retry_after: None },
        ambiguous(),
        blocked(Code::GraphPermissionMissing),
    ] {
        world.turn(&Turn::look(outcome.clone()));
        assert_eq!(world.progress.trial.intent, Some(open), "{outcome:?}");
    }
    order(&mut world, Command::Retry);
    assert_eq!(world.progress.trial.intent, Some(open));
    // The first of them comes before the call's deadline, and counts for nothing.
    for _ in 0..=world.policy.absence_looks {
        world.turn(&Turn::look(absent()));
    }
    assert_eq!(world.progress.status(), Status::Active);
    assert!(world.progress.trial.is_to_be_made_anew(&world.policy, world.now));
    assert_eq!(
        world.progress.trial.intent,
        Some(open),
        "should it show up after all, this tells whose it is"
    );
    // Whoever calls it off now waits for it to show up all the same.
    let mut called_off = world.clone();
    order(&mut called_off, Command::Cancel);
    assert_eq!(called_off.progress.trial.intent, Some(open));
    // The next create begins with no evidence against it.
    world.turn(&Turn::of(ambiguous()));
    assert!(!world.progress.trial.is_to_be_made_anew(&world.policy, world.now));
}

#[test]
fn an_uncertain_create_is_not_forgotten_when_the_clock_is_set_back() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::good());
    world.turn(&Turn::of(ambiguous()));
    let open = world.progress.trial.intent.expect("its fate is unknown");
    let looked_at = open.begun_at - Duration::from_secs(3_600);
    for outcome in [blocked(Code::GraphPermissionMissing), transient(Charge::Member)] {
        let input = Input::Reported { outcome: outcome.clone(), looked_at, begun: false };
        let transition = world.decide(input, 0.5).expect("it applies");
        assert_eq!(transition.next.trial.intent, Some(open), "{outcome:?}");
    }
}

#[test]
fn what_an_uncertain_create_may_have_made_is_undone_by_a_cancellation() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::good());
    world.turn(&Turn::of(ambiguous()));
    world.turn(&Turn::look(transient(Charge::Lane { wait: Duration::ZERO })));
    order(&mut world, Command::Cancel);
    assert_eq!(world.step, Some(Step::DeleteUser));
}

#[test]
fn a_user_that_somebody_deleted_is_not_waited_for_for_ever() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::good());
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(absent()));
    }
    assert_eq!(blocked_by(&world), Some(Code::GraphUserGone));
}

#[test]
fn absence_is_believed_after_enough_looks_over_enough_time() {
    let mut world = World::at(State::Unlicensed);
    for look in 1..=world.policy.absence_looks {
        assert_eq!(world.progress.status(), Status::Active, "before look {look}");
        world.turn(&Turn::look(absent()));
    }
    assert_eq!(blocked_by(&world), Some(Code::GraphUserGone));

    let mut hasty = World::at(State::Unlicensed);
    for _ in 0..100 {
        hasty.turn(&Turn { punctual: false, ..Turn::look(absent()) });
    }
    assert_eq!(hasty.progress.status(), Status::Active, "a hundred looks at one instant are one look");

    let mut contradicted = World::at(State::Unlicensed);
    for look in 0..100 {
        let seen = if look % 4 == 3 {
            Outcome::NotYet { wait: Duration::from_secs(60), because: None }
        } else {
            absent()
        };
        contradicted.turn(&Turn::look(seen));
    }
    assert_eq!(contradicted.progress.status(), Status::Active, "they must be in a row");
}

#[test]
fn a_lost_license_is_assigned_again_under_the_same_seat() {
    let mut world = World::at(State::Licensed);
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(behind(State::Created)));
    }
    assert_eq!((world.progress.state, world.step), (State::Created, Some(Step::AssignLicense)));
    assert!(
        world.facts.seat_held && world.facts.license_may_be_held,
        "until the directory says otherwise, it is ours"
    );
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::At(_), .. }));
    world.go_well(6);
    assert_eq!(world.progress.status(), Status::Succeeded);
}

#[test]
fn a_lost_license_waits_for_a_new_seat_when_the_old_one_was_returned() {
    let mut world = World::at(State::Unlicensed);
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(behind(State::Created)));
    }
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    world.go_well(7);
    assert_eq!(world.progress.status(), Status::Succeeded);
}

#[test]
fn what_is_unlicensed_cannot_fall_back_to_licensed() {
    let mut world = World::at(State::Unlicensed);
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(behind(State::Licensed)));
    }
    assert_eq!(world.progress.state, State::Created);
}

#[test]
fn being_set_back_too_often_blocks() {
    let mut world = World::at(State::Licensed);
    for _ in 0..world.policy.regressions_max {
        for _ in 0..world.policy.absence_looks {
            world.turn(&Turn::look(behind(State::Created)));
        }
        assert_eq!(world.progress.state, State::Created);
        world.turn(&Turn::good());
    }
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(behind(State::Created)));
    }
    assert_eq!(blocked_by(&world), Some(Code::MachineRegressedTooOften));
    assert_eq!(world.progress.state, State::Licensed);
}

#[test]
fn throttling_costs_nothing_however_long_it_lasts() {
    let mut world = seated();
    for _ in 0..1_000 {
        let moment = world.turn(&Turn::of(Outcome::Throttled { retry_after: None })).unwrap();
        assert_eq!(moment.transition.event.unwrap().kind, EventKind::Throttled);
        assert_eq!(world.progress.trial.attempts, 0);
    }
}

#[test]
fn what_goes_wrong_with_a_whole_call_is_charged_to_the_lane() {
    let lane = Charge::Lane { wait: Duration::from_secs(7) };
    for outcome in
        [transient(lane), Outcome::Ambiguous { failure: failure(Code::RemoteUncertain), charge: lane }]
    {
        let mut world = seated();
        for _ in 0..100 {
            world.turn(&Turn::of(outcome.clone()));
            assert_eq!(world.progress.trial.attempts, 0, "{outcome:?}");
            assert_eq!(world.progress.due_at(), Some(world.now + Duration::from_secs(7)), "{outcome:?}");
        }
    }
}

#[test]
fn a_spent_budget_blocks_with_the_last_failure() {
    for outcome in [transient(Charge::Member), ambiguous()] {
        let mut world = World::at(State::Propagated);
        let mut turns = 0;
        while world.progress.status() == Status::Active && turns < 100 {
            world.turn(&Turn::of(outcome.clone()));
            turns += 1;
        }
        assert_eq!(blocked_by(&world), Some(Code::MachineAttemptsExhausted), "{outcome:?}");
        assert!(turns <= world.policy.attempts_max + 1, "{outcome:?}: {turns} turns");
    }
}

#[test]
fn looks_that_cannot_tell_do_not_go_on_for_ever() {
    let mut world = World::at(State::NonInteractive);
    for _ in 0..world.policy.attempts_max {
        assert_eq!(world.progress.status(), Status::Active);
        world.turn(&Turn::look(ambiguous()));
    }
    assert_eq!(blocked_by(&world), Some(Code::MachineAttemptsExhausted));
}

#[test]
fn a_refused_seat_is_returned_and_waited_for_again() {
    let mut world = seated();
    let moment = world.turn(&Turn::of(Outcome::NoSeat { failure: failure(Code::GraphNoSeat) })).unwrap();
    assert_eq!(
        (moment.transition.seat, moment.transition.license),
        (SeatEffect::Refused, LicenseEffect::Gone)
    );
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    assert_eq!(world.progress.trial.attempts, 0);
}

#[test]
fn a_weekend_of_silence_passes_no_deadline() {
    let mut world = World::at(State::Licensed);
    let not_yet = Outcome::NotYet { wait: Duration::from_secs(15), because: None };
    let licensed_at = world.progress.entered_at;
    let weekend = Duration::from_secs(60 * 3_600);
    // The look was made before the deadline; only its commit comes after it.
    world.turn(&Turn { takes: weekend, ..Turn::look(not_yet.clone()) });
    assert_eq!(world.progress.status(), Status::Active);
    assert!(world.now > licensed_at + world.policy.propagation_deadline);
    // A look that fails says nothing either.
    world.turn(&Turn::look(transient(Charge::Lane { wait: Duration::from_secs(1) })));
    assert_eq!(world.progress.status(), Status::Active);
    world.turn(&Turn::look(not_yet));
    assert_eq!(blocked_by(&world), Some(Code::MachineDeadlinePassed));
}

#[test]
fn a_retry_begins_the_deadline_anew() {
    let mut world = World::at(State::Licensed);
    world.wait(world.policy.propagation_deadline);
    let not_yet = Turn::look(Outcome::NotYet { wait: Duration::from_secs(15), because: None });
    world.turn(&not_yet);
    assert_eq!(world.progress.status(), Status::Blocked);
    order(&mut world, Command::Retry);
    world.turn(&not_yet);
    assert_eq!(world.progress.status(), Status::Active);
}

#[test]
fn parking_returns_the_license_and_keeps_the_reason() {
    for state in [State::Licensed, State::Propagated] {
        let mut world = World::at(state);
        world.turn(&Turn::of(blocked(Code::DataverseEnvironmentDisabled)));
        assert_eq!(world.progress.due_at(), Some(world.now + world.policy.parked_seat), "{state}");
        let moment = world.turn(&Turn::good()).unwrap();
        assert_eq!(moment.transition.event.unwrap().kind, EventKind::Parked);
        assert_eq!(blocked_by(&world), Some(Code::DataverseEnvironmentDisabled));
        assert_eq!((world.progress.state, world.progress.due_at()), (State::Created, None), "{state}");
        order(&mut world, Command::Retry);
        assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }), "{state}");
    }
}

#[test]
fn a_removal_that_was_blocked_heals_by_itself() {
    let mut world = World::at(State::NonInteractive);
    world.turn(&Turn::of(blocked(Code::GraphPermissionMissing)));
    for _ in 0..10 {
        world.turn(&Turn::of(blocked(Code::GraphPermissionMissing)));
        assert_eq!(world.progress.due_at(), Some(world.now + world.policy.parked_seat));
    }
    world.turn(&Turn::good());
    assert_eq!((world.progress.state, world.progress.status()), (State::Unlicensed, Status::Active));
    world.go_well(1);
    assert_eq!(world.progress.status(), Status::Succeeded);
}

#[test]
fn a_blocked_request_whose_user_is_gone_returns_its_seat_once() {
    let mut world = World::at(State::Licensed);
    world.turn(&Turn::of(blocked(Code::DataverseEnvironmentDisabled)));
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(absent()));
    }
    assert!(!world.facts.seat_held && !world.facts.license_may_be_held);
    assert_eq!((world.progress.state, world.progress.due_at()), (State::Created, None));
    assert_eq!(blocked_by(&world), Some(Code::DataverseEnvironmentDisabled));
}

#[test]
fn a_user_that_is_gone_before_its_license_was_removed_needs_a_person() {
    let mut world = World::at(State::NonInteractive);
    for _ in 0..world.policy.absence_looks {
        world.turn(&Turn::look(absent()));
    }
    assert_eq!(blocked_by(&world), Some(Code::GraphUserGone));
}

#[test]
fn poison_keeps_an_open_write_in_mind() {
    let mut world = seated();
    world.turn(&Turn { outcome: None, ..Turn::good() });
    let open = world.progress.trial.intent.expect("it was recorded before the worker died");
    world.put(Input::Poisoned, 0.5).unwrap();
    assert_eq!(blocked_by(&world), Some(Code::MachinePoisoned));
    order(&mut world, Command::Retry);
    assert_eq!(world.progress.trial.intent, Some(open));
    assert_eq!(world.progress.trial.attempts, 0);
}

#[test]
fn what_is_not_worked_on_cannot_be_poisoned() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::look(blocked(Code::DataverseNoSlot)));
    assert!(world.decide(Input::Poisoned, 0.5).is_err());
}

#[test]
fn a_removal_that_kills_its_worker_rests_and_the_first_reason_stays() {
    let mut world = World::at(State::Licensed);
    world.turn(&Turn::of(blocked(Code::DataverseEnvironmentDisabled)));
    world.wait(Duration::from_secs(3_600));
    let told = world.put(Input::Poisoned, 0.5).unwrap().transition.event.expect("an event");
    assert_eq!(told.failure.expect("what went wrong").code, Code::MachinePoisoned);
    assert_eq!(blocked_by(&world), Some(Code::DataverseEnvironmentDisabled));
    assert_eq!(world.progress.due_at(), Some(world.now + world.policy.parked_seat));
}

#[test]
fn a_rescue_makes_due_at_once_and_counts_on() {
    let mut world = World::at(State::Licensed);
    for claims in 1..=3 {
        world.turn(&Turn { outcome: None, ..Turn::good() });
        assert_eq!(world.progress.trial.claims, claims);
        assert_eq!(world.progress.due_at(), Some(world.now));
        assert!(world.progress.trial.intent.is_some());
    }
    world.turn(&Turn::look(Outcome::NotYet { wait: Duration::from_secs(1), because: None }));
    assert_eq!(world.progress.trial.claims, 0);
}

#[test]
fn a_rescue_leaves_whoever_waits_for_a_seat_waiting() {
    let mut world = World::at(State::Created);
    let before = world.progress.clone();
    assert!(matches!(before.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    world.put(Input::Rescued, 0.5).unwrap();
    assert_eq!(world.progress, before);
}

#[test]
fn a_cancellation_while_waiting_for_a_seat_deletes_the_user() {
    let mut world = World::at(State::Created);
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    order(&mut world, Command::Cancel);
    assert_eq!(world.progress.due_at(), Some(world.now));
    assert_eq!(world.step, Some(Step::DeleteUser));
    world.go_well(1);
    assert_eq!(world.progress.status(), Status::Cancelled);
}

#[test]
fn whoever_asks_for_it_has_the_user_deleted_wherever_it_was() {
    for state in
        [State::Created, State::Licensed, State::Propagated, State::NonInteractive, State::Unlicensed]
    {
        let mut world = World::at(state);
        order(&mut world, Command::CancelAndDelete);
        while world.step == Some(Step::RemoveLicense) {
            world.turn(&Turn::good());
        }
        assert_eq!(world.step, Some(Step::DeleteUser), "from {state}");
    }
    let mut world = World::at(State::Propagated);
    world.policy.delete_propagated = true;
    order(&mut world, Command::Cancel);
    world.turn(&Turn::good());
    assert_eq!(world.step, Some(Step::DeleteUser), "the policy asks for it");
}

#[test]
fn a_create_that_may_still_be_on_its_way_is_not_missed_before_its_deadline() {
    let mut world = World::at(State::Requested);
    world.turn(&Turn::good());
    world.turn(&Turn::of(ambiguous()));
    let begun_at = world.progress.trial.intent.expect("its fate is unknown").begun_at;
    world.turn(&Turn::look(absent()));
    assert_eq!(world.progress.trial.evidence, None, "that is no evidence yet");
    assert_eq!(world.progress.due_at(), Some(begun_at + world.policy.call_deadline));
    world.turn(&Turn::look(absent()));
    assert_eq!(world.progress.trial.evidence.expect("this is").looks, 1);
}

#[test]
fn a_cancellation_while_an_assignment_is_in_doubt_removes_the_license_first() {
    let mut world = seated();
    world.turn(&Turn::of(ambiguous()));
    order(&mut world, Command::Cancel);
    assert_eq!(world.step, Some(Step::RemoveLicense));
    world.turn(&Turn::good());
    assert_eq!(world.step, Some(Step::DeleteUser));
    assert!(!world.facts.seat_held);
}

#[test]
fn a_way_back_that_was_blocked_goes_on_once_the_license_is_gone() {
    let mut world = World::at(State::Propagated);
    order(&mut world, Command::Cancel);
    world.turn(&Turn::of(blocked(Code::GraphPermissionMissing)));
    assert_eq!(world.progress.status(), Status::Blocked);
    world.turn(&Turn::good());
    assert!(matches!(world.progress.phase, Phase::Active { direction: Direction::Cancelling, .. }));
    world.go_well(1);
    assert_eq!(world.progress.status(), Status::Cancelled);
}

#[test]
fn pausing_holds_without_losing_anything() {
    let mut world = World::at(State::Licensed);
    let before = world.progress.clone();
    order(&mut world, Command::Pause);
    assert!(world.progress.paused);
    assert_eq!(world.progress.phase, before.phase);
    assert!(world.decide(Input::Ordered(Command::Pause), 0.5).is_err());
    order(&mut world, Command::Resume);
    assert_eq!(world.progress, before);
    assert!(world.decide(Input::Ordered(Command::Resume), 0.5).is_err());
}

/// A finished account.
fn account() -> World {
    let mut world = World::at(State::Unlicensed);
    world.turn(&Turn::good());
    assert_eq!(world.progress.status(), Status::Succeeded);
    world
}

#[test]
fn a_row_is_healed_as_it_is_and_a_lost_one_with_a_new_license() {
    let mut world = account();
    let moment = world.put(Input::Ordered(Command::Heal { to: State::Propagated }), 0.5).unwrap();
    let told = moment.transition.event.expect("an event");
    assert_eq!((told.kind, told.from, told.to), (EventKind::Reopened, State::Unlicensed, State::Propagated));
    assert_eq!(world.step, Some(Step::SetNonInteractive));
    assert!(!world.facts.seat_held && world.facts.slot_held);
    for step in [Step::SetNonInteractive, Step::RemoveLicense, Step::Verify] {
        assert_eq!(world.step, Some(step));
        world.turn(&Turn::good());
    }
    assert_eq!(world.progress.status(), Status::Succeeded);

    world.put(Input::Ordered(Command::Heal { to: State::Created }), 0.5).unwrap();
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    world.put(Input::Admitted, 0.5).unwrap();
    assert_eq!(world.step, Some(Step::AssignLicense));
    world.go_well(6);
    assert_eq!(world.progress.status(), Status::Succeeded);
}

#[test]
fn an_account_is_healed_from_created_and_from_propagated_and_from_nowhere_else() {
    for &to in State::ALL {
        let healed = account().decide(Input::Ordered(Command::Heal { to }), 0.5).is_ok();
        assert_eq!(healed, matches!(to, State::Created | State::Propagated), "{to}");
    }
    for state in [State::Requested, State::Propagated, State::Unlicensed] {
        World::at(state).decide(Input::Ordered(Command::Heal { to: State::Created }), 0.5).unwrap_err();
    }
}

#[test]
fn healing_leaves_a_siblings_seat_and_license_as_they_are() {
    for to in [State::Created, State::Propagated] {
        let mut world = account();
        let sibling = Facts { seat_held: true, license_may_be_held: true, ..world.facts() };
        world.change_company(sibling);
        let moment = world.put(Input::Ordered(Command::Heal { to }), 0.5).unwrap();
        let (seat, license) = (moment.transition.seat, moment.transition.license);
        assert_eq!((seat, license), (SeatEffect::Keep, LicenseEffect::Unchanged), "{to}");
        assert_eq!(world.progress.due_at(), Some(world.now), "{to}: the seat serves both");
    }
}

#[test]
fn a_person_who_has_it_healed_forgives_what_was_undone_before() {
    let mut world = account();
    world.progress.regressions = world.policy.regressions_max;
    world.regressions = world.policy.regressions_max;
    world.put(Input::Ordered(Command::Heal { to: State::Propagated }), 0.5).unwrap();
    assert_eq!(world.progress.regressions, 0);
}

#[test]
fn an_adopted_user_is_looked_at_before_it_waits_for_a_seat() {
    let mut world = World::at(State::Requested);
    let adopted = Facts { adopted: true, ..world.facts() };
    world.go_well_once();
    world.change_company(adopted);
    world.go_well_once();
    assert_eq!(world.progress.state, State::Created);
    assert_eq!(world.progress.due_at(), Some(world.now), "it may hold the license already");

    world.turn(&Turn::look(Outcome::NoSeat { failure: failure(Code::GraphNoSeat) }));
    assert!(matches!(world.progress.phase, Phase::Active { timer: Timer::ForSeat, .. }));
    assert_eq!(world.progress.trial, Default::default(), "nothing was refused");
}

#[test]
fn what_waits_at_the_wrong_step_goes_to_the_right_one_with_all_it_knew() {
    let mut world = World::at(State::Created);
    world.put(Input::Ordered(Command::Cancel), 0.5).unwrap();
    assert_eq!(world.step, Some(Step::DeleteUser));
    let before = world.progress.trial.clone();
    let licensed = Facts { license_may_be_held: true, ..world.facts() };
    world.change_company(licensed);
    world.wait(Duration::from_secs(60));
    let moment = world.put(Input::Misplaced, 0.5).unwrap();
    assert_eq!((moment.transition.step, moment.transition.event), (Some(Step::RemoveLicense), None));
    assert_eq!((world.progress.state, world.progress.due_at()), (State::Created, Some(world.now)));
    assert_eq!(world.progress.trial, before);
}
