//! The entrance: one input, one transition.

use super::reports::{self, Report};
use super::{
    Command, Facts, Inapplicable, Input, LicenseEffect, SeatEffect, SlotEffect, Subject, Transition,
    WatchEffect, commands, step_of,
};
use crate::domain::{
    Code, Direction, Ending, EventDraft, EventKind, Failure, Instant, IntentId, Phase, Policy, Progress,
    State, Timer, Trial,
};

/// Decides what an input makes of a request. Pure: the time and the chance (in `0.0 .. 1.0`) are arguments.
///
/// # Errors
/// [`Inapplicable`] when the input means nothing to the request as it is; then nothing changes.
pub fn decide(
    subject: &Subject<'_>,
    input: Input,
    policy: &Policy,
    now: Instant,
    chance: f64,
) -> Result<Transition, Inapplicable> {
    let draft = Draft::of(subject);
    match input {
        Input::Reported { outcome, looked_at, begun } => {
            reports::apply(draft, outcome, &Report { policy, now, looked_at, begun, chance })
        }
        Input::Admitted => admitted(draft, now),
        Input::Rescued => rescued(draft, now),
        Input::Poisoned => poisoned(draft, policy, now),
        Input::Misplaced => misplaced(draft, now),
        Input::Ordered(Command::Pause) => commands::pause(draft),
        Input::Ordered(Command::Resume) => commands::resume(draft),
        Input::Ordered(Command::Retry) => commands::retry(draft, now),
        Input::GivenUp => given_up(draft, policy, now),
        Input::Ordered(Command::Cancel) => commands::cancel(draft, policy.delete_propagated, now),
        Input::Ordered(Command::CancelAndDelete) => commands::cancel(draft, true, now),
        Input::Ordered(Command::Heal { to }) => commands::heal(draft, to, now),
    }
}

/// A transition in the making: the request before, and what has been decided so far.
pub(super) struct Draft {
    pub(super) before: Progress,
    pub(super) facts: Facts,
    pub(super) next: Progress,
    pub(super) license: LicenseEffect,
    pub(super) seat: SeatEffect,
    pub(super) slot: SlotEffect,
    pub(super) watch: WatchEffect,
    pub(super) resolved: Option<IntentId>,
    pub(super) event: Option<EventDraft>,
}

impl Draft {
    fn of(subject: &Subject<'_>) -> Self {
        let mut next = subject.progress.clone();
        next.trial.claims = 0;
        Self {
            before: subject.progress.clone(),
            facts: subject.facts,
            next,
            license: LicenseEffect::Unchanged,
            seat: SeatEffect::Keep,
            slot: SlotEffect::Keep,
            watch: WatchEffect::Keep,
            resolved: None,
            event: None,
        }
    }

    /// Moves to a state, with a clean trial and the clock of its deadline started.
    pub(super) fn enter(mut self, state: State, now: Instant) -> Self {
        self.next.state = state;
        self.next.entered_at = now;
        self.next.trial = Trial { look_first: self.next.trial.look_first, ..Trial::default() };
        self
    }

    /// Goes on as an active request.
    pub(super) fn active(mut self, direction: Direction, timer: Timer) -> Self {
        self.next.phase = Phase::Active { direction, timer };
        self
    }

    /// Stops until a person acts. A license that may be held is taken back after the parked time.
    pub(super) fn blocked(
        mut self,
        direction: Direction,
        failure: Failure,
        policy: &Policy,
        now: Instant,
    ) -> Self {
        let holds = self.facts.seat_held || self.facts.license_may_be_held;
        // What only a person can tell is not looked at again before that.
        let unseen = self.next.trial.look_first && failure.code != Code::MachineRestoredUnclear;
        let gives_back = match self.next.state {
            State::Requested => unseen,
            State::Created => holds || unseen,
            State::Licensed | State::Propagated | State::NonInteractive => holds,
            State::Unlicensed => false,
        };
        let seat_due = gives_back.then(|| now + policy.parked_seat);
        self.next.trial.trouble = None;
        self.next.trial.evidence = None;
        self.next.phase = Phase::Blocked { direction, failure: failure.clone(), seat_due };
        self.record_failure(EventKind::Blocked, failure)
    }

    /// Writes an event about the transition as it is so far.
    pub(super) fn record(mut self, kind: EventKind) -> Self {
        let intent = self.before.trial.intent.map(|intent| intent.id);
        self.event =
            Some(EventDraft { kind, from: self.before.state, to: self.next.state, intent, failure: None });
        self
    }

    /// Writes an event that names what went wrong.
    pub(super) fn record_failure(self, kind: EventKind, failure: Failure) -> Self {
        let mut draft = self.record(kind);
        draft.event = draft.event.map(|event| EventDraft { failure: Some(failure), ..event });
        draft
    }

