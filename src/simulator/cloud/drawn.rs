//! The lags that chance has drawn, for whoever reckons how fast a program could have been at best.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The user that has to wait.
    pub user: Uuid,
    /// The simulated instant at which the lag begins.
    pub at: DateTime<Utc>,
    /// The one at which it ends.
    pub until: DateTime<Utc>,
}

/// Every lag that was drawn, in the order of the draws within each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// From a license's assignment until Power Platform sees it.
    pub views: Vec<Drawn>,
    /// From an accepted `addUser` until the row appears.
    pub rows: Vec<Drawn>,
}
