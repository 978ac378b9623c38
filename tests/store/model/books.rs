//! What is remembered, and what follows from it.

use seatless::domain::{
    BatchId, Direction, HolderId, Instant, IntentId, OperationId, Phase, RequestId, Scope, SkuId, State,
    Status, Step, Timer, UserId, Watch,
};
use seatless::store::{
    Batch, Event, Finding, Member, OpenRotation, PoolKey, Recheck, Request, Seat, Siblings, SweepStanding,
    Tally, User,
};
use std::collections::BTreeMap;

/// Everything.
#[derive(Clone, Default)]
pub struct Books {
    pub batches: BTreeMap<BatchId, Submission>,
    pub users: BTreeMap<UserId, Person>,
    pub requests: BTreeMap<RequestId, Filed>,
    /// In the order in which they were first needed; the first is number 1.
    pub lanes: Vec<Lane>,
    /// How many turns each tenant has had, in strides.
    pub passes: BTreeMap<String, i64>,
    pub pools: BTreeMap<PoolKey, Read>,
    /// How many turns each line for a seat has had.
    pub lines: BTreeMap<LineKey, i64>,
    pub events: Vec<Event>,
    pub sealed: BTreeMap<IntentId, Sealed>,
    pub rechecks: BTreeMap<IntentId, Recheck>,
    pub sweeps: BTreeMap<String, SweepStanding>,
    pub watches: BTreeMap<RequestId, Watch>,
    pub operations: BTreeMap<OperationId, super::operations::Kept>,
    pub tallies: BTreeMap<(String, Tally), f64>,
    /// When an older state was put back, if ever.
    pub doubted_since: Option<Instant>,
    /// Nobody has confirmed it since.
    pub is_doubted: bool,
}

#[derive(Clone)]
pub struct Submission {
    pub batch: Batch,
    pub faulty: bool,
    pub promoted: bool,
}

#[derive(Clone)]
pub struct Person {
    pub user: User,
    /// Of the pool that its seat was taken from.
    pub seat_license: Option<SkuId>,
    pub print: [u8; 32],
    /// The write whose password it has.
    pub valid: Option<IntentId>,
    pub rotation: Option<OpenRotation>,
    pub acknowledged_at: Option<Instant>,
}

#[derive(Clone)]
pub struct Filed {
    pub request: Request,
    /// Nobody sees it yet.
    pub staged: bool,
    pub print: [u8; 32],
}

/// A step, and what it is shared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneKey {
    pub step: Step,
    pub tenant: String,
    pub environment: Option<String>,
}

#[derive(Clone)]
pub struct Lane {
    pub key: LaneKey,
    pub gate_until: Option<Instant>,
    pub claimed_by: Option<HolderId>,
    pub served_at: Option<Instant>,
    pub trouble: u32,
    pub failure: Option<seatless::domain::Failure>,
}

/// What was read about a pool, and whose turns it gave.
#[derive(Clone, Default)]
pub struct Read {
    pub capacity: Option<u32>,
    pub others: u32,
    pub read_at: Option<Instant>,
    pub passed_over: u32,
}

/// The requests of one batch and priority that wait for a seat of one pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    pub tenant: String,
    pub license: SkuId,
    pub priority: i32,
    pub batch: BatchId,
}

#[derive(Clone)]
pub struct Sealed {
    pub user: UserId,
    pub bytes: Vec<u8>,
    pub begun_at: Instant,
    pub taken_at: Option<Instant>,
}

impl Filed {
    pub fn status(&self) -> Status {
        self.request.progress.status()
    }

    /// It lives, or has succeeded.
    pub fn is_live(&self) -> bool {
        matches!(self.status(), Status::Active | Status::Blocked | Status::Succeeded)
    }

    pub fn is_forward(&self) -> bool {
        match self.request.progress.phase {
            Phase::Active { direction, .. } | Phase::Blocked { direction, .. } => {
                direction == Direction::Forward
            }
            Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => false,
        }
    }

    pub fn waits(&self) -> bool {
        matches!(self.request.progress.phase, Phase::Active { timer: Timer::ForSeat, .. })
    }

    /// It stands in a line for a seat.
    pub fn stands_in_line(&self) -> bool {
        self.waits() && !self.request.progress.paused
    }

    pub fn lane(&self) -> Option<LaneKey> {
        let asked = &self.request.asked;
        self.request.step.map(|step| LaneKey {
            step,
            tenant: asked.tenant.clone(),
            environment: (step.scope() == Scope::Environment).then(|| asked.environment.clone()),
        })
    }

    pub fn due_at(&self) -> Option<Instant> {
        self.request.progress.due_at().filter(|_| !self.staged)
    }

    /// When it may be claimed.
    pub fn claimable_at(&self) -> Option<Instant> {
        self.due_at().filter(|_| self.request.holder.is_none() && !self.request.progress.paused)
    }

    pub fn set_due(&mut self, at: Instant) {
        match &mut self.request.progress.phase {
            Phase::Active { timer, .. } => *timer = Timer::At(at),
            Phase::Blocked { seat_due, .. } => *seat_due = Some(at),
            Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {}
        }
    }

    /// A user's license is needed by it.
    pub fn needs_license(&self) -> bool {
        matches!(self.request.progress.state, State::Licensed | State::Propagated) && self.is_forward()
    }

