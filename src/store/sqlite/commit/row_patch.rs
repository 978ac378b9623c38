//! A decided request as the columns it gets.

use super::super::json_rows::JsonRows;
use super::super::lanes::{LaneBook, LanePlace};
use super::super::words::maybe_failure_columns;
use super::ledger::{Written, direction_of, is_waiting};
use crate::domain::{Direction, EvidenceKind, Failure, Phase, Progress};
use crate::store::StoreError;

/// The statement that writes decided rows, with what it sets beside the rest.
macro_rules! update_rows {
    ($also:literal) => {
        concat!(
            "
    WITH decided AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests
    SET ",
            $also,
            "holder = NULL, epoch = v ->> 5, state = v ->> 6, direction = v ->> 8, paused = v ->> 9,
        waiting = v ->> 10, due_at = v ->> 11, entered_at = v ->> 12, updated_at = v ->> 13, regressions = v ->> 14,
        code = v ->> 15, failure = v ->> 16, attempts = v ->> 17, claims = v ->> 18, intent = unhex(v ->> 19),
        begun_at = v ->> 20, evidence = v ->> 21, evidence_state = v ->> 22, evidence_looks = v ->> 23,
        evidence_since = v ->> 24, trouble_code = v ->> 25, trouble = v ->> 26, memo = v ->> 27, step = v ->> 28,
        lane = v ->> 29, slot_held = v ->> 30, system_user = ifnull(unhex(v ->> 31), system_user),
        resolved = ifnull(v ->> 32, resolved), look_first = v ->> 33
    FROM decided
    WHERE requests.id = unhex(v ->> 0) AND epoch = v ->> 1 AND state = v ->> 3 AND status = v ->> 4
      AND (v ->> 2 IS NULL OR holder = unhex(v ->> 2))"
        )
    };
}

/// For rows that keep their status, as most do: SQLite rewrites the entry of each index that names a column which is
/// set, whether or not its value changes, and two indexes name the status.
pub(in super::super) const ROWS: &str = update_rows!("");

/// For rows that get another status.
pub(in super::super) const ROWS_OF_NEW_STATUS: &str = update_rows!("status = v ->> 7, ");

/// Adds one row for [`ROWS`]; gives back the lane it goes to.
pub(super) fn push(
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
