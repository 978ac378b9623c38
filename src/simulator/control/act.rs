//! Humans who interfere: changes made in an admin center while a program works.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::simulator::cloud::{Cloud, blank_row};
use crate::simulator::world::EnvironmentState;

/// Something a person does. `user` is an object id or a user principal name; environments and tenants go by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Deletes a user softly.
    DeleteUser {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
    },
    /// Brings the user of this name that was deleted last back from the bin, with what it held.
    RestoreUser {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
    },
    /// Allows or forbids a user's sign-in.
    SetAccountEnabled {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// Whether sign-in is allowed.
        enabled: bool,
    },
    /// Gives a user an administrator role, or takes it away.
    SetAdministrator {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// Whether it holds one.
        administrator: bool,
    },
    /// Takes a directly assigned license away.
    RemoveLicense {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// Part number.
        part_number: String,
    },
    /// Assigns a license, as far as seats go.
    AddLicense {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// Part number.
        part_number: String,
    },
    /// Writes or clears `extensionAttribute15`.
    SetMarker {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// The text; absent clears it.
        #[serde(default)]
        marker: Option<String>,
    },
    /// Changes how many seats were bought and how many other people use.
    SetSeats {
        /// Tenant name.
        tenant: String,
        /// Part number.
        part_number: String,
        /// Seats bought.
        enabled: u32,
        /// Seats other people use.
        used_by_others: u32,
    },
    /// Puts a user into a group, or takes it out.
    SetMembership {
        /// Tenant name.
        tenant: String,
        /// The user.
        user: String,
        /// The group.
        group: Uuid,
        /// Whether it is a member.
        member: bool,
    },
    /// Sets the access mode of a row, without asking the limit.
    SetAccessMode {
        /// Environment name.
        environment: String,
        /// The user.
        user: String,
        /// The mode, 0 to 5.
        accessmode: i64,
    },
    /// Disables or enables a row, without asking for a license.
    SetDisabled {
        /// Environment name.
        environment: String,
        /// The user.
        user: String,
        /// Whether it is disabled.
        disabled: bool,
    },
    /// Takes all roles from a row.
    RemoveRoles {
        /// Environment name.
        environment: String,
        /// The user.
        user: String,
    },
    /// Leaves a row of the user's name in an environment: that of another directory object, or one more of the user's own.
    AddRow {
        /// Environment name.
        environment: String,
        /// The user's name.
        user: String,
        /// The directory object it belongs to; absent: the user's own.
        #[serde(default)]
        object_id: Option<Uuid>,
    },
    /// Deletes the row of a directory object for good.
    DeleteRow {
        /// Environment name.
        environment: String,
        /// The directory object.
        object_id: Uuid,
    },
    /// Brings an environment up, into administration mode, or down.
    SetEnvironmentState {
        /// Environment name.
        environment: String,
        /// The state.
        state: EnvironmentState,
    },
    /// Removes the application users of an environment, or brings them back.
    SetAppUsers {
        /// Environment name.
        environment: String,
        /// Whether they are enabled.
        enabled: bool,
    },
    /// Registers an app with Power Platform, or withdraws that.
    SetRegistered {
        /// Tenant name.
        tenant: String,
        /// The app.
        client_id: Uuid,
        /// Whether it is registered.
        registered: bool,
    },
    /// Changes the consented permissions of an app; tokens issued before keep theirs.
    SetAppRoles {
        /// Tenant name.
        tenant: String,
        /// The app.
        client_id: Uuid,
        /// The permissions.
        roles: Vec<String>,
    },
    /// Lets the secret of an app expire, or renews it.
    SetSecretExpired {
        /// Tenant name.
        tenant: String,
        /// The app.
        client_id: Uuid,
        /// Whether it has expired.
        expired: bool,
    },
    /// Runs the background synchronization now.
    Synchronize,
}

/// Why an act is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActError(pub String);

impl std::fmt::Display for ActError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "this cannot be done: {}", self.0)
    }
}

impl std::error::Error for ActError {}

