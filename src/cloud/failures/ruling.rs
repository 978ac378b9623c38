//! What all tables have in common: the kinds of answers, and what each means for a read and for a write.

use super::Complaint;
use super::decide::decide;
use crate::cloud::answer::Answer;
use crate::cloud::service::Service;
use crate::cloud::transport::TransportError;
use crate::cloud::verdict::{CallFailure, Effect, Verdict};
use crate::cloud::wording::quoted;
use crate::domain::{Code, Failure};
use std::time::Duration;

/// What an unsuccessful answer is, before it is known whether the call was a read or a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// A definite no.
    Refused(Code),
    /// The object is not there.
    Absent(Code),
    /// Nothing done; too many calls.
    Throttled,
    /// The service, or a gateway before it, is in trouble; a write may have landed.
    Transient,
    /// A proxy kept the call from leaving.
    NotReached,
    /// Not an answer to our question.
    Unreadable,
    /// Nothing left to do: what was asked for holds already.
    Already(Already),
}

/// What holds already, according to a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Already {
    /// The user does not hold the license that was to be removed.
    LicenseGone,
    /// The user is a member of the group that was to be joined.
    Joined,
    /// The user is not a member of the group that was to be left.
    Left,
}

impl Ruling {
    /// The codes of a failure that is ruled so: of a read, then of a write where it differs.
    pub(super) const fn codes(self) -> &'static [Code] {
        match self {
            Self::Refused(code) | Self::Absent(code) => code.alone(),
            Self::Throttled => &[Code::RemoteThrottled],
            Self::Transient => &[Code::RemoteUnavailable, Code::RemoteUncertain],
            Self::NotReached => &[Code::RemoteUnavailable],
            Self::Unreadable => &[Code::RemoteUnreadable],
            Self::Already(_) => &[],
        }
    }
}

/// The failure of `answer`, which is no success, for a call to `service` with this `effect`.
pub(crate) fn judge(service: Service, answer: &Answer, effect: Effect) -> CallFailure {
    let speaker = service.speaker();
    let decision = decide(speaker, answer);
    decision.note(speaker, answer);
    let status = answer.status.as_u16();
    let message = match Complaint::read(&answer.body) {
        Some(complaint) => quoted(&format!("HTTP {status}, {}: {}", complaint.code, complaint.message)),
        None => format!("HTTP {status} without an error body."),
    };
    pronounce(decision.means, service.refused(), effect, answer.retry_after, &message, &answer.request_ids)
}

/// Turns a ruling into a failure: the one place that knows what a read and a write make of it. `unexpected` is the code of
/// "it holds already", said to whoever did not ask for that.
pub(crate) fn pronounce(
    ruling: Ruling,
    unexpected: Code,
    effect: Effect,
    retry_after: Option<Duration>,
    message: &str,
    request_ids: &[String],
) -> CallFailure {
    let (code, verdict) = match (ruling, effect) {
        (Ruling::Refused(code), _) => (code, Verdict::Refused),
        (Ruling::Absent(code), _) => (code, Verdict::Absent),
        (Ruling::Throttled, _) => (Code::RemoteThrottled, Verdict::Throttled { retry_after }),
        (Ruling::Transient, Effect::Read) => (Code::RemoteUnavailable, Verdict::Unavailable { retry_after }),
        (Ruling::Transient, Effect::Write) => (Code::RemoteUncertain, Verdict::Uncertain { retry_after }),
        (Ruling::NotReached, _) => (Code::RemoteUnavailable, Verdict::NotSent),
        (Ruling::Unreadable, Effect::Read) => (Code::RemoteUnreadable, Verdict::Unavailable { retry_after }),
        (Ruling::Unreadable, Effect::Write) => (Code::RemoteUnreadable, Verdict::Uncertain { retry_after }),
        // Whoever expects this answer asks for it first; to anybody else it is a refusal like others.
        (Ruling::Already(_), _) => (unexpected, Verdict::Refused),
    };
    CallFailure { failure: Failure::new(code, message).seen_as(request_ids.iter().cloned()), verdict }
}

/// The failure of an answer that is none to our question.
pub(crate) fn unreadable(effect: Effect, message: &str, request_ids: &[String]) -> CallFailure {
    let verdict = match effect {
        Effect::Read => Verdict::Unavailable { retry_after: None },
        Effect::Write => Verdict::Uncertain { retry_after: None },
    };
    let failure = Failure::new(Code::RemoteUnreadable, message).seen_as(request_ids.iter().cloned());
    CallFailure { failure, verdict }
}

/// The failure of a call without an answer. Its only trace is the id we gave it.
pub(crate) fn lost(error: &TransportError, effect: Effect, client_request_id: &str) -> CallFailure {
    let message = quoted(&error.to_string());
    let (code, verdict, ids) = match (error, effect) {
        (TransportError::NotSent { .. }, _) => (Code::RemoteUnavailable, Verdict::NotSent, None),
        (TransportError::Lost { .. }, Effect::Read) => {
            (Code::RemoteUnavailable, Verdict::Unavailable { retry_after: None }, Some(client_request_id))
        }
        (TransportError::Lost { .. }, Effect::Write) => {
            (Code::RemoteUncertain, Verdict::Uncertain { retry_after: None }, Some(client_request_id))
        }
    };
    CallFailure { failure: Failure::new(code, message).seen_as(ids.map(str::to_owned)), verdict }
}
