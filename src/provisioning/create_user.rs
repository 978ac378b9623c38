//! Requested → Created: the user exists, and is ours.

use super::households::{Finding, Write, by_user, households, read_where, share, spread};
use super::lost_history::is_made_by_us;
use super::provisioner::{Provisioner, Site};
use super::verdicts::{outcome_of, whole_act, whole_look};
use super::{Marker, Work, capacity, lost_history, password, security_group};
use crate::cloud::{CallFailure, DirectoryUser, NewUser, UserKey};
use crate::domain::{Code, Failure, IntentId, ObjectId, OnExisting, Outcome};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Learned, Member, UserOrigin};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Any of these application permissions lets us remove a license again
/// (Microsoft Graph, api/user-assignlicense, "Permissions").
const REMOVAL_PERMISSIONS: &[&str] =
    &["LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    match removal_is_forbidden(site).await {
        Ok(None) => {}
        Ok(Some(failure)) => {
            return Ok(members.iter().map(|_| super::verdicts::blocked(failure.clone())).collect());
        }
        Err(call) => return whole_look(call, members.len()),
    }
    let skus = match steps.subscriptions.known(&site.group.tenant, &site.tenant.client).await {
        Ok(skus) => skus,
        Err(call) => return whole_look(call, members.len()),
    };
    let households = households(site.group);
    let answers = match read_where(site, &households, |places| needs_look(places, members)).await {
        Ok(answers) => answers,
        Err(call) => return whole_look(call, members.len()),
    };
    let mut findings = Vec::with_capacity(households.len());
    for (places, answer) in households.into_iter().zip(answers) {
        let (places, refused) = by_consent(steps, places, members, &answer);
        findings.extend(refused);
        let Some(&first) = places.first() else { continue };
        let member = &members[first];
        let finding = if skus.iter().any(|row| row.sku == member.user.account.license) {
            match answer {
                Some(Ok(Some(user))) => judge(steps, member, &user),
                Some(Ok(None)) => missing(steps, member, may_show_up(steps, &places, members)),
                Some(Err(call)) => settled(outcome_of(call)),
                None => unseen(steps, member),
            }
        } else {
            settled(Outcome::Blocked { failure: capacity::unknown(&skus, member.user.account.license) })
        };
        let (places, waiting) = by_intent(steps, places, members, &finding);
        findings.extend(waiting);
        findings.push((places, finding));
    }
    if let Err(call) = refuse_administrators(site, &mut findings).await {
        return whole_look(call, members.len());
    }
    security_group::guarded(steps, site, spread(site.group, findings)).await
}

/// What the directory shows of a user, if it was asked.
type Answer = Option<Result<Option<DirectoryUser>, CallFailure>>;

/// A household without those who may not have its user: one that we did not make is only for the requests that say so, each
/// for itself.
fn by_consent(
    steps: &Provisioner,
    places: Vec<usize>,
    members: &[Member],
    answer: &Answer,
) -> (Vec<usize>, Option<(Vec<usize>, Finding)>) {
    let member = &members[places[0]];
    let stranger = match answer {
        Some(Ok(Some(user))) => Some(user.id).filter(|_| !is_made_by_us(steps, member, user)),
        Some(Err(_)) => None,
        Some(Ok(None)) | None => {
            member.user.object_id.filter(|_| member.user.origin == Some(UserOrigin::Adopted))
        }
    };
    let Some(stranger) = stranger else { return (places, None) };
    let (willing, refused): (Vec<usize>, Vec<usize>) =
        places.into_iter().partition(|&place| adopts(&members[place]));
    let finding = || settled(Outcome::Blocked { failure: taken(stranger) });
    let refused = (!refused.is_empty()).then(|| (refused, finding()));
    (willing, refused)
}

/// A household whose user may still show up, without those who have sent nothing for it themselves: how often they looked is
/// no evidence about a sibling's call, and they go on once that is found out.
fn by_intent(
    steps: &Provisioner,
    places: Vec<usize>,
    members: &[Member],
    finding: &Finding,
) -> (Vec<usize>, Option<(Vec<usize>, Finding)>) {
    let failure = match finding {
        Finding::Settled(Report { outcome: Outcome::Absent { failure }, .. })
            if failure.code == Code::RemoteUncertain =>
        {
            failure.clone()
        }
        Finding::Settled(_) | Finding::Needed(_) => return (places, None),
    };
    let has_sent = |&place: &usize| members[place].request.progress.trial.intent.is_some();
    let (senders, others): (Vec<usize>, Vec<usize>) = places.into_iter().partition(has_sent);
    let wait = steps.policy.absence_window / steps.policy.absence_looks.max(1);
    let waits = || settled(Outcome::NotYet { wait, because: Some(failure) });
    let waiting = (!others.is_empty()).then(|| (others, waits()));
    (senders, waiting)
}

