//! What is legal: predicates over a request and what is true of its user.

use crate::world::{Moment, World};
use seatless::domain::{
    Code, Command, Direction, EventKind, Input, LicenseEffect, Outcome, Phase, SeatEffect, State, Status,
    Step, Timer, WatchEffect, step_of,
};

/// What holds of every request at any time. The CHECKs of the database say the same.
pub(crate) fn check_situation(world: &World) {
    let (progress, facts) = (&world.progress, world.facts());
    assert_eq!(world.step, step_of(progress, facts), "the step is the one that follows from what is stored");
    assert!(progress.entered_at <= world.now, "entered in the future");
    assert_eq!(
        world.step.is_some(),
        matches!(progress.phase, Phase::Active { .. }) || progress.due_at().is_some(),
        "a step if and only if there is something to do"
    );
    match &progress.phase {
        Phase::Active { direction, timer } => {
            if *timer == Timer::ForSeat {
                assert_eq!((*direction, progress.state), (Direction::Forward, State::Created));
            }
            assert!(progress.trial.attempts <= world.policy.attempts_max, "over its budget");
            assert!(facts.slot_held || progress.state == State::Requested, "beyond Requested without a slot");
        }
        Phase::Blocked { failure, seat_due, .. } => {
            assert!(!failure.code.as_str().is_empty());
            if seat_due.is_some() {
                assert!((State::Created..=State::NonInteractive).contains(&progress.state));
                assert_eq!(world.step, Some(Step::RemoveLicense));
            } else if !world.in_company {
                assert!(
                    !facts.seat_held && !facts.license_may_be_held,
                    "blocked for ever with a license: {world:#?}"
                );
            }
        }
        Phase::Succeeded => {
            assert_eq!(progress.state, State::Unlicensed);
            assert!(facts.slot_held, "a success keeps its slot");
        }
        Phase::Failed { .. } | Phase::Cancelled => {
            assert_eq!(progress.state, State::Requested);
            assert!(!facts.slot_held, "ended without an account, and yet with a slot");
        }
    }
    if progress.status().is_terminal() {
        assert_eq!(progress.due_at(), None);
        assert_eq!(world.step, None);
    }
    if !world.in_company {
        check_alone(world);
    }
}

/// What holds besides when the user has no other request.
fn check_alone(world: &World) {
    let (progress, facts) = (&world.progress, world.facts());
    let lent = (State::Licensed..=State::NonInteractive).contains(&progress.state);
    if progress.status().is_terminal() {
        assert!(!facts.seat_held && !facts.license_may_be_held, "ended with a license");
    }
    if facts.license_may_be_held {
        assert!(facts.seat_held, "a license without a seat");
    }
    if facts.license_may_be_held && !lent {
        // A create that goes on cannot hold one; an assignment whose fate is unknown may.
        assert_eq!(progress.state, State::Created);
    }
}

/// What holds of every transition.
pub(crate) fn check_moment(world: &World, moment: &Moment) {
    let Moment { before, facts, input, transition, .. } = moment;
    let next = &transition.next;
    let heals = matches!(input, Input::Ordered(Command::Heal { .. }));
    assert!(!before.status().is_terminal() || heals, "what has ended stays ended");
    assert_eq!(before.status() == Status::Succeeded, heals, "only a finished account is healed");
    check_watch(moment);
    assert!(arrow_is_drawn(moment), "no arrow: {moment:#?}");
    check_license(moment);
    match transition.seat {
        SeatEffect::Keep => {}
        SeatEffect::Take => {
            assert!(matches!(input, Input::Admitted), "only admission grants seats");
            assert!(!facts.seat_held);
        }
        SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused => assert!(facts.seat_held),
    }
    if let Some(event) = &transition.event {
        assert_eq!((event.from, event.to), (before.state, next.state));
        assert_eq!(event.intent, before.trial.intent.map(|intent| intent.id));
        let went_wrong = matches!(event.kind, EventKind::Blocked | EventKind::Failed | EventKind::Regressed);
        assert_eq!(event.failure.is_some(), went_wrong, "what went wrong is told where something did");
    }
    if before.state != next.state {
        assert!(transition.event.is_some(), "a move without an event");
        assert_eq!((next.trial.attempts, next.trial.intent), (0, None), "a new state begins a new trial");
    }
    if let Phase::Blocked { failure, .. } = &next.phase
        && failure.code == Code::MachineDeadlinePassed
        && !matches!(before.phase, Phase::Blocked { .. })
    {
        check_deadline(world, moment);
    }
    check_belief(world, moment);
    check_intent(moment);
    if matches!(event_kind(moment), Some(EventKind::Regressed)) {
        assert!(world.regressions < world.policy.regressions_max, "set back too often");
    }
}

