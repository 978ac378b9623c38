//! An environment and its Dataverse rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Drawn;
use crate::simulator::world::{EnvironmentKind, EnvironmentState};

/// A business unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BusinessUnit {
    /// Primary key.
    pub(crate) id: Uuid,
    /// Name; the root carries the organization's.
    pub(crate) name: String,
    /// Parent; `None` for the root.
    pub(crate) parent: Option<Uuid>,
}

/// One copy of a security role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Primary key.
    pub(crate) id: Uuid,
    /// Name, the same in every business unit.
    pub(crate) name: String,
    /// The business unit this copy belongs to.
    pub(crate) business_unit: Uuid,
    /// The root's copy.
    pub(crate) root: Uuid,
}

/// A `systemuser` row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Primary key.
    pub(crate) id: Uuid,
    /// Entra object id; absent for SYSTEM and INTEGRATION.
    pub(crate) object_id: Option<Uuid>,
    /// User principal name.
    pub(crate) domainname: String,
    /// First name; `#` when blank.
    pub(crate) firstname: String,
    /// Last name.
    pub(crate) lastname: String,
    /// 0 read-write … 4 non-interactive.
    pub(crate) accessmode: i64,
    /// Disabled.
    pub(crate) isdisabled: bool,
    /// Licensed, as of the last synchronization.
    pub(crate) islicensed: bool,
    /// Came by synchronization.
    pub(crate) issyncwithdirectory: bool,
    /// Restricted access mode.
    pub(crate) setupuser: bool,
    /// 0 exists, 1 softly deleted, 2 gone.
    pub(crate) azurestate: i64,
    /// When the directory user was deleted.
    pub(crate) azuredeletedon: Option<DateTime<Utc>>,
    /// 1 after the first DELETE.
    pub(crate) deletedstate: i64,
    /// Why it is disabled.
    pub(crate) disabledreason: Option<String>,
    /// An application user's application.
    pub(crate) applicationid: Option<Uuid>,
    /// Home business unit.
    pub(crate) business_unit: Uuid,
    /// Role copies.
    pub(crate) roles: BTreeSet<Uuid>,
    /// Row version, the etag.
    pub(crate) version: u64,
    /// Created, on the wire.
    pub(crate) createdon: DateTime<Utc>,
    /// Modified, on the wire.
    pub(crate) modifiedon: DateTime<Utc>,
    /// Disabled by the synchronization, which may enable it again.
    pub(crate) disabled_by_sync: bool,
    /// Keeps a user of its name, but of another directory object, from arriving (microsoft-apis.md §4.6).
    #[serde(default)]
    pub(crate) holds_name: bool,
}

impl Row {
    /// Counts toward the limit of non-interactive users.
    pub(crate) fn takes_slot(&self) -> bool {
        self.accessmode == 4 && !self.isdisabled && self.applicationid.is_none() && self.object_id.is_some()
    }

    /// Notes a change.
    pub(crate) fn touch(&mut self, wire: DateTime<Utc>) {
        self.version += 1;
        self.modifiedon = wire;
    }
}

/// A row that `addUser` has promised.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Simulated instant at which it appears.
    pub(crate) due: DateTime<Utc>,
    /// The directory user.
    pub(crate) user: Uuid,
}

/// An environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// Display name.
    pub(crate) name: String,
    /// Index of its tenant.
    pub(crate) tenant: usize,
    /// Environment id.
    pub(crate) id: Uuid,
    /// Organization id.
    pub(crate) organization_id: Uuid,
    /// Host label.
    pub(crate) host: String,
    /// Most non-interactive users.
    pub(crate) non_interactive_max: u32,
    /// Most there ever were.
    pub(crate) non_interactive_peak: u32,
    /// Security group.
    pub(crate) security_group: Option<Uuid>,
    /// Kind.
    pub(crate) kind: EnvironmentKind,
    /// State.
    pub(crate) state: EnvironmentState,
    /// Business units; the first is the root.
    pub(crate) business_units: Vec<BusinessUnit>,
    /// Role copies.
    pub(crate) roles: Vec<Role>,
    /// Rows.
    pub(crate) rows: BTreeMap<Uuid, Row>,
    /// Rows by directory user.
    pub(crate) by_object: HashMap<Uuid, Uuid>,
    /// A person has left rows that the index does not know.
    #[serde(default)]
    pub(crate) has_strange_rows: bool,
    /// Promised rows.
    pub(crate) pending: Vec<Pending>,
    /// Lags that were drawn for rows that `addUser` promised.
    #[serde(default)]
    pub(crate) drawn: Vec<Drawn>,
    /// Number of the 300-second window of the last call.
    pub(crate) window: i64,
    /// Calls within it.
    pub(crate) window_calls: u32,
}

impl Environment {
    /// Rows that count toward the limit.
    pub(crate) fn non_interactive(&self) -> u32 {
        u32::try_from(self.rows.values().filter(|row| row.takes_slot()).count()).unwrap_or(u32::MAX)
    }

    /// Whether one more non-interactive user fits.
    pub(crate) fn has_slot(&self) -> bool {
        self.non_interactive() < self.non_interactive_max
    }

    /// The root business unit; an environment is built with one.
    pub(crate) fn root_unit(&self) -> Uuid {
        self.business_units.first().map_or(Uuid::nil(), |unit| unit.id)
    }

    /// The row of a directory user.
    pub(crate) fn row_of(&self, object: Uuid) -> Option<&Row> {
        self.by_object.get(&object).and_then(|id| self.rows.get(id))
    }

    /// The row of an application, if it has one here that is not disabled or deleted.
    pub(crate) fn row_of_app(&self, client_id: Uuid) -> Option<&Row> {
        self.rows
            .values()
            .find(|row| row.applicationid == Some(client_id) && !row.isdisabled && row.deletedstate == 0)
    }

    /// Whether the row holds a role of that name.
    pub(crate) fn has_role(&self, row: &Row, name: &str) -> bool {
        self.roles.iter().any(|role| role.name == name && row.roles.contains(&role.id))
    }

    /// Counts a call in its window of the service protection limits.
    pub(crate) fn count_call(&mut self, now: DateTime<Utc>) {
        let window = now.timestamp().div_euclid(300);
        if window != self.window {
            (self.window, self.window_calls) = (window, 0);
        }
        self.window_calls += 1;
    }

    /// Whether somebody else's row keeps a user of this name out.
    pub(crate) fn name_is_held(&self, upn: &str, object: Uuid) -> bool {
        self.rows.values().any(|row| {
            row.holds_name
                && row.deletedstate == 0
                && row.object_id != Some(object)
                && row.domainname.eq_ignore_ascii_case(upn)
        })
    }

    /// Stores a row and its index.
    pub(crate) fn keep(&mut self, row: Row) {
        if let Some(object) = row.object_id {
            self.by_object.insert(object, row.id);
        }
        self.rows.insert(row.id, row);
    }
}
