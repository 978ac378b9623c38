//! Lanes in trouble: work that rests because a whole call failed or the service asked for it.

use super::{FailureView, Moment, doing};
use crate::domain::{Instant, Step};
use crate::store::LaneView;
use serde::Serialize;

/// A lane that rests or whose groups fail.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TroubledLane {
    /// The step.
    pub step: Step,
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name, for steps whose lane is an environment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Nothing of it is begun before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_until: Option<Moment>,
    /// How often in a row its whole group failed.
    pub failed_groups: u32,
    /// What failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

impl TroubledLane {
    /// In a few words: what rests, where.
    pub fn subject(&self) -> String {
        let place = self.environment.as_ref().unwrap_or(&self.tenant);
        format!("{} in {place}", doing(self.step))
    }
}

/// The lanes whose gate is closed at `now`, or whose last group failed whole.
pub fn troubled_lanes(lanes: &[LaneView], now: Instant) -> Vec<TroubledLane> {
    lanes
        .iter()
        .filter(|lane| {
            lane.trouble > 0 || lane.gate_until.is_some_and(|until| until > now) && lane.failure.is_some()
        })
        .map(|lane| TroubledLane {
            step: lane.step,
            tenant: lane.tenant.clone(),
            environment: lane.environment.clone(),
            gate_until: lane.gate_until.filter(|until| *until > now).map(Moment),
            failed_groups: lane.trouble,
            failure: lane.failure.as_ref().map(FailureView::from),
        })
        .collect()
}
