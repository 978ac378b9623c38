//! Seats and slots: who is next, and what is known of the pools.

use super::books::{Books, Filed, LineKey};
use seatless::domain::{Instant, Line, ObjectId, RequestId, SkuId, UserId, Waiter, in_turn};
use seatless::store::{LicenseHold, Member, Pool, PoolKey, Seat, SeatLine};
use std::collections::{BTreeMap, BTreeSet, HashSet};

impl Books {
    /// The next users of a seat pool, in the order of their turns.
    fn next_in_turn(&self, tenant: &str, sku: SkuId, count: usize) -> Vec<Waiter> {
        let of_pool = |line: &LineKey| line.tenant == tenant && line.license == sku;
        let mut first: BTreeMap<(LineKey, UserId), Waiter> = BTreeMap::new();
        let mut lines: BTreeSet<LineKey> = BTreeSet::new();
        for filed in self.seen().filter(|one| one.stands_in_line() && of_pool(&one.line())) {
            let (line, user) = (filed.line(), filed.request.user);
            let waiter =
                Waiter { request: filed.request.id, user, priority: line.priority, batch: line.batch };
            if self.users[&user].user.seat == Seat::None {
                first.entry((line.clone(), user)).or_insert(waiter);
            }
            lines.insert(line);
        }
        let lines: Vec<Line> = lines
            .iter()
            .map(|line| Line { priority: line.priority, batch: line.batch, pass: self.lines[line] })
            .collect();
        let mut waiters: Vec<Waiter> = first.into_values().collect();
        waiters.sort_by_key(|waiter| waiter.request);
        let key = PoolKey::Seat { tenant: tenant.to_owned(), sku };
        let passed_over = self.pools.get(&key).map_or(0, |read| read.passed_over);
        in_turn(&lines, &waiters, &waiters, passed_over, count)
    }

    pub fn candidates(&self, users_max: u32) -> Vec<Member> {
        let waits = |user: UserId| self.of_user(user).any(Filed::stands_in_line);
        let seated = self.users.values().filter(|one| one.user.seat != Seat::None && waits(one.user.id));
        let mut users: Vec<UserId> = seated.map(|one| one.user.id).take(users_max as usize).collect();
        let room = users_max as usize - users.len();
        let mut next: Vec<(usize, Waiter)> = Vec::new();
        for pool in self.pools().into_iter().filter(|pool| pool.waiting > 0 && pool.capacity.is_some()) {
            let PoolKey::Seat { tenant, sku } = &pool.key else { continue };
            let free = usize::try_from(self.free(&pool.key)).unwrap_or(0).min(room);
            next.extend(self.next_in_turn(tenant, *sku, free).into_iter().enumerate());
        }
        next.sort_by_key(|(turn, _)| *turn);
        next.truncate(room);
        users.extend(next.iter().map(|(_, waiter)| waiter.user));
        let leads: HashSet<RequestId> = next.iter().map(|(_, waiter)| waiter.request).collect();
        let mut members = Vec::new();
        for user in users {
            let mut ids: Vec<RequestId> =
                self.of_user(user).filter(|one| one.stands_in_line()).map(|one| one.request.id).collect();
            ids.sort_by_key(|id| (!leads.contains(id), *id));
            members.extend(ids.into_iter().map(|id| self.member(id, None)));
        }
        members
    }

    pub fn seat_line(&self, key: &PoolKey, users_max: u32) -> SeatLine {
        let PoolKey::Seat { tenant, sku } = key else { return SeatLine::default() };
        let turns = self.next_in_turn(tenant, *sku, users_max as usize);
        let mut line =
            SeatLine { users: turns.into_iter().map(|waiter| waiter.user).collect(), ..SeatLine::default() };
        let of_pool = self.users.values().filter(|one| one.user.tenant == *tenant);
        for person in of_pool.filter(|one| one.seat_license == Some(*sku)) {
            match person.user.seat {
                Seat::None => {}
                Seat::Held { since } => line.held_since.push(since),
                Seat::Resting { until } => line.resting_until.push(until),
            }
        }
        line.held_since.sort();
        line.resting_until.sort();
        line
    }

    pub fn end_rests(&mut self, now: Instant) -> u64 {
        let mut ended = 0;
        for person in self.users.values_mut() {
            if matches!(person.user.seat, Seat::Resting { until } if until <= now) {
                person.user.seat = Seat::None;
                person.seat_license = None;
                ended += 1;
            }
        }
        ended
    }

    pub fn next_rest_end(&self) -> Option<Instant> {
        let until = |seat| match seat {
            Seat::Resting { until } => Some(until),
            Seat::None | Seat::Held { .. } => None,
        };
        self.users.values().filter_map(|one| until(one.user.seat)).min()
    }

    pub fn observe(&mut self, key: PoolKey, capacity: u32, others: u32, now: Instant) {
        let read = self.pools.entry(key).or_default();
        (read.capacity, read.others, read.read_at) = (Some(capacity), others, Some(now));
    }

    /// Every pool, seats first.
    pub fn pools(&self) -> Vec<Pool> {
        let waiting = |key: &PoolKey| {
            let count = self.seen().filter(|one| one.waits() && one.seat_pool() == *key).count();
            u32::try_from(count).expect("a small number")
        };
        let pool = |(key, read): (&PoolKey, &super::books::Read)| Pool {
            key: key.clone(),
            capacity: read.capacity,
            others: read.others,
            held: self.held(key),
            waiting: waiting(key),
            read_at: read.read_at,
        };
        self.pools.iter().map(pool).collect()
    }

    pub fn pools_to_read(&self, before: Instant) -> Vec<Pool> {
        let wanted = |pool: &Pool| {
            matches!(pool.key, PoolKey::Seat { .. })
                && pool.waiting > 0
                && pool.read_at.is_none_or(|at| at < before)
        };
        self.pools().into_iter().filter(wanted).collect()
    }

    pub fn confirmed_holders(&self, key: &PoolKey, before: Instant) -> u32 {
        let PoolKey::Seat { tenant, sku } = key else { return 0 };
        let of_pool =
            self.users.values().filter(|one| one.user.tenant == *tenant && one.user.account.license == *sku);
        let confirmed = of_pool
            .filter(|one| matches!(one.user.license, LicenseHold::Held { since, .. } if since < before));
        u32::try_from(confirmed.count()).expect("a small number")
    }

    pub fn slot_holders(&self, tenant: &str, environment: &str) -> Vec<ObjectId> {
        let holds = self.seen().filter(|one| {
            let asked = &one.request.asked;
            one.request.slot_held && asked.tenant == tenant && asked.environment == environment
        });
        let objects: BTreeSet<ObjectId> =
            holds.filter_map(|one| self.users[&one.request.user].user.object_id).collect();
        objects.into_iter().collect()
    }
}
