//! The watch over finished accounts, as values.

use super::Member;
use crate::domain::{DriftKind, RequestId, Watch, Weighed};

/// Finished accounts of one environment that are due to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchGroup {
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name.
    pub environment: String,
    /// The accounts.
    pub members: Vec<Member>,
}

/// What a look at one finished account came to. It is taken only while the watch is as it was when that was weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchNote {
    /// The request.
    pub request: RequestId,
    /// The watch that was weighed.
    pub before: Watch,
    /// What came of it.
    pub weighed: Weighed,
}

/// How many accounts of an environment have drifted in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftCount {
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name.
    pub environment: String,
    /// In which way; an account that has drifted in several counts for each.
    pub kind: DriftKind,
    /// How many.
    pub accounts: u64,
}
