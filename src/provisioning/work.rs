//! What one write is about.

use crate::cloud::{AccessChange, NewUser};
use crate::domain::{ObjectId, SkuId};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// One write that a step has found necessary.
#[derive(Clone)]
pub enum Work {
    /// Create the user.
    Create(Arc<NewUser>),
    /// Let a user of ours, which an earlier way back had disabled, sign in again.
    Enable(ObjectId),
    /// Give an adopted user the usage location without which it cannot hold the license.
    SetUsageLocation(ObjectId, String),
    /// Make the user a direct member of the group that guards its environment.
    Join(Uuid, ObjectId),
    /// Assign the license.
    Assign(ObjectId, SkuId),
    /// Ask Power Platform to bring the user into the environment.
    AskForSync(ObjectId),
    /// Call the environment in the user's name, which brings it there as well.
    Impersonate(ObjectId),
    /// Set access mode, business unit and roles.
    Convert(AccessChange),
    /// Remove the license.
    Remove(ObjectId, SkuId),
    /// Delete the user.
    Delete(ObjectId),
    /// Disable the user.
    Disable(ObjectId),
}

impl fmt::Debug for Work {
    /// Names the kind only: a create holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create(_) => "Create",
            Self::Enable(_) => "Enable",
            Self::SetUsageLocation(..) => "SetUsageLocation",
            Self::Join(..) => "Join",
            Self::Assign(..) => "Assign",
            Self::AskForSync(_) => "AskForSync",
            Self::Impersonate(_) => "Impersonate",
            Self::Convert(_) => "Convert",
            Self::Remove(..) => "Remove",
            Self::Delete(_) => "Delete",
            Self::Disable(_) => "Disable",
        })
    }
}
