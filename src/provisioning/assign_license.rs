//! Created → Licensed: the user holds the license, and we know whether that is our doing.

use super::Work;
use super::create_user::uncertain;
use super::households::{Finding, Write, by_user, households, key_of, share, spread};
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use crate::cloud::{DirectoryUser, LicenseStatus, UserKey};
use crate::domain::{Code, Failure, ObjectId, Outcome, SkuId};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{LicenseHold, Member};
use std::time::Duration;

/// How many looks fit into the time in which a new user may not show.
const LOOKS_IN_REPLICATION: u32 = 60;

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let households = households(site.group);
    let keys: Vec<UserKey> = households.iter().map(|places| key_of(&members[places[0]])).collect();
    let answers = match site.tenant.client.graph().read_users(&keys).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    let findings = households
        .into_iter()
        .zip(answers)
        .map(|(places, answer)| {
            let member = &members[places[0]];
            let finding = match answer {
                Ok(Some(user)) => judge(steps, member, &user),
                Ok(None) => Finding::Settled(Report::of(not_shown(steps, member))),
                Err(call) => Finding::Settled(Report::of(outcome_of(call))),
            };
            (places, finding)
        })
        .collect();
    Ok(spread(site.group, findings))
}

/// A user that was just made may not show for minutes (microsoft-graph: eventual consistency of directory reads).
fn not_shown(steps: &Provisioner, member: &Member) -> Outcome {
    let age = (steps.clock.now() - member.request.progress.entered_at).to_std().unwrap_or_default();
    if age < steps.policy.replication {
        return Outcome::NotYet { wait: replication_pace(steps), because: None };
    }
    Outcome::Absent { failure: Failure::new(Code::GraphUserGone, "") }
}

pub(super) fn replication_pace(steps: &Provisioner) -> Duration {
    steps.policy.replication / LOOKS_IN_REPLICATION
}

fn judge(steps: &Provisioner, member: &Member, user: &DirectoryUser) -> Finding {
    let sku = member.user.account.license;
    if !user.account_enabled {
        let failure = Failure::new(Code::GraphUserDisabled, "Without sign-in no environment takes the user.");
        return Finding::Settled(Report::of(Outcome::Blocked { failure }));
    }
    match held(user, sku) {
        Held::Working => Finding::Settled(Report::of(Outcome::Advanced)),
        Held::Broken(why) => {
            let failure = Failure::new(Code::GraphLicenseConflict, format!("Microsoft Entra says: {why}."));
            Finding::Settled(Report::of(Outcome::Blocked { failure }))
        }
        Held::Not => Finding::Needed(Write {
            assigns_license: true,
            ..Write::new(&*steps.ids, Work::Assign(user.id, sku))
        }),
    }
}

/// How a user holds a license.
pub(super) enum Held {
    /// Directly or through a group, and in force.
    Working,
    /// It is assigned, but not in force; with the reason.
    Broken(String),
    /// Not at all.
    Not,
}

pub(super) fn held(user: &DirectoryUser, sku: SkuId) -> Held {
    let mut broken = None;
    for license in user.licenses.iter().filter(|license| license.sku == sku) {
        match &license.status {
            LicenseStatus::Active | LicenseStatus::ActiveWithError => return Held::Working,
            LicenseStatus::Disabled | LicenseStatus::Error | LicenseStatus::Other(_) => {
                broken = Some(license.error.clone().unwrap_or_else(|| "it is not in force".to_owned()));
            }
        }
    }
    broken.map_or(Held::Not, Held::Broken)
}

/// Whether the license is assigned to the user itself, not through a group.
pub(super) fn holds_directly(user: &DirectoryUser, sku: SkuId) -> bool {
    user.licenses.iter().any(|license| license.sku == sku && license.assigned_by_group.is_none())
}

/// Whether what the user holds is there because we assigned it.
pub(super) fn is_ours(member: &Member) -> bool {
    match member.user.license {
        LicenseHold::None => false,
        LicenseHold::MayBeHeld { .. } | LicenseHold::Held { .. } => true,
    }
}

pub(super) async fn act(
    steps: &Provisioner,
    site: &Site<'_>,
    needs: &[(usize, Need<Work>)],
) -> Result<Vec<Report>, WholeFailure> {
    let shared = by_user(site.group, needs);
    let writes: Vec<(ObjectId, SkuId)> = shared
        .iter()
        .filter_map(|one| match one.need.work {
            Work::Assign(id, sku) => Some((id, sku)),
            _ => None,
        })
        .collect();
    let results = match site.tenant.client.graph().assign_license(&writes).await {
        Ok(results) => results,
        Err(call) => return whole_act(call, needs.len()),
    };
    let mut results = results.into_iter();
    let reports = shared
        .iter()
        .map(|one| match results.next() {
            Some(Ok(())) => Report::of(Outcome::Advanced),
            Some(Err(call)) => match outcome_of(call) {
                Outcome::Absent { .. } => Report::of(not_shown(steps, one.member)),
                outcome => Report::of(outcome),
            },
            None => Report::of(uncertain()),
        })
        .collect();
    Ok(share(needs.len(), &shared, reports))
}
