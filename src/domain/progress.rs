//! How far a request has come. The shape admits only legal situations; a stored row that is none is corrupt.

use super::{Direction, Failure, Instant, IntentId, Policy, State, Status};
use std::time::Duration;

/// How far one request has come, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The last milestone confirmed in the cloud.
    pub state: State,
    /// Whether and when something is to be done.
    pub phase: Phase,
    /// Held by a person: nothing is begun until resumed. Time goes on counting.
    pub paused: bool,
    /// When the state was reached; deadlines count from here.
    pub entered_at: Instant,
    /// How the current step has gone so far.
    pub trial: Trial,
    /// How often the cloud was found behind what was confirmed, over the request's whole life.
    pub regressions: u32,
    /// What is special about its way back.
    pub ending: Ending,
}

/// What is special about the way back of a request; set when it begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ending {
    /// Its user is deleted even if it reached an environment; otherwise such a user is disabled.
    pub delete_user: bool,
    /// What it was blocked with when the policy gave it up.
    pub given_up_for: Option<Failure>,
}

/// Whether and when something is to be done for a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// It is being worked on.
    Active {
        /// Where to.
        direction: Direction,
        /// When next.
        timer: Timer,
    },
    /// A person is needed.
    Blocked {
        /// Where it was heading.
        direction: Direction,
        /// Why it stopped.
        failure: Failure,
        /// When the license is taken back while it stands, if it may hold one.
        seat_due: Option<Instant>,
    },
    /// The account was seen as it was asked for.
    Succeeded,
    /// Given up; everything taken was given back.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Called off; everything taken was given back.
    Cancelled,
}

/// When an active request is worked on next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// At this instant.
    At(Instant),
    /// When admission grants its user a seat.
    ForSeat,
}

/// How the current step has gone so far; a new state begins a new one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// The part of the budget that is used: one per intent, given back by throttling.
    pub attempts: u32,
    /// Claims since the last commit; a row that kills its worker is noticed by them.
    pub claims: u32,
    /// A remote write whose fate is not known yet.
    pub intent: Option<OpenIntent>,
    /// What looks have shown in a row, while it is not enough to be believed.
    pub evidence: Option<Evidence>,
    /// What went wrong last, if the step is not going smoothly.
    pub trouble: Option<Failure>,
    /// What the step remembers from one look to the next; only the step can read it.
    pub memo: Option<String>,
    /// The row may lie behind the cloud, since an older state of the database was put back: nothing is written before it
    /// was looked at, and a license that no intent explains may be ours. Alone among the parts of a trial it outlives a
    /// step: it ends where the license is known to be gone.
    pub look_first: bool,
}

impl Trial {
    /// What looks have shown since the open intent was recorded; what they showed before says nothing about its write.
    pub fn evidence_since_intent(&self) -> Option<Evidence> {
        self.evidence.filter(|evidence| self.intent.is_none_or(|intent| evidence.since > intent.begun_at))
    }

    /// Whether what the open intent was to make has been missing for so long that it is to be made anew. The intent stays
    /// open all the same: it tells whose it is, should it show up even later.
    pub fn is_to_be_made_anew(&self, policy: &Policy, now: Instant) -> bool {
        let missed = self.evidence_since_intent().filter(|evidence| evidence.kind == EvidenceKind::Absent);
        self.intent.is_some()
            && missed.is_some_and(|evidence| evidence.is_enough(policy.absence_window, policy, now))
    }
}

/// A remote write that was recorded and may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// Which one.
    pub id: IntentId,
    /// When it was recorded.
    pub begun_at: Instant,
}

/// Looks in a row that showed the same surprising thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they showed.
    pub kind: EvidenceKind,
    /// How many they were.
    pub looks: u32,
    /// When the first one was made.
    pub since: Instant,
}

impl Evidence {
    /// Whether that many looks, over that time, are believed at the instant of the last one.
    pub fn is_enough(&self, window: Duration, policy: &Policy, looked_at: Instant) -> bool {
        looked_at >= self.since + window && self.looks >= policy.absence_looks
    }
}

/// What a look showed that a directory's replication lag might show as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// What was looked for is not there.
    Absent,
    /// The cloud lies behind the row, at this state.
    Behind(State),
}

impl Progress {
    /// A request that was just accepted.
    pub fn fresh(now: Instant) -> Self {
        Self {
            state: State::Requested,
            phase: Phase::Active { direction: Direction::Forward, timer: Timer::At(now) },
            paused: false,
            entered_at: now,
            trial: Trial::default(),
            regressions: 0,
            ending: Ending::default(),
        }
    }

    /// The status, as people and filters name the phase.
    pub const fn status(&self) -> Status {
        match self.phase {
            Phase::Active { .. } => Status::Active,
            Phase::Blocked { .. } => Status::Blocked,
            Phase::Succeeded => Status::Succeeded,
            Phase::Failed { .. } => Status::Failed,
            Phase::Cancelled => Status::Cancelled,
        }
    }

    /// When it is due, if a time decides that; a paused request has a time all the same.
    pub const fn due_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Active { timer: Timer::At(at), .. } => Some(at),
            Phase::Blocked { seat_due, .. } => seat_due,
            Phase::Active { timer: Timer::ForSeat, .. }
            | Phase::Succeeded
            | Phase::Failed { .. }
            | Phase::Cancelled => None,
        }
    }
}
