//! Unlicensed → succeeded: the account has survived. Part of Microsoft's own procedure
//! (power-platform/admin/create-users, "Create a non-interactive user account", step 5).

use super::Work;
use super::assign_license::{explained, holds_directly, is_ours, licensed_by};
use super::households::key_of;
use super::provisioner::{Provisioner, Site};
use super::resolved::Resolved;
use super::verdicts::{outcome_of, whole_look};
use crate::cloud::{AccessMode, DirectoryUser, SystemUser, UserKey};
use crate::domain::{Code, Failure, ObjectId, Outcome, State};
use crate::engine::{Report, Seen, WholeFailure};
use crate::store::{Learned, Member, UserOrigin};

/// For how many settle times after the removal a license may still show before somebody must have given it again.
const LICENSE_LAG_SETTLES: u32 = 3;

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let ids: Vec<ObjectId> = members.iter().filter_map(|member| member.user.object_id).collect();
    let rows = match site.dataverse()?.find_users(&ids).await {
        Ok(rows) => rows,
        Err(call) => return whole_look(call, members.len()),
    };
    let keys: Vec<UserKey> = members.iter().map(key_of).collect();
    let users = match site.tenant.client.graph().read_users(&keys).await {
        Ok(users) => users,
        Err(call) => return whole_look(call, members.len()),
    };
    let shown: Vec<Option<&DirectoryUser>> =
        users.iter().map(|user| user.as_ref().ok().and_then(Option::as_ref)).collect();
    let explained = explained(steps, site, members.iter().zip(shown)).await?;
    Ok(members
        .iter()
        .zip(users)
        .map(|(member, user)| {
            let mut learned = Learned::default();
            if let Ok(Some(user)) = &user {
                learned.licensed_by = Some(licensed_by(user, member));
            }
            let outcome = match user {
                Ok(Some(user)) if explained.contains(&user.id) => wait_for_sweep(steps),
                Ok(Some(user)) => judge(steps, member, &user, &rows),
                Ok(None) => Outcome::Absent { failure: Failure::new(Code::GraphUserGone, "") },
                Err(call) => outcome_of(call),
            };
            Seen::Settled(Report { outcome, learned })
        })
        .collect())
}

fn judge(steps: &Provisioner, member: &Member, user: &DirectoryUser, rows: &[SystemUser]) -> Outcome {
    if !user.account_enabled {
        return Outcome::Blocked { failure: Failure::new(Code::GraphUserDisabled, "") };
    }
    if member.user.origin == Some(UserOrigin::Made) && holds_directly(user, member.user.account.license) {
        if is_ours(member) {
            // A sibling that came later has it on loan; the account is verified once that one has given it back.
            return Outcome::NotYet { wait: steps.policy.settle, because: None };
        }
        return if member.request.progress.trial.look_first {
            // A lost part of the history may have begun anew; then so does this one, and takes the license back.
            behind(State::Created, Failure::new(Code::GraphLicenseForeign, ""))
        } else {
            still_licensed(steps, member)
        };
    }
    let mut own = rows.iter().filter(|row| row.object_id == Some(user.id));
    let (Some(row), None) = (own.next(), own.next()) else {
        return behind(State::Created, Failure::new(Code::DataverseUserMissing, ""));
    };
    if row.is_disabled {
        // Only a licensed user can be enabled again (Dataverse error 0x8004D24C), so the way begins anew.
        let reason = row.disabled_reason.as_deref().unwrap_or_default();
        return behind(State::Created, Failure::new(Code::DataverseUserDisabled, reason));
    }
    let resolved = Resolved::read(member.request.resolved.as_deref());
    match resolved.lacks(row) {
        None => Outcome::Advanced,
        Some(failure) if row.access_mode != AccessMode::NonInteractive => behind(State::Propagated, failure),
        Some(failure) => behind(State::Propagated, failure),
    }
}

/// A license that shows after its removal: at first the directory's lag, later somebody else's doing.
fn still_licensed(steps: &Provisioner, member: &Member) -> Outcome {
    let failure = Failure::new(Code::GraphLicenseForeign, "It shows again after we removed ours.");
    let lag_ends = member.request.progress.entered_at + steps.policy.settle * LICENSE_LAG_SETTLES;
    if steps.clock.now() < lag_ends {
        return Outcome::NotYet { wait: steps.policy.settle / 2, because: Some(failure) };
    }
    Outcome::Blocked { failure }
}

/// An assignment of ours whose fate was never learned has landed after all: the sweep takes it back.
fn wait_for_sweep(steps: &Provisioner) -> Outcome {
    let failure = Failure::new(Code::SweepDue, "");
    Outcome::NotYet { wait: steps.policy.sweep, because: Some(failure) }
}

fn behind(to: State, failure: Failure) -> Outcome {
    Outcome::Regressed { to, failure }
}
