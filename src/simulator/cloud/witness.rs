//! Looks for what must never happen, after every write.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Cloud;

/// Something that must never have happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Violation {
    /// More seats were consumed than bought.
    SeatsOversold {
        /// Tenant name.
        tenant: String,
        /// Part number.
        part_number: String,
        /// Seats consumed.
        consumed: u32,
        /// Seats bought.
        enabled: u32,
    },
    /// More non-interactive users than allowed.
    SlotsOversold {
        /// Environment name.
        environment: String,
        /// Non-interactive users.
        non_interactive: u32,
        /// Most allowed.
        non_interactive_max: u32,
    },
    /// Two live users with a marker of the same owner.
    OwnedTwice {
        /// Tenant name.
        tenant: String,
        /// First three parts of the marker.
        owner: String,
        /// The users.
        users: Vec<Uuid>,
    },
}

impl Cloud {
    /// Notes violations; what was noted once is not noted again until it gets worse.
    pub(crate) fn witness(&mut self) {
        let mut found = Vec::new();
        for tenant in &self.tenants {
            for sku in tenant.skus.iter().filter(|sku| sku.consumed() > sku.enabled) {
                found.push(Violation::SeatsOversold {
                    tenant: tenant.name.clone(),
                    part_number: sku.part_number.clone(),
                    consumed: sku.consumed(),
                    enabled: sku.enabled,
                });
            }
        }
        self.note(found);
    }

    /// Notes the peak and the violation of one environment.
    pub(crate) fn witness_slots(&mut self, environment: usize) {
        let environment = &mut self.environments[environment];
        let non_interactive = environment.non_interactive();
        environment.non_interactive_peak = environment.non_interactive_peak.max(non_interactive);
        if non_interactive > environment.non_interactive_max {
            let found = Violation::SlotsOversold {
                environment: environment.name.clone(),
                non_interactive,
                non_interactive_max: environment.non_interactive_max,
            };
            self.note(vec![found]);
        }
    }

    /// Indexes a user's marker and notes whether another live user has the same owner.
    pub(crate) fn witness_owner(&mut self, tenant: usize, user: Uuid) {
        let tenant = &mut self.tenants[tenant];
        let Some(owner) = tenant.users.get(&user).and_then(|user| user.owner()) else { return };
        let known = tenant.by_owner.entry(owner.clone()).or_default();
        known.insert(user);
        let users: Vec<Uuid> = (known.iter().copied())
            .filter(|id| {
                let user = tenant.users.get(id);
                user.is_some_and(|user| user.deleted_at.is_none() && user.owner().as_ref() == Some(&owner))
            })
            .collect();
        if users.len() > 1 {
            let found = Violation::OwnedTwice { tenant: tenant.name.clone(), owner, users };
            self.note(vec![found]);
        }
    }

    fn note(&mut self, found: Vec<Violation>) {
        for violation in found {
            if !self.violations.contains(&violation) {
                self.violations.push(violation);
            }
        }
    }
}
