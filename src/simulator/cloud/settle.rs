//! What happens by itself as time passes: promised rows appear, and the background synchronization runs.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::build::blank_row;
use super::{Cloud, Environment, Row, Tenant, User};
use crate::simulator::world::{EnvironmentKind, EnvironmentState};

/// Why a user cannot get into an environment (power-platform/admin/control-user-access).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ineligible {
    /// Deleted, or not allowed to sign in.
    NotActive,
    /// No license that Power Platform sees.
    NotLicensed,
    /// Not a direct member of the environment's security group.
    NotInGroup,
    /// The environment takes nobody in.
    Closed,
    /// A row of another directory object has the name.
    NameHeld,
}

impl Cloud {
    /// Brings the cloud to a simulated instant.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>, wire: DateTime<Utc>) {
        for index in 0..self.environments.len() {
            if !self.environments[index].pending.is_empty() {
                self.deliver(index, now, wire);
            }
        }
        let period = (self.delays.background_sync_period * 1000.0) as i64;
        if period <= 0 {
            return;
        }
        let number = (now - self.origin).num_milliseconds().div_euclid(period);
        if number > self.synchronized {
            self.synchronized = number;
            // The tick happened at its own time, so it must not see what came after it.
            self.synchronize_all(self.origin + TimeDelta::milliseconds(number * period), wire);
        }
    }

    /// Rows that `addUser` promised.
    fn deliver(&mut self, index: usize, now: DateTime<Utc>, wire: DateTime<Utc>) {
        let environment = &mut self.environments[index];
        let (due, later) =
            std::mem::take(&mut environment.pending).into_iter().partition(|row| row.due <= now);
        environment.pending = later;
        let due: Vec<super::Pending> = due;
        for pending in due {
            if self.admits(index, pending.user, now).is_ok() {
                self.bring_in(index, pending.user, wire);
            }
        }
    }

    /// Whether an environment takes a user in now, on demand.
    pub(crate) fn admits(&self, index: usize, user: Uuid, now: DateTime<Utc>) -> Result<(), Ineligible> {
        let environment = &self.environments[index];
        let tenant = &self.tenants[environment.tenant];
        let user = tenant.users.get(&user).ok_or(Ineligible::NotActive)?;
        eligible(tenant, environment, user, now)
    }

    /// Makes or refreshes the row of an eligible user; a disabled row is enabled when there is room for it.
    ///
    /// Returns whether the row is enabled afterwards.
    pub(crate) fn bring_in(&mut self, index: usize, user: Uuid, wire: DateTime<Utc>) -> bool {
        let id = self.dice.uuid();
        let environment = &mut self.environments[index];
        let Some(user) = self.tenants[environment.tenant].users.get(&user) else { return false };
        let room = environment.has_slot();
        let existing = environment.by_object.get(&user.id).copied();
        if let Some(row) = existing.and_then(|id| environment.rows.get_mut(&id)) {
            row.islicensed = true;
            row.azurestate = 0;
            row.azuredeletedon = None;
            if row.isdisabled && (row.accessmode != 4 || room) {
                row.isdisabled = false;
                row.disabled_by_sync = false;
                row.disabledreason = None;
            }
            row.touch(wire);
            let enabled = !row.isdisabled;
            self.witness_slots(index);
            return enabled;
        }
        let mut row = synchronized_row(id, user, environment.root_unit(), wire);
        row.islicensed = true;
        environment.keep(row);
        true
    }

    /// One background synchronization of everything.
    pub(crate) fn synchronize_all(&mut self, at: DateTime<Utc>, wire: DateTime<Utc>) {
        for index in 0..self.environments.len() {
            let environment = &self.environments[index];
            if environment.state == EnvironmentState::Disabled
                || environment.kind == EnvironmentKind::NoDatabase
            {
                continue;
            }
            self.synchronize(index, at, wire);
        }
    }

    fn synchronize(&mut self, index: usize, at: DateTime<Utc>, wire: DateTime<Utc>) {
        let environment = &mut self.environments[index];
        let tenant = &self.tenants[environment.tenant];
        // Trial, developer and Teams environments take people in on demand only.
        let pre_provisions =
            matches!(environment.kind, EnvironmentKind::Production | EnvironmentKind::Sandbox);
        for user in tenant.users.values() {
            let licensed = tenant.licensed_for_dataverse(user, at);
            let wanted = eligible(tenant, environment, user, at);
            if environment.by_object.contains_key(&user.id) {
                let room = environment.has_slot();
                let id = environment.by_object[&user.id];
                let Some(row) = environment.rows.get_mut(&id) else { continue };
                refresh(row, user, licensed, wanted, room, wire);
            } else if pre_provisions && wanted.is_ok() {
                let mut row = synchronized_row(self.dice.uuid(), user, environment.root_unit(), wire);
                row.islicensed = true;
                environment.keep(row);
            } else if pre_provisions && user.admin && wanted == Err(Ineligible::NotLicensed) {
                let mut row = synchronized_row(self.dice.uuid(), user, environment.root_unit(), wire);
                row.accessmode = 1;
                row.setupuser = true;
                environment.keep(row);
            }
        }
        for row in environment.rows.values_mut() {
            let purged = row.object_id.is_some_and(|object| !tenant.users.contains_key(&object));
            if purged && row.applicationid.is_none() && row.azurestate != 2 {
                row.azurestate = 2;
                row.azuredeletedon.get_or_insert(wire);
                disable(row, "The user was deleted from Microsoft Entra ID.", wire);
            }
        }
        self.witness_slots(index);
    }
}

