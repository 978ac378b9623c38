//! NonInteractive → Unlicensed, and every way back: the license that we assigned is gone.

use super::Work;
use super::assign_license::{holds_directly, is_ours};
use super::create_user::uncertain;
use super::households::{Finding, Write, by_user, households, read_where, share, spread};
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use crate::cloud::Removal;
use crate::domain::{Code, Failure, ObjectId, Outcome, SkuId};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::Member;

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

/// Whether an earlier attempt may have removed the license, or may not even have assigned it.
fn may_have_acted(places: &[usize], members: &[Member]) -> bool {
    places.iter().any(|&place| {
        let progress = &members[place].request.progress;
        progress.trial.intent.is_some()
            || progress.trial.attempts > 0
            || progress.trial.evidence.is_some()
            || matches!(progress.phase, crate::domain::Phase::Blocked { .. })
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
        .map(|_| match results.next() {
            Some(Ok(Removal::Removed)) => Report::of(Outcome::Advanced),
            // A success only once a look has shown that it is so.
            Some(Ok(Removal::WasNotThere)) | None => Report::of(uncertain()),
            // It comes through a group after all; a look tells whether one of ours is there beside it.
            Some(Err(call)) if call.failure.code == Code::GraphLicenseInherited => Report::of(uncertain()),
            Some(Err(call)) => Report::of(outcome_of(call)),
        })
        .collect();
    Ok(share(needs.len(), &shared, reports))
}
