//! The group that guards an environment: whoever is to arrive there has to be a direct member of it first, and stays one
//! (power-platform, admin/control-user-access). Part of Requested → Created, so that no license is taken in vain.

use super::create_user::created;
use super::households::Write;
use super::provisioner::{Provisioner, Site};
use super::resolved::Resolved;
use super::verdicts::{outcome_of, whole_look};
use super::{GroupRule, Work};
use crate::cloud::{CallFailure, Verdict};
use crate::domain::{Code, Failure, ObjectId, Outcome};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Member, UserOrigin};
use std::time::Duration;
use uuid::Uuid;

/// Until the next look at a user that has only just become known: the row has to know it before anything rests on it.
const SOON: Duration = Duration::from_secs(2);

/// The group that a request's user has to be a member of, and what is done about it.
fn guard(steps: &Provisioner, member: &Member) -> Option<(Uuid, GroupRule)> {
    let group = Resolved::read(member.request.resolved.as_deref()).security_group?;
    let rule = steps.places.environment(&member.request.asked.environment).ok()?.0.security_group;
    (rule != GroupRule::Ignore).then_some((group, rule))
}

/// What a report that the user is there comes to for a request whose user has to be a member of a group as well: it is
/// remembered, and the membership is the next look's work.
pub(super) fn not_before_membership(steps: &Provisioner, member: &Member, report: Report) -> Report {
    match report.outcome {
        Outcome::Advanced if guard(steps, member).is_some() => {
            Report { outcome: Outcome::NotYet { wait: SOON, because: None }, ..report }
        }
        _ => report,
    }
}

/// One whose user is there, and who is guarded by a group.
struct Guarded {
    place: usize,
    group: Uuid,
    rule: GroupRule,
    user: ObjectId,
}

/// Takes back the word that a user is ready from those that their environment's group keeps out, or has them made members.
pub(super) async fn guarded(
    steps: &Provisioner,
    site: &Site<'_>,
    mut seen: Vec<Seen<Work>>,
) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let mut asked = Vec::new();
    for (place, member) in members.iter().enumerate() {
        let Seen::Settled(report) = &seen[place] else { continue };
        let (Outcome::Advanced, Some(user)) = (&report.outcome, report.learned.object_id) else { continue };
        let Some((group, rule)) = guard(steps, member) else { continue };
        let open = member.request.progress.trial.intent.is_some();
        if member.user.object_id != Some(user) || (open && rule == GroupRule::Check) {
            let Seen::Settled(report) = &mut seen[place] else { continue };
            report.outcome = Outcome::NotYet { wait: SOON, because: None };
        } else {
            asked.push(Guarded { place, group, rule, user });
        }
    }
    if asked.is_empty() {
        return Ok(seen);
    }
    let pairs: Vec<(Uuid, ObjectId)> = asked.iter().map(|one| (one.group, one.user)).collect();
    let answers = match site.tenant.client.graph().are_direct_members(&pairs).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    for (one, answer) in asked.into_iter().zip(answers) {
        let outcome = match answer {
            Ok(true) => continue,
            Ok(false) if one.rule == GroupRule::Join => {
                seen[one.place] = Seen::Needed(join(steps, one.group, one.user));
                continue;
            }
            Ok(false) => Outcome::Absent { failure: not_in(one.group) },
            Err(call) if one.rule == GroupRule::Join => {
                not_joined(steps, &members[one.place], one.group, call)
            }
            // It may not be looked at, or is gone: Power Platform will tell who does not get in.
            Err(call) if matches!(call.verdict, Verdict::Refused | Verdict::Absent) => continue,
            Err(call) => outcome_of(call),
        };
        if let Seen::Settled(report) = &mut seen[one.place] {
            report.outcome = outcome;
        }
    }
    Ok(seen)
}

fn join(steps: &Provisioner, group: Uuid, user: ObjectId) -> Need<Work> {
    let Write { intent, work, .. } = Write::new(&*steps.ids, Work::Join(group, user));
    Need { intent, budgeted: true, assigns_license: false, sealed_password: None, work }
}

fn not_in(group: Uuid) -> Failure {
    Failure::new(Code::GraphNotInGroup, format!("The group is {group}."))
}

/// Makes users members, where that is what is needed; one place per need, empty for all other needs.
pub(super) async fn act(
    steps: &Provisioner,
    site: &Site<'_>,
    needs: &[(usize, Need<Work>)],
) -> Result<Vec<Option<Report>>, CallFailure> {
    let of = |need: &Need<Work>| match need.work {
        Work::Join(group, user) => Some((group, user)),
        _ => None,
    };
    let pairs: Vec<(Uuid, ObjectId)> = needs.iter().filter_map(|(_, need)| of(need)).collect();
    let answers =
        if pairs.is_empty() { Vec::new() } else { site.tenant.client.graph().join_groups(&pairs).await? };
    let mut answers = answers.into_iter();
    Ok(needs
        .iter()
        .map(|(place, need)| {
            let (group, user) = of(need)?;
            let member = &site.group.members[*place];
            let origin = member.user.origin.unwrap_or(UserOrigin::Made);
            Some(match answers.next()? {
                Ok(()) => created(user, origin, None),
                Err(call) => Report::of(not_joined(steps, member, group, call)),
            })
        })
        .collect())
}

fn not_joined(steps: &Provisioner, member: &Member, group: Uuid, call: CallFailure) -> Outcome {
    let CallFailure { failure, verdict } = call;
    match (verdict, failure.code) {
        (Verdict::Refused, Code::GraphPermissionMissing) => {
            let detail = format!("The group is {group}. {}", failure.message);
            let failure = Failure::new(Code::GraphGroupClosed, detail).seen_as(failure.remote_request_ids);
            Outcome::Blocked { failure }
        }
        // The user was made a moment ago, and not all of the directory knows it yet; or there is no such group. The budget of
        // attempts lasts for as long as the former may take, and ends the latter.
        (Verdict::Absent, _) => {
            let detail = format!("The directory does not show the user or the group {group} yet.");
            let failure = Failure::new(Code::GraphNotInGroup, detail).seen_as(failure.remote_request_ids);
            let attempts = member.request.progress.trial.attempts;
            let doublings = steps.policy.attempts_max.saturating_sub(attempts).min(16);
            Outcome::NotYet { wait: steps.policy.replication / 2_u32.pow(doublings), because: Some(failure) }
        }
        _ => outcome_of(CallFailure { failure, verdict }),
    }
}