/// Nobody's administrator becomes an account: of the users that are about to be adopted, those are set aside.
async fn refuse_administrators(
    site: &Site<'_>,
    findings: &mut [(Vec<usize>, Finding)],
) -> Result<(), CallFailure> {
    let about_to_be_adopted = |(at, (places, finding)): (usize, &(Vec<usize>, Finding))| {
        let known = site.group.members[places[0]].user.origin.is_some();
        adopts_now(finding).filter(|_| !known).map(|id| (at, id))
    };
    let (places, ids): (Vec<usize>, Vec<ObjectId>) =
        findings.iter().enumerate().filter_map(about_to_be_adopted).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let answers = site.tenant.client.graph().are_administrators(&ids).await?;
    for (at, answer) in places.into_iter().zip(answers) {
        match answer {
            Ok(false) => {}
            Ok(true) => {
                let failure = Failure::new(Code::GraphNotAdoptable, "It is an administrator.");
                findings[at].1 = settled(Outcome::Blocked { failure });
            }
            Err(call) => findings[at].1 = settled(outcome_of(call)),
        }
    }
    Ok(())
}

/// The user that a finding is about to adopt.
fn adopts_now(finding: &Finding) -> Option<ObjectId> {
    match finding {
        Finding::Settled(report) => {
            report.learned.object_id.filter(|_| report.learned.origin == Some(UserOrigin::Adopted))
        }
        Finding::Needed(write) => match write.work {
            Work::SetUsageLocation(id, _) => Some(id),
            Work::Create(_)
            | Work::Enable(_)
            | Work::Join(..)
            | Work::Assign(..)
            | Work::AskForSync(_)
            | Work::Impersonate(_)
            | Work::Convert(_)
            | Work::Remove(..)
            | Work::Delete(_)
            | Work::Disable(_) => None,
        },
    }
}

/// Why we must not assign a license, if we could not take it back (the token's roles tell). A token from before the permission was granted proves
/// nothing: then a new one is asked for.
pub(super) async fn removal_is_forbidden(site: &Site<'_>) -> Result<Option<Failure>, CallFailure> {
    let graph = site.tenant.client.graph();
    let refusal = |roles: Option<BTreeSet<String>>| roles.and_then(|roles| removal_forbidden(&roles));
    if refusal(graph.roles().await?).is_none() {
        return Ok(None);
    }
    graph.forget_stale_roles().await;
    Ok(refusal(graph.roles().await?))
}

/// The failure of an application that may assign a license but not take it back; such a license must never be taken.
fn removal_forbidden(roles: &BTreeSet<String>) -> Option<Failure> {
    let allowed = REMOVAL_PERMISSIONS.iter().any(|permission| roles.contains(*permission));
    (!allowed).then(|| {
        let held = roles.iter().cloned().collect::<Vec<_>>().join(", ");
        let held = if held.is_empty() { "none".to_owned() } else { held };
        Failure::new(
            Code::GraphPermissionMissing,
            format!("Nothing in its token lets it remove a license again. It holds: {held}."),
        )
    })
}

/// Whether the user may exist without our knowing: an earlier create may have made it, or it shall be adopted.
fn needs_look(places: &[usize], members: &[Member]) -> bool {
    let may_lie_behind = |&place: &usize| members[place].request.progress.trial.look_first;
    open_intent(places, members)
        || places.iter().any(|&place| adopts(&members[place]))
        || places.iter().any(may_lie_behind)
}

fn open_intent(places: &[usize], members: &[Member]) -> bool {
    places.iter().any(|&place| members[place].request.progress.trial.intent.is_some())
}

/// Whether an earlier create may have made the user, so that a look that misses it proves nothing yet.
fn may_show_up(steps: &Provisioner, places: &[usize], members: &[Member]) -> bool {
    let now = steps.clock.now();
    let is_to_be_made_anew =
        |&place: &usize| members[place].request.progress.trial.is_to_be_made_anew(&steps.policy, now);
    open_intent(places, members) && !places.iter().any(is_to_be_made_anew)
}

fn adopts(member: &Member) -> bool {
    member.request.asked.membership.on_existing == OnExisting::Adopt
}

/// A user that was not looked for: a sibling's create has made it already, and reads of it may still lag; or it is to be
/// made.
fn unseen(steps: &Provisioner, member: &Member) -> Finding {
    match (member.user.object_id, member.user.origin) {
        (Some(id), Some(origin)) => Finding::Settled(created(id, origin, None)),
        (None | Some(_), _) => create(steps, member),
    }
}

