//! How many requests are where, added up from the store's counters.

use crate::domain::{State, Status};
use crate::store::Count;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many requests have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByStatus {
    /// Worked on, or waiting for the right moment.
    pub active: u64,
    /// Parked until a person acts.
    pub blocked: u64,
    /// As they were asked for.
    pub succeeded: u64,
    /// Given up.
    pub failed: u64,
    /// Called off.
    pub cancelled: u64,
}

impl ByStatus {
    /// Adds requests of a status.
    pub fn add(&mut self, status: Status, requests: u64) {
        *match status {
            Status::Active => &mut self.active,
            Status::Blocked => &mut self.blocked,
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::Cancelled => &mut self.cancelled,
        } += requests;
    }

    /// How many have a status.
    pub const fn of(&self, status: Status) -> u64 {
        match status {
            Status::Active => self.active,
            Status::Blocked => self.blocked,
            Status::Succeeded => self.succeeded,
            Status::Failed => self.failed,
            Status::Cancelled => self.cancelled,
        }
    }

    /// How many there are.
    pub const fn total(&self) -> u64 {
        self.active + self.settled()
    }

    /// How many will not move by themselves any more.
    pub const fn settled(&self) -> u64 {
        self.blocked + self.succeeded + self.failed + self.cancelled
    }
}

/// How many requests are at each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByState {
    /// Nothing is there yet.
    pub requested: u64,
    /// The user exists.
    pub created: u64,
    /// The user holds the license.
    pub licensed: u64,
    /// The environment knows the user.
    pub propagated: u64,
    /// The access mode is set.
    pub non_interactive: u64,
    /// The license is gone again.
    pub unlicensed: u64,
}

impl ByState {
    /// Adds requests at a state.
    pub fn add(&mut self, state: State, requests: u64) {
        *match state {
            State::Requested => &mut self.requested,
            State::Created => &mut self.created,
            State::Licensed => &mut self.licensed,
            State::Propagated => &mut self.propagated,
            State::NonInteractive => &mut self.non_interactive,
            State::Unlicensed => &mut self.unlicensed,
        } += requests;
    }

    /// How many are at a state.
    pub const fn of(&self, state: State) -> u64 {
        match state {
            State::Requested => self.requested,
            State::Created => self.created,
            State::Licensed => self.licensed,
            State::Propagated => self.propagated,
            State::NonInteractive => self.non_interactive,
            State::Unlicensed => self.unlicensed,
        }
    }
}

/// The requests of one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name.
    pub environment: String,
    /// How many there are.
    pub requests: u64,
    /// By status.
    pub by_status: ByStatus,
    /// The active ones by state.
    pub active_by_state: ByState,
}

/// Adds counters up per environment, in the order of the names.
pub fn census(counts: &[Count]) -> Vec<Place> {
    let mut places: BTreeMap<(&str, &str), (ByStatus, ByState)> = BTreeMap::new();
    for count in counts {
        let (by_status, by_state) = places.entry((&count.tenant, &count.environment)).or_default();
        by_status.add(count.status, count.requests);
        if count.status == Status::Active {
            by_state.add(count.state, count.requests);
        }
    }
    places
        .into_iter()
        .map(|((tenant, environment), (by_status, active_by_state))| Place {
            tenant: tenant.to_owned(),
            environment: environment.to_owned(),
            requests: by_status.total(),
            by_status,
            active_by_state,
        })
        .collect()
}