/// Whether the synchronization would take a user in.
fn eligible(
    tenant: &Tenant,
    environment: &Environment,
    user: &User,
    now: DateTime<Utc>,
) -> Result<(), Ineligible> {
    if !user.can_sign_in() {
        return Err(Ineligible::NotActive);
    }
    if environment.kind == EnvironmentKind::NoDatabase
        || environment.kind == EnvironmentKind::Developer
        || environment.state == EnvironmentState::Disabled
    {
        return Err(Ineligible::Closed);
    }
    let group = environment.security_group.and_then(|id| tenant.group(id));
    if group.is_some_and(|group| !group.members.contains(&user.id)) && !user.admin {
        return Err(Ineligible::NotInGroup);
    }
    if !tenant.licensed_for_dataverse(user, now) {
        return Err(Ineligible::NotLicensed);
    }
    if environment.name_is_held(&user.upn, user.id) {
        return Err(Ineligible::NameHeld);
    }
    Ok(())
}

/// Brings an existing row in line with the directory.
fn refresh(
    row: &mut Row,
    user: &User,
    licensed: bool,
    wanted: Result<(), Ineligible>,
    room: bool,
    wire: DateTime<Utc>,
) {
    if row.applicationid.is_some() {
        return;
    }
    row.islicensed = licensed;
    row.azurestate = i64::from(user.deleted_at.is_some());
    row.azuredeletedon = user.deleted_at;
    if row.domainname != user.upn {
        row.domainname.clone_from(&user.upn);
    }
    let reason = match wanted {
        Ok(()) | Err(Ineligible::Closed | Ineligible::NameHeld) => None,
        Err(Ineligible::NotActive) => Some("The user is disabled or deleted in Microsoft Entra ID."),
        Err(Ineligible::NotInGroup) => Some("The user is not in the security group of the environment."),
        // 1 administrative, 3 support, 4 non-interactive, 5 delegated administrator live without a license.
        Err(Ineligible::NotLicensed) if matches!(row.accessmode, 1 | 3 | 4 | 5) => None,
        Err(Ineligible::NotLicensed) => Some("The user does not have a license."),
    };
    match reason {
        Some(reason) => disable(row, reason, wire),
        None if row.isdisabled && row.disabled_by_sync && (row.accessmode != 4 || room) => {
            row.isdisabled = false;
            row.disabled_by_sync = false;
            row.disabledreason = None;
            row.touch(wire);
        }
        None => {}
    }
}

fn disable(row: &mut Row, reason: &str, wire: DateTime<Utc>) {
    if !row.isdisabled {
        row.isdisabled = true;
        row.disabled_by_sync = true;
        row.disabledreason = Some(reason.to_owned());
        row.touch(wire);
    }
}

/// A synchronized row; a user without a first name shows as `#` (power-platform/admin/create-users).
fn synchronized_row(id: Uuid, user: &User, business_unit: Uuid, wire: DateTime<Utc>) -> Row {
    let mut row = blank_row(id, &user.upn, business_unit, wire);
    row.object_id = Some(user.id);
    row.issyncwithdirectory = true;
    let display = user.text("displayName").unwrap_or(&user.upn);
    row.firstname = user.text("givenName").filter(|name| !name.is_empty()).unwrap_or("#").to_owned();
    row.lastname = user.text("surname").filter(|name| !name.is_empty()).unwrap_or(display).to_owned();
    row
}
