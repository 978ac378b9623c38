//! The watch over a finished account: when it is looked at, and what is made of what was seen.

use super::{Drift, DriftKind, EventKind, Failure, Instant, Policy};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Into how many parts the interval of the looks is cut: accounts whose looks fall into the same part are looked at
/// together at its end, so that one question serves all of an environment.
const PARTS: u32 = 24;

/// What is known of a finished account since it succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// When it succeeded.
    pub succeeded_at: Instant,
    /// When it is looked at next.
    pub due_at: Instant,
    /// How many looks were noted, those included that could not see it; a note that rests on an older count changes
    /// nothing.
    pub looks: u32,
    /// When it was looked at last.
    pub looked_at: Option<Instant>,
    /// In what ways it differs from what was delivered, in the order of [`DriftKind::ALL`].
    pub drifts: Vec<Drift>,
    /// What was not found lately, while that is not enough to be believed.
    pub evidence: Option<DriftEvidence>,
}

/// Looks in a row that did not find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftEvidence {
    /// What it means if it stays so.
    pub kind: DriftKind,
    /// How many looks they were.
    pub looks: u32,
    /// When the first one was made.
    pub since: Instant,
}

/// What one look showed of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sight {
    /// Everything that belongs to it was found, with these differences.
    Found {
        /// The differences; none if it is as it was delivered.
        drifts: Vec<Drift>,
    },
    /// Something was not found, which a directory that answers late might show as well.
    Absent {
        /// What that means if it stays so.
        drift: Drift,
        /// What else was seen.
        others: Vec<Drift>,
    },
    /// It could not be looked at; that tells nothing about it.
    Unseen {
        /// Why not.
        failure: Failure,
        /// How long the service asked us to wait, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u64>,
    },
}

/// What a look changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The watch from now on.
    pub next: Watch,
    /// What is written into the history: drifted, or verified once it is well again. Nothing if nothing has changed.
    pub event: Option<EventKind>,
}

impl Watch {
    /// The watch over an account that has just succeeded.
    pub fn begun(succeeded_at: Instant, due_at: Instant) -> Self {
        Self { succeeded_at, due_at, looks: 0, looked_at: None, drifts: Vec::new(), evidence: None }
    }

    /// Weighs one more look, made at `now`. Pure.
    pub fn weigh(&self, sight: Sight, policy: &Policy, now: Instant) -> Weighed {
        let mut next = Self { looks: self.looks.saturating_add(1), ..self.clone() };
        match sight {
            Sight::Unseen { failure: _, retry_after_seconds } => {
                let asked = Duration::from_secs(retry_after_seconds.unwrap_or(0));
                next.due_at = now + (policy.watch_every / PARTS).max(asked);
                return Weighed { next, event: None };
            }
            Sight::Found { drifts } => {
                next.evidence = None;
                next.drifts = drifts;
            }
            Sight::Absent { drift, others } => {
                let evidence = self.evidence_of(drift.kind, now);
                if !self.believes(&drift) && !is_enough(evidence, policy, now) {
                    next.evidence = Some(evidence);
                    next.looked_at = Some(now);
                    next.due_at = now + look_pace(policy.absence_window, policy);
                    return Weighed { next, event: None };
                }
                next.evidence = None;
                next.drifts = others;
                next.drifts.push(drift);
            }
        }
        next.drifts.sort_by_key(|drift| drift.kind);
        next.looked_at = Some(now);
        next.due_at = next_look(self.succeeded_at, policy, now);
        let event = match (next.drifts == self.drifts, next.drifts.is_empty()) {
            (true, _) => None,
            (false, true) => Some(EventKind::Verified),
            (false, false) => Some(EventKind::Drifted),
        };
        Weighed { next, event }
    }

    fn believes(&self, drift: &Drift) -> bool {
        self.drifts.iter().any(|known| known.kind == drift.kind)
    }

    fn evidence_of(&self, kind: DriftKind, now: Instant) -> DriftEvidence {
        let earlier = self.evidence.filter(|evidence| evidence.kind == kind);
        earlier.map_or(DriftEvidence { kind, looks: 1, since: now }, |evidence| DriftEvidence {
            looks: evidence.looks.saturating_add(1),
            ..evidence
        })
    }
}

/// When an account that succeeds now is looked at first.
pub fn first_look(policy: &Policy, succeeded_at: Instant) -> Instant {
    succeeded_at + policy.watch_first
}

/// When an account that was looked at now is looked at again.
fn next_look(succeeded_at: Instant, policy: &Policy, now: Instant) -> Instant {
    for planned in [succeeded_at + policy.watch_first, succeeded_at + policy.watch_second] {
        if now < planned {
            return planned;
        }
    }
    let due = now + policy.watch_every;
    let part = i64::try_from((policy.watch_every / PARTS).as_micros()).unwrap_or(i64::MAX).max(1);
    let late = due.timestamp_micros().rem_euclid(part);
    if late == 0 { due } else { due + TimeDelta::microseconds(part - late) }
}

/// The same evidence as the machine asks for before it believes that something is gone.
fn is_enough(evidence: DriftEvidence, policy: &Policy, now: Instant) -> bool {
    evidence.looks >= policy.absence_looks && now >= evidence.since + policy.absence_window
}

/// How long after a look that did not find something the next one follows: so that as many
/// as are believed just span the window.
pub fn look_pace(window: Duration, policy: &Policy) -> Duration {
    window / policy.absence_looks.saturating_sub(1).max(1)
}
