//! What the machine is told, and what it answers.

use crate::domain::{EventDraft, Failure, Instant, IntentId, Progress, State, Step};
use std::time::Duration;

/// A request as the machine sees it: how far it has come, and what is true of its user and its siblings.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// How far it has come.
    pub progress: &'a Progress,
    /// What is true around it.
    pub facts: Facts,
}

/// What is true of a request's slot, its user and the user's other requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The request holds a slot of its environment.
    pub slot_held: bool,
    /// We know of a user, or one of our creates may have made it, perhaps one that an older state of the database forgot.
    pub user_may_exist: bool,
    /// The user existed before us and is adopted: it may hold the license without us, and then it needs no seat of ours.
    pub adopted: bool,
    /// The user holds a seat.
    pub seat_held: bool,
    /// We began to assign the license to the user, and its removal is not confirmed.
    pub license_may_be_held: bool,
    /// Some request of the user reached Propagated once; from then on the user is disabled, not deleted.
    pub propagated_once: bool,
}

/// Something that happened to a request.
#[derive(Clone, Debug)]
pub enum Input {
    /// A worker has looked, and perhaps acted.
    Reported {
        /// What came of it.
        outcome: Outcome,
        /// When the look began on which the outcome rests.
        looked_at: Instant,
        /// Whether the open intent was recorded in this very turn. Instants cannot tell: a clock may have been set back.
        begun: bool,
    },
    /// Its user was granted a seat.
    Admitted,
    /// The process that had claimed it has ended.
    Rescued,
    /// It was claimed too often without a commit.
    Poisoned,
    /// A sibling has changed what is true of their user, so that another step than the one it waited for comes next.
    Misplaced,
    /// It was blocked for as long as the policy waits for a person.
    GivenUp,
    /// A person wants something.
    Ordered(Command),
}

/// What a person can want of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin nothing until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Try a blocked request again.
    Retry,
    /// Give back everything taken, and end.
    Cancel,
    /// The same, and delete the user even if it reached an environment.
    CancelAndDelete,
    /// Bring a finished account that has drifted back to what was asked for.
    Heal {
        /// Where the way begins anew: Created if it needs a license, Propagated if its row only has to be written.
        to: State,
    },
}

/// What a look or an act saw.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What the step is for is confirmed.
    Advanced,
    /// Nothing is wrong, and nothing has come of it yet.
    NotYet {
        /// How long to wait before the next look.
        wait: Duration,
        /// What is worth telling a person meanwhile.
        because: Option<Failure>,
    },
    /// The service asked to slow down; nothing was done.
    Throttled {
        /// How long it asked us to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// It certainly was not done, and may work later.
    Transient {
        /// What went wrong.
        failure: Failure,
        /// Who pays for the attempt.
        charge: Charge,
    },
    /// Nobody knows whether it was done.
    Ambiguous {
        /// What went wrong.
        failure: Failure,
        /// Who pays for the attempt.
        charge: Charge,
    },
    /// What was looked for was not found, this time.
    Absent {
        /// What that means if it stays so.
        failure: Failure,
    },
    /// It certainly was not done, and a person is needed.
    Blocked {
        /// Why.
        failure: Failure,
    },
    /// The cloud lies behind what was confirmed, this time.
    Regressed {
        /// Where it lies; before the request's state, and not before Created.
        to: State,
        /// What was seen.
        failure: Failure,
    },
    /// The cloud has no free license unit, whatever our count says.
    NoSeat {
        /// What the cloud said.
        failure: Failure,
    },
}

/// Who pays for an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The request: its budget shrinks.
    Member,
    /// The lane: the whole call failed, whoever was in it. The lane says how long to wait.
    Lane {
        /// How long the lane rests.
        wait: Duration,
    },
}

/// What the machine answers: the request as it is from now on, and what else changes in the same commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// How far the request has come now.
    pub next: Progress,
    /// What is worked on next, if anything.
    pub step: Option<Step>,
    /// What becomes of the user's license, as far as we know.
    pub license: LicenseEffect,
    /// What becomes of the user's seat.
    pub seat: SeatEffect,
    /// What becomes of the request's slot.
    pub slot: SlotEffect,
    /// What becomes of the watch over the account.
    pub watch: WatchEffect,
    /// The assignment of this turn, if its own call told how it ended: then it cannot take effect later.
    pub resolved: Option<IntentId>,
    /// What is written into the history, if anything.
    pub event: Option<EventDraft>,
}

/// What a transition makes known about the user's license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseEffect {
    /// Nothing new.
    Unchanged,
    /// The user holds it.
    Confirmed,
    /// The user does not hold it by our doing.
    Gone,
    /// The user is gone, and whatever it held with it. A restore brings both back.
    GoneWithUser,
}

/// What a transition does to the user's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatEffect {
    /// Nothing.
    Keep,
    /// Takes one, if one is free.
    Take,
    /// Returns it to rest, since the cloud's count lags behind the removal.
    Return,
    /// Returns it at once, since it was never used: the user holds the license without us.
    Unused,
    /// Returns it at once, since it was never used; the cloud showed that there are fewer than we thought.
    Refused,
}

/// What a transition does to the request's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotEffect {
    /// Nothing.
    Keep,
    /// Takes one, if one is free.
    Take,
    /// Returns it.
    Return,
}

/// What a transition does to the watch over a finished account. Exactly the succeeded ones are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEffect {
    /// Nothing.
    Keep,
    /// Begins it.
    Begin {
        /// When the account is looked at first.
        due_at: Instant,
    },
    /// Ends it; what it had seen is in the history.
    End,
}

/// An input that means nothing to a request as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Inapplicable(pub &'static str);
