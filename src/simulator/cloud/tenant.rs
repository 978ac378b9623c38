//! A tenant and what the directory holds beside users.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Drawn, User};
use crate::simulator::world::WorldSignIn;

/// An app registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct App {
    /// Client id.
    pub(crate) client_id: Uuid,
    /// Object id of its service principal.
    pub(crate) principal: Uuid,
    /// The secret's value.
    pub(crate) client_secret: String,
    /// Whether the secret has run out.
    #[serde(default)]
    pub(crate) secret_expired: bool,
    /// Application permissions.
    pub(crate) roles: Vec<String>,
    /// Registered with Power Platform.
    pub(crate) powerplatform_registered: bool,
    /// By what else it may prove who it is.
    #[serde(default)]
    pub(crate) sign_in: WorldSignIn,
}

/// A service plan inside a SKU.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Plan id.
    pub(crate) id: Uuid,
    /// Plan name.
    pub(crate) name: String,
    /// Whether Dataverse recognizes it.
    pub(crate) dataverse: bool,
}

/// A subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sku {
    /// Part number.
    pub(crate) part_number: String,
    /// SKU id.
    pub(crate) sku_id: Uuid,
    /// Seats bought.
    pub(crate) enabled: u32,
    /// Seats of people who are not modeled.
    pub(crate) used_by_others: u32,
    /// Its service plans.
    pub(crate) plans: Vec<Plan>,
    /// Part numbers it excludes.
    pub(crate) excludes: Vec<String>,
    /// Part numbers it needs.
    pub(crate) requires: Vec<String>,
    /// Users that hold it, softly deleted ones included.
    pub(crate) holders: BTreeSet<Uuid>,
    /// The count over simulated time, for the lagging counter.
    pub(crate) history: Vec<(DateTime<Utc>, u32)>,
    /// Most seats ever consumed.
    pub(crate) peak: u32,
}

impl Sku {
    /// Seats consumed now.
    pub(crate) fn consumed(&self) -> u32 {
        self.used_by_others + u32::try_from(self.holders.len()).unwrap_or(u32::MAX)
    }

    /// Notes the present count; entries nobody can read any more go.
    pub(crate) fn note(&mut self, now: DateTime<Utc>, lag_seconds: f64) {
        let consumed = self.consumed();
        self.peak = self.peak.max(consumed);
        let horizon = now - TimeDelta::milliseconds((lag_seconds * 1000.0) as i64);
        let stale = self.history.iter().rposition(|(at, _)| *at <= horizon).unwrap_or(0);
        self.history.drain(..stale);
        self.history.push((now, consumed));
    }

    /// The count as the counters showed it `lag_seconds` ago.
    pub(crate) fn reported(&self, now: DateTime<Utc>, lag_seconds: f64) -> u32 {
        let horizon = now - TimeDelta::milliseconds((lag_seconds * 1000.0) as i64);
        let seen = self.history.iter().rev().find(|(at, _)| *at <= horizon).or(self.history.first());
        seen.map_or_else(|| self.consumed(), |(_, count)| *count)
    }
}

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Object id.
    pub(crate) id: Uuid,
    /// Direct members.
    pub(crate) members: BTreeSet<Uuid>,
    /// SKUs its members inherit.
    pub(crate) licenses: Vec<Uuid>,
    /// Membership follows a rule.
    pub(crate) dynamic: bool,
}

/// A Microsoft Entra tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tenant {
    /// Name for people.
    pub(crate) name: String,
    /// Tenant id.
    pub(crate) id: Uuid,
    /// Verified domains.
    pub(crate) domains: Vec<String>,
    /// App registrations.
    pub(crate) apps: Vec<App>,
    /// Subscriptions.
    pub(crate) skus: Vec<Sku>,
    /// Users, live and softly deleted.
    pub(crate) users: BTreeMap<Uuid, User>,
    /// Live users by lower-case name.
    pub(crate) by_upn: HashMap<String, Uuid>,
    /// Every user that ever carried a marker of this owner.
    pub(crate) by_owner: HashMap<String, BTreeSet<Uuid>>,
    /// Groups.
    pub(crate) groups: Vec<Group>,
    /// Lags that were drawn for directly assigned licenses.
    #[serde(default)]
    pub(crate) drawn: Vec<Drawn>,
}

impl Tenant {
    /// A live user by object id or name.
    pub(crate) fn live(&self, key: &str) -> Option<&User> {
        let id = match Uuid::try_parse(key) {
            Ok(id) => id,
            Err(_) => *self.by_upn.get(&key.to_lowercase())?,
        };
        self.users.get(&id).filter(|user| user.deleted_at.is_none())
    }

    /// An app by client id.
    pub(crate) fn app(&self, client_id: Uuid) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    /// A subscription by SKU id.
    pub(crate) fn sku(&self, sku_id: Uuid) -> Option<&Sku> {
        self.skus.iter().find(|sku| sku.sku_id == sku_id)
    }

    /// A group by id.
    pub(crate) fn group(&self, id: Uuid) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Whether Dataverse would take the user in: a recognized plan that is on, and seen by Power Platform.
    pub(crate) fn licensed_for_dataverse(&self, user: &User, now: DateTime<Utc>) -> bool {
        user.licenses.iter().filter(|held| held.seen_at <= now).any(|held| {
            self.sku(held.sku).is_some_and(|sku| {
                sku.plans.iter().any(|plan| plan.dataverse && !held.disabled_plans.contains(&plan.id))
            })
        })
    }
}
