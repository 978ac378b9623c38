//! Created → Licensed: the user holds the license, and we know whether that is our doing.

use super::create_user::{removal_is_forbidden, uncertain};
use super::households::{Finding, Write, by_user, households, key_of, share, spread};
use super::lost_history::{Unexplained, unexplained};
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use super::{Work, lost_history};
use crate::cloud::{CallFailure, DirectoryUser, LicenseStatus, Removal, UserKey};
use crate::domain::{Code, Failure, ObjectId, Outcome, SkuId};
use crate::engine::{Need, Report, Seen, WholeFailure, WholeKind};
use crate::store::{Learned, LicenseHold, LicensedBy, Member, Seat, UserOrigin};
use std::collections::HashSet;
use std::time::Duration;

/// How many looks fit into the time in which a new user may not show.
const LOOKS_IN_REPLICATION: u32 = 60;

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    // The right was there when the user was made; hours may have passed since, and consent can be revoked.
    let forbidden = match removal_is_forbidden(site).await {
        Ok(forbidden) => forbidden,
        Err(call) => return whole_look(call, members.len()),
    };
    let households = households(site.group);
    let keys: Vec<UserKey> = households.iter().map(|places| key_of(&members[places[0]])).collect();
    let answers = match site.tenant.client.graph().read_users(&keys).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    let shown = households
        .iter()
        .zip(&answers)
        .map(|(places, answer)| (&members[places[0]], answer.as_ref().ok().and_then(Option::as_ref)));
    let explained = explained(steps, site, shown).await?;
    let findings = households
        .into_iter()
        .zip(answers)
        .map(|(places, answer)| {
            let member = &members[places[0]];
            let finding = match answer {
                // It is ours already, but no intent that is still open says so: the write is repeated under a new one.
                Ok(Some(user)) if user.account_enabled && explained.contains(&user.id) => {
                    Finding::Needed(explain(steps, member, user.id))
                }
                Ok(Some(user)) => judge(steps, member, &user, forbidden.as_ref()),
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

fn judge(steps: &Provisioner, member: &Member, user: &DirectoryUser, forbidden: Option<&Failure>) -> Finding {
    let sku = member.user.account.license;
    if !user.account_enabled {
        let failure = Failure::new(Code::GraphUserDisabled, "Without sign-in no environment takes the user.");
        return Finding::Settled(Report::of(Outcome::Blocked { failure }));
    }
    match unexplained(steps, member, user) {
        Unexplained::Nothing => {}
        Unexplained::Ours => return Finding::Needed(explain(steps, member, user.id)),
        Unexplained::Unclear => {
            return Finding::Settled(Report::of(Outcome::Blocked { failure: lost_history::unclear() }));
        }
    }
    match held(user, sku) {
        Held::Working => {
            let licensed_by = Some(licensed_by(user, member));
            let learned = Learned { licensed_by, ..Learned::default() };
            Finding::Settled(Report { outcome: Outcome::Advanced, learned })
        }
        Held::Broken(why) => {
            let failure = Failure::new(Code::GraphLicenseConflict, format!("Microsoft Entra says: {why}."));
            Finding::Settled(Report::of(Outcome::Blocked { failure }))
        }
        Held::Not if may_hold_without_seat(member) && !has_seat(member) => {
            Finding::Settled(Report::of(without_seat()))
        }
        Held::Not => match forbidden {
            Some(failure) => Finding::Settled(Report::of(Outcome::Blocked { failure: failure.clone() })),
            None => Finding::Needed(assign(steps, user.id, sku)),
        },
    }
}

/// Users that hold a license which no open intent explains, but an earlier assignment of ours does whose fate was never
/// learned. A store that cannot be read decides nothing: whoever took the license for somebody else's would leave it behind.
pub(super) async fn explained<'a>(
    steps: &Provisioner,
    site: &Site<'_>,
    shown: impl Iterator<Item = (&'a Member, Option<&'a DirectoryUser>)>,
) -> Result<HashSet<ObjectId>, WholeFailure> {
    let holds = |member: &Member, user: &DirectoryUser| {
        !is_ours(member) && holds_directly(user, member.user.account.license)
    };
    let doubtful: Vec<_> = shown
        .filter_map(|(member, user)| user.filter(|user| holds(member, user)).map(|user| (user.id, None)))
        .collect();
    if doubtful.is_empty() {
        return Ok(HashSet::new());
    }
    match steps.store.traces(site.group.tenant.clone(), doubtful).await {
        Ok(traces) => Ok(traces
            .into_iter()
            .filter(|trace| !trace.rechecks.is_empty())
            .map(|trace| trace.object_id)
            .collect()),
        Err(error) => {
            let kind = WholeKind::NotDone { retry_after: None };
            Err(WholeFailure { failure: error.failure(), kind })
        }
    }
}

fn assign(steps: &Provisioner, id: ObjectId, sku: SkuId) -> Write {
    Write { assigns_license: true, ..Write::new(&*steps.ids, Work::Assign(id, sku)) }
}

/// What makes a license of a lost history ours again: with a seat it is assigned once more, which changes nothing but what
/// we know; without one it is taken back first, since nobody could be granted a seat that it occupies.
fn explain(steps: &Provisioner, member: &Member, id: ObjectId) -> Write {
    let sku = member.user.account.license;
    if has_seat(member) { assign(steps, id, sku) } else { Write::new(&*steps.ids, Work::Remove(id, sku)) }
}

/// Whether the machine has us look before the user waits for a seat.
fn may_hold_without_seat(member: &Member) -> bool {
    member.request.progress.trial.look_first || member.user.origin == Some(UserOrigin::Adopted)
}

fn has_seat(member: &Member) -> bool {
    matches!(member.user.seat, Seat::Held { .. })
}

/// It was only looked at; now it waits for its seat like everybody.
fn without_seat() -> Outcome {
    Outcome::NoSeat { failure: Failure::new(Code::GraphNoSeat, "") }
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

/// Who beside us gave the user its license. What we may have assigned ourselves counts as ours.
pub(super) fn licensed_by(user: &DirectoryUser, member: &Member) -> LicensedBy {
    let sku = member.user.account.license;
    if holds_directly(user, sku) && !is_ours(member) {
        LicensedBy::Others
    } else if user.licenses.iter().any(|license| license.sku == sku && license.assigned_by_group.is_some()) {
        LicensedBy::Group
    } else {
        LicensedBy::Nobody
    }
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
    let (mut assigned, mut removed) = (Vec::new(), Vec::new());
    for one in &shared {
        match one.need.work {
            Work::Assign(id, sku) => assigned.push((id, sku)),
            Work::Remove(id, sku) => removed.push((id, sku)),
            _ => {}
        }
    }
    let graph = site.tenant.client.graph();
    // Both kinds meet only after a database was put back; a call that fails whole then speaks for the other one as well,
    // and what that one did is looked up.
    let removed = if removed.is_empty() { Ok(Vec::new()) } else { graph.remove_license(&removed).await };
    let assigned = if assigned.is_empty() { Ok(Vec::new()) } else { graph.assign_license(&assigned).await };
    let (mut removed, mut assigned) = match (removed, assigned) {
        (Ok(removed), Ok(assigned)) => (removed.into_iter(), assigned.into_iter()),
        (Err(call), _) | (_, Err(call)) => return whole_act(call, needs.len()),
    };
    let reports = shared
        .iter()
        .map(|one| match one.need.work {
            Work::Assign(..) => match assigned.next() {
                Some(Ok(())) => Report::of(Outcome::Advanced),
                Some(Err(call)) => not_done(steps, one.member, call),
                None => Report::of(uncertain()),
            },
            Work::Remove(..) => match removed.next() {
                Some(Ok(Removal::Removed)) => Report::of(without_seat()),
                Some(Ok(Removal::WasNotThere)) | None => Report::of(uncertain()),
                Some(Err(call)) => not_done(steps, one.member, call),
            },
            _ => Report::of(uncertain()),
        })
        .collect();
    Ok(share(needs.len(), &shared, reports))
}

fn not_done(steps: &Provisioner, member: &Member, call: CallFailure) -> Report {
    Report::of(match outcome_of(call) {
        Outcome::Absent { .. } => not_shown(steps, member),
        outcome => outcome,
    })
}