/// Exactly the succeeded requests are watched.
fn check_watch(moment: &Moment) {
    let Moment { before, transition, .. } = moment;
    let (was, is) = (before.status() == Status::Succeeded, transition.next.status() == Status::Succeeded);
    match transition.watch {
        WatchEffect::Keep => assert_eq!(was, is, "{moment:#?}"),
        WatchEffect::Begin { .. } => assert!(!was && is, "{moment:#?}"),
        WatchEffect::End => assert!(was && !is, "{moment:#?}"),
    }
}

fn event_kind(moment: &Moment) -> Option<EventKind> {
    moment.transition.event.as_ref().map(|event| event.kind)
}

fn is_forward(phase: &Phase) -> bool {
    matches!(
        phase,
        Phase::Active { direction: Direction::Forward, .. }
            | Phase::Blocked { direction: Direction::Forward, .. }
    )
}

fn arrow_is_drawn(moment: &Moment) -> bool {
    use State::{Created, Licensed, NonInteractive, Propagated, Requested, Unlicensed};
    let (from, to) = (moment.before.state, moment.transition.next.state);
    let parked = matches!(moment.before.phase, Phase::Blocked { .. });
    let backward = !is_forward(&moment.before.phase);
    if from == to {
        return true;
    }
    if moment.before.phase == Phase::Succeeded {
        return from == Unlicensed && matches!(to, Created | Propagated);
    }
    if backward {
        return matches!(
            (from, to),
            (Licensed | Propagated | NonInteractive | Unlicensed, Created) | (Created, Requested)
        );
    }
    if parked {
        return matches!((from, to), (Licensed | Propagated, Created) | (NonInteractive, Unlicensed));
    }
    let straight = matches!(
        (from, to),
        (Requested, Created)
            | (Created, Licensed)
            | (Licensed, Propagated)
            | (Propagated, NonInteractive)
            | (NonInteractive, Unlicensed)
    );
    straight || (event_kind(moment) == Some(EventKind::Regressed) && to < from && to >= Created)
}

/// Going forward, the license goes only after the access mode was confirmed.
fn check_license(moment: &Moment) {
    let Moment { before, input, transition, .. } = moment;
    if !matches!(before.phase, Phase::Active { direction: Direction::Forward, .. }) {
        return;
    }
    if step_of(before, moment.facts) == Some(Step::RemoveLicense) {
        assert_eq!(before.state, State::NonInteractive);
    }
    if transition.license == LicenseEffect::Gone {
        let refused = matches!(input, Input::Reported { outcome: Outcome::NoSeat { .. }, .. });
        let lost =
            event_kind(moment) == Some(EventKind::Regressed) && transition.next.state == State::Created;
        assert!(before.state == State::NonInteractive || refused || lost, "{moment:#?}");
    }
}

/// A deadline passes only in a look made after it.
fn check_deadline(world: &World, moment: &Moment) {
    let Input::Reported { looked_at, .. } = &moment.input else {
        panic!("a deadline passed without a look: {moment:#?}");
    };
    assert_eq!(moment.before.state, State::Licensed);
    assert!(*looked_at >= moment.before.entered_at + world.policy.propagation_deadline);
}

/// A surprise is believed only after enough looks over enough time.
fn check_belief(world: &World, moment: &Moment) {
    let surprising = matches!(
        moment.input,
        Input::Reported { outcome: Outcome::Absent { .. } | Outcome::Regressed { .. }, .. }
    );
    // What is not believed yet leaves no trace in the history.
    if !surprising || moment.transition.event.is_none() {
        return;
    }
    let looks = &world.surprises;
    assert!(looks.len() >= world.policy.absence_looks as usize, "believed after {} looks", looks.len());
    let span = looks[looks.len() - 1].1 - looks[0].1;
    assert!(span.to_std().unwrap() >= world.policy.absence_window, "believed after {span}");
}

/// A write whose fate is unknown is forgotten only when a look, or the write itself, has told its fate.
fn check_intent(moment: &Moment) {
    let Moment { before, input, transition, .. } = moment;
    let (Some(open), None) = (before.trial.intent, transition.next.trial.intent) else {
        return;
    };
    match input {
        Input::Reported { outcome, begun, .. } => match outcome {
            Outcome::Advanced | Outcome::NotYet { .. } => {}
            Outcome::Throttled { .. }
            | Outcome::Transient { .. }
            | Outcome::Blocked { .. }
            | Outcome::NoSeat { .. } => {
                assert!(*begun, "an older write was forgotten: {open:?} {moment:#?}");
            }
            Outcome::Absent { .. } | Outcome::Regressed { .. } => {
                assert!(event_kind(moment).is_some(), "one look is not enough: {moment:#?}");
            }
            Outcome::Ambiguous { .. } => panic!("an unknown fate was forgotten: {moment:#?}"),
        },
        Input::Admitted
        | Input::Rescued
        | Input::Poisoned
        | Input::Misplaced
        | Input::GivenUp
        | Input::Ordered(_) => {
            panic!("nobody has looked: {moment:#?}");
        }
    }
}
