//! Licensed → Propagated: the environment has an enabled row for the user. A ceiling, not a sleep: levers are pulled and
//! the environment is asked at an adaptive pace, with one query for everybody who waits there.

use super::Work;
use super::propagation_memo::Wait;
use super::provisioner::{Provisioner, Site};
use super::resolved::Resolved;
use super::verdicts::{whole, whole_look};
use crate::cloud::{AddUser, CallFailure, Dataverse, Impersonation, SystemUser, UserKey, Verdict};
use crate::domain::{Code, Failure, Instant, IntentId, ObjectId, Outcome, State};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Learned, Member};
use futures_util::{StreamExt, stream};
use std::collections::HashMap;

/// How many levers are pulled at once: an environment serves 52 calls of ours at a time, and others want some as well
/// (powerapps-docs, data-platform/api-limits).
const PULLS_MAX: usize = 16;

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let now = steps.clock.now();
    let mut waits: Vec<Wait<'_>> = members.iter().map(|member| Wait::of(member, &steps.policy)).collect();
    // One query answers for all; so it is worth one as soon as a single member is due for it.
    let is_due = |wait: &Wait<'_>| now >= wait.poll_at() || wait.past_deadline(now) || wait.asks_again(now);
    let polls = waits.iter().any(is_due);
    let rows = if polls {
        let ids: Vec<ObjectId> = members.iter().filter_map(|member| member.user.object_id).collect();
        match site.dataverse()?.find_users(&ids).await {
            Ok(rows) => by_object(rows),
            Err(call) => return whole_look(call, members.len()),
        }
    } else {
        HashMap::new()
    };
    let strangers = match strangers(site, &site.dataverse()?, &mut waits, &rows, polls, now).await {
        Ok(strangers) => strangers,
        Err(call) => return whole_look(call, members.len()),
    };
    let lost = match losses(site, &mut waits, now).await {
        Ok(lost) => lost,
        Err(call) => return whole_look(call, members.len()),
    };
    let mut seen = Vec::with_capacity(members.len());
    for (((member, mut wait), lost), stranger) in members.iter().zip(waits).zip(lost).zip(strangers) {
        let rows = member.user.object_id.and_then(|id| rows.get(&id)).map_or(&[][..], Vec::as_slice);
        if polls {
            wait.memo.polled_at = Some(now);
        }
        seen.push(match stranger {
            Some(failure) => super::verdicts::blocked(failure),
            None => judge(steps, member, wait, rows, lost, now),
        });
    }
    Ok(seen)
}

/// For whom a row of somebody else keeps the name, where the user is overdue: most often what is left of a deleted user,
/// and nothing that we may change (power-platform, admin/create-users).
async fn strangers(
    site: &Site<'_>,
    dataverse: &Dataverse,
    waits: &mut [Wait<'_>],
    rows: &HashMap<ObjectId, Vec<SystemUser>>,
    polls: bool,
    now: Instant,
) -> Result<Vec<Option<Failure>>, CallFailure> {
    let members = &site.group.members;
    let mut strangers = vec![None; members.len()];
    let is_missed = |place: &usize| {
        let id = members[*place].user.object_id;
        id.is_some_and(|id| !rows.contains_key(&id)) && waits[*place].doubts_name(now)
    };
    let missed: Vec<usize> = (0..members.len()).filter(|place| polls && is_missed(place)).collect();
    if missed.is_empty() {
        return Ok(strangers);
    }
    let name_of = |place: usize| members[place].user.account.user_principal_name.to_string();
    let names: Vec<String> = missed.iter().map(|&place| name_of(place)).collect();
    let found = dataverse.find_users_by_name(&names).await?;
    for place in missed {
        waits[place].memo.name_seen_at = Some(now);
        let name = name_of(place).to_lowercase();
        let holds = |row: &&SystemUser| {
            row.domain_name.as_ref().is_some_and(|other| other.to_lowercase() == name)
                && row.object_id != members[place].user.object_id
                && row.deleted_state.unwrap_or_default() == 0
        };
        strangers[place] = found.iter().find(holds).map(|row| {
            let whose = row.object_id.map_or_else(|| "no object".to_owned(), |id| format!("the object {id}"));
            Failure::new(
                Code::DataverseNameHeld,
                format!("The row is {} and belongs to {whose} of the directory.", row.id),
            )
        });
    }
    Ok(strangers)
}

fn by_object(rows: Vec<SystemUser>) -> HashMap<ObjectId, Vec<SystemUser>> {
    let mut found: HashMap<ObjectId, Vec<SystemUser>> = HashMap::new();
    for row in rows {
        if let Some(id) = row.object_id {
            found.entry(id).or_default().push(row);
        }
    }
    found
}

/// What has vanished while we waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Nothing,
    License,
    User,
}

