//! What the names in a request mean in its environment, remembered from the check to the change.

use crate::cloud::{AccessChange, AccessMode, SystemUser};
use crate::domain::{Code, Failure};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Ids for names, and what the user's row lacked when it was first seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resolved {
    /// The business unit the account belongs to.
    pub(super) business_unit: Option<Uuid>,
    /// The copies of the wanted roles in that unit.
    pub(super) roles: Vec<Uuid>,
    /// The group whose direct members alone the environment takes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) security_group: Option<Uuid>,
    /// Where the row was when it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen_in: Option<Uuid>,
    /// The wanted roles that it held then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) held: Vec<Uuid>,
}

impl Resolved {
    /// Reads what a step wrote. A text that cannot be read counts as nothing: the change looks first then.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The text for the row.
    pub(super) fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The same, with what the row shows now.
    pub(super) fn with_row(&self, row: &SystemUser) -> Self {
        let held =
            self.roles.iter().copied().filter(|role| row.roles.iter().any(|held| held.id == *role)).collect();
        Self { seen_in: Some(row.business_unit), held, ..self.clone() }
    }

    /// What is to be changed about a row.
    pub(super) fn change(&self, user: crate::domain::SystemUserId) -> AccessChange {
        let moves = self.business_unit.filter(|unit| self.seen_in != Some(*unit));
        let add_roles =
            self.roles.iter().copied().filter(|role| moves.is_some() || !self.held.contains(role)).collect();
        AccessChange { user, business_unit: moves, add_roles }
    }

    /// What a row still lacks to be the account that was asked for, in plain words.
    pub(super) fn lacks(&self, row: &SystemUser) -> Option<Failure> {
        let what = if row.access_mode != AccessMode::NonInteractive {
            format!("its access mode is {}", row.access_mode.number())
        } else if self.business_unit.is_some_and(|unit| unit != row.business_unit) {
            "it is in another business unit".to_owned()
        } else if self.roles.iter().any(|role| !row.roles.iter().any(|held| held.id == *role)) {
            "it lacks a security role".to_owned()
        } else {
            return None;
        };
        Some(Failure::new(Code::DataverseNotAsWanted, format!("Seen after the write: {what}.")))
    }
}
