//! Everything that is counted, at one look.

use super::{DriftFigure, Efficiency, Place, PoolView, TroubledLane};
use serde::Serialize;

/// Everything that is counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    /// The requests, environment by environment.
    pub requests: Vec<Place>,
    /// Seats and slots.
    pub pools: Vec<PoolView>,
    /// What licenses cost in time, tenant by tenant.
    pub efficiency: Vec<Efficiency>,
    /// Finished accounts that have drifted, by environment and kind.
    pub drift: Vec<DriftFigure>,
    /// Lanes in trouble.
    pub lanes: Vec<TroubledLane>,
}
