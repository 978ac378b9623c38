//! How many of the due lanes each tenant gets; pure.

use crate::domain::{Share, shared_turns};
use crate::store::Claim;
use std::collections::BTreeMap;

/// The tenants with lanes that wait for anything, and what each has had so far.
#[derive(Default)]
pub(in crate::store) struct TenantShares {
    passes: BTreeMap<String, i64>,
}

/// What each tenant gets.
pub(in crate::store) struct Granted {
    /// How many lanes.
    pub(in crate::store) turns: BTreeMap<String, usize>,
    /// What those that get any have had after it.
    pub(in crate::store) passes: Vec<(String, i64)>,
}

impl TenantShares {
    pub(in crate::store) fn know(&mut self, tenant: String, pass: i64) {
        self.passes.insert(tenant, pass);
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.passes.is_empty()
    }

    pub(in crate::store) fn names(&self) -> impl Iterator<Item = &String> {
        self.passes.keys()
    }

    /// Shares the turns of a claim among the tenants of the due lanes.
    pub(in crate::store) fn grant<'a>(
        self,
        tenants_of_due: impl Iterator<Item = &'a str>,
        order: &Claim,
    ) -> Granted {
        let mut due: BTreeMap<&str, usize> = BTreeMap::new();
        for tenant in tenants_of_due {
            *due.entry(tenant).or_default() += 1;
        }
        let shares: Vec<Share> = self
            .passes
            .iter()
            .map(|(tenant, pass)| Share {
                pass: *pass,
                weight: order.weights.get(tenant).copied().unwrap_or(1),
                due: due.get(tenant.as_str()).copied().unwrap_or_default(),
            })
            .collect();
        let mut granted = Granted { turns: BTreeMap::new(), passes: Vec::new() };
        let turns = shared_turns(&shares, order.lanes_max as usize);
        for (tenant, turn) in self.passes.into_keys().zip(turns) {
            if turn.turns > 0 {
                granted.passes.push((tenant.clone(), turn.pass));
            }
            granted.turns.insert(tenant, turn.turns);
        }
        granted
    }
}

impl Claim {
    /// How many requests a lane gets: a group that failed whole twice is halved, and again with each further time.
    pub(in crate::store) fn members_max_of(&self, trouble: u32) -> usize {
        (self.members_max >> trouble.saturating_sub(1).min(31)).max(1) as usize
    }
}
