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
    /// Notes a license write that took more seats than there are; `given` are the SKUs it gave anew.
    ///
    /// Seats that a person took away below what is consumed are nobody's overselling.
    pub(crate) fn witness_seats(&mut self, tenant: usize, given: &[Uuid]) {
        let tenant = &self.tenants[tenant];
        let oversold =
            tenant.skus.iter().filter(|sku| given.contains(&sku.sku_id) && sku.consumed() > sku.enabled);
        let found = oversold
            .map(|sku| Violation::SeatsOversold {
                tenant: tenant.name.clone(),
                part_number: sku.part_number.clone(),
                consumed: sku.consumed(),
                enabled: sku.enabled,
            })
            .collect();
        self.note(found);
    }

    /// Notes the peak of one environment, and the violation if a write made it higher than allowed.
    pub(crate) fn witness_slots(&mut self, environment: usize) {
        let environment = &mut self.environments[environment];
        let non_interactive = environment.non_interactive();
        let higher = non_interactive > environment.non_interactive_peak;
        environment.non_interactive_peak = environment.non_interactive_peak.max(non_interactive);
        if higher && non_interactive > environment.non_interactive_max {
            let found = Violation::SlotsOversold {
                environment: environment.name.clone(),
                non_interactive,
                non_interactive_max: environment.non_interactive_max,
            };
            self.note(vec![found]);
        }
    }

    /// Notes the peaks after a person's change, which is no violation of ours.
    pub(crate) fn note_peaks(&mut self) {
        for environment in &mut self.environments {
            environment.non_interactive_peak =
                environment.non_interactive_peak.max(environment.non_interactive());
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
