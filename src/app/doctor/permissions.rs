//! Which application permissions of Microsoft Graph the features that are on need.

use crate::app::settings::{CredentialPolicy, Settings};
use crate::provisioning::GroupRule;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Microsoft Graph as an application of every tenant (graph permissions-reference.md).
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// An application permission that something needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Its name, as it stands in a token's `roles`.
    pub name: &'static str,
    /// Its id (graph permissions-reference.md).
    pub id: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Wider ones that serve as well (API notes §2.9).
    pub or: &'static [&'static str],
}

const USERS: Permission = Permission {
    name: "User.ReadWrite.All",
    id: "741f803b-c850-494e-b5df-cde7c675a1ca",
    purpose: "making, reading, disabling and deleting users",
    or: &["Directory.ReadWrite.All"],
};
const LICENSES: Permission = Permission {
    name: "LicenseAssignment.ReadWrite.All",
    id: "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    purpose: "lending licenses and taking them back",
    or: &["Directory.ReadWrite.All"],
};
const SEATS: Permission = Permission {
    name: "Organization.Read.All",
    id: "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    purpose: "counting the free licenses",
    or: &[
        "LicenseAssignment.Read.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
};
const GROUPS: Permission = Permission {
    name: "GroupMember.ReadWrite.All",
    id: "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    purpose: "adding users to the security groups of environments (security_group = \"join\")",
    or: &["Group.ReadWrite.All", "Directory.ReadWrite.All"],
};
/// Not needed, but of use: it lets us see who is no member of a security group before a license is taken.
const USEFUL: &str = "GroupMember.Read.All";
const PASSWORDS: Permission = Permission {
    name: "User-PasswordProfile.ReadWrite.All",
    id: "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
    purpose: "making new passwords (`credentials rotate`, policy reset)",
    or: &[],
};

/// What the features that are on need: users, licenses and seats always, groups where an environment's is joined, and new
/// passwords where somebody may read them.
pub fn needed(settings: &Settings) -> Vec<Permission> {
    let mut all = vec![USERS, LICENSES, SEATS];
    if settings.environments.values().any(|environment| environment.security_group == GroupRule::Join) {
        all.push(GROUPS);
    }
    let credentials = &settings.credentials;
    if !credentials.recipients.is_empty() || credentials.policy == CredentialPolicy::Reset {
        all.push(PASSWORDS);
    }
    all
}

/// The permissions as they stand in an application's manifest (`requiredResourceAccess`).
pub fn required_resource_access(needed: &[Permission]) -> Value {
    let access: Vec<Value> = needed.iter().map(|it| json!({ "id": it.id, "type": "Role" })).collect();
    json!([{ "resourceAppId": GRAPH, "resourceAccess": access }])
}

/// What a token's roles make of the needs.
pub(super) struct Held {
    pub(super) lacking: Vec<Permission>,
    pub(super) needless: Vec<String>,
}

pub(super) fn weigh(needed: &[Permission], roles: &BTreeSet<String>) -> Held {
    let serves = |need: &Permission, role: &str| need.name == role || need.or.contains(&role);
    let lacking =
        needed.iter().filter(|need| !roles.iter().any(|role| serves(need, role))).copied().collect();
    let serves_nobody = |role: &&String| *role != USEFUL && !needed.iter().any(|need| serves(need, role));
    let needless = roles.iter().filter(serves_nobody).cloned().collect();
    Held { lacking, needless }
}
