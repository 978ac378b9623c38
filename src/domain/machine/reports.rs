//! What a worker's report makes of a request.

use super::decide::Draft;
use super::steps::exhausted;
use super::{
    Charge, Inapplicable, LicenseEffect, Outcome, SeatEffect, SlotEffect, Transition, WatchEffect,
    next_state, step_of,
};
use crate::domain::{
    Code, Direction, EventKind, Evidence, EvidenceKind, Failure, Instant, IntentId, OpenIntent, Phase,
    Policy, State, Step, Timer, first_look, look_pace, retry_delay,
};
use chrono::TimeDelta;
use std::time::Duration;

/// The circumstances of a report.
pub(super) struct Report<'a> {
    pub(super) policy: &'a Policy,
    pub(super) now: Instant,
    pub(super) looked_at: Instant,
    pub(super) begun: bool,
    pub(super) chance: f64,
}

pub(super) fn apply(draft: Draft, outcome: Outcome, report: &Report<'_>) -> Result<Transition, Inapplicable> {
    let Some(step) = step_of(&draft.before, draft.facts) else {
        return Err(Inapplicable("there is nothing to do for it"));
    };
    let mut draft = draft;
    draft.resolved = resolved_assignment(&draft, step, &outcome, report);
    let draft = match outcome {
        Outcome::Advanced => advanced(draft, step, report),
        Outcome::NotYet { wait, because } => not_yet(draft, step, wait, because, report),
        Outcome::Throttled { retry_after } => throttled(draft, retry_after, report),
        Outcome::Transient { failure, charge } => transient(draft, failure, charge, report),
        Outcome::Ambiguous { failure, charge } => ambiguous(draft, failure, charge, report),
        Outcome::Absent { failure } => absent(draft, step, failure, report),
        Outcome::Blocked { failure } => blocked(draft, failure, report),
        Outcome::Regressed { to, failure } => regressed(draft, to, failure, report),
        Outcome::NoSeat { failure } => no_seat(draft, step, failure, report),
    };
    Ok(draft.done())
}

/// The assignment that this turn has begun, unless nobody knows what came of it.
fn resolved_assignment(
    draft: &Draft,
    step: Step,
    outcome: &Outcome,
    report: &Report<'_>,
) -> Option<IntentId> {
    let told = !matches!(outcome, Outcome::Ambiguous { .. });
    let assigned = step == Step::AssignLicense && told && begun_this_turn(draft, report);
    draft.before.trial.intent.filter(|_| assigned).map(|intent| intent.id)
}

fn advanced(draft: Draft, step: Step, report: &Report<'_>) -> Draft {
    match draft.before.phase.clone() {
        Phase::Active { direction: Direction::Forward, .. } => forward(draft, step, report),
        Phase::Active { direction, .. } => backward(draft, step, direction, report),
        Phase::Blocked { direction: Direction::Forward, failure, .. } => parked(draft, failure, report),
        Phase::Blocked { direction, .. } => backward(draft, step, direction, report),
        // `step_of` names no step for an ended request, so `apply` has returned already.
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => draft,
    }
}

fn forward(mut draft: Draft, step: Step, report: &Report<'_>) -> Draft {
    let now = report.now;
    let (timer, kind) = match step {
        Step::CheckEnvironment => {
            draft.slot = SlotEffect::Take;
            (Timer::At(now), EventKind::Checked)
        }
        Step::CreateUser => {
            let goes_on = draft.facts.seat_held || may_hold_without_seat(&draft);
            let kind = if draft.facts.adopted { EventKind::Adopted } else { EventKind::Advanced };
            (if goes_on { Timer::At(now) } else { Timer::ForSeat }, kind)
        }
        Step::AssignLicense => {
            draft.license = LicenseEffect::Confirmed;
            // The user holds the license, and no intent of ours explains it: then it needs no seat of ours.
            if draft.facts.seat_held && !draft.facts.license_may_be_held {
                draft.seat = SeatEffect::Unused;
            }
            (Timer::At(now), EventKind::Advanced)
        }
        Step::AwaitPropagation | Step::SetNonInteractive => (Timer::At(now), EventKind::Advanced),
        Step::RemoveLicense => {
            draft = license_gone(draft);
            (Timer::At(verify_at(report)), EventKind::Advanced)
        }
        Step::Verify => {
            draft.next.phase = Phase::Succeeded;
            draft.watch = WatchEffect::Begin { due_at: first_look(report.policy, now) };
            draft.next.trial = Default::default();
            return draft.record(EventKind::Verified);
        }
        // Both belong to the way back; `step_of` never names them on the way forward.
        Step::DeleteUser | Step::DisableUser => return draft,
    };
    draft.enter(next_state(step), now).active(Direction::Forward, timer).record(kind)
}

