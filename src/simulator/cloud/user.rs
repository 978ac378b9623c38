//! A directory user.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A license a user holds, directly or through a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The SKU.
    pub(crate) sku: Uuid,
    /// Service plans switched off.
    pub(crate) disabled_plans: Vec<Uuid>,
    /// The group it comes from; `None` when it was assigned directly.
    pub(crate) group: Option<Uuid>,
    /// Simulated instant from which Power Platform sees it.
    pub(crate) seen_at: DateTime<Utc>,
    /// When it was assigned, on the wire.
    pub(crate) changed_at: DateTime<Utc>,
}

/// A directory user, live or softly deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    /// Object id.
    pub(crate) id: Uuid,
    /// User principal name as written.
    pub(crate) upn: String,
    /// Whether sign-in is allowed.
    pub(crate) account_enabled: bool,
    /// ISO 3166 alpha-2 country.
    pub(crate) usage_location: Option<String>,
    /// The plain properties, by their Graph names.
    pub(crate) properties: Map<String, Value>,
    /// `extensionAttribute1` to `15`.
    pub(crate) extension: BTreeMap<String, String>,
    /// SHA-256 of the password, in hex.
    pub(crate) password_sha256: Option<String>,
    /// Mastered on premises.
    pub(crate) synchronized: bool,
    /// Holds an administrator role.
    pub(crate) admin: bool,
    /// The app that created it; `None` for a user of the world.
    pub(crate) made_by: Option<Uuid>,
    /// Licenses.
    pub(crate) licenses: Vec<Held>,
    /// Created, on the wire.
    pub(crate) created_at: DateTime<Utc>,
    /// Simulated instant from which reads by id find it.
    pub(crate) visible_at: DateTime<Utc>,
    /// Simulated instant from which filtered reads find it.
    pub(crate) listed_at: DateTime<Utc>,
    /// Softly deleted, on the wire.
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

impl User {
    /// Neither deleted nor barred from signing in.
    pub(crate) fn can_sign_in(&self) -> bool {
        self.deleted_at.is_none() && self.account_enabled
    }

    /// The marker attribute.
    pub(crate) fn marker(&self) -> Option<&str> {
        self.extension.get("extensionAttribute15").map(String::as_str)
    }

    /// The first three parts of a marker of four, which name one owner.
    pub(crate) fn owner(&self) -> Option<String> {
        let parts: Vec<&str> = self.marker()?.split(':').collect();
        (parts.len() >= 4).then(|| parts[..3].join(":"))
    }

    /// The directly held license of a SKU.
    pub(crate) fn direct(&self, sku: Uuid) -> Option<&Held> {
        self.licenses.iter().find(|held| held.sku == sku && held.group.is_none())
    }

    /// Whether the user holds the SKU in any way.
    pub(crate) fn holds(&self, sku: Uuid) -> bool {
        self.licenses.iter().any(|held| held.sku == sku)
    }

    /// A plain property's text.
    pub(crate) fn text(&self, property: &str) -> Option<&str> {
        self.properties.get(property).and_then(Value::as_str)
    }
}
