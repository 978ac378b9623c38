//! Created → Requested on the way back: a user that we made, and that nobody else needs, is deleted or disabled.

use super::assign_license::replication_pace;
use super::create_user::uncertain;
use super::households::{Finding, Write, by_user, households, read_where, share, spread};
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use super::{Marker, Work};
use crate::cloud::DirectoryUser;
use crate::domain::{Charge, Code, Failure, ObjectId, Outcome, Step};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Learned, Member, UserOrigin};

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let households = households(site.group);
    let answers = match read_where(site, &households, |places| !is_left_alone(places, members)).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    let mut findings = Vec::with_capacity(households.len());
    for (places, answer) in households.into_iter().zip(answers) {
        let member = &members[places[0]];
        let finding = match answer {
            Some(Ok(Some(user))) => judge(steps, site.group.step, member, &user),
            Some(Ok(None)) => Finding::Settled(Report { outcome: not_shown(steps, member), learned: gone() }),
            Some(Err(call)) => Finding::Settled(Report::of(outcome_of(call))),
            // There is nothing for us to do about it.
            None => Finding::Settled(Report::of(Outcome::Advanced)),
        };
        findings.push((places, finding));
    }
    Ok(spread(site.group, findings))
}

/// A user that was just made, or whose create may be on its way still, may not show for a while; to take that for its
/// absence would leave it behind for ever.
fn not_shown(steps: &Provisioner, member: &Member) -> Outcome {
    let progress = &member.request.progress;
    let begun_at = progress.trial.intent.map_or(progress.entered_at, |intent| intent.begun_at);
    if steps.clock.now() >= progress.entered_at.max(begun_at) + steps.policy.replication {
        return Outcome::Absent { failure: Failure::new(Code::GraphUserGone, "") };
    }
    let wait = replication_pace(steps);
    if member.user.object_id.is_some() {
        return Outcome::NotYet { wait, because: None };
    }
    // The open intent is all that tells of the user, so it has to stay open.
    let failure = Failure::new(Code::RemoteUncertain, "The user is not there (yet).");
    Outcome::Ambiguous { failure, charge: Charge::Lane { wait } }
}

fn gone() -> Learned {
    Learned { user_gone: true, ..Learned::default() }
}

/// Whether there is nothing for us to do about the user: others need it, it is not ours, or it was never made.
fn is_left_alone(places: &[usize], members: &[Member]) -> bool {
    let member = &members[places[0]];
    let never_made = member.user.object_id.is_none()
        && places.iter().all(|&place| {
            let trial = &members[place].request.progress.trial;
            trial.intent.is_none() && !trial.look_first
        });
    never_made
        || member.user.origin == Some(UserOrigin::Adopted)
        || places.iter().any(|&place| members[place].siblings.user_needed)
}

fn judge(steps: &Provisioner, step: Step, member: &Member, user: &DirectoryUser) -> Finding {
    let marker = user.marker.as_deref().and_then(Marker::parse);
    let ours = marker.is_some_and(|marker| marker.store == steps.store.id() && marker.user == member.user.id);
    if !ours {
        // Somebody else's user has our user's name, or the marker was edited: in doubt it is not ours to retire.
        return Finding::Settled(Report::of(Outcome::Advanced));
    }
    if step == Step::DeleteUser {
        Finding::Needed(Write::new(&*steps.ids, Work::Delete(user.id)))
    } else if user.account_enabled {
        Finding::Needed(Write::new(&*steps.ids, Work::Disable(user.id)))
    } else {
        Finding::Settled(Report::of(Outcome::Advanced))
    }
}

pub(super) async fn act(site: &Site<'_>, needs: &[(usize, Need<Work>)]) -> Result<Vec<Report>, WholeFailure> {
    let shared = by_user(site.group, needs);
    let graph = site.tenant.client.graph();
    let ids: Vec<ObjectId> = shared
        .iter()
        .filter_map(|one| match one.need.work {
            Work::Delete(id) | Work::Disable(id) => Some(id),
            _ => None,
        })
        .collect();
    let results = if site.group.step == Step::DeleteUser {
        graph.delete_users(&ids).await
    } else {
        graph.set_account_enabled(&ids.iter().map(|id| (*id, false)).collect::<Vec<_>>()).await
    };
    let results = match results {
        Ok(results) => results,
        Err(call) => return whole_act(call, needs.len()),
    };
    let mut results = results.into_iter();
    let reports = shared
        .iter()
        .map(|_| match results.next() {
            Some(Ok(())) if site.group.step == Step::DeleteUser => {
                Report { outcome: Outcome::Advanced, learned: gone() }
            }
            Some(Ok(())) => Report::of(Outcome::Advanced),
            Some(Err(call)) => Report::of(outcome_of(call)),
            None => Report::of(uncertain()),
        })
        .collect();
    Ok(share(needs.len(), &shared, reports))
}