fn backward(mut draft: Draft, step: Step, direction: Direction, report: &Report<'_>) -> Draft {
    let now = report.now;
    match step {
        Step::RemoveLicense => {
            let state = draft.before.state.min(State::Created);
            let create = open_create(&draft, report);
            draft = license_gone(draft).enter(state, now);
            draft.next.trial.intent = create;
            draft.active(direction, Timer::At(now)).record(EventKind::Advanced)
        }
        Step::DeleteUser | Step::DisableUser => {
            draft.slot = if draft.facts.slot_held { SlotEffect::Return } else { SlotEffect::Keep };
            if draft.facts.seat_held {
                draft.seat = SeatEffect::Return;
            }
            let mut draft = draft.enter(State::Requested, now);
            draft.next.trial.look_first = false;
            draft.next.phase = if direction == Direction::GivingUp {
                let why = draft.before.ending.given_up_for.clone();
                Phase::Failed {
                    failure: why.unwrap_or_else(|| Failure::new(Code::MachineDeadlinePassed, "")),
                }
            } else {
                Phase::Cancelled
            };
            draft.record(EventKind::Unwound)
        }
        // These belong to the way forward; `step_of` never names them on the way back.
        Step::CheckEnvironment
        | Step::CreateUser
        | Step::AssignLicense
        | Step::AwaitPropagation
        | Step::SetNonInteractive
        | Step::Verify => draft,
    }
}

/// The license of a blocked request is back. What was blocked only by the removal itself goes on by itself.
fn parked(draft: Draft, failure: Failure, report: &Report<'_>) -> Draft {
    let now = report.now;
    let draft = license_gone(draft);
    if draft.before.state == State::NonInteractive {
        return draft
            .enter(State::Unlicensed, now)
            .active(Direction::Forward, Timer::At(verify_at(report)))
            .record(EventKind::Advanced);
    }
    let had_nothing = draft.before.trial.look_first
        && !draft.facts.seat_held
        && !draft.facts.license_may_be_held
        && draft.before.trial.intent.is_none();
    let state = draft.before.state.min(State::Created);
    let create = open_create(&draft, report);
    let mut draft = draft.enter(state, now);
    draft.next.trial.intent = create;
    draft.next.phase = Phase::Blocked { direction: Direction::Forward, failure, seat_due: None };
    if had_nothing { draft } else { draft.record(EventKind::Parked) }
}

/// A create whose fate is still unknown. Before the user is known, looking for a license says nothing about it.
fn open_create(draft: &Draft, report: &Report<'_>) -> Option<OpenIntent> {
    let creating = draft.before.state == State::Requested && !begun_this_turn(draft, report);
    draft.before.trial.intent.filter(|_| creating)
}

/// When an account whose license is gone is verified: after the settle time, and then at the end of the current half of
/// one, together with those of its environment whose licenses went a little earlier or later. One question serves them
/// all, and nothing is held while they wait.
fn verify_at(report: &Report<'_>) -> Instant {
    let due = report.now + report.policy.settle;
    let half = i64::try_from(report.policy.settle.as_micros() / 2).unwrap_or(i64::MAX).max(1);
    let late = due.timestamp_micros().rem_euclid(half);
    if late == 0 { due } else { due + TimeDelta::microseconds(half - late) }
}

fn license_gone(mut draft: Draft) -> Draft {
    draft.license = LicenseEffect::Gone;
    draft.next.trial.look_first = false;
    if draft.facts.seat_held {
        draft.seat = SeatEffect::Return;
    }
    draft
}

