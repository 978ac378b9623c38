//! What a call that did not succeed means for whoever made it.

use crate::domain::Failure;
use std::time::Duration;

/// Whether a call may change something at the service: it decides what a missing answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Without an effect worth knowing; may be sent again at any time.
    Read,
    /// May change something; must be looked up before it is sent again.
    Write,
}

/// What is known about the fate of a call, apart from why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The service did nothing and asks us to slow down.
    Throttled {
        /// How long it asks us to wait, within [`Limits`](super::Limits); `None` when it does not say.
        retry_after: Option<Duration>,
    },
    /// The call never reached the service.
    NotSent,
    /// Nothing was changed, and no answer was given: a read that failed, or a token that could not be had.
    Unavailable {
        /// How long the service asks us to wait.
        retry_after: Option<Duration>,
    },
    /// A write whose fate is unknown: it may have landed. Look before sending anything like it again.
    Uncertain {
        /// How long the service asks us to wait, for instance with a 503.
        retry_after: Option<Duration>,
    },
    /// The object that was asked for is not there (yet, or any more): one piece of evidence, not proof.
    Absent,
    /// A definite no; the failure's code tells why, and whether it may pass by itself.
    Refused,
}

impl Verdict {
    /// How long the service asks us to wait before the next call, if it does.
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after }
            | Self::Unavailable { retry_after }
            | Self::Uncertain { retry_after } => retry_after,
            Self::NotSent | Self::Absent | Self::Refused => None,
        }
    }
}

/// A call that did not succeed: why, and what is known about its fate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct CallFailure {
    /// Why, for people; holds no secret and no person's data.
    pub failure: Failure,
    /// What it means, for the machine.
    pub verdict: Verdict,
}

/// What a call for many members gives back: one result per member in the order asked, or the failure of the whole call.
///
/// An outer failure says nothing about any one member: it is charged to whoever made the call.
pub type Members<T> = Result<Vec<Result<T, CallFailure>>, CallFailure>;
