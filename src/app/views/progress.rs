//! How far a batch has come.

use super::{ByState, ByStatus, Moment, Pace};
use crate::domain::{Instant, Status};
use crate::store::Count;
use chrono::TimeDelta;
use serde::Serialize;

/// How far a batch, or everything, has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchProgress {
    /// How many requests there are.
    pub requests: u64,
    /// How many have ended or are blocked.
    pub settled: u64,
    /// The same as a share, between 0 and 1; of nothing, 1.
    pub settled_share: f64,
    /// By status.
    pub by_status: ByStatus,
    /// The active ones by state.
    pub active_by_state: ByState,
    /// In how many seconds all will have settled, at the recent pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_seconds_left: Option<f64>,
    /// When that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_end_at: Option<Moment>,
}

impl BatchProgress {
    /// Adds counters up. `requests` is how many there must be in the end: those of an accepted batch that the counters
    /// do not show yet are on their way to the lanes.
    pub fn of(requests: u64, counts: &[Count]) -> Self {
        let mut by_status = ByStatus::default();
        let mut active_by_state = ByState::default();
        for count in counts {
            by_status.add(count.status, count.requests);
            if count.status == Status::Active {
                active_by_state.add(count.state, count.requests);
            }
        }
        let unseen = requests.saturating_sub(by_status.total());
        by_status.active += unseen;
        active_by_state.requested += unseen;
        let (requests, settled) = (by_status.total(), by_status.settled());
        let settled_share = if requests == 0 { 1.0 } else { settled as f64 / requests as f64 };
        Self {
            requests,
            settled,
            settled_share,
            by_status,
            active_by_state,
            estimated_seconds_left: None,
            estimated_end_at: None,
        }
    }

    /// The same, with the end that a pace promises.
    pub fn expecting(mut self, pace: &Pace, now: Instant) -> Self {
        self.estimated_seconds_left =
            if self.is_settled() { None } else { pace.seconds_left(self.requests - self.settled) };
        self.estimated_end_at = self
            .estimated_seconds_left
            .and_then(|seconds| TimeDelta::try_seconds(seconds as i64))
            .and_then(|left| now.checked_add_signed(left))
            .map(Moment);
        self
    }

    /// Nothing will move by itself any more.
    pub const fn is_settled(&self) -> bool {
        self.by_status.active == 0
    }

    /// Every request succeeded.
    pub const fn all_succeeded(&self) -> bool {
        self.by_status.succeeded == self.requests
    }
}
