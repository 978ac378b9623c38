//! Seats and slots, as people and programs are shown them.

use super::Moment;
use crate::domain::SkuId;
use crate::store::{Pool, PoolKey, PoolKind};
use serde::Serialize;

/// A pool of seats or slots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolView {
    /// What it counts.
    pub kind: PoolKind,
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name, for slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The license, for seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<SkuId>,
    /// Its part number, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_part_number: Option<&'static str>,
    /// How many there are; absent until it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// How many of them others use.
    pub others: u32,
    /// How many we hold, resting ones included.
    pub held: u32,
    /// How many may be granted now.
    pub free: u32,
    /// How many requests wait for one.
    pub waiting: u32,
    /// In about how many seconds the last of those who wait now has its turn; absent where nobody waits or nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared_in_seconds: Option<u64>,
    /// When capacity and others were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Moment>,
}

impl PoolView {
    /// What the pool is of: the license's part number or id, or the environment.
    pub fn subject(&self) -> String {
        match (&self.environment, self.license_part_number, self.license) {
            (Some(environment), _, _) => environment.clone(),
            (None, Some(part), _) => part.to_owned(),
            (None, None, license) => license.map(|license| license.to_string()).unwrap_or_default(),
        }
    }
}

impl From<&Pool> for PoolView {
    fn from(pool: &Pool) -> Self {
        let (kind, tenant, environment, license) = match &pool.key {
            PoolKey::Seat { tenant, sku } => (PoolKind::Seat, tenant, None, Some(*sku)),
            PoolKey::Slot { tenant, environment } => {
                (PoolKind::Slot, tenant, Some(environment.clone()), None)
            }
        };
        Self {
            kind,
            tenant: tenant.clone(),
            environment,
            license,
            license_part_number: license.and_then(SkuId::part_number),
            capacity: pool.capacity,
            others: pool.others,
            held: pool.held,
            free: pool.free(),
            waiting: pool.waiting,
            cleared_in_seconds: None,
            read_at: pool.read_at.map(Moment),
        }
    }
}

/// All pools, seats before slots, in the order of the names.
pub fn pool_views(pools: &[Pool]) -> Vec<PoolView> {
    in_order(pools.iter().map(PoolView::from).collect())
}

/// Seats before slots, in the order of the names.
pub fn in_order(mut views: Vec<PoolView>) -> Vec<PoolView> {
    views.sort_by_key(|view| (view.kind, view.tenant.clone(), view.subject()));
    views
}
