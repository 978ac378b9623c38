//! Committing what was decided.

use super::books::{Books, Filed, LineKey};
use super::intake::lane_of;
use chrono::SubsecRound;
use seatless::domain::{
    EventKind, Instant, LicenseEffect, RequestId, SeatEffect, SlotEffect, State, Status, Step, Transition,
    UserId, Watch, WatchEffect,
};
use seatless::store::{
    Commit, CommitRow, Event, LicenseHold, LicensedBy, PoolKey, Recheck, RecheckReason, RowFate, Seat,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is known before a commit, and what its rows add up to.
#[derive(Default)]
struct Sheet {
    eldest: BTreeMap<PoolKey, UserId>,
    stood: BTreeMap<LineKey, usize>,
    turns: BTreeMap<LineKey, i64>,
    lanes: BTreeSet<super::books::LaneKey>,
    woken: BTreeSet<UserId>,
    /// Users of which more is known now, with the request that tells it.
    settled: BTreeMap<UserId, RequestId>,
    gone: BTreeSet<UserId>,
}

impl Books {
    pub fn commit(&mut self, commit: &Commit) -> Vec<RowFate> {
        let mut sheet = self.sheet();
        let fates: Vec<RowFate> = commit.rows.iter().map(|row| self.enter(commit, row, &mut sheet)).collect();
        for key in std::mem::take(&mut sheet.lanes) {
            self.lane_number(&key);
        }
        for user in &sheet.gone {
            self.forget_user(*user);
        }
        self.wake(&sheet.woken, commit.now);
        self.settle_passwords(commit, &sheet);
        self.settle_lines(&sheet);
        if fates.is_empty() || fates.contains(&RowFate::Written) {
            for entry in &commit.tallies {
                *self.tallies.entry((entry.tenant.clone(), entry.tally)).or_default() += entry.amount;
            }
        }
        self.release_lane(commit);
        fates
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::default();
        for filed in self.seen().filter(|one| one.stands_in_line()) {
            *sheet.stood.entry(filed.line()).or_default() += 1;
            if self.users[&filed.request.user].user.seat == Seat::None {
                sheet.eldest.entry(filed.seat_pool()).or_insert(filed.request.user);
            }
        }
        sheet
    }

    fn enter(&mut self, commit: &Commit, row: &CommitRow, sheet: &mut Sheet) -> RowFate {
        let ours = |one: &&Filed| {
            one.request.epoch == row.epoch
                && (one.request.progress.state, one.status()) == row.from
                && (row.holder.is_none() || one.request.holder == row.holder)
                && !one.staged
        };
        let Some(filed) = self.requests.get(&row.request).filter(ours) else { return RowFate::Lost };
        if !self.is_room(filed, &row.transition) {
            if row.holder.is_some() {
                let filed = self.requests.get_mut(&row.request).expect("it is ours");
                filed.request.holder = None;
                filed.set_due(commit.now);
            }
            return RowFate::NoRoom;
        }
        let (user, pool, line) = (filed.request.user, filed.seat_pool(), filed.line());
        let needed = filed.needs_license() && filed.status() == Status::Active;
        let (waited, slot) = (filed.waits(), filed.slot_pool());
        self.change_license(commit, row, user);
        if self.change_seat(commit, row, user, &pool) {
            *sheet.turns.entry(line).or_default() += 1;
            let read = self.pools.entry(pool.clone()).or_default();
            let others = sheet.eldest.get(&pool).is_some_and(|eldest| *eldest != user);
            read.passed_over = if others { read.passed_over + 1 } else { 0 };
        }
        self.write(commit, row);
        let filed = &self.requests[&row.request];
        if waited != filed.waits() {
            self.pools.entry(pool).or_default();
        }
        let filed = &self.requests[&row.request];
        if needed && !(filed.needs_license() && filed.status() == Status::Active) {
            sheet.woken.insert(user);
        }
        if row.transition.slot != SlotEffect::Keep && filed.request.slot_held {
            self.pools.entry(slot).or_default();
        }
        sheet.lanes.extend(
            row.transition.step.map(|step| lane_of(step, &self.requests[&row.request].request.asked)),
        );
        self.learn(row, user, sheet);
        RowFate::Written
    }

    /// Whether what the transition takes is there.
    fn is_room(&self, filed: &Filed, transition: &Transition) -> bool {
        let person = &self.users[&filed.request.user];
        let own = match person.user.seat {
            Seat::None => false,
            Seat::Held { .. } => true,
            Seat::Resting { .. } => person.seat_license == Some(filed.request.asked.account.license),
        };
        let seat = transition.seat != SeatEffect::Take || own || self.free(&filed.seat_pool()) > 0;
        let slot = transition.slot != SlotEffect::Take
            || filed.request.slot_held
            || self.free(&filed.slot_pool()) > 0;
        seat && slot
    }

    /// What becomes of the user's seat; says whether another unit of the request's pool is out.
    fn change_seat(&mut self, commit: &Commit, row: &CommitRow, user: UserId, pool: &PoolKey) -> bool {
        let PoolKey::Seat { tenant, sku } = pool else { return false };
        let person = self.users.get_mut(&user).expect("every request has a user");
        let (held, license) = (person.user.seat, person.seat_license);
        let now = commit.now;
        match (row.transition.seat, held) {
            (SeatEffect::Take, Seat::None | Seat::Resting { .. }) => {
                let another = held == Seat::None || license != Some(*sku);
                person.user.seat = Seat::Held { since: now };
                person.seat_license = Some(*sku);
                return another;
            }
            (SeatEffect::Return, Seat::Held { .. }) if !commit.seat_rest.is_zero() => {
                person.user.seat = Seat::Resting { until: now + commit.seat_rest };
            }
            (SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused, Seat::Held { .. }) => {
                person.user.seat = Seat::None;
                person.seat_license = None;
                if row.transition.seat == SeatEffect::Refused {
                    let key = PoolKey::Seat { tenant: tenant.clone(), sku: license.unwrap_or(*sku) };
                    self.pools.entry(key).or_default().others += 1;
                }
            }
            (SeatEffect::Keep | SeatEffect::Take, _)
            | (
                SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused,
                Seat::None | Seat::Resting { .. },
            ) => {}
        }
        false
    }

    fn change_license(&mut self, commit: &Commit, row: &CommitRow, user: UserId) {
        let (now, resolved) = (commit.now, row.transition.resolved);
        if let Some(intent) = resolved
            && self.rechecks.get(&intent).is_some_and(|one| one.reason == RecheckReason::InFlight)
        {
            self.rechecks.remove(&intent);
        }
        let person = self.users.get_mut(&user).expect("every request has a user");
        let explains = match person.user.license {
            LicenseHold::None => None,
            LicenseHold::MayBeHeld { intent } | LicenseHold::Held { intent, .. } => Some(intent),
        };
        match row.transition.license {
            LicenseEffect::Unchanged => {}
            LicenseEffect::Confirmed => {
                let is_held = matches!(person.user.license, LicenseHold::Held { .. });
                if let Some(intent) = explains.or(resolved).filter(|_| !is_held) {
                    person.user.license = LicenseHold::Held { intent, since: now };
                }
            }
            LicenseEffect::Gone => person.user.license = LicenseHold::None,
            LicenseEffect::GoneWithUser => {
                person.user.license = LicenseHold::None;
                if let (Some(intent), Some(object_id)) = (explains, person.user.object_id) {
                    let buried = Recheck {
                        intent,
                        tenant: person.user.tenant.clone(),
                        user: Some(user),
                        object_id,
                        license: person.user.account.license,
                        reason: RecheckReason::Deleted,
                        noted_at: now,
                    };
                    let known = self.rechecks.entry(intent).or_insert_with(|| buried.clone());
                    (known.reason, known.noted_at) = (buried.reason, buried.noted_at);
                }
            }
        }
        person.user.propagated_once |= row.transition.next.state >= State::Propagated || row.learned.has_past;
    }

    fn write(&mut self, commit: &Commit, row: &CommitRow) {
        let filed = self.requests.get_mut(&row.request).expect("it is ours");
        let (request, transition) = (&mut filed.request, &row.transition);
        let stays = request.progress.state == transition.next.state;
        request.progress = transition.next.clone();
        if let Some(memo) = row.learned.memo.clone().filter(|_| stays) {
            request.progress.trial.memo = Some(memo);
        }
        request.step = transition.step;
        request.holder = None;
        // A command takes it from whoever has claimed it.
        request.epoch += i64::from(row.holder.is_none());
        request.updated_at = commit.now;
        request.slot_held = match transition.slot {
            SlotEffect::Keep => request.slot_held,
            SlotEffect::Take => true,
            SlotEffect::Return => false,
        };
        request.system_user = row.learned.system_user.or(request.system_user);
        request.resolved = row.learned.resolved.clone().or(request.resolved.take());
        let (id, user) = (request.id, request.user);
        if let Some(at) = filed.request.progress.due_at() {
            filed.set_due(at.trunc_subsecs(6));
        }
        match transition.watch {
            WatchEffect::Keep => {}
            WatchEffect::Begin { due_at } => drop(self.watches.insert(id, Watch::begun(commit.now, due_at))),
            WatchEffect::End => drop(self.watches.remove(&id)),
        }
        if let Some(event) = &transition.event {
            let of_failure = event.failure.iter().flat_map(|failure| failure.remote_request_ids.clone());
            let mut ids: Vec<String> = Vec::new();
            for one in of_failure.chain(row.learned.remote_request_ids.clone()) {
                if !ids.contains(&one) {
                    ids.push(one);
                }
            }
            self.tell(Event {
                sequence: 0,
                occurred_at: commit.now,
                request: id,
                user,
                actor: commit.actor.clone(),
                kind: event.kind,
                from: event.from,
                to: event.to,
                intent: event.intent,
                failure: event.failure.clone(),
                remote_request_ids: ids,
                drift: None,
            });
        }
    }

    fn learn(&mut self, row: &CommitRow, user: UserId, sheet: &mut Sheet) {
        let learned = &row.learned;
        let person = self.users.get_mut(&user).expect("every request has a user");
        person.user.object_id = learned.object_id.or(person.user.object_id);
        person.user.origin = learned.origin.or(person.user.origin);
        person.user.licensed_by = learned.licensed_by.unwrap_or(person.user.licensed_by);
        person.valid = person.valid.or(learned.password_intent);
        let gone = learned.user_gone && row.transition.next.status().is_terminal();
        if gone {
            sheet.gone.insert(user);
        }
        if gone || learned.password_intent.is_some() {
            sheet.settled.entry(user).or_insert(row.request);
        }
    }

    fn forget_user(&mut self, user: UserId) {
        let person = self.users.get_mut(&user).expect("every request has a user");
        person.user.object_id = None;
        person.user.origin = None;
        person.user.licensed_by = LicensedBy::Nobody;
        person.valid = None;
        person.rotation = None;
        person.acknowledged_at = None;
    }

    /// Whoever waited until nobody needs the user's license any more is due.
    fn wake(&mut self, users: &BTreeSet<UserId>, now: Instant) {
        for filed in self.requests.values_mut() {
            let waits = users.contains(&filed.request.user)
                && filed.status() == Status::Active
                && filed.request.step == Some(Step::RemoveLicense)
                && filed.request.holder.is_none()
                && filed.due_at().is_some_and(|at| at > now);
            if waits {
                filed.set_due(now);
            }
        }
    }

    /// A line that somebody joins begins a little before the one that is furthest, and is never set back.
    fn settle_lines(&mut self, sheet: &Sheet) {
        let mut lines: BTreeSet<LineKey> = self.seen().map(Filed::line).collect();
        lines.extend(sheet.turns.keys().cloned());
        let before = self.lines.clone();
        for line in lines {
            let stood = sheet.stood.get(&line).copied().unwrap_or(0);
            let class = |one: &&LineKey| {
                (&one.tenant, one.license, one.priority) == (&line.tenant, line.license, line.priority)
            };
            if self.standing_in(&line) > stood && stood == 0 {
                let furthest = before.iter().filter(|(one, _)| class(one)).map(|(_, pass)| *pass).max();
                let fresh = furthest.map_or(0, |furthest| furthest - seatless::domain::FRESH_TURNS);
                let pass = before.get(&line).map_or(fresh, |pass| fresh.max(*pass));
                self.lines.insert(line.clone(), pass);
            }
            if let Some(pass) = self.lines.get_mut(&line) {
                *pass += sheet.turns.get(&line).copied().unwrap_or(0);
            }
        }
    }

    /// What is certainly not a user's password any more is destroyed, and that is told where it became known.
    fn settle_passwords(&mut self, commit: &Commit, sheet: &Sheet) {
        for (user, request) in &sheet.settled {
            for intent in self.destroy_superseded(*user) {
                let state = self.requests[request].request.progress.state;
                self.tell(Event {
                    sequence: 0,
                    occurred_at: commit.now,
                    request: *request,
                    user: *user,
                    actor: commit.actor.clone(),
                    kind: EventKind::Destroyed,
                    from: state,
                    to: state,
                    intent: Some(intent),
                    failure: None,
                    remote_request_ids: Vec::new(),
                    drift: None,
                });
            }
        }
    }

    /// Gives the lane back, and with it whatever its group left behind.
    fn release_lane(&mut self, commit: &Commit) {
        let Some(release) = &commit.lane else { return };
        let holder = release.holder.or_else(|| commit.rows.iter().find_map(|row| row.holder));
        let place = usize::try_from(release.lane.0 - 1).expect("a lane's number");
        let lane = &mut self.lanes[place];
        if lane.claimed_by.is_none() || holder.is_some_and(|holder| lane.claimed_by != Some(holder)) {
            return;
        }
        lane.claimed_by = None;
        lane.gate_until = release.gate_until;
        lane.trouble = release.trouble;
        lane.failure.clone_from(&release.failure);
        let key = lane.key.clone();
        for filed in self.requests.values_mut().filter(|one| one.lane().as_ref() == Some(&key)) {
            filed.request.holder = None;
        }
    }
}
