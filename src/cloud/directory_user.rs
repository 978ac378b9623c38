//! A user of the directory: as we ask for one, and as Microsoft Graph shows one (API notes §2.2, 2.4).

use crate::domain::{ObjectId, SkuId};
use secrecy::SecretString;
use serde::Deserialize;
use std::fmt;
use uuid::Uuid;

/// A user to be made. Lengths are Microsoft's bounds in characters (graph resources/user.md).
#[derive(Clone)]
pub struct NewUser {
    /// The sign-in name, at most 113, in a verified domain of the tenant.
    pub user_principal_name: String,
    /// At most 256.
    pub display_name: String,
    /// At most 64; Dataverse shows `#` in place of an empty one.
    pub given_name: String,
    /// At most 64.
    pub surname: String,
    /// At most 64, without spaces.
    pub mail_nickname: String,
    /// ISO 3166-1 alpha-2, such as `GB`; a license needs it.
    pub usage_location: String,
    /// The first password, 8 to 256 characters of three classes. Never expires and need not be changed at first sign-in.
    pub password: SecretString,
    /// The text by which we know our own users again, kept in `extensionAttribute15`.
    pub marker: String,
}

impl fmt::Debug for NewUser {
    /// Shows neither names nor the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("marker", &self.marker).finish_non_exhaustive()
    }
}

/// How a user is asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum UserKey {
    /// By object id: the reliable way, once it is known.
    Id(ObjectId),
    /// By sign-in name.
    UserPrincipalName(String),
}

impl fmt::Debug for UserKey {
    /// Shows no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "Id({id})"),
            Self::UserPrincipalName(_) => f.write_str("UserPrincipalName(..)"),
        }
    }
}

/// A user as the directory shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryUser {
    /// The object id.
    pub id: ObjectId,
    /// The sign-in name, as the directory spells it.
    pub user_principal_name: String,
    /// Whether the user may sign in.
    pub account_enabled: bool,
    /// ISO 3166-1 alpha-2; `None` when not set.
    pub usage_location: Option<String>,
    /// `extensionAttribute15`: ours, or whatever else somebody keeps there.
    pub marker: Option<String>,
    /// Whether the user is synchronized from on premises.
    pub on_premises_sync_enabled: bool,
    /// All licenses, direct and inherited; the same product may stand twice.
    pub licenses: Vec<LicenseState>,
}

impl fmt::Debug for DirectoryUser {
    /// Shows no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryUser")
            .field("id", &self.id)
            .field("account_enabled", &self.account_enabled)
            .field("marker", &self.marker)
            .field("licenses", &self.licenses)
            .finish_non_exhaustive()
    }
}

/// One license of a user (graph resources/licenseassignmentstate.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseState {
    /// The product.
    pub sku: SkuId,
    /// The group it is inherited from; `None` when it is assigned directly.
    pub assigned_by_group: Option<Uuid>,
    /// Whether it is in force.
    pub status: LicenseStatus,
    /// What keeps it from being in force, such as `CountViolation`; `None` when nothing does.
    pub error: Option<String>,
}

/// Whether a license is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseStatus {
    /// In force.
    Active,
    /// In force, but something about it is wrong.
    ActiveWithError,
    /// Not in force.
    Disabled,
    /// Not in force, because of an error.
    Error,
    /// A state that Microsoft has added since.
    Other(String),
}

impl From<String> for LicenseStatus {
    fn from(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "active" => Self::Active,
            "activewitherror" => Self::ActiveWithError,
            "disabled" => Self::Disabled,
            "error" => Self::Error,
            _ => Self::Other(text),
        }
    }
}

/// What a user is asked for; without it most of these are left out of the answer.
pub(super) const SELECTED: &str = "id,userPrincipalName,accountEnabled,usageLocation,onPremisesExtensionAttributes,\
onPremisesSyncEnabled,licenseAssignmentStates";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRow {
    id: ObjectId,
    user_principal_name: String,
    account_enabled: bool,
    usage_location: Option<String>,
    on_premises_extension_attributes: Option<ExtensionAttributes>,
    on_premises_sync_enabled: Option<bool>,
    // Needed: to read "no answer" as "no license" would leave one behind.
    license_assignment_states: Vec<LicenseRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionAttributes {
    extension_attribute15: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LicenseRow {
    sku_id: SkuId,
    assigned_by_group: Option<Uuid>,
    state: String,
    error: Option<String>,
}

impl From<UserRow> for DirectoryUser {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            user_principal_name: row.user_principal_name,
            account_enabled: row.account_enabled,
            usage_location: row.usage_location.filter(|text| !text.is_empty()),
            marker: row
                .on_premises_extension_attributes
                .and_then(|attributes| attributes.extension_attribute15)
                .filter(|text| !text.is_empty()),
            on_premises_sync_enabled: row.on_premises_sync_enabled.unwrap_or(false),
            licenses: row.license_assignment_states.into_iter().map(LicenseState::from).collect(),
        }
    }
}

impl From<LicenseRow> for LicenseState {
    fn from(row: LicenseRow) -> Self {
        Self {
            sku: row.sku_id,
            assigned_by_group: row.assigned_by_group,
            status: row.state.into(),
            // Whether "no error" is null or "None" is not settled (API notes §2.4).
            error: row.error.filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("none")),
        }
    }
}
