//! The books of one application: which rows hold, and everything that follows from them; pure.

use super::seats::{Pools, apply_seat, apply_slot, is_room, license_after, seat_pool};
use super::touched::{Row, UserRow};
use super::turns::Turns;
use crate::domain::{
    BatchId, Direction, Instant, IntentId, LicenseEffect, ObjectId, Phase, Progress, RequestId, State,
    Status, Timer, UserId,
};
use crate::store::{Commit, CommitRow, LicenseHold, LicensedBy, RowFate, UserOrigin};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A counter's key.
pub(in crate::store) type CountKey = (BatchId, String, String, State, Status);

/// A row that is to be written.
pub(in crate::store) struct Written<'a> {
    pub(in crate::store) commit: &'a Commit,
    pub(in crate::store) order: &'a CommitRow,
    pub(in crate::store) before: Row,
    pub(in crate::store) slot_held: bool,
}

/// A user that is to be written.
#[derive(Clone, Default)]
pub(in crate::store) struct UserChange {
    pub(in crate::store) object_id: Option<ObjectId>,
    pub(in crate::store) origin: Option<UserOrigin>,
    /// The write whose password it has, if that is known now.
    pub(in crate::store) password: Option<IntentId>,
    /// It is gone from the directory: its id and origin mean nothing any more.
    pub(in crate::store) gone: bool,
    /// Who beside us gave it its license.
    pub(in crate::store) licensed_by: Option<LicensedBy>,
    /// By how many more of its requests wait for a seat.
    pub(in crate::store) waiting: i64,
}

/// What an application writes.
#[derive(Default)]
pub(in crate::store) struct Ledger<'a> {
    pub(in crate::store) written: Vec<Written<'a>>,
    /// Rows that found no room and are released, with the instant at which they are due again.
    pub(in crate::store) released: Vec<(RequestId, Instant)>,
    pub(in crate::store) users: BTreeMap<UserId, UserChange>,
    pub(in crate::store) pools: Pools,
    pub(in crate::store) turns: Turns,
    pub(in crate::store) counts: BTreeMap<CountKey, i64>,
    /// Users whose license nobody here needs any more, with the instant.
    pub(in crate::store) wakes: BTreeMap<UserId, Instant>,
    /// Assignments whose own call told how they ended.
    pub(in crate::store) resolved: Vec<IntentId>,
    /// Licenses that went with their users: the user, what explains it, and the instant.
    pub(in crate::store) buried: BTreeMap<UserId, (IntentId, Instant)>,
    /// The lanes that rows left, or stay in.
    pub(in crate::store) lanes: BTreeSet<i64>,
}

impl<'a> Ledger<'a> {
    /// Enters one row, and says what becomes of it.
    pub(in crate::store) fn enter(
        &mut self,
        commit: &'a Commit,
        order: &'a CommitRow,
        rows: &HashMap<RequestId, Row>,
        users: &mut HashMap<UserId, UserRow>,
    ) -> RowFate {
        let Some(row) = rows.get(&order.request).filter(|row| is_ours(row, order)) else {
            return RowFate::Lost;
        };
        let Some(user) = users.get_mut(&row.user) else {
            return RowFate::Lost;
        };
        self.lanes.extend(row.lane);
        let transition = &order.transition;
        if !is_room(&self.pools, row, user, transition) {
            if order.holder.is_some() {
                self.released.push((order.request, commit.now));
            }
            return RowFate::NoRoom;
        }
        self.change_user(commit, order, row, user);
        let slot_held = apply_slot(&mut self.pools, row, transition.slot);
        self.count(row, &transition.next);
        if needs_license(row.state, row.status, row.direction) && !progress_needs_license(&transition.next) {
            self.wakes.insert(row.user, commit.now);
        }
        self.written.push(Written { commit, order, before: row.clone(), slot_held });
        RowFate::Written
    }

