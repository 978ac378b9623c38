//! The look at finished accounts: is each still as it was delivered? Reads only, one question per service for a whole
//! environment.

use super::households::key_of;
use super::resolved::Resolved;
use super::{EnvironmentPlace, Places, TenantPlace};
use crate::cloud::{AccessMode, CallFailure, DirectoryUser, SystemUser, UserKey};
use crate::domain::{Code, Drift, DriftKind, Failure, ObjectId, Sight};
use crate::store::{LicenseHold, Member, UserOrigin};

/// Looks at finished accounts.
#[derive(Clone)]
pub struct Lookout {
    places: Places,
}

impl Lookout {
    /// At most so many accounts are looked at together: one Dataverse query, five Graph batches.
    pub const MEMBERS_MAX: u32 = 100;

    /// One that finds its way by these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }

    /// Looks at accounts of one environment, at most [`Lookout::MEMBERS_MAX`]; one sight for each, in order. Whether the
    /// user is in the environment's security group is not looked at: the config does not know the group.
    pub async fn look(&self, environment: &str, members: &[Member]) -> Vec<Sight> {
        let pins: Vec<Result<(), Failure>> =
            members.iter().map(|member| self.places.confirm_pins(&member.request)).collect();
        // Those whose names have moved are set aside: what is seen elsewhere tells nothing about them.
        let sound: Vec<&Member> =
            members.iter().zip(&pins).filter(|(_, pin)| pin.is_ok()).map(|(member, _)| member).collect();
        let seen = match self.places.environment(environment) {
            Ok((place, tenant)) => look_at(place, tenant, &sound).await,
            Err(failure) => Err(unseen(failure)),
        };
        let mut seen = match seen {
            Ok(sights) => sights,
            Err(whole) => vec![whole; sound.len()],
        }
        .into_iter();
        pins.into_iter()
            .map(|pin| match pin {
                Ok(()) => seen.next().unwrap_or_else(|| unseen(Failure::new(Code::RemoteUnreadable, ""))),
                Err(failure) => unseen(failure),
            })
            .collect()
    }
}

async fn look_at(
    place: &EnvironmentPlace,
    tenant: &TenantPlace,
    members: &[&Member],
) -> Result<Vec<Sight>, Sight> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ObjectId> = members.iter().filter_map(|member| member.user.object_id).collect();
    let dataverse = tenant.client.dataverse(place.origin.clone());
    let rows = dataverse.find_users(&ids).await.map_err(missed)?;
    let keys: Vec<UserKey> = members.iter().map(|member| key_of(member)).collect();
    let users = tenant.client.graph().read_users(&keys).await.map_err(missed)?;
    Ok(members
        .iter()
        .zip(users)
        .map(|(member, user)| match user {
            Ok(user) => sight_of(member, user.as_ref(), &rows),
            Err(call) => missed(call),
        })
        .collect())
}

fn missed(call: CallFailure) -> Sight {
    let retry_after_seconds = call.verdict.retry_after().map(|wait| wait.as_secs());
    Sight::Unseen { failure: call.failure, retry_after_seconds }
}

fn unseen(failure: Failure) -> Sight {
    Sight::Unseen { failure, retry_after_seconds: None }
}

fn sight_of(member: &Member, user: Option<&DirectoryUser>, rows: &[SystemUser]) -> Sight {
    let row = own_row(member, rows);
    let Some(user) = user else {
        // That the environment loses the user as well only follows from it.
        let others = row.map(|row| row_drifts(member, row)).unwrap_or_default();
        return Sight::Absent { drift: Drift::new(DriftKind::UserDeleted, ""), others };
    };
    let mut drifts = user_drifts(member, user);
    match row {
        Some(row) => {
            drifts.extend(row_drifts(member, row));
            Sight::Found { drifts }
        }
        None => Sight::Absent { drift: Drift::new(DriftKind::RowMissing, ""), others: drifts },
    }
}

/// The user's row: the one it was delivered with, if there are several.
fn own_row<'a>(member: &Member, rows: &'a [SystemUser]) -> Option<&'a SystemUser> {
    let own = || rows.iter().filter(|row| row.object_id.is_some() && row.object_id == member.user.object_id);
    own().find(|row| Some(row.id) == member.request.system_user).or_else(|| own().next())
}

fn user_drifts(member: &Member, user: &DirectoryUser) -> Vec<Drift> {
    let mut drifts = Vec::new();
    if !user.account_enabled {
        drifts.push(Drift::new(DriftKind::UserDisabled, ""));
    }
    // What an adopted user held before us it keeps; and what we have lent it for a sibling is no drift.
    if member.user.origin == Some(UserOrigin::Made) && member.user.license == LicenseHold::None {
        drifts.extend(license_drifts(member, user));
    }
    drifts
}

fn license_drifts(member: &Member, user: &DirectoryUser) -> Vec<Drift> {
    let sku = member.user.account.license;
    let name = sku.part_number().map_or_else(|| sku.to_string(), str::to_owned);
    let held = || user.licenses.iter().filter(|license| license.sku == sku);
    let mut groups: Vec<String> =
        held().filter_map(|license| license.assigned_by_group).map(|group| group.to_string()).collect();
    groups.sort_unstable();
    let mut drifts = Vec::new();
    if held().any(|license| license.assigned_by_group.is_none()) {
        drifts.push(Drift::new(DriftKind::Licensed, format!("It is {name}.")));
    }
    if !groups.is_empty() {
        let detail = format!("It is {name}, by the group {}.", groups.join(" and "));
        drifts.push(Drift::new(DriftKind::LicensedByGroup, detail));
    }
    drifts
}

fn row_drifts(member: &Member, row: &SystemUser) -> Vec<Drift> {
    let resolved = Resolved::read(member.request.resolved.as_deref());
    let mut drifts = Vec::new();
    if row.is_disabled {
        let reason = row.disabled_reason.as_deref().unwrap_or_default();
        drifts.push(Drift::new(DriftKind::RowDisabled, reason));
    }
    if row.access_mode != AccessMode::NonInteractive {
        let detail = format!("It is {}.", row.access_mode.number());
        drifts.push(Drift::new(DriftKind::AccessMode, detail));
    }
    if resolved.business_unit.is_some_and(|unit| unit != row.business_unit) {
        drifts.push(Drift::new(DriftKind::BusinessUnit, ""));
    }
    if resolved.roles.iter().any(|role| !row.roles.iter().any(|held| held.id == *role)) {
        drifts.push(Drift::new(DriftKind::Roles, missing_roles(member, row)));
    }
    drifts
}

/// The names that were asked for and are not held; Dataverse compares names without regard to case.
fn missing_roles(member: &Member, row: &SystemUser) -> String {
    let is_held = |name: &str| row.roles.iter().any(|held| held.name.to_lowercase() == name.to_lowercase());
    let asked = &member.request.asked.membership.security_roles;
    let missing: Vec<&str> = asked.iter().map(String::as_str).filter(|name| !is_held(name)).collect();
    if missing.is_empty() { String::new() } else { format!("It is {}.", missing.join(", ")) }
}
