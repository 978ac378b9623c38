//! What transitions do to seats, slots and licenses; pure, so that several rows of one commit see each other.

use super::touched::{Row, UserRow};
use crate::domain::{Instant, IntentId, LicenseEffect, SeatEffect, SlotEffect, Transition};
use crate::store::{LicenseHold, PoolKey, Seat};
use std::collections::BTreeMap;
use std::time::Duration;

/// Changes to one pool's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct PoolDelta {
    pub(in crate::store) held: i64,
    pub(in crate::store) others: i64,
    pub(in crate::store) waiting: i64,
}

/// The pools that a commit touches: what is free in them, and what changes.
#[derive(Debug, Default)]
pub(in crate::store) struct Pools {
    pub(in crate::store) free: BTreeMap<PoolKey, i64>,
    pub(in crate::store) deltas: BTreeMap<PoolKey, PoolDelta>,
}

impl Pools {
    pub(in crate::store) fn has_room(&self, key: &PoolKey) -> bool {
        self.free.get(key).is_some_and(|free| *free > 0)
    }

    fn take(&mut self, key: PoolKey) {
        if let Some(free) = self.free.get_mut(&key) {
            *free -= 1;
        }
        self.deltas.entry(key).or_default().held += 1;
    }

    fn give_back(&mut self, key: PoolKey) {
        if let Some(free) = self.free.get_mut(&key) {
            *free += 1;
        }
        self.deltas.entry(key).or_default().held -= 1;
    }

    /// Gives a unit back that the cloud has shown not to be there: it stays taken, by others, until the next reading.
    fn give_back_to_others(&mut self, key: PoolKey) {
        let delta = self.deltas.entry(key).or_default();
        delta.held -= 1;
        delta.others += 1;
    }

    pub(in crate::store) fn wait(&mut self, key: PoolKey, change: i64) {
        self.deltas.entry(key).or_default().waiting += change;
    }
}

/// The seat pool of a request.
pub(in crate::store) fn seat_pool(row: &Row) -> PoolKey {
    PoolKey::Seat { tenant: row.tenant.clone(), sku: row.license }
}

/// The slot pool of a request.
pub(in crate::store) fn slot_pool(row: &Row) -> PoolKey {
    PoolKey::Slot { tenant: row.tenant.clone(), environment: row.environment.clone() }
}

/// Whether what the transition takes is there.
pub(in crate::store) fn is_room(pools: &Pools, row: &Row, user: &UserRow, transition: &Transition) -> bool {
    let seat = match transition.seat {
        SeatEffect::Take => has_seat_to_take(user, row) || pools.has_room(&seat_pool(row)),
        SeatEffect::Keep | SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused => true,
    };
    let slot = match transition.slot {
        SlotEffect::Take => row.slot_held || pools.has_room(&slot_pool(row)),
        SlotEffect::Keep | SlotEffect::Return => true,
    };
    seat && slot
}

/// The user's own seat can be taken again while it rests; one of another license cannot.
fn has_seat_to_take(user: &UserRow, row: &Row) -> bool {
    match user.seat {
        Seat::None => false,
        Seat::Held { .. } => true,
        Seat::Resting { .. } => user.seat_license == Some(row.license),
    }
}

/// What a transition does to the user's seat; gives back whether that took one more unit of the row's pool. The pool of a
/// seat is the one it was taken from.
pub(in crate::store) fn apply_seat(
    pools: &mut Pools,
    row: &Row,
    user: &mut UserRow,
    effect: SeatEffect,
    now: Instant,
    rest: Duration,
) -> bool {
    let pool_of_seat =
        || PoolKey::Seat { tenant: row.tenant.clone(), sku: user.seat_license.unwrap_or(row.license) };
    match (effect, user.seat) {
        (SeatEffect::Keep, _)
        | (SeatEffect::Take, Seat::Held { .. })
        | (
            SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused,
            Seat::None | Seat::Resting { .. },
        ) => {}
        (SeatEffect::Take, Seat::None) => {
            pools.take(seat_pool(row));
            user.seat = Seat::Held { since: now };
            user.seat_license = Some(row.license);
            return true;
        }
        (SeatEffect::Take, Seat::Resting { .. }) => {
            let another = user.seat_license != Some(row.license);
            if another {
                pools.give_back(pool_of_seat());
                pools.take(seat_pool(row));
            }
            user.seat = Seat::Held { since: now };
            user.seat_license = Some(row.license);
            return another;
        }
        (SeatEffect::Unused, Seat::Held { .. }) => {
            pools.give_back(pool_of_seat());
            user.seat = Seat::None;
            user.seat_license = None;
        }
        (SeatEffect::Return, Seat::Held { .. }) => {
            if rest.is_zero() {
                pools.give_back(pool_of_seat());
                user.seat = Seat::None;
                user.seat_license = None;
            } else {
                user.seat = Seat::Resting { until: now + rest };
            }
        }
        (SeatEffect::Refused, Seat::Held { .. }) => {
            pools.give_back_to_others(pool_of_seat());
            user.seat = Seat::None;
            user.seat_license = None;
        }
    }
    false
}

/// What a transition does to the request's slot; gives back whether it holds one now.
pub(in crate::store) fn apply_slot(pools: &mut Pools, row: &Row, effect: SlotEffect) -> bool {
    match (effect, row.slot_held) {
        (SlotEffect::Keep, held) => held,
        (SlotEffect::Take, true) => true,
        (SlotEffect::Return, false) => false,
        (SlotEffect::Take, false) => {
            pools.take(slot_pool(row));
            true
        }
        (SlotEffect::Return, true) => {
            pools.give_back(slot_pool(row));
            false
        }
    }
}

/// What a transition makes known about the user's license. One that no intent of ours explains does not become ours; the
/// intent may be one that this turn's own call has just `assigned`, whatever else was believed of the user meanwhile.
pub(in crate::store) fn license_after(
    hold: LicenseHold,
    effect: LicenseEffect,
    assigned: Option<IntentId>,
    now: Instant,
) -> LicenseHold {
    match (effect, hold) {
        (LicenseEffect::Unchanged, hold) => hold,
        (LicenseEffect::Confirmed, LicenseHold::MayBeHeld { intent }) => {
            LicenseHold::Held { intent, since: now }
        }
        (LicenseEffect::Confirmed, LicenseHold::None) => {
            assigned.map_or(LicenseHold::None, |intent| LicenseHold::Held { intent, since: now })
        }
        (LicenseEffect::Confirmed, hold @ LicenseHold::Held { .. }) => hold,
        (LicenseEffect::Gone | LicenseEffect::GoneWithUser, _) => LicenseHold::None,
    }
}
