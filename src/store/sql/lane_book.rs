//! Lanes by their places: what is known of them without asking.

use crate::domain::{Scope, Step};
use std::collections::HashMap;

/// A lane's place: its step, and what its scope names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::store) struct LanePlace {
    pub(in crate::store) step: Step,
    pub(in crate::store) tenant: String,
    pub(in crate::store) environment: Option<String>,
}

impl LanePlace {
    /// The lane in which a request of an environment does a step.
    pub(in crate::store) fn of(step: Step, tenant: &str, environment: &str) -> Self {
        let environment = match step.scope() {
            Scope::Tenant => None,
            Scope::Environment => Some(environment.to_owned()),
        };
        Self { step, tenant: tenant.to_owned(), environment }
    }
}

/// The lanes that are known to exist. Lanes are never removed, so only a rollback can make an entry wrong.
#[derive(Clone, Default)]
pub(in crate::store) struct LaneBook {
    ids: HashMap<LanePlace, i64>,
}

impl LaneBook {
    pub(in crate::store) fn find(&self, place: &LanePlace) -> Option<i64> {
        self.ids.get(place).copied()
    }

    pub(in crate::store) fn learn(&mut self, place: LanePlace, id: i64) {
        self.ids.insert(place, id);
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.ids.len()
    }
}