/// The directory does not show the user, this time.
fn missing(steps: &Provisioner, member: &Member, may_show_up: bool) -> Finding {
    let restored = member.request.progress.trial.look_first;
    if let (false, Some(id), Some(origin)) = (restored, member.user.object_id, member.user.origin) {
        // A sibling has made it, perhaps just now, and reads lag. Whether it is gone is for the next step to find out: that
        // one waits for the directory to catch up.
        return Finding::Settled(created(id, origin, None));
    }
    if member.user.object_id.is_some() {
        let failure = Failure::new(Code::GraphUserGone, "It was there before.");
        return settled(Outcome::Absent { failure });
    }
    if may_show_up {
        let failure = Failure::new(Code::RemoteUncertain, "The user is not there (yet).");
        return settled(Outcome::Absent { failure });
    }
    create(steps, member)
}

fn create(steps: &Provisioner, member: &Member) -> Finding {
    let account = &member.user.account;
    let intent = IntentId(steps.ids.fresh());
    let marker = Marker { store: steps.store.id(), user: member.user.id, intent };
    let password = password::generate(&*steps.chance);
    let sealed_password = match steps.passwords.seal(&password, &account.user_principal_name, intent) {
        Ok(sealed) => sealed,
        Err(error) => {
            let failure =
                Failure::new(Code::ConfigInvalid, format!("The password cannot be sealed: {error}"));
            return settled(Outcome::Blocked { failure });
        }
    };
    let user = NewUser {
        user_principal_name: account.user_principal_name.to_string(),
        display_name: account.display_name.clone(),
        given_name: account.given_name.clone(),
        surname: account.surname.clone(),
        mail_nickname: account.user_principal_name.mail_nickname(),
        usage_location: account.usage_location.clone(),
        password,
        marker: marker.to_string(),
    };
    Finding::Needed(Write {
        intent,
        assigns_license: false,
        sealed_password,
        work: Work::Create(Arc::new(user)),
    })
}

/// What an existing user of the wanted name means.
fn judge(steps: &Provisioner, member: &Member, user: &DirectoryUser) -> Finding {
    if is_made_by_us(steps, member, user) {
        return if user.account_enabled {
            Finding::Settled(found(member, user.id, password_of(steps, member, user)))
        } else {
            Finding::Needed(Write::new(&*steps.ids, Work::Enable(user.id)))
        };
    }
    if member.user.origin == Some(UserOrigin::Adopted) {
        return ready(user, UserOrigin::Adopted);
    }
    match member.request.asked.membership.on_existing {
        OnExisting::Block => settled(Outcome::Blocked { failure: taken(user.id) }),
        OnExisting::Adopt => {
            let marked = user.marker.as_deref().and_then(Marker::parse).is_some();
            adopt(steps, member, user, marked)
        }
    }
}

fn adopt(steps: &Provisioner, member: &Member, user: &DirectoryUser, made_by_another: bool) -> Finding {
    if user.on_premises_sync_enabled || made_by_another {
        let why = if made_by_another {
            "Another Seatless made it."
        } else {
            "It is synchronized from on premises."
        };
        return settled(Outcome::Blocked { failure: Failure::new(Code::GraphNotAdoptable, why) });
    }
    if user.usage_location.is_none() {
        let location = member.user.account.usage_location.clone();
        return Finding::Needed(Write::new(&*steps.ids, Work::SetUsageLocation(user.id, location)));
    }
    ready(user, UserOrigin::Adopted)
}

fn taken(by: ObjectId) -> Failure {
    Failure::new(Code::GraphNameTaken, format!("Its object id is {by}."))
}

/// A user of ours that is there. One that the row lost sight of may have come further than the row tells.
fn found(member: &Member, id: ObjectId, password: Option<IntentId>) -> Report {
    let mut report = created(id, UserOrigin::Made, password);
    if member.request.progress.trial.look_first {
        report.learned.has_past = lost_history::found(member, id).has_past;
    }
    report
}

/// The create whose password a user of ours has, if its marker still tells.
fn password_of(steps: &Provisioner, member: &Member, user: &DirectoryUser) -> Option<IntentId> {
    let marker = user.marker.as_deref().and_then(Marker::parse)?;
    (marker.store == steps.store.id() && marker.user == member.user.id).then_some(marker.intent)
}

fn ready(user: &DirectoryUser, origin: UserOrigin) -> Finding {
    Finding::Settled(created(user.id, origin, None))
}

/// The user is there; and it has the password of this create, where that is known.
pub(super) fn created(id: ObjectId, origin: UserOrigin, password: Option<IntentId>) -> Report {
    let learned = Learned {
        object_id: Some(id),
        origin: Some(origin),
        password_intent: password,
        ..Learned::default()
    };
    Report { outcome: Outcome::Advanced, learned }
}

