//! Rows of a Dataverse environment as we read them (API notes §3.2, 3.9), and the search for users.

use super::dataverse::{Dataverse, ROOT};
use super::escape::{odata_text, query_value};
use super::exchange::Call;
use super::failures::unreadable;
use super::verdict::{CallFailure, Effect};
use crate::domain::{ObjectId, SystemUserId};
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt;
use uuid::Uuid;

/// What a user may do in the environment (powerapps-docs, reference/entities/systemuser.md, `accessmode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMode {
    /// 0: a person at work.
    ReadWrite,
    /// 1: an administrator without a license.
    Administrative,
    /// 2: reads only.
    Read,
    /// 3: Microsoft's support.
    Support,
    /// 4: programs only; needs no license.
    NonInteractive,
    /// 5: a partner's administrator.
    DelegatedAdmin,
    /// A mode that Microsoft has added since.
    Other(i64),
}

impl AccessMode {
    /// The number that Dataverse knows the mode by.
    pub const fn number(self) -> i64 {
        match self {
            Self::ReadWrite => 0,
            Self::Administrative => 1,
            Self::Read => 2,
            Self::Support => 3,
            Self::NonInteractive => 4,
            Self::DelegatedAdmin => 5,
            Self::Other(number) => number,
        }
    }
}

impl From<i64> for AccessMode {
    fn from(number: i64) -> Self {
        match number {
            0 => Self::ReadWrite,
            1 => Self::Administrative,
            2 => Self::Read,
            3 => Self::Support,
            4 => Self::NonInteractive,
            5 => Self::DelegatedAdmin,
            _ => Self::Other(number),
        }
    }
}

/// A user of the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct SystemUser {
    /// The row's key.
    pub id: SystemUserId,
    /// The directory's object id; `None` for built-in users.
    pub object_id: Option<ObjectId>,
    /// The sign-in name.
    pub domain_name: Option<String>,
    /// What the user may do.
    pub access_mode: AccessMode,
    /// Whether the row is disabled.
    pub is_disabled: bool,
    /// Whether Dataverse sees a license; lags behind the directory.
    pub is_licensed: Option<bool>,
    /// The application's id if the row is an application user.
    pub application_id: Option<Uuid>,
    /// The business unit the user belongs to.
    pub business_unit: Uuid,
    /// 0 when the directory has the user, 1 soft-deleted, 2 gone (labels approximate).
    pub azure_state: Option<i64>,
    /// 0 when not deleted, 1 soft-deleted.
    pub deleted_state: Option<i64>,
    /// Why the row is disabled, in Dataverse's words.
    pub disabled_reason: Option<String>,
    /// The security roles that the user holds directly.
    pub roles: Vec<HeldRole>,
}

impl fmt::Debug for SystemUser {
    /// Shows no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemUser")
            .field("id", &self.id)
            .field("object_id", &self.object_id)
            .field("access_mode", &self.access_mode)
            .field("is_disabled", &self.is_disabled)
            .field("business_unit", &self.business_unit)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// A security role that a user holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HeldRole {
    /// The role's id, different in each business unit.
    #[serde(rename = "roleid")]
    pub id: Uuid,
    /// The role's name.
    pub name: String,
}

/// One business unit's copy of a security role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// The copy's id.
    #[serde(rename = "roleid")]
    pub id: Uuid,
    /// The role's name, the same in all business units.
    pub name: String,
    /// The business unit whose users can hold this copy.
    #[serde(rename = "_businessunitid_value")]
    pub business_unit: Uuid,
}

/// A business unit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BusinessUnit {
    /// Its id.
    #[serde(rename = "businessunitid")]
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The business unit above it; `None` for the root, where synchronized users arrive.
    #[serde(rename = "_parentbusinessunitid_value")]
    pub parent: Option<Uuid>,
}

#[derive(Deserialize)]
pub(super) struct UserRow {
    systemuserid: SystemUserId,
    azureactivedirectoryobjectid: Option<ObjectId>,
    domainname: Option<String>,
    accessmode: i64,
    isdisabled: bool,
    islicensed: Option<bool>,
    applicationid: Option<Uuid>,
    #[serde(rename = "_businessunitid_value")]
    business_unit: Uuid,
    azurestate: Option<i64>,
    deletedstate: Option<i64>,
    disabledreason: Option<String>,
    systemuserroles_association: Vec<HeldRole>,
}

impl From<UserRow> for SystemUser {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.systemuserid,
            object_id: row.azureactivedirectoryobjectid,
            domain_name: row.domainname,
            access_mode: row.accessmode.into(),
            is_disabled: row.isdisabled,
            is_licensed: row.islicensed,
            application_id: row.applicationid,
            business_unit: row.business_unit,
            azure_state: row.azurestate,
            deleted_state: row.deletedstate,
            disabled_reason: row.disabledreason,
            roles: row.systemuserroles_association,
        }
    }
}

/// The columns of [`UserRow`], and the roles beside it.
const SELECTED: &str = "$select=systemuserid,azureactivedirectoryobjectid,domainname,accessmode,isdisabled,islicensed,\
applicationid,azurestate,deletedstate,disabledreason,_businessunitid_value&\
$expand=systemuserroles_association($select=roleid,name)";

/// How many values one `In` may hold. Microsoft allows 500 conditions and 32,768 characters (API notes §3.3); whether each
/// value is a condition is not settled.
pub(super) const IN_MAX: usize = 100;

/// The path that lists the users whose `column` is one of `values`.
pub(super) fn users_in<V: fmt::Display>(column: &str, values: &[V]) -> String {
    let values: Vec<String> = values.iter().map(|value| odata_text(&value.to_string())).collect();
    let filter =
        format!("Microsoft.Dynamics.CRM.In(PropertyName='{column}',PropertyValues=[{}])", values.join(","));
    format!("{ROOT}/systemusers?{SELECTED}&$filter={}", query_value(&filter))
}

impl Dataverse {
    /// The rows of the users with these object ids, disabled ones too, in no order; a user without a row has not arrived
    /// yet, and one with several needs a person. One query per 100 ids.
    ///
    /// # Errors
    /// As every read; [`RemoteUnreadable`](crate::domain::Code::RemoteUnreadable) when a row is about somebody else.
    pub async fn find_users(&self, object_ids: &[ObjectId]) -> Result<Vec<SystemUser>, CallFailure> {
        let asked: HashSet<ObjectId> = object_ids.iter().copied().collect();
        let users = self.find_in("azureactivedirectoryobjectid", object_ids).await?;
        if users.iter().all(|user| user.object_id.is_some_and(|id| asked.contains(&id))) {
            Ok(users)
        } else {
            Err(unreadable(Effect::Read, "A row of the answer is about a user nobody asked for.", &[]))
        }
    }

    /// The rows with these sign-in names, whatever directory object they belong to: an old row of a deleted user keeps the
    /// new one of the same name from arriving (API notes §4.6).
    ///
    /// # Errors
    /// As every read.
    pub async fn find_users_by_name(&self, domain_names: &[String]) -> Result<Vec<SystemUser>, CallFailure> {
        self.find_in("domainname", domain_names).await
    }

    async fn find_in<V: fmt::Display>(
        &self,
        column: &str,
        values: &[V],
    ) -> Result<Vec<SystemUser>, CallFailure> {
        let mut users = Vec::new();
        for chunk in values.chunks(IN_MAX) {
            let answer = self.exchange.call(&Call::get(users_in(column, chunk))).await?;
            let rows: Vec<UserRow> = self.rows(answer).await?;
            users.extend(rows.into_iter().map(SystemUser::from));
        }
        Ok(users)
    }
}
