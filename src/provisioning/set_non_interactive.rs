//! Propagated → NonInteractive: the row has the access mode, the business unit and the roles that were asked for.

use super::Work;
use super::create_user::uncertain;
use super::provisioner::{Provisioner, Site};
use super::resolved::Resolved;
use super::verdicts::{outcome_of, whole_act, whole_look};
use crate::cloud::{AccessChange, SystemUser};
use crate::domain::{Charge, Code, Failure, IntentId, ObjectId, Outcome, State};
use crate::engine::{Need, Report, Seen, WholeFailure};
use crate::store::{Learned, Member};

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let ids: Vec<ObjectId> = members
        .iter()
        .filter(|member| needs_look(member))
        .filter_map(|member| member.user.object_id)
        .collect();
    let rows = if ids.is_empty() {
        Vec::new()
    } else {
        match site.dataverse()?.find_users(&ids).await {
            Ok(rows) => rows,
            Err(call) => return whole_look(call, members.len()),
        }
    };
    Ok(members
        .iter()
        .map(
            |member| {
                if needs_look(member) { judge(steps, member, &rows) } else { change(steps, member, None) }
            },
        )
        .collect())
}

/// Whether the row may have changed since it was seen.
fn needs_look(member: &Member) -> bool {
    let trial = &member.request.progress.trial;
    trial.look_first
        || trial.intent.is_some()
        || trial.attempts > 0
        || trial.evidence.is_some()
        || member.request.system_user.is_none()
}

fn judge(steps: &Provisioner, member: &Member, rows: &[SystemUser]) -> Seen<Work> {
    let mut own = rows.iter().filter(|row| row.object_id.is_some() && row.object_id == member.user.object_id);
    let (Some(row), None) = (own.next(), own.next()) else {
        let failure = Failure::new(Code::DataverseUserMissing, "");
        return Seen::Settled(Report::of(Outcome::Regressed { to: State::Licensed, failure }));
    };
    if row.is_disabled {
        let failure =
            Failure::new(Code::DataverseUserDisabled, row.disabled_reason.as_deref().unwrap_or_default());
        return Seen::Settled(Report::of(Outcome::Regressed { to: State::Licensed, failure }));
    }
    let resolved = Resolved::read(member.request.resolved.as_deref()).with_row(row);
    if resolved.lacks(row).is_none() {
        let learned = Learned { system_user: Some(row.id), ..Learned::default() };
        return Seen::Settled(Report { outcome: Outcome::Advanced, learned });
    }
    change(steps, member, Some((row, resolved)))
}

fn change(steps: &Provisioner, member: &Member, seen: Option<(&SystemUser, Resolved)>) -> Seen<Work> {
    let found = match seen {
        Some((row, resolved)) => Some((row.id, resolved)),
        None => member.request.system_user.map(|id| (id, Resolved::read(member.request.resolved.as_deref()))),
    };
    let Some((id, resolved)) = found else {
        // Without a row there is nothing to change; the next look has to find it first.
        return Seen::Settled(Report::of(uncertain()));
    };
    let work = Work::Convert(resolved.change(id));
    let intent = IntentId(steps.ids.fresh());
    Seen::Needed(Need { intent, budgeted: true, assigns_license: false, sealed_password: None, work })
}

pub(super) async fn act(site: &Site<'_>, needs: &[(usize, Need<Work>)]) -> Result<Vec<Report>, WholeFailure> {
    let changes: Vec<AccessChange> = needs
        .iter()
        .filter_map(|(_, need)| match &need.work {
            Work::Convert(change) => Some(change.clone()),
            _ => None,
        })
        .collect();
    let results = match site.dataverse()?.make_non_interactive(&changes).await {
        Ok(results) => results,
        Err(call) => return whole_act(call, needs.len()),
    };
    let mut results = results.into_iter();
    Ok(needs
        .iter()
        .map(|(place, _)| match results.next() {
            Some(Ok(row)) => Report::of(confirm(&site.group.members[*place], &row)),
            Some(Err(call)) => Report::of(match outcome_of(call) {
                Outcome::Absent { failure } => Outcome::Regressed { to: State::Licensed, failure },
                outcome => outcome,
            }),
            None => Report::of(uncertain()),
        })
        .collect())
}

/// The success of a write proves nothing; what the row shows afterwards does
/// (power-platform/admin/create-users: confirm the access mode).
fn confirm(member: &Member, row: &SystemUser) -> Outcome {
    let resolved = Resolved::read(member.request.resolved.as_deref());
    match resolved.lacks(row) {
        None if row.is_disabled => {
            let failure =
                Failure::new(Code::DataverseUserDisabled, row.disabled_reason.as_deref().unwrap_or_default());
            Outcome::Regressed { to: State::Licensed, failure }
        }
        None => Outcome::Advanced,
        Some(failure) => Outcome::Transient { failure, charge: Charge::Member },
    }
}
