//! How long the cloud takes to agree with itself.

use serde::{Deserialize, Serialize};

/// Lags in simulated seconds, and the one factor that divides them all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delays {
    /// Simulated seconds per second of the clock; 60 makes a minute of lag last one second. Tokens live, and
    /// `Retry-After` lasts, that much shorter too.
    pub speed: f64,
    /// After a create, reads of the user by id answer 404 for `0 ..= max` seconds (seeded per user).
    pub directory_replication_max: f64,
    /// After that, filtered reads miss the user for another `0 ..= max` seconds.
    pub directory_listing_max: f64,
    /// `subscribedSkus` shows the count of this many seconds ago.
    pub counters_lag: f64,
    /// A license becomes visible to Power Platform after at least this many seconds ([TF] saw up to 9 minutes).
    pub license_view_min: f64,
    /// ... and at most this many.
    pub license_view_max: f64,
    /// After an accepted `addUser`, the row appears within `0 ..= max` seconds.
    pub row_after_add_user_max: f64,
    /// Period of the background synchronization (power-platform/admin/create-users, 2021 text: 30 minutes).
    pub background_sync_period: f64,
    /// Each call takes at least this many seconds.
    pub latency_min: f64,
    /// ... and at most this many.
    pub latency_max: f64,
    /// Life of a token; `expires_in` is this divided by the speed.
    pub token_life: f64,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            speed: 1.0,
            directory_replication_max: 60.0,
            directory_listing_max: 30.0,
            counters_lag: 120.0,
            license_view_min: 10.0,
            license_view_max: 300.0,
            row_after_add_user_max: 60.0,
            background_sync_period: 1800.0,
            latency_min: 0.0,
            latency_max: 0.0,
            token_life: 3599.0,
        }
    }
}

impl Delays {
    /// No lag at all: every write is visible everywhere at once. The background synchronization keeps its period.
    pub fn none() -> Self {
        Self {
            directory_replication_max: 0.0,
            directory_listing_max: 0.0,
            counters_lag: 0.0,
            license_view_min: 0.0,
            license_view_max: 0.0,
            row_after_add_user_max: 0.0,
            ..Self::default()
        }
    }
}
