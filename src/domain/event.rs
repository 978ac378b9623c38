//! The record of what happened to a request.

use super::{Failure, IntentId, State};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What an event records. Kinds may be added, never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind { $($(#[$doc])* $variant,)* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[EventKind] = &[$(EventKind::$variant,)*];

            /// The text in the database and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(EventKind::$variant => $text,)* }
            }

            /// Reads the text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(EventKind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// It was accepted as part of a batch.
    Submitted = "submitted",
    /// Its environment was found fit and its slot reserved.
    Checked = "checked",
    /// Its user was granted a seat.
    Admitted = "admitted",
    /// A remote write was recorded and is about to be sent.
    Begun = "begun",
    /// A milestone was confirmed.
    Advanced = "advanced",
    /// The service asked to slow down.
    Throttled = "throttled",
    /// An attempt did not work out; another will follow.
    Failed = "failed",
    /// It stopped until a person acts.
    Blocked = "blocked",
    /// The cloud was found behind what was confirmed.
    Regressed = "regressed",
    /// A person held it.
    Paused = "paused",
    /// A person let it go on.
    Resumed = "resumed",
    /// A person had a blocked one tried again.
    Retried = "retried",
    /// A person called it off.
    Cancelled = "cancelled",
    /// The policy gave it up, since nobody had acted on it.
    GivenUp = "given_up",
    /// Everything taken was given back.
    Unwound = "unwound",
    /// The license of a blocked one was taken back.
    Parked = "parked",
    /// The finished account was seen as it was asked for.
    Verified = "verified",
    /// The finished account was found to be no longer as it was delivered, or in other ways than before.
    Drifted = "drifted",
    /// A person had a drifted account brought back to what was asked for.
    Reopened = "reopened",
    /// An existing user was made the account.
    Adopted = "adopted",
    /// A license of ours that nobody waited for was found and removed.
    Swept = "swept",
    /// A claim of a process that ended was taken over.
    Rescued = "rescued",
    /// A person was given its user's password, sealed.
    HandedOver = "handed_over",
    /// A person has the password, so it was destroyed here.
    Acknowledged = "acknowledged",
    /// A sealed password was destroyed because it is not, or no more, its user's.
    Destroyed = "destroyed",
    /// Its user has a new password.
    Rotated = "rotated",
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An event that a transition asks to be written, before the store gives it its place.
#[derive(Clone, Debug, PartialEq)]
pub struct EventDraft {
    /// What it records.
    pub kind: EventKind,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// The write it belongs to.
    pub intent: Option<IntentId>,
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
}