impl Cloud {
    /// Carries an act out.
    pub(crate) fn act(&mut self, act: Act, now: DateTime<Utc>, wire: DateTime<Utc>) -> Result<(), ActError> {
        let at = self.instants(now, wire);
        match act {
            Act::DeleteUser { tenant, user } => {
                let (index, id) = self.find(&tenant, &user)?;
                let tenant = &mut self.tenants[index];
                if let Some(user) = tenant.users.get_mut(&id) {
                    user.deleted_at = Some(wire);
                    tenant.by_upn.remove(&user.upn.to_lowercase());
                }
            }
            Act::RestoreUser { tenant, user } => self.restore(&tenant, &user)?,
            Act::SetAccountEnabled { tenant, user, enabled } => {
                let (index, id) = self.find(&tenant, &user)?;
                if let Some(user) = self.tenants[index].users.get_mut(&id) {
                    user.account_enabled = enabled;
                }
            }
            Act::SetAdministrator { tenant, user, administrator } => {
                let (index, id) = self.find(&tenant, &user)?;
                if let Some(user) = self.tenants[index].users.get_mut(&id) {
                    user.admin = administrator;
                }
            }
            Act::RemoveLicense { tenant, user, part_number } => {
                let (index, id) = self.find(&tenant, &user)?;
                let sku = self.sku(index, &part_number)?;
                let changed = self.tenants[index].change_licenses(id, &[], &[sku], &at, &mut self.dice);
                changed.map_err(|fault| ActError(fault.message()))?;
            }
            Act::AddLicense { tenant, user, part_number } => {
                let (index, id) = self.find(&tenant, &user)?;
                let sku = self.sku(index, &part_number)?;
                let changed =
                    self.tenants[index].change_licenses(id, &[(sku, Vec::new())], &[], &at, &mut self.dice);
                changed.map_err(|fault| ActError(fault.message()))?;
            }
            Act::SetMarker { tenant, user, marker } => {
                let (index, id) = self.find(&tenant, &user)?;
                if let Some(user) = self.tenants[index].users.get_mut(&id) {
                    match marker {
                        Some(marker) => user.extension.insert("extensionAttribute15".to_owned(), marker),
                        None => user.extension.remove("extensionAttribute15"),
                    };
                }
            }
            Act::SetSeats { tenant, part_number, enabled, used_by_others } => {
                let index = self.tenant_named(&tenant)?;
                let sku = self.tenants[index].skus.iter_mut().find(|sku| sku.part_number == part_number);
                let sku = sku.ok_or_else(|| ActError(format!("no subscription {part_number}")))?;
                sku.enabled = enabled;
                sku.used_by_others = used_by_others;
                sku.note(now, at.counters_lag);
            }
            Act::SetMembership { tenant, user, group, member } => {
                let (index, id) = self.find(&tenant, &user)?;
                let found = self.tenants[index].groups.iter_mut().find(|found| found.id == group);
                let found = found.ok_or_else(|| ActError(format!("no group {group}")))?;
                if member {
                    found.members.insert(id)
                } else {
                    found.members.remove(&id)
                };
                self.tenants[index].inherit(group, &at, &mut self.dice);
            }
            Act::SetAccessMode { environment, user, accessmode } => {
                let row = self.row(&environment, &user)?;
                row.accessmode = accessmode;
                // A person's change has the platform's consequences, too.
                row.isdisabled |=
                    !row.islicensed && matches!(accessmode, 0 | 2) && row.applicationid.is_none();
                row.touch(wire);
            }
            Act::SetDisabled { environment, user, disabled } => {
                let row = self.row(&environment, &user)?;
                row.isdisabled = disabled;
                row.disabled_by_sync = false;
                row.touch(wire);
            }
            Act::RemoveRoles { environment, user } => {
                let row = self.row(&environment, &user)?;
                row.roles.clear();
                row.touch(wire);
            }
            Act::AddRow { environment, user, object_id } => {
                self.add_row(&environment, &user, object_id, wire)?;
            }
            Act::DeleteRow { environment, object_id } => {
                let index = self.environment_named(&environment)?;
                let environment = &mut self.environments[index];
                environment.rows.retain(|_, row| row.object_id != Some(object_id));
                environment.by_object.remove(&object_id);
            }
            Act::SetEnvironmentState { environment, state } => {
                let index = self.environment_named(&environment)?;
                self.environments[index].state = state;
            }
            Act::SetAppUsers { environment, enabled } => {
                let index = self.environment_named(&environment)?;
                let rows = self.environments[index].rows.values_mut();
                rows.filter(|row| row.applicationid.is_some()).for_each(|row| row.isdisabled = !enabled);
            }
            Act::SetRegistered { tenant, client_id, registered } => {
                self.app(&tenant, client_id)?.powerplatform_registered = registered;
            }
            Act::SetAppRoles { tenant, client_id, roles } => self.app(&tenant, client_id)?.roles = roles,
            Act::SetSecretExpired { tenant, client_id, expired } => {
                self.app(&tenant, client_id)?.secret_expired = expired;
            }
            Act::Synchronize => self.synchronize_all(now, wire),
        }
        Ok(())
    }