/// For whom the license, or the user itself, has vanished again, where the wait has been long enough to wonder.
async fn losses(site: &Site<'_>, waits: &mut [Wait<'_>], now: Instant) -> Result<Vec<Loss>, CallFailure> {
    let members = &site.group.members;
    let mut lost = vec![Loss::Nothing; members.len()];
    let doubtful: Vec<usize> = (0..members.len()).filter(|&place| waits[place].doubts_license(now)).collect();
    if doubtful.is_empty() {
        return Ok(lost);
    }
    let keys: Vec<UserKey> =
        doubtful.iter().map(|&place| super::households::key_of(&members[place])).collect();
    let answers = site.tenant.client.graph().read_users(&keys).await?;
    for (place, answer) in doubtful.into_iter().zip(answers) {
        match answer {
            Ok(Some(user)) => {
                let sku = members[place].user.account.license;
                if user.licenses.iter().any(|license| license.sku == sku) {
                    waits[place].memo.license_seen_at = Some(now);
                } else {
                    lost[place] = Loss::License;
                }
            }
            Ok(None) => lost[place] = Loss::User,
            // One that cannot be read is read again at the next look.
            Err(_) => {}
        }
    }
    Ok(lost)
}

fn judge(
    steps: &Provisioner,
    member: &Member,
    wait: Wait<'_>,
    rows: &[SystemUser],
    lost: Loss,
    now: Instant,
) -> Seen<Work> {
    let [] = rows else {
        return match arrived(member, rows) {
            Arrival::Settled(report) => Seen::Settled(report),
            // Asking for the user enables it again; whom that does not help, it will not.
            Arrival::Disabled(failure) if wait.is_refused() || wait.is_in_vain(now) => {
                super::verdicts::blocked(with_refusal(failure, &wait))
            }
            Arrival::Disabled(failure) => waiting(steps, member, wait, Some(failure), now),
        };
    };
    if lost == Loss::User {
        let outcome = Outcome::Absent { failure: Failure::new(Code::GraphUserGone, "") };
        return Seen::Settled(Report {
            outcome,
            learned: Learned { memo: wait.text(), ..Learned::default() },
        });
    }
    if lost == Loss::License {
        let failure = Failure::new(
            Code::MachineLicenseLost,
            "Power Platform keeps saying that the user has no license.",
        );
        return Seen::Settled(Report {
            outcome: Outcome::Regressed { to: State::Created, failure },
            learned: Learned { memo: wait.text(), ..Learned::default() },
        });
    }
    waiting(steps, member, wait, None, now)
}

/// What rows that are there mean.
enum Arrival {
    /// The wait is over.
    Settled(Report),
    /// There is one, but it is disabled.
    Disabled(Failure),
}

fn with_refusal(failure: Failure, wait: &Wait<'_>) -> Failure {
    let Some(refusal) = &wait.memo.lever_refused else { return failure };
    Failure::new(failure.code, format!("{} Power Platform says: {}", failure.message, refusal.message))
        .seen_as(refusal.remote_request_ids.clone())
}

fn arrived(member: &Member, rows: &[SystemUser]) -> Arrival {
    let [row] = rows else {
        let failure =
            Failure::new(Code::DataverseUserAmbiguous, format!("{} rows have its object id.", rows.len()));
        return Arrival::Settled(Report::of(Outcome::Blocked { failure }));
    };
    if row.application_id.is_some() {
        let failure = Failure::new(Code::DataverseApplicationUser, "");
        return Arrival::Settled(Report::of(Outcome::Blocked { failure }));
    }
    if row.is_disabled {
        let reason = row.disabled_reason.as_deref().unwrap_or("It does not say why.");
        return Arrival::Disabled(Failure::new(Code::DataverseUserDisabled, reason));
    }
    let resolved = Resolved::read(member.request.resolved.as_deref()).with_row(row);
    let learned = Learned { system_user: Some(row.id), resolved: resolved.write(), ..Learned::default() };
    Arrival::Settled(Report { outcome: Outcome::Advanced, learned })
}

/// Pulls the lever that is due, or goes on waiting.
fn waiting(
    steps: &Provisioner,
    member: &Member,
    mut wait: Wait<'_>,
    disabled: Option<Failure>,
    now: Instant,
) -> Seen<Work> {
    let Some(object_id) = member.user.object_id else {
        let failure = Failure::new(Code::StoreCorrupt, "A licensed user has no object id.");
        return super::verdicts::blocked(failure);
    };
    if now >= wait.ask_at() && !wait.past_deadline(now) {
        return lever(steps, Work::AskForSync(object_id));
    }
    if now >= wait.impersonate_at() && !wait.past_deadline(now) {
        return lever(steps, Work::Impersonate(object_id));
    }
    wait.memo.polled_at = wait.memo.polled_at.or(Some(wait.licensed_at));
    Seen::Settled(still_waiting(&wait, disabled, now))
}