fn settled(outcome: Outcome) -> Finding {
    Finding::Settled(Report::of(outcome))
}

pub(super) async fn act(
    steps: &Provisioner,
    site: &Site<'_>,
    needs: &[(usize, Need<Work>)],
) -> Result<Vec<Report>, WholeFailure> {
    // A membership is a request's own, and not its user's.
    let mut joins = match security_group::act(steps, site, needs).await {
        Ok(joins) => joins,
        Err(call) => return whole_act(call, needs.len()),
    };
    let mut shared = by_user(site.group, needs);
    shared.retain(|one| !matches!(one.need.work, Work::Join(..)));
    let graph = site.tenant.client.graph();
    let creates: Vec<NewUser> = shared
        .iter()
        .filter_map(|one| match &one.need.work {
            Work::Create(user) => Some(NewUser::clone(user)),
            _ => None,
        })
        .collect();
    let mut results = if creates.is_empty() {
        Vec::new()
    } else {
        match graph.create_users(&creates).await {
            Ok(results) => results,
            Err(call) => return whole_act(call, needs.len()),
        }
    };
    let mut results = results.drain(..);
    let mut reports = Vec::with_capacity(shared.len());
    for one in &shared {
        reports.push(match &one.need.work {
            Work::Create(_) => match results.next() {
                Some(Ok(id)) => created(id, UserOrigin::Made, Some(one.need.intent)),
                Some(Err(call)) if call.failure.code == Code::GraphNameTaken => {
                    conflict(steps, site, one.member, call.failure).await
                }
                Some(Err(call)) => Report::of(outcome_of(call)),
                None => Report::of(uncertain()),
            },
            Work::Enable(id) => match first(graph.set_account_enabled(&[(*id, true)]).await) {
                Ok(()) => found(one.member, *id, None),
                Err(call) => Report::of(outcome_of(call)),
            },
            Work::SetUsageLocation(id, location) => {
                match first(graph.set_usage_location(&[(*id, location.clone())]).await) {
                    Ok(()) => created(*id, UserOrigin::Adopted, None),
                    Err(call) => Report::of(outcome_of(call)),
                }
            }
            Work::Join(..)
            | Work::Assign(..)
            | Work::AskForSync(_)
            | Work::Impersonate(_)
            | Work::Convert(_)
            | Work::Remove(..)
            | Work::Delete(_)
            | Work::Disable(_) => Report::of(uncertain()),
        });
    }
    let mut others = share(needs.len(), &shared, reports).into_iter();
    let reports = needs.iter().zip(joins.drain(..)).filter_map(|((place, _), join)| {
        let member = &site.group.members[*place];
        join.or_else(|| {
            others.next().map(|report| security_group::not_before_membership(steps, member, report))
        })
    });
    Ok(reports.collect())
}

/// The name is taken: by a user that an earlier create of ours made after all, or by somebody else.
async fn conflict(steps: &Provisioner, site: &Site<'_>, member: &Member, refusal: Failure) -> Report {
    let name = UserKey::UserPrincipalName(member.user.account.user_principal_name.to_string());
    match first(site.tenant.client.graph().read_users(&[name]).await) {
        Ok(Some(user)) => match judge(steps, member, &user) {
            Finding::Settled(Report { outcome: Outcome::Blocked { failure }, learned }) => Report {
                outcome: Outcome::Blocked { failure: failure.seen_as(refusal.remote_request_ids) },
                learned,
            },
            // Whoever is to be adopted is looked at more closely first, and that is a look's work.
            Finding::Settled(report) if report.learned.origin == Some(UserOrigin::Adopted) => {
                Report::of(uncertain())
            }
            Finding::Settled(report) => report,
            // Ours, but something is still to be done about it: the next look finds that and records its own intent.
            Finding::Needed(_) => Report::of(uncertain()),
        },
        // A conflict with a user that reads do not show yet; the open intent has the next claim look again.
        Ok(None) => Report::of(uncertain()),
        Err(call) => {
            tracing::debug!(code = %call.failure.code, "the holder of a taken name cannot be read yet");
            Report::of(uncertain())
        }
    }
}

/// The one result of a call for one member.
pub(super) fn first<T>(members: crate::cloud::Members<T>) -> Result<T, CallFailure> {
    let mut results = members?;
    results.pop().unwrap_or_else(|| {
        Err(CallFailure {
            failure: Failure::new(Code::RemoteUncertain, "The answer holds no result."),
            verdict: crate::cloud::Verdict::Uncertain { retry_after: None },
        })
    })
}

/// Nobody knows; the next claim looks.
pub(super) fn uncertain() -> Outcome {
    Outcome::Ambiguous {
        failure: Failure::new(Code::RemoteUncertain, ""),
        charge: crate::domain::Charge::Member,
    }
}