    fn change_user(&mut self, commit: &Commit, order: &CommitRow, row: &Row, user: &mut UserRow) {
        let before = (user.seat, user.license, user.propagated_once);
        let transition = &order.transition;
        self.resolved.extend(transition.resolved);
        if let (LicenseEffect::GoneWithUser, Some(intent)) = (transition.license, intent_of(user.license)) {
            self.buried.insert(row.user, (intent, commit.now));
        }
        if apply_seat(&mut self.pools, row, user, transition.seat, commit.now, commit.seat_rest) {
            self.turns.take(row, &seat_pool(row));
        }
        user.license = license_after(user.license, transition.license, transition.resolved, commit.now);
        user.propagated_once |= transition.next.state >= State::Propagated || order.learned.has_past;
        let waits = i64::from(is_waiting(&transition.next)) - i64::from(row.waiting);
        if waits != 0 {
            self.pools.wait(seat_pool(row), waits);
        }
        let stands = |waiting: bool, paused: bool| i64::from(waiting && !paused);
        let joins =
            stands(is_waiting(&transition.next), transition.next.paused) - stands(row.waiting, row.paused);
        if joins != 0 {
            self.turns.wait(row, joins);
        }
        let learned = &order.learned;
        let gone = learned.user_gone && transition.next.status().is_terminal();
        let learns = learned.object_id.is_some()
            || learned.origin.is_some()
            || learned.password_intent.is_some()
            || learned.licensed_by.is_some()
            || gone;
        if learns || waits != 0 || before != (user.seat, user.license, user.propagated_once) {
            let change = self.users.entry(row.user).or_default();
            change.waiting += waits;
            change.object_id = learned.object_id.or(change.object_id);
            change.origin = learned.origin.or(change.origin);
            change.password = change.password.or(learned.password_intent);
            change.licensed_by = learned.licensed_by.or(change.licensed_by);
            change.gone |= gone;
        }
    }

    fn count(&mut self, row: &Row, next: &Progress) {
        let (from, to) = ((row.state, row.status), (next.state, next.status()));
        if from == to {
            return;
        }
        for ((state, status), change) in [(from, -1), (to, 1)] {
            let key = (row.batch, row.tenant.clone(), row.environment.clone(), state, status);
            *self.counts.entry(key).or_default() += change;
        }
    }
}

/// The intent that explains a license.
fn intent_of(license: LicenseHold) -> Option<IntentId> {
    match license {
        LicenseHold::None => None,
        LicenseHold::MayBeHeld { intent } | LicenseHold::Held { intent, .. } => Some(intent),
    }
}

/// The fence: the epoch, the expected state, and the holder of a worker's row. A command takes it from any holder.
fn is_ours(row: &Row, order: &CommitRow) -> bool {
    row.epoch == order.epoch
        && (row.state, row.status) == order.from
        && (order.holder.is_none() || row.holder == order.holder)
}

/// Whether a progress waits for a seat.
pub(in crate::store) fn is_waiting(progress: &Progress) -> bool {
    match progress.phase {
        Phase::Active { timer: Timer::ForSeat, .. } => true,
        Phase::Active { timer: Timer::At(_), .. }
        | Phase::Blocked { .. }
        | Phase::Succeeded
        | Phase::Failed { .. }
        | Phase::Cancelled => false,
    }
}

/// Where a progress is heading, if it is heading anywhere.
pub(in crate::store) fn direction_of(progress: &Progress) -> Option<Direction> {
    match progress.phase {
        Phase::Active { direction, .. } | Phase::Blocked { direction, .. } => Some(direction),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => None,
    }
}

fn progress_needs_license(progress: &Progress) -> bool {
    needs_license(progress.state, progress.status(), direction_of(progress))
}

fn needs_license(state: State, status: Status, direction: Option<Direction>) -> bool {
    let at_license = match state {
        State::Licensed | State::Propagated => true,
        State::Requested | State::Created | State::NonInteractive | State::Unlicensed => false,
    };
    at_license && status == Status::Active && direction == Some(Direction::Forward)
}