fn lever(steps: &Provisioner, work: Work) -> Seen<Work> {
    let intent = IntentId(steps.ids.fresh());
    Seen::Needed(Need { intent, budgeted: false, assigns_license: false, sealed_password: None, work })
}

fn still_waiting(wait: &Wait<'_>, disabled: Option<Failure>, now: Instant) -> Report {
    let slow = wait.is_slow(now).then(|| {
        let minutes = (now - wait.licensed_at).num_minutes();
        Failure::new(Code::MachinePropagationSlow, format!("It was licensed {minutes} minutes ago."))
    });
    let refused = wait.memo.lever_refused.clone().or_else(|| wait.memo.impersonation_refused.clone());
    let because = disabled.or(refused).or(slow);
    let outcome = Outcome::NotYet { wait: wait.pause(now), because };
    Report { outcome, learned: Learned { memo: wait.text(), ..Learned::default() } }
}

pub(super) async fn act(
    steps: &Provisioner,
    site: &Site<'_>,
    needs: &[(usize, Need<Work>)],
) -> Result<Vec<Report>, WholeFailure> {
    let environment = site.environment()?;
    let environment_id = environment.id.to_string();
    let power_platform = site.tenant.client.power_platform();
    let dataverse = site.dataverse()?;
    let pulls: Vec<_> = needs
        .iter()
        .map(|(place, need)| {
            let (environment_id, power_platform, dataverse) = (&environment_id, &power_platform, &dataverse);
            async move {
                let now = steps.clock.now();
                let mut wait = Wait::of(&site.group.members[*place], &steps.policy);
                // The look of this very claim asked the environment if that was due.
                if now >= wait.poll_at() {
                    wait.memo.polled_at = Some(now);
                }
                match need.work {
                    Work::AskForSync(id) => {
                        wait.memo.asked_at = Some(now);
                        let answer = power_platform.add_user(environment_id, id).await;
                        note_answer(&mut wait, answer, now)?;
                    }
                    Work::Impersonate(id) => {
                        wait.memo.impersonated_at = Some(now);
                        match dataverse.who_am_i_as(id).await {
                            // It has brought the user there: worth a look, as after a yes of Power Platform's.
                            Ok(Impersonation::Present(_) | Impersonation::PresentWithoutRole) => {
                                wait.memo.accepted_at = Some(now);
                            }
                            Ok(Impersonation::NotMember) => {}
                            Err(call) => wait.memo.impersonation_refused = refusal(call)?,
                        }
                    }
                    Work::Create(_)
                    | Work::Enable(_)
                    | Work::SetUsageLocation(..)
                    | Work::Join(..)
                    | Work::Assign(..)
                    | Work::Convert(_)
                    | Work::Remove(..)
                    | Work::Delete(_)
                    | Work::Disable(_) => {}
                }
                Ok(still_waiting(&wait, None, now))
            }
        })
        .collect();
    let pulled: Vec<Result<Report, CallFailure>> = stream::iter(pulls).buffered(PULLS_MAX).collect().await;
    let mut reports = Vec::with_capacity(pulled.len());
    for report in pulled {
        reports.push(match report {
            Ok(report) => report,
            // Nothing certain came of this one; the lane or the member waits as the service asks.
            Err(call) => Report::of(match whole(call) {
                Ok(outcome) => outcome,
                Err(failed) => super::verdicts::lane_outcome(&failed),
            }),
        });
    }
    Ok(reports)
}

fn note_answer(
    wait: &mut Wait<'_>,
    answer: Result<AddUser, CallFailure>,
    now: Instant,
) -> Result<(), CallFailure> {
    match answer {
        Ok(AddUser::Accepted) => {
            wait.memo.accepted_at = Some(now);
            wait.memo.lever_refused = None;
            Ok(())
        }
        Ok(AddUser::NotLicensedYet) => {
            wait.memo.accepted_at = None;
            wait.memo.lever_refused = None;
            Ok(())
        }
        Err(call) => {
            if let Some(refusal) = refusal(call)? {
                wait.memo.lever_refused = Some(refusal);
            }
            Ok(())
        }
    }
}

/// A lever that fails is not the step that fails: a refusal is remembered and shown, and polling goes on.
fn refusal(call: CallFailure) -> Result<Option<Failure>, CallFailure> {
    match call.verdict {
        Verdict::Refused | Verdict::Absent => Ok(Some(call.failure)),
        // The levers are harmless to repeat, so an unknown fate is no more than a lost moment.
        Verdict::NotSent | Verdict::Unavailable { .. } | Verdict::Uncertain { .. } => Ok(None),
        Verdict::Throttled { .. } => Err(call),
    }
}
