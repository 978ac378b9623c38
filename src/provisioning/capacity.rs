//! How many license units a tenant has, and how many of them others use.

use super::Provisioner;
use crate::cloud::{Capability, SubscribedSku};
use crate::domain::{Code, Failure, SkuId};
use crate::engine::Capacity;
use crate::store::{Pool, PoolKey};

/// Reads a seat pool. Slots are counted where the environment is checked.
///
/// `consumedUnits` lags behind what we do (Microsoft states no figure). So of our own holders only those are taken off it
/// whose assignment is older than the cool-down: a younger one may not be in it yet, and would make room that is not there.
/// That is the most that others can have; the least is what is left when all of ours are in it. What we knew before stands
/// for as long as it lies between the two.
pub(super) async fn measure(steps: &Provisioner, pool: &Pool) -> Result<Capacity, Failure> {
    let PoolKey::Seat { tenant, sku } = &pool.key else {
        return Ok(Capacity { capacity: pool.capacity.unwrap_or(0), others: pool.others });
    };
    let place = steps.places.tenant(tenant)?;
    let surely_counted = steps.clock.now() - steps.policy.seat_cool_down;
    let ours = steps
        .store
        .confirmed_holders(pool.key.clone(), surely_counted)
        .await
        .map_err(|error| error.failure())?;
    let skus = steps.subscriptions.read_now(tenant, &place.client).await.map_err(|call| call.failure)?;
    let units = units_of(&skus, *sku)?;
    let most = units.consumed.saturating_sub(ours);
    let least = units.consumed.saturating_sub(pool.held).min(most);
    let others = pool.read_at.map_or(most, |_| pool.others.clamp(least, most));
    let capped = place
        .seats_max
        .get(sku)
        .map_or(units.capacity, |most| units.capacity.min(others.saturating_add(*most)));
    Ok(Capacity { capacity: capped, others })
}

struct Units {
    capacity: u32,
    consumed: u32,
}

/// Units in their grace period are left out: whether they take new users is not settled.
fn units_of(skus: &[SubscribedSku], sku: SkuId) -> Result<Units, Failure> {
    let row = skus.iter().find(|row| row.sku == sku).ok_or_else(|| unknown(skus, sku))?;
    let usable = match row.capability {
        Capability::Enabled | Capability::Warning => row.enabled,
        Capability::Suspended | Capability::Deleted | Capability::LockedOut | Capability::Other(_) => 0,
    };
    Ok(Units { capacity: count(usable), consumed: count(row.consumed) })
}

/// The tenant does not own the license; names what it owns.
pub(super) fn unknown(skus: &[SubscribedSku], sku: SkuId) -> Failure {
    let owned: Vec<&str> = skus.iter().map(|row| row.part_number.as_str()).collect();
    let wanted = sku.part_number().map_or_else(|| sku.to_string(), ToOwned::to_owned);
    Failure::new(Code::GraphLicenseUnknown, format!("Wanted {wanted}; the tenant owns {}.", owned.join(", ")))
}

fn count(units: i64) -> u32 {
    u32::try_from(units.max(0)).unwrap_or(u32::MAX)
}
