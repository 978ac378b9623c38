//! From the verdict on a call to an outcome for the machine.

use crate::cloud::{CallFailure, Verdict};
use crate::domain::{Charge, Code, Failure, Outcome};
use crate::engine::{Report, Seen, WholeFailure, WholeKind};

/// What a failed call means for the one member it was about.
pub(super) fn outcome_of(call: CallFailure) -> Outcome {
    let CallFailure { failure, verdict } = call;
    match verdict {
        Verdict::Throttled { retry_after } => Outcome::Throttled { retry_after },
        Verdict::NotSent | Verdict::Unavailable { .. } => {
            Outcome::Transient { failure, charge: Charge::Member }
        }
        Verdict::Uncertain { .. } => Outcome::Ambiguous { failure, charge: Charge::Member },
        Verdict::Absent => Outcome::Absent { failure },
        Verdict::Refused => refused(failure),
    }
}

fn refused(failure: Failure) -> Outcome {
    if failure.code == Code::GraphNoSeat {
        Outcome::NoSeat { failure }
    } else if failure.code.row().retryable {
        Outcome::Transient { failure, charge: Charge::Member }
    } else {
        Outcome::Blocked { failure }
    }
}

/// What a failed call means for everybody it was about: either each of them is blocked, or the lane pays.
pub(super) fn whole(call: CallFailure) -> Result<Outcome, WholeFailure> {
    let CallFailure { failure, verdict } = call;
    let kind = match verdict {
        Verdict::Throttled { retry_after } => WholeKind::Throttled { retry_after },
        Verdict::NotSent => WholeKind::NotDone { retry_after: None },
        Verdict::Unavailable { retry_after } => WholeKind::NotDone { retry_after },
        Verdict::Uncertain { .. } => WholeKind::Uncertain,
        Verdict::Absent => WholeKind::Rejected,
        Verdict::Refused if failure.code.row().retryable => WholeKind::NotDone { retry_after: None },
        // Nobody's request is the reason: the service does not let us in at all.
        Verdict::Refused if shuts_us_out(failure.code) => return Ok(Outcome::Blocked { failure }),
        Verdict::Refused => WholeKind::Rejected,
    };
    Err(WholeFailure { failure, kind })
}

/// A refusal that would meet any other request just the same.
fn shuts_us_out(code: Code) -> bool {
    matches!(
        code,
        Code::SignInSecretInvalid
            | Code::SignInSecretExpired
            | Code::SignInAppUnknown
            | Code::SignInAppDisabled
            | Code::SignInTenantUnknown
            | Code::SignInCredentialRefused
            | Code::SignInClockOff
            | Code::SignInScopeRefused
            | Code::SignInResourceUnknown
            | Code::SignInRefused
            | Code::GraphPermissionMissing
            | Code::DataversePrivilegeMissing
            | Code::DataverseNotMember
            | Code::DataverseEnvironmentDisabled
            | Code::PowerPlatformNotRegistered
            | Code::PowerPlatformEnvironmentUnknown
            | Code::RemoteUnauthorized
    )
}

/// [`whole`] for a look: the same seen for every member.
pub(super) fn whole_look<W>(call: CallFailure, members: usize) -> Result<Vec<Seen<W>>, WholeFailure> {
    let outcome = whole(call)?;
    Ok((0..members).map(|_| Seen::Settled(Report::of(outcome.clone()))).collect())
}

/// [`whole`] for an act: the same report for every member.
pub(super) fn whole_act(call: CallFailure, members: usize) -> Result<Vec<Report>, WholeFailure> {
    let outcome = whole(call)?;
    Ok((0..members).map(|_| Report::of(outcome.clone())).collect())
}

/// Nothing can be done for the member until a person acts.
pub(super) fn blocked<W>(failure: Failure) -> Seen<W> {
    Seen::Settled(Report::of(Outcome::Blocked { failure }))
}

/// What a failure that would stop a whole group means for one member of a group whose members call one by one.
pub(super) fn lane_outcome(failed: &WholeFailure) -> Outcome {
    let failure = failed.failure.clone();
    match failed.kind {
        WholeKind::Throttled { retry_after } => Outcome::Throttled { retry_after },
        WholeKind::NotDone { .. } | WholeKind::Rejected => {
            Outcome::Transient { failure, charge: Charge::Member }
        }
        WholeKind::Uncertain => Outcome::Ambiguous { failure, charge: Charge::Member },
    }
}