fn not_yet(
    mut draft: Draft,
    step: Step,
    wait: Duration,
    because: Option<Failure>,
    report: &Report<'_>,
) -> Draft {
    draft.next.trial.intent = None;
    draft.next.trial.evidence = None;
    draft.next.trial.trouble = because;
    // Only a look made after the deadline can end the wait: the weekend's outage itself ends nothing.
    let deadline = draft.before.entered_at + report.policy.propagation_deadline;
    let forward = matches!(draft.before.phase, Phase::Active { direction: Direction::Forward, .. });
    if step == Step::AwaitPropagation && forward && report.looked_at >= deadline {
        let detail = draft.next.trial.trouble.as_ref().map(ToString::to_string).unwrap_or_default();
        let failure = Failure::new(Code::MachineDeadlinePassed, detail);
        return draft.blocked(Direction::Forward, failure, report.policy, report.now);
    }
    due_in(draft, wait, report)
}

fn throttled(mut draft: Draft, retry_after: Option<Duration>, report: &Report<'_>) -> Draft {
    draft = give_back_attempt(draft, report);
    let policy = report.policy;
    let wait = retry_after.map_or_else(
        || retry_delay(policy, draft.before.trial.attempts, report.chance).max(policy.retry_after_min),
        |asked| asked.clamp(policy.retry_after_min, policy.retry_after_max),
    );
    draft.next.trial.trouble = Some(Failure::new(Code::RemoteThrottled, ""));
    due_in(draft, wait, report).record(EventKind::Throttled)
}

fn transient(mut draft: Draft, failure: Failure, charge: Charge, report: &Report<'_>) -> Draft {
    match charge {
        Charge::Lane { wait } => {
            draft = give_back_attempt(draft, report);
            draft.next.trial.trouble = Some(failure);
            due_in(draft, wait, report)
        }
        Charge::Member => {
            if !begun_this_turn(&draft, report) {
                draft.next.trial.attempts += 1;
            }
            draft = close_intent(draft, report);
            retry_or_block(draft, failure, report)
        }
    }
}

fn ambiguous(mut draft: Draft, failure: Failure, charge: Charge, report: &Report<'_>) -> Draft {
    draft.next.trial.trouble = Some(failure.clone());
    match charge {
        // The intent stays open in both cases: the next claim looks before it does anything.
        Charge::Lane { wait } => {
            if begun_this_turn(&draft, report) {
                draft.next.trial.attempts = draft.before.trial.attempts.saturating_sub(1);
            }
            due_in(draft, wait, report)
        }
        Charge::Member if begun_this_turn(&draft, report) => {
            let wait = retry_delay(report.policy, draft.before.trial.attempts, report.chance);
            due_in(draft, wait, report).record_failure(EventKind::Failed, failure)
        }
        // A look that could not tell costs like one that failed: otherwise it could go on for ever.
        Charge::Member => {
            draft.next.trial.attempts += 1;
            retry_or_block(draft, failure, report)
        }
    }
}

fn absent(draft: Draft, step: Step, failure: Failure, report: &Report<'_>) -> Draft {
    if let Some(wait) = still_on_its_way(&draft, step, report) {
        let mut draft = draft;
        draft.next.trial.trouble = Some(failure);
        return due_in(draft, wait, report);
    }
    let window = absence_window(&draft, step, report.policy);
    let (mut draft, believed) = weigh(draft, EvidenceKind::Absent, window, report);
    if !believed {
        draft.next.trial.trouble = Some(failure);
        return due_in(draft, look_pace(window, report.policy), report);
    }
    if step == Step::CreateUser && draft.before.trial.intent.is_some() {
        // The intent stays open: should the user show up even later, it is all that tells whose it is. What was seen stays
        // as well, so that the next look knows that it is to be made anew.
        return retry_or_block_at(draft, failure, Duration::ZERO, report);
    }
    draft.next.trial.evidence = None;
    let forward = matches!(draft.before.phase, Phase::Active { direction: Direction::Forward, .. });
    match step {
        // On the way back it is what was wanted: who is gone holds no license either.
        Step::DeleteUser | Step::DisableUser => advanced(draft, step, report),
        Step::RemoveLicense if !forward => {
            let mut draft = advanced(draft, step, report);
            draft.license = LicenseEffect::GoneWithUser;
            draft
        }
        // Nothing of ours explains it: the user was there, and somebody has removed it.
        Step::CreateUser
        | Step::RemoveLicense
        | Step::CheckEnvironment
        | Step::AssignLicense
        | Step::AwaitPropagation
        | Step::SetNonInteractive
        | Step::Verify => blocked(draft, failure, report),
    }
}

