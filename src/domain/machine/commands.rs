//! What a person can order.

use super::decide::Draft;
use super::reports::may_hold_without_seat;
use super::{Inapplicable, SlotEffect, Transition, WatchEffect};
use crate::domain::{Code, Direction, Ending, EventKind, Instant, Phase, State, Timer};

pub(super) fn pause(mut draft: Draft) -> Result<Transition, Inapplicable> {
    if draft.before.status().is_terminal() {
        return Err(Inapplicable("it has ended"));
    }
    if draft.before.paused {
        return Err(Inapplicable("it is paused already"));
    }
    draft.next.paused = true;
    Ok(draft.record(EventKind::Paused).done())
}

pub(super) fn resume(mut draft: Draft) -> Result<Transition, Inapplicable> {
    if draft.before.status().is_terminal() {
        return Err(Inapplicable("it has ended"));
    }
    if !draft.before.paused {
        return Err(Inapplicable("it is not paused"));
    }
    draft.next.paused = false;
    Ok(draft.record(EventKind::Resumed).done())
}

pub(super) fn retry(mut draft: Draft, now: Instant) -> Result<Transition, Inapplicable> {
    let direction = match &draft.before.phase {
        Phase::Blocked { direction, failure, .. } => {
            // A person has looked at what no look of ours can tell.
            draft.next.trial.look_first &= failure.code != Code::MachineRestoredUnclear;
            *direction
        }
        Phase::Active { .. } => return Err(Inapplicable("it is being worked on")),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it has ended"));
        }
    };
    draft.next.trial.attempts = 0;
    draft.next.trial.evidence = None;
    draft.next.trial.memo = None;
    draft.next.regressions = 0;
    draft.next.entered_at = now;
    let needs_seat = direction == Direction::Forward
        && draft.next.state == State::Created
        && !draft.facts.seat_held
        && !may_hold_without_seat(&draft);
    let timer = if needs_seat { Timer::ForSeat } else { Timer::At(now) };
    Ok(draft.active(direction, timer).record(EventKind::Retried).done())
}

pub(super) fn cancel(mut draft: Draft, delete_user: bool, now: Instant) -> Result<Transition, Inapplicable> {
    match draft.before.phase {
        Phase::Active { direction: Direction::Forward | Direction::GivingUp, .. }
        | Phase::Blocked { direction: Direction::Forward | Direction::GivingUp, .. } => {}
        Phase::Active { direction: Direction::Cancelling, .. }
        | Phase::Blocked { direction: Direction::Cancelling, .. } => {
            return Err(Inapplicable("it is being cancelled already"));
        }
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it has ended"));
        }
    }
    draft.next.paused = false;
    draft.next.ending = Ending { delete_user, given_up_for: None };
    Ok(turn_back(draft, Direction::Cancelling, Phase::Cancelled, now).record(EventKind::Cancelled).done())
}

/// Begins the way back; if nothing was taken, it has ended already.
pub(super) fn turn_back(mut draft: Draft, direction: Direction, end: Phase, now: Instant) -> Draft {
    draft.next.trial.attempts = 0;
    draft.next.trial.evidence = None;
    draft.next.trial.trouble = None;
    let nothing_taken = draft.before.state == State::Requested
        && draft.before.trial.intent.is_none()
        && !draft.facts.user_may_exist
        && !draft.facts.license_may_be_held
        && !draft.next.trial.look_first;
    if nothing_taken {
        draft.next.phase = end;
        draft.slot = if draft.facts.slot_held { SlotEffect::Return } else { SlotEffect::Keep };
        return draft;
    }
    draft.active(direction, Timer::At(now))
}

pub(super) fn heal(mut draft: Draft, to: State, now: Instant) -> Result<Transition, Inapplicable> {
    match draft.before.phase {
        Phase::Succeeded => {}
        Phase::Active { .. } | Phase::Blocked { .. } | Phase::Failed { .. } | Phase::Cancelled => {
            return Err(Inapplicable("it is no finished account"));
        }
    }
    let timer = match to {
        // What a sibling's seat and license are for is theirs to say: nothing of them changes here.
        State::Created if !draft.facts.seat_held && !may_hold_without_seat(&draft) => Timer::ForSeat,
        State::Created | State::Propagated => Timer::At(now),
        State::Requested | State::Licensed | State::NonInteractive | State::Unlicensed => {
            return Err(Inapplicable("a finished account is healed from created or propagated on"));
        }
    };
    draft.next.paused = false;
    draft.next.regressions = 0;
    draft.watch = WatchEffect::End;
    Ok(draft.enter(to, now).active(Direction::Forward, timer).record(EventKind::Reopened).done())
}