    /// The transition; the step is the one that follows once its effects are in the store.
    pub(super) fn done(self) -> Transition {
        let mut facts = self.facts;
        match self.slot {
            SlotEffect::Keep => {}
            SlotEffect::Take => facts.slot_held = true,
            SlotEffect::Return => facts.slot_held = false,
        }
        match self.license {
            LicenseEffect::Unchanged => {}
            LicenseEffect::Confirmed => facts.license_may_be_held = true,
            LicenseEffect::Gone | LicenseEffect::GoneWithUser => facts.license_may_be_held = false,
        }
        facts.propagated_once |= self.next.state >= State::Propagated;
        let step = step_of(&self.next, facts);
        Transition {
            next: self.next,
            step,
            license: self.license,
            seat: self.seat,
            slot: self.slot,
            watch: self.watch,
            resolved: self.resolved,
            event: self.event,
        }
    }
}

fn admitted(mut draft: Draft, now: Instant) -> Result<Transition, Inapplicable> {
    match draft.before.phase {
        Phase::Active { direction, timer: Timer::ForSeat } => {
            if !draft.facts.seat_held {
                draft.seat = SeatEffect::Take;
            }
            Ok(draft.active(direction, Timer::At(now)).record(EventKind::Admitted).done())
        }
        Phase::Active { timer: Timer::At(_), .. }
        | Phase::Blocked { .. }
        | Phase::Succeeded
        | Phase::Failed { .. }
        | Phase::Cancelled => Err(Inapplicable("it is not waiting for a seat")),
    }
}

fn rescued(mut draft: Draft, now: Instant) -> Result<Transition, Inapplicable> {
    // The count goes on over a rescue: only a commit that brought something resets it.
    draft.next.trial.claims = draft.before.trial.claims;
    // Whoever waits for a seat or for a person is not looked at; what the cloud may hold for it could wait as long.
    let unseen = draft.before.trial.look_first && draft.before.state <= State::Created;
    let draft = match draft.before.phase.clone() {
        Phase::Active { direction, timer: Timer::At(_) } => draft.active(direction, Timer::At(now)),
        Phase::Active { direction, timer: Timer::ForSeat } if unseen => {
            draft.active(direction, Timer::At(now))
        }
        Phase::Active { timer: Timer::ForSeat, .. } => draft,
        Phase::Blocked { direction, failure, seat_due } => {
            let mut draft = draft;
            let seat_due = (unseen || seat_due.is_some()).then_some(now);
            draft.next.phase = Phase::Blocked { direction, failure, seat_due };
            draft
        }
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it has ended"));
        }
    };
    Ok(draft.record(EventKind::Rescued).done())
}

/// Nobody has acted on it for as long as the policy waits: everything taken is given back, and it fails with what it was
/// blocked with.
fn given_up(mut draft: Draft, policy: &Policy, now: Instant) -> Result<Transition, Inapplicable> {
    let failure = match draft.before.phase.clone() {
        Phase::Blocked { direction: Direction::Forward, failure, .. } if !draft.before.paused => failure,
        Phase::Blocked { .. } => return Err(Inapplicable("a person decides about it")),
        Phase::Active { .. } | Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it is not blocked"));
        }
    };
    draft.next.ending = Ending { delete_user: policy.delete_propagated, given_up_for: Some(failure.clone()) };
    Ok(commands::turn_back(draft, Direction::GivingUp, Phase::Failed { failure }, now)
        .record(EventKind::GivenUp)
        .done())
}

/// Nothing was done about it; it is due at once, where it belongs now.
fn misplaced(mut draft: Draft, now: Instant) -> Result<Transition, Inapplicable> {
    draft.next.phase = match draft.before.phase.clone() {
        Phase::Active { direction, timer: Timer::At(_) } => {
            Phase::Active { direction, timer: Timer::At(now) }
        }
        Phase::Active { timer: Timer::ForSeat, .. } => return Err(Inapplicable("it waits for a seat")),
        Phase::Blocked { direction, failure, seat_due } => {
            Phase::Blocked { direction, failure, seat_due: seat_due.map(|_| now) }
        }
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it has ended"));
        }
    };
    Ok(draft.done())
}

fn poisoned(draft: Draft, policy: &Policy, now: Instant) -> Result<Transition, Inapplicable> {
    let failure = Failure::new(
        Code::MachinePoisoned,
        format!("It was claimed {} times without a single commit.", draft.before.trial.claims),
    );
    match draft.before.phase.clone() {
        Phase::Active { direction, .. } => Ok(draft.blocked(direction, failure, policy, now).done()),
        Phase::Blocked { seat_due: None, .. } => Err(Inapplicable("there is nothing to do for it")),
        Phase::Blocked { direction, failure: earlier, seat_due: Some(_) } => {
            // Its license could not be taken back either; the first reason stays the one a person has to see.
            let mut draft = draft;
            let seat_due = Some(now + policy.parked_seat);
            draft.next.phase = Phase::Blocked { direction, failure: earlier, seat_due };
            Ok(draft.record_failure(EventKind::Failed, failure).done())
        }
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => Err(Inapplicable("it has ended")),
    }
}