/// For how long a create whose fate is unknown may still be carried out by the very call that sent it; until then its
/// absence is no evidence.
fn still_on_its_way(draft: &Draft, step: Step, report: &Report<'_>) -> Option<Duration> {
    let creating = match step {
        Step::CreateUser | Step::DeleteUser | Step::DisableUser => true,
        Step::CheckEnvironment
        | Step::AssignLicense
        | Step::AwaitPropagation
        | Step::SetNonInteractive
        | Step::RemoveLicense
        | Step::Verify => false,
    };
    let begun_at = draft.before.trial.intent.filter(|_| creating)?.begun_at;
    (begun_at + report.policy.call_deadline - report.looked_at).to_std().ok().filter(|wait| !wait.is_zero())
}

fn blocked(mut draft: Draft, failure: Failure, report: &Report<'_>) -> Draft {
    draft = close_intent(draft, report);
    match draft.before.phase.clone() {
        Phase::Active { direction, .. } => draft.blocked(direction, failure, report.policy, report.now),
        Phase::Blocked { direction, failure: earlier, .. } => {
            // Its license cannot be taken back for now. The first reason is the one a person has to mend.
            let seat_due = Some(report.now + report.policy.parked_seat);
            draft.next.trial.trouble = Some(failure.clone());
            draft.next.phase = Phase::Blocked { direction, failure: earlier, seat_due };
            draft.record_failure(EventKind::Failed, failure)
        }
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => draft,
    }
}

fn regressed(draft: Draft, to: State, failure: Failure, report: &Report<'_>) -> Draft {
    // Without a license nothing can be Licensed: then the way begins where it is assigned.
    let to = match to {
        State::Requested => State::Created,
        State::Licensed if !draft.facts.license_may_be_held => State::Created,
        State::Created | State::Licensed | State::Propagated | State::NonInteractive | State::Unlicensed => {
            to
        }
    };
    if to >= draft.before.state
        || !matches!(draft.before.phase, Phase::Active { direction: Direction::Forward, .. })
    {
        // Nothing lies behind the request as it is; another look will tell more.
        return due_in(draft, look_pace(report.policy.absence_window, report.policy), report);
    }
    let window = report.policy.absence_window;
    let (mut draft, believed) = weigh(draft, EvidenceKind::Behind(to), window, report);
    if !believed {
        draft.next.trial.trouble = Some(failure);
        return due_in(draft, look_pace(window, report.policy), report);
    }
    draft.next.regressions += 1;
    if draft.next.regressions > report.policy.regressions_max {
        let failure = Failure::new(Code::MachineRegressedTooOften, failure.to_string());
        draft.next.trial.intent = None;
        return draft.blocked(Direction::Forward, failure, report.policy, report.now);
    }
    // That the license is gone is what another service says; until the directory says so too, it may be held, and is ours.
    let waits = to == State::Created && !draft.facts.seat_held && !may_hold_without_seat(&draft);
    let timer = if waits { Timer::ForSeat } else { Timer::At(report.now) };
    let mut draft = draft.enter(to, report.now).active(Direction::Forward, timer);
    draft.next.trial.trouble = Some(failure.clone());
    draft.record_failure(EventKind::Regressed, failure)
}

