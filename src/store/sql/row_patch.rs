//! A decided request as the columns it gets.

use super::json_rows::JsonRows;
use super::lane_book::{LaneBook, LanePlace};
use super::ledger::{Written, direction_of, is_waiting};
use super::words::maybe_failure_columns;
use crate::domain::{Direction, EvidenceKind, Failure, Phase, Progress};
use crate::store::StoreError;

/// Adds one row for the statement that writes decided requests; gives back the lane it goes to.
pub(in crate::store) fn push(
    rows: &mut JsonRows,
    written: &Written<'_>,
    lanes: &LaneBook,
) -> Result<Option<i64>, StoreError> {
    let Written { commit, order, before, slot_held } = written;
    let transition = &order.transition;
    let next = &transition.next;
    let lane = match transition.step {
        None => None,
        Some(step) => {
            let place = LanePlace::of(step, &before.tenant, &before.environment);
            let lane = lanes.find(&place);
            Some(lane.ok_or_else(|| StoreError::Failed(format!("the lane of {} is missing", order.request)))?)
        }
    };
    // A command raises the epoch, so that whoever has claimed the request loses it.
    let epoch = if order.holder.is_some() { order.epoch } else { order.epoch + 1 };
    let (code, failure) = maybe_failure_columns(failure_of(next));
    let trial = &next.trial;
    let (trouble_code, trouble) = maybe_failure_columns(trial.trouble.as_ref());
    let (evidence, behind) = match trial.evidence.map(|evidence| evidence.kind) {
        None => (None, None),
        Some(EvidenceKind::Absent) => (Some("absent"), None),
        Some(EvidenceKind::Behind(state)) => (Some("behind"), Some(state.as_str())),
    };
    let learned = &order.learned;
    // What a step remembers belongs to its state.
    let stays = next.state == before.state;
    let memo = learned.memo.as_deref().filter(|_| stays).or(trial.memo.as_deref());
    rows.row()
        .id(order.request.0)
        .int(order.epoch)
        .maybe_id(order.holder.map(|holder| holder.0))
        .text(before.state.as_str())
        .text(before.status.as_str())
        .int(epoch)
        .text(next.state.as_str())
        .text(next.status().as_str())
        .maybe_text(direction_of(next).map(Direction::as_str))
        .flag(next.paused)
        .flag(is_waiting(next))
        .maybe_instant(next.due_at())
        .instant(next.entered_at)
        .instant(commit.now)
        .int(i64::from(next.regressions))
        .maybe_text(code)
        .maybe_text(failure.as_deref())
        .int(i64::from(trial.attempts))
        .int(i64::from(trial.claims))
        .maybe_id(trial.intent.map(|intent| intent.id.0))
        .maybe_instant(trial.intent.map(|intent| intent.begun_at))
        .maybe_text(evidence)
        .maybe_text(behind)
        .maybe_int(trial.evidence.map(|evidence| i64::from(evidence.looks)))
        .maybe_instant(trial.evidence.map(|evidence| evidence.since))
        .maybe_text(trouble_code)
        .maybe_text(trouble.as_deref())
        .maybe_text(memo)
        .maybe_text(transition.step.map(|step| step.as_str()))
        .maybe_int(lane)
        .flag(*slot_held)
        .maybe_id(learned.system_user.map(|id| id.0))
        .maybe_text(learned.resolved.as_deref())
        .flag(trial.look_first);
    Ok(lane)
}

fn failure_of(progress: &Progress) -> Option<&Failure> {
    match &progress.phase {
        Phase::Blocked { failure, .. } | Phase::Failed { failure } => Some(failure),
        Phase::Active { .. } | Phase::Succeeded | Phase::Cancelled => None,
    }
}
