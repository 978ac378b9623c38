//! Giving and taking licenses, with the refusals of Microsoft Graph.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Drawn, Held, Tenant, User};
use crate::simulator::dice::Dice;

/// Why a license write is refused; each is a 400 `Request_BadRequest` (api-reference/v1.0/api/user-assignlicense).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LicenseFault {
    NothingAsked,
    UsageLocation,
    UnknownSku(Uuid),
    NoSeat(Uuid),
    Exclusive(String, String),
    Depends(String, String),
    NotHeld,
    Inherited,
    UnknownPlan(Uuid),
}

impl LicenseFault {
    /// The message, which is all that tells them apart.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::NothingAsked => "No license changes provided".to_owned(),
            Self::UsageLocation => {
                "License assignment cannot be done for user with invalid usage location.".to_owned()
            }
            Self::UnknownSku(sku) => format!("License {sku} does not correspond to a valid company License."),
            Self::NoSeat(sku) => format!("Subscription with SKU {sku} does not have any available licenses."),
            Self::Exclusive(a, b) => {
                format!("License assignment failed because service plans {a},{b} are mutually exclusive.")
            }
            Self::Depends(a, b) => format!(
                "License assignment failed because service plan {a} depends on the service plan(s) {b}"
            ),
            Self::NotHeld => "User does not have a corresponding license.".to_owned(),
            Self::Inherited => "User license is inherited from a group membership and it cannot be removed \
                                directly from the user."
                .to_owned(),
            Self::UnknownPlan(plan) => {
                format!("License assignment failed because service plan {plan} is invalid.")
            }
        }
    }
}

impl Tenant {
    /// Gives and takes licenses as one change: all of it, or none of it.
    pub(crate) fn change_licenses(
        &mut self,
        id: Uuid,
        add: &[(Uuid, Vec<Uuid>)],
        remove: &[Uuid],
        at: &Instants,
        dice: &mut Dice,
    ) -> Result<(), LicenseFault> {
        let Some(user) = self.users.get(&id) else { return Ok(()) };
        self.check_licenses(user, add, remove)?;
        let mut licenses = user.licenses.clone();
        licenses.retain(|held| held.group.is_some() || !remove.contains(&held.sku));
        for (sku, disabled_plans) in add {
            if let Some(present) = licenses.iter_mut().find(|held| held.sku == *sku && held.group.is_none()) {
                present.disabled_plans.clone_from(disabled_plans);
                continue;
            }
            let seen_at = at.now + dice.span(at.view_min, at.view_max);
            self.drawn.push(Drawn { user: id, at: at.now, until: seen_at });
            let (sku, disabled_plans) = (*sku, disabled_plans.clone());
            licenses.push(Held { sku, disabled_plans, group: None, seen_at, changed_at: at.wire });
        }
        if let Some(user) = self.users.get_mut(&id) {
            user.licenses = licenses;
        }
        self.count_seats(id, at);
        Ok(())
    }

    fn check_licenses(
        &self,
        user: &User,
        add: &[(Uuid, Vec<Uuid>)],
        remove: &[Uuid],
    ) -> Result<(), LicenseFault> {
        if add.is_empty() && remove.is_empty() {
            return Err(LicenseFault::NothingAsked);
        }
        if !add.is_empty() && user.usage_location.as_deref().is_none_or(|place| place.len() != 2) {
            return Err(LicenseFault::UsageLocation);
        }
        for sku in remove {
            match (user.direct(*sku), user.holds(*sku)) {
                (None, true) => return Err(LicenseFault::Inherited),
                (None, false) => return Err(LicenseFault::NotHeld),
                (Some(_), _) => {}
            }
        }
        let mut parts: Vec<&str> = (user.licenses.iter())
            .filter(|held| held.group.is_some() || !remove.contains(&held.sku))
            .filter_map(|held| self.sku(held.sku))
            .map(|sku| sku.part_number.as_str())
            .collect();
        for (id, plans) in add {
            let Some(sku) = self.sku(*id) else { return Err(LicenseFault::UnknownSku(*id)) };
            if let Some(plan) = plans.iter().find(|plan| !sku.plans.iter().any(|known| known.id == **plan)) {
                return Err(LicenseFault::UnknownPlan(*plan));
            }
            if !user.holds(*id) && sku.consumed() >= sku.enabled {
                return Err(LicenseFault::NoSeat(*id));
            }
            parts.push(&sku.part_number);
        }
        for sku in self.skus.iter().filter(|sku| parts.contains(&sku.part_number.as_str())) {
            if let Some(other) = sku.excludes.iter().find(|other| parts.contains(&other.as_str())) {
                return Err(LicenseFault::Exclusive(sku.part_number.clone(), other.clone()));
            }
            if let Some(other) = sku.requires.iter().find(|other| !parts.contains(&other.as_str())) {
                return Err(LicenseFault::Depends(sku.part_number.clone(), other.clone()));
            }
        }
        Ok(())
    }

    /// Brings what members inherit from a group in line with its membership, as far as seats go.
    pub(crate) fn inherit(&mut self, group: Uuid, at: &Instants, dice: &mut Dice) {
        let Some(group) = self.group(group).cloned() else { return };
        let before: Vec<Uuid> = (self.users.values())
            .filter(|user| user.licenses.iter().any(|held| held.group == Some(group.id)))
            .map(|user| user.id)
            .collect();
        for id in before.into_iter().filter(|id| !group.members.contains(id)) {
            if let Some(user) = self.users.get_mut(&id) {
                user.licenses.retain(|held| held.group != Some(group.id));
            }
            self.count_seats(id, at);
        }
        for (id, sku) in group.members.iter().flat_map(|id| group.licenses.iter().map(move |sku| (*id, *sku)))
        {
            let free = self.sku(sku).is_some_and(|sku| sku.consumed() < sku.enabled);
            let Some(user) = self.users.get_mut(&id) else { continue };
            let present = user.licenses.iter().any(|held| held.sku == sku && held.group == Some(group.id));
            if present || !(free || user.holds(sku)) {
                continue;
            }
            let seen_at = at.now + dice.span(at.view_min, at.view_max);
            let (disabled_plans, changed_at) = (Vec::new(), at.wire);
            user.licenses.push(Held { sku, disabled_plans, group: Some(group.id), seen_at, changed_at });
            self.count_seats(id, at);
        }
    }

    /// Brings the seat counts in line with what the user holds; a purged user holds nothing.
    pub(crate) fn count_seats(&mut self, id: Uuid, at: &Instants) {
        for sku in &mut self.skus {
            let holds = self.users.get(&id).is_some_and(|user| user.holds(sku.sku_id));
            let changed = if holds { sku.holders.insert(id) } else { sku.holders.remove(&id) };
            if changed {
                sku.note(at.now, at.counters_lag);
            }
        }
    }
}

/// The instants and lags a license write needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instants {
    /// Simulated instant.
    pub(crate) now: DateTime<Utc>,
    /// The clock's instant.
    pub(crate) wire: DateTime<Utc>,
    /// Bounds of the license view's lag, in seconds.
    pub(crate) view_min: f64,
    /// See `view_min`.
    pub(crate) view_max: f64,
    /// Lag of the seat counters, in seconds.
    pub(crate) counters_lag: f64,
}
