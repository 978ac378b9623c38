//! Which application permission a call needs.

use super::refusal::denied;
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::Turn;

/// Any of these lets a call through.
pub(super) const CREATE_USER: &[&str] = &["User.Create", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const READ_USER: &[&str] =
    &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(super) const WRITE_USER: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const ENABLE_USER: &[&str] =
    &["User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const SET_PASSWORD: &[&str] = &["User-PasswordProfile.ReadWrite.All"];
pub(super) const DELETE_USER: &[&str] = &["User.ReadWrite.All", "User.DeleteRestore.All"];
pub(super) const LICENSE: &[&str] =
    &["LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const READ_SKUS: &[&str] = &[
    "LicenseAssignment.Read.All",
    "LicenseAssignment.ReadWrite.All",
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const READ_GROUP: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE_GROUP: &[&str] =
    &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const READ_ORGANIZATION: &[&str] =
    &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// Refuses a token that holds none of the permissions.
pub(super) fn need(turn: &Turn<'_>, claims: &Claims, any: &[&str]) -> Result<(), Reply> {
    match claims.roles.iter().any(|role| any.contains(&role.as_str())) {
        true => Ok(()),
        false => Err(denied(turn)),
    }
}
