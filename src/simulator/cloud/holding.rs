//! The whole cloud in one value: everything a saved world must keep.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Environment, Instants, Tenant, Violation};
use crate::simulator::call::Call;
use crate::simulator::delays::Delays;
use crate::simulator::dice::Dice;
use crate::simulator::faults::Faults;
use crate::simulator::ledger::Ledger;

/// A write whose connection died and which lands later.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    /// Simulated instant at which it lands.
    pub(crate) due: DateTime<Utc>,
    /// The request.
    pub(crate) call: Call,
    /// Its entry in the ledger.
    pub(crate) sequence: u64,
}

/// Everything there is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cloud {
    /// Tenants.
    pub(crate) tenants: Vec<Tenant>,
    /// Environments of all tenants.
    pub(crate) environments: Vec<Environment>,
    /// Lags.
    pub(crate) delays: Delays,
    /// Faults.
    pub(crate) faults: Faults,
    /// Faults that struck.
    pub(crate) faults_struck: u64,
    /// Rolls for ids and lags.
    pub(crate) dice: Dice,
    /// Rolls for faults, apart, so that switching faults on moves no id.
    pub(crate) luck: Dice,
    /// Key that signs tokens.
    pub(crate) token_key: Vec<u8>,
    /// Ids of revoked tokens.
    pub(crate) revoked: BTreeSet<String>,
    /// Number of the last background synchronization.
    pub(crate) synchronized: i64,
    /// Simulated instant the background synchronization counts from.
    pub(crate) origin: DateTime<Utc>,
    /// Every call.
    pub(crate) ledger: Ledger,
    /// What must never have happened.
    pub(crate) violations: Vec<Violation>,
    /// Writes still under way; a saved world has none.
    #[serde(skip)]
    pub(crate) late: Vec<Late>,
}

impl Cloud {
    /// The index of a tenant by id or verified domain.
    pub(crate) fn tenant_index(&self, key: &str) -> Option<usize> {
        let id = Uuid::try_parse(key).ok();
        self.tenants.iter().position(|tenant| {
            Some(tenant.id) == id || tenant.domains.iter().any(|domain| domain.eq_ignore_ascii_case(key))
        })
    }

    /// The index of an environment by its host label.
    pub(crate) fn environment_index(&self, label: &str) -> Option<usize> {
        self.environments.iter().position(|environment| environment.host.eq_ignore_ascii_case(label))
    }

    /// The instants and lags of a license write.
    pub(crate) fn instants(&self, now: DateTime<Utc>, wire: DateTime<Utc>) -> Instants {
        Instants {
            now,
            wire,
            view_min: self.delays.license_view_min,
            view_max: self.delays.license_view_max,
            counters_lag: self.delays.counters_lag,
        }
    }

    /// Rolls for a fault, unless they are used up.
    pub(crate) fn strikes(&mut self, probability: f64) -> bool {
        if self.faults.count_max.is_some_and(|max| self.faults_struck >= max) {
            return false;
        }
        let struck = self.luck.chance(probability);
        self.faults_struck += u64::from(struck);
        struck
    }
}