    fn tenant_named(&self, name: &str) -> Result<usize, ActError> {
        let index =
            self.tenants.iter().position(|tenant| tenant.name == name || tenant.id.to_string() == name);
        index.ok_or_else(|| ActError(format!("no tenant {name}")))
    }

    fn environment_named(&self, name: &str) -> Result<usize, ActError> {
        let index = self
            .environments
            .iter()
            .position(|environment| environment.name == name || environment.host == name);
        index.ok_or_else(|| ActError(format!("no environment {name}")))
    }

    fn restore(&mut self, tenant: &str, user: &str) -> Result<(), ActError> {
        let index = self.tenant_named(tenant)?;
        if self.tenants[index].live(user).is_some() {
            return Err(ActError(format!("{user} is taken in {tenant}")));
        }
        let tenant_row = &mut self.tenants[index];
        let deleted = tenant_row
            .users
            .values_mut()
            .filter(|one| one.deleted_at.is_some() && one.upn.eq_ignore_ascii_case(user))
            .max_by_key(|one| one.deleted_at);
        let found = deleted.ok_or_else(|| ActError(format!("no deleted user {user} in {tenant}")))?;
        found.deleted_at = None;
        let (name, id) = (found.upn.to_lowercase(), found.id);
        tenant_row.by_upn.insert(name, id);
        self.witness_owner(index, id);
        Ok(())
    }

    fn find(&self, tenant: &str, user: &str) -> Result<(usize, Uuid), ActError> {
        let index = self.tenant_named(tenant)?;
        let found = self.tenants[index].live(user);
        found.map(|user| (index, user.id)).ok_or_else(|| ActError(format!("no user {user} in {tenant}")))
    }

    fn add_row(
        &mut self,
        environment: &str,
        user: &str,
        object_id: Option<Uuid>,
        wire: DateTime<Utc>,
    ) -> Result<(), ActError> {
        let index = self.environment_named(environment)?;
        let own = self.tenants[self.environments[index].tenant].live(user).map(|user| user.id);
        let object = object_id.or(own).ok_or_else(|| ActError(format!("no user {user}")))?;
        let id = self.dice.uuid();
        let environment = &mut self.environments[index];
        let mut row = blank_row(id, user, environment.root_unit(), wire);
        row.object_id = Some(object);
        row.isdisabled = object_id.is_some();
        row.holds_name = object_id.is_some();
        environment.rows.insert(id, row);
        environment.has_strange_rows = true;
        Ok(())
    }

    fn sku(&self, tenant: usize, part_number: &str) -> Result<Uuid, ActError> {
        let sku = self.tenants[tenant].skus.iter().find(|sku| sku.part_number == part_number);
        sku.map(|sku| sku.sku_id).ok_or_else(|| ActError(format!("no subscription {part_number}")))
    }

    fn app(&mut self, tenant: &str, client_id: Uuid) -> Result<&mut crate::simulator::cloud::App, ActError> {
        let index = self.tenant_named(tenant)?;
        let app = self.tenants[index].apps.iter_mut().find(|app| app.client_id == client_id);
        app.ok_or_else(|| ActError(format!("no app {client_id}")))
    }

    fn row(&mut self, environment: &str, user: &str) -> Result<&mut crate::simulator::cloud::Row, ActError> {
        let index = self.environment_named(environment)?;
        let rows = self.environments[index].rows.values_mut();
        let mut found = rows.filter(|row| {
            row.domainname.eq_ignore_ascii_case(user)
                || row.object_id.is_some_and(|id| id.to_string() == user)
        });
        found.next().ok_or_else(|| ActError(format!("no row of {user} in {environment}")))
    }
}
