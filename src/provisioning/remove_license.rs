//! NonInteractive → Unlicensed, and every way back: the license that we assigned is gone.

use super::assign_license::{holds_directly, is_ours};
use super::create_user::uncertain;
use super::households::{Finding, Shared, Write, by_user, households, read_where, share, spread};
use super::lost_history::{Unexplained, is_made_by_us, may_hold_unexplained, unexplained};
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use super::{Work, lost_history};
use crate::cloud::{CallFailure, DirectoryUser, Removal};
use crate::domain::{Code, Failure, ObjectId, Outcome, Phase, SkuId};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Learned, Member};

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let households = households(site.group);
    let answers = match read_where(site, &households, |places| may_have_acted(places, members)).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    let mut findings = Vec::with_capacity(households.len());
    for (places, answer) in households.into_iter().zip(answers) {
        let member = &members[places[0]];
        let finding = if places.iter().any(|&place| members[place].siblings.license_needed) {
            // Whoever still needs it wakes us when it has what it needs.
            let wait = steps.policy.poll_last;
            Finding::Settled(Report::of(Outcome::NotYet { wait, because: None }))
        } else if may_hold_unexplained(member) {
            unexplained_license(steps, member, answer)
        } else if !is_ours(member) {
            // What a user held before us, it keeps.
            Finding::Settled(Report::of(Outcome::Advanced))
        } else {
            match answer {
                Some(Ok(Some(user))) if !holds_directly(&user, member.user.account.license) => {
                    Finding::Settled(Report::of(Outcome::Advanced))
                }
                Some(Ok(Some(user))) => remove(steps, user.id, member),
                Some(Ok(None)) => Finding::Settled(Report::of(Outcome::Absent {
                    failure: Failure::new(Code::GraphUserGone, ""),
                })),
                Some(Err(call)) => Finding::Settled(Report::of(outcome_of(call))),
                None => match member.user.object_id {
                    Some(id) => remove(steps, id, member),
                    None => Finding::Settled(Report::of(uncertain())),
                },
            }
        };
        findings.push((places, finding));
    }
    Ok(spread(site.group, findings))
}

/// What is to be done about a user of whose license the row says nothing, since a part of the history is lost.
fn unexplained_license(
    steps: &Provisioner,
    member: &Member,
    answer: Option<Result<Option<DirectoryUser>, CallFailure>>,
) -> Finding {
    let user = match answer {
        Some(Ok(Some(user))) => user,
        Some(Ok(None)) => {
            let failure = Failure::new(Code::GraphUserGone, "");
            return Finding::Settled(Report::of(Outcome::Absent { failure }));
        }
        Some(Err(call)) => return Finding::Settled(Report::of(outcome_of(call))),
        None => return Finding::Settled(Report::of(uncertain())),
    };
    let learned = if is_made_by_us(steps, member, &user) {
        lost_history::found(member, user.id)
    } else {
        Learned::default()
    };
    let outcome = match unexplained(steps, member, &user) {
        Unexplained::Ours => return remove(steps, user.id, member),
        // A blocked request has been shown its reason already; nothing more can be taken back for it.
        Unexplained::Unclear if matches!(member.request.progress.phase, Phase::Active { .. }) => {
            Outcome::Blocked { failure: lost_history::unclear() }
        }
        Unexplained::Unclear | Unexplained::Nothing => Outcome::Advanced,
    };
    Finding::Settled(Report { outcome, learned })
}

/// Whether an earlier attempt may have removed the license, or may not even have assigned it.
fn may_have_acted(places: &[usize], members: &[Member]) -> bool {
    places.iter().any(|&place| {
        let progress = &members[place].request.progress;
        progress.trial.intent.is_some()
            || progress.trial.attempts > 0
            || progress.trial.evidence.is_some()
            || progress.trial.look_first
            || matches!(progress.phase, Phase::Blocked { .. })
            || members[place].user.object_id.is_none()
    })
}

fn remove(steps: &Provisioner, id: ObjectId, member: &Member) -> Finding {
    Finding::Needed(Write::new(&*steps.ids, Work::Remove(id, member.user.account.license)))
}

pub(super) async fn act(site: &Site<'_>, needs: &[(usize, Need<Work>)]) -> Result<Vec<Report>, WholeFailure> {
    let shared = by_user(site.group, needs);
    let writes: Vec<(ObjectId, SkuId)> = shared
        .iter()
        .filter_map(|one| match one.need.work {
            Work::Remove(id, sku) => Some((id, sku)),
            _ => None,
        })
        .collect();
    let results = match site.tenant.client.graph().remove_license(&writes).await {
        Ok(results) => results,
        Err(call) => return whole_act(call, needs.len()),
    };
    let mut results = results.into_iter();
    let reports = shared
        .iter()
        .map(|one| match results.next() {
            Some(Ok(Removal::Removed)) => removed(one),
            // A success only once a look has shown that it is so.
            Some(Ok(Removal::WasNotThere)) | None => Report::of(uncertain()),
            // It comes through a group after all; a look tells whether one of ours is there beside it.
            Some(Err(call)) if call.failure.code == Code::GraphLicenseInherited => Report::of(uncertain()),
            Some(Err(call)) => Report::of(outcome_of(call)),
        })
        .collect();
    Ok(share(needs.len(), &shared, reports))
}

/// A user whose id the row did not know was found by its name and our marker.
fn removed(one: &Shared<'_>) -> Report {
    let learned = match one.need.work {
        Work::Remove(id, _) => lost_history::found(one.member, id),
        _ => Learned::default(),
    };
    Report { outcome: Outcome::Advanced, learned }
}