fn no_seat(mut draft: Draft, step: Step, failure: Failure, report: &Report<'_>) -> Draft {
    let assigning = step == Step::AssignLicense
        && matches!(draft.before.phase, Phase::Active { direction: Direction::Forward, .. });
    if !assigning {
        return blocked(draft, failure, report);
    }
    draft = give_back_attempt(draft, report);
    draft.license = LicenseEffect::Gone;
    if may_hold_without_seat(&draft) && !draft.facts.seat_held {
        // Nothing was refused: it was only looked at, and holds no license, or none any more.
        draft.next.trial = Default::default();
        return draft.active(Direction::Forward, Timer::ForSeat);
    }
    if draft.facts.seat_held {
        draft.seat = SeatEffect::Refused;
    }
    draft.next.trial.trouble = Some(failure.clone());
    draft.active(Direction::Forward, Timer::ForSeat).record_failure(EventKind::Failed, failure)
}

/// Whether a look at the license comes before the wait for a seat: the user may hold it already, and that very unit may
/// be the one it would wait for. An adopted user may have had it before us; a lost part of the history may have assigned it.
pub(super) const fn may_hold_without_seat(draft: &Draft) -> bool {
    draft.facts.adopted || draft.next.trial.look_first
}

/// Whether the open intent was recorded after this turn's look. What came of the turn says nothing about an older one:
/// whether that was carried out is still to be found out.
fn begun_this_turn(draft: &Draft, report: &Report<'_>) -> bool {
    report.begun && draft.before.trial.intent.is_some()
}

/// This turn's write certainly did not happen.
fn close_intent(mut draft: Draft, report: &Report<'_>) -> Draft {
    if begun_this_turn(&draft, report) {
        draft.next.trial.intent = None;
    }
    draft
}

/// This turn's write certainly did not happen, and nobody is to pay for it.
fn give_back_attempt(mut draft: Draft, report: &Report<'_>) -> Draft {
    if begun_this_turn(&draft, report) {
        draft.next.trial.attempts = draft.before.trial.attempts.saturating_sub(1);
    }
    close_intent(draft, report)
}

fn retry_or_block(draft: Draft, failure: Failure, report: &Report<'_>) -> Draft {
    let wait = retry_delay(report.policy, draft.next.trial.attempts, report.chance);
    retry_or_block_at(draft, failure, wait, report)
}

fn retry_or_block_at(mut draft: Draft, failure: Failure, wait: Duration, report: &Report<'_>) -> Draft {
    if draft.next.trial.attempts >= report.policy.attempts_max {
        return blocked(draft, exhausted(&failure), report);
    }
    draft.next.trial.trouble = Some(failure.clone());
    due_in(draft, wait, report).record_failure(EventKind::Failed, failure)
}

/// For how long a user has to be missing. Of one that only a row which may lie behind tells, nobody knows when it was made.
fn absence_window(draft: &Draft, step: Step, policy: &Policy) -> Duration {
    let made_any_time =
        step == Step::CreateUser && draft.before.trial.look_first && draft.before.trial.intent.is_none();
    if made_any_time { policy.absence_window.max(policy.replication) } else { policy.absence_window }
}

/// Adds a look to the evidence, and says whether there is enough of it now.
fn weigh(mut draft: Draft, kind: EvidenceKind, window: Duration, report: &Report<'_>) -> (Draft, bool) {
    let earlier = draft.before.trial.evidence_since_intent().filter(|evidence| evidence.kind == kind);
    let evidence = earlier.map_or(Evidence { kind, looks: 1, since: report.looked_at }, |evidence| {
        Evidence { looks: evidence.looks + 1, ..evidence }
    });
    draft.next.trial.evidence = Some(evidence);
    let believed = evidence.is_enough(window, report.policy, report.looked_at);
    (draft, believed)
}

/// Comes back after a while, in the phase it is in.
fn due_in(mut draft: Draft, wait: Duration, report: &Report<'_>) -> Draft {
    let at = report.now + wait;
    draft.next.phase = match draft.before.phase.clone() {
        Phase::Active { direction, .. } => Phase::Active { direction, timer: Timer::At(at) },
        Phase::Blocked { direction, failure, .. } => {
            Phase::Blocked { direction, failure, seat_due: Some(at) }
        }
        ended @ (Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled) => ended,
    };
    draft
}