    pub fn seat_pool(&self) -> PoolKey {
        let asked = &self.request.asked;
        PoolKey::Seat { tenant: asked.tenant.clone(), sku: asked.account.license }
    }

    pub fn slot_pool(&self) -> PoolKey {
        let asked = &self.request.asked;
        PoolKey::Slot { tenant: asked.tenant.clone(), environment: asked.environment.clone() }
    }

    pub fn line(&self) -> LineKey {
        let asked = &self.request.asked;
        LineKey {
            tenant: asked.tenant.clone(),
            license: asked.account.license,
            priority: asked.priority,
            batch: self.request.batch,
        }
    }
}

impl Books {
    /// The requests that anybody may see, by age.
    pub fn seen(&self) -> impl Iterator<Item = &Filed> {
        self.requests.values().filter(|filed| !filed.staged)
    }

    pub fn of_user(&self, user: UserId) -> impl Iterator<Item = &Filed> {
        self.requests.values().filter(move |filed| filed.request.user == user)
    }

    /// A request with its user. `now` is when a blocked sibling counts as needing its license no longer; without it never.
    pub fn member(&self, id: RequestId, now: Option<Instant>) -> Member {
        let filed = &self.requests[&id];
        let person = &self.users[&filed.request.user];
        let others = || {
            self.of_user(filed.request.user).filter(|one| one.is_live() && one.request.id != filed.request.id)
        };
        let license_needed = |one: &Filed| {
            one.needs_license()
                && (one.status() == Status::Active
                    || one.request.progress.due_at().is_some_and(|due| now.is_none_or(|now| due > now)))
        };
        let user_needed = |one: &Filed| {
            let promised = || self.batches[&one.request.batch].batch.accepted_at.is_some();
            (one.status() == Status::Succeeded || one.is_forward()) && (!one.staged || promised())
        };
        let mut request = filed.request.clone();
        request.asked.account = person.user.account.clone();
        Member {
            request,
            user: person.user.clone(),
            siblings: Siblings {
                license_needed: others().any(license_needed),
                user_needed: others().any(user_needed),
            },
        }
    }

    /// How many units of a pool are out by our doing.
    pub fn held(&self, key: &PoolKey) -> u32 {
        let count = match key {
            PoolKey::Seat { tenant, sku } => {
                let holds = |one: &&Person| one.user.seat != Seat::None && one.seat_license == Some(*sku);
                self.users.values().filter(holds).filter(|one| one.user.tenant == *tenant).count()
            }
            PoolKey::Slot { .. } => {
                self.seen().filter(|one| one.request.slot_held && one.slot_pool() == *key).count()
            }
        };
        u32::try_from(count).expect("a small number")
    }

    pub fn free(&self, key: &PoolKey) -> i64 {
        self.pools.get(key).map_or(0, |read| {
            i64::from(read.capacity.unwrap_or(0)) - i64::from(read.others) - i64::from(self.held(key))
        })
    }

    /// How many stand in a line.
    pub fn standing_in(&self, line: &LineKey) -> usize {
        self.seen().filter(|one| one.stands_in_line() && one.line() == *line).count()
    }

    pub fn lane_number(&mut self, key: &LaneKey) -> usize {
        if let Some(place) = self.lanes.iter().position(|lane| lane.key == *key) {
            return place;
        }
        self.lanes.push(Lane {
            key: key.clone(),
            gate_until: None,
            claimed_by: None,
            served_at: None,
            trouble: 0,
            failure: None,
        });
        self.lanes.len() - 1
    }

    /// When the first request of a lane may be claimed.
    pub fn next_at(&self, lane: &Lane) -> Option<Instant> {
        let of_lane = self.seen().filter(|one| one.lane().as_ref() == Some(&lane.key));
        of_lane.filter_map(Filed::claimable_at).min()
    }

    /// When a lane is due, gate included.
    pub fn wake_at(&self, lane: &Lane) -> Option<Instant> {
        let next = self.next_at(lane).filter(|_| lane.claimed_by.is_none())?;
        Some(lane.gate_until.map_or(next, |gate| gate.max(next)))
    }

    /// Writes an event; its place in the order is the next.
    pub fn tell(&mut self, mut event: Event) {
        event.sequence = i64::try_from(self.events.len()).expect("a small number") + 1;
        self.events.push(event);
    }

    /// What a new owner makes of an older state: whatever is open is looked at first, and nobody knows how far it has come.
    pub fn put_back(&mut self, now: Instant) {
        self.doubted_since = Some(now);
        self.is_doubted = true;
        for filed in self.requests.values_mut() {
            let is_open = matches!(filed.status(), Status::Active | Status::Blocked);
            if is_open && !matches!(filed.request.step, Some(Step::DeleteUser | Step::DisableUser)) {
                filed.request.progress.trial.look_first = true;
            }
            if is_open && filed.request.progress.trial.look_first {
                let person = self.users.get_mut(&filed.request.user).expect("every request has a user");
                person.user.propagated_once = true;
            }
        }
    }

    pub fn findings(&self, tenant: &str) -> &[Finding] {
        self.sweeps.get(tenant).map_or(&[], |sweep| &sweep.findings)
    }
}
