//! Which step a request is at, and where each step leads.

use super::Facts;
use crate::domain::{Code, Direction, Failure, Phase, Policy, Progress, State, Step};

/// The step a request is at, if there is anything to do for it.
pub fn step_of(progress: &Progress, facts: Facts) -> Option<Step> {
    match &progress.phase {
        Phase::Active { direction: Direction::Forward, .. } => Some(forward(progress.state, facts)),
        Phase::Active { direction: Direction::Cancelling | Direction::GivingUp, .. } => {
            Some(backward(progress, facts))
        }
        Phase::Blocked { seat_due, .. } => seat_due.map(|_| Step::RemoveLicense),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => None,
    }
}

const fn forward(state: State, facts: Facts) -> Step {
    match state {
        State::Requested => {
            if facts.slot_held {
                Step::CreateUser
            } else {
                Step::CheckEnvironment
            }
        }
        State::Created => Step::AssignLicense,
        State::Licensed => Step::AwaitPropagation,
        State::Propagated => Step::SetNonInteractive,
        State::NonInteractive => Step::RemoveLicense,
        State::Unlicensed => Step::Verify,
    }
}

const fn backward(progress: &Progress, facts: Facts) -> Step {
    match progress.state {
        State::Licensed | State::Propagated | State::NonInteractive | State::Unlicensed => {
            Step::RemoveLicense
        }
        State::Requested | State::Created => {
            if facts.license_may_be_held || progress.trial.look_first {
                Step::RemoveLicense
            } else if facts.propagated_once && !progress.ending.delete_user {
                Step::DisableUser
            } else {
                Step::DeleteUser
            }
        }
    }
}

/// The state that a step confirms when it works out, going forward.
pub const fn next_state(step: Step) -> State {
    match step {
        Step::CheckEnvironment | Step::DeleteUser | Step::DisableUser => State::Requested,
        Step::CreateUser => State::Created,
        Step::AssignLicense => State::Licensed,
        Step::AwaitPropagation => State::Propagated,
        Step::SetNonInteractive => State::NonInteractive,
        Step::RemoveLicense | Step::Verify => State::Unlicensed,
    }
}

/// Why no further write may be begun for an active request, if its budget is spent. The license of a blocked one is
/// taken back for as long as it takes, at the slow pace of the parked time.
pub fn budget_spent(progress: &Progress, policy: &Policy) -> Option<Failure> {
    let active = matches!(progress.phase, Phase::Active { .. });
    (active && progress.trial.attempts >= policy.attempts_max).then(|| match &progress.trial.trouble {
        Some(last) => exhausted(last),
        None => Failure::new(Code::MachineAttemptsExhausted, ""),
    })
}

/// The failure of a request whose attempts all failed, the last of them so.
pub(super) fn exhausted(last: &Failure) -> Failure {
    Failure {
        remote_request_ids: last.remote_request_ids.clone(),
        ..Failure::new(Code::MachineAttemptsExhausted, format!("Last, {}: {last}", last.code))
    }
}
