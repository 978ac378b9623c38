//! The lines for seats.

use crate::app::views::{SeatPlace, SeatWait};
use crate::domain::{Instant, Phase, Policy, Timer, UserId};
use crate::store::{Member, PoolKey, Store, StoreError, Tally};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A line longer than this is not counted out.
const LINE_MAX: u32 = 20_000;

/// The lines for the seats of several pools, each read once, when it is first asked for.
pub struct SeatQueues<'a> {
    store: &'a dyn Store,
    policy: &'a Policy,
    now: Instant,
    queues: HashMap<PoolKey, Queue>,
}

/// One line.
struct Queue {
    places: HashMap<UserId, u64>,
    wait: SeatWait,
}

impl<'a> SeatQueues<'a> {
    /// Nothing is read yet.
    pub fn new(store: &'a dyn Store, policy: &'a Policy, now: Instant) -> Self {
        Self { store, policy, now, queues: HashMap::new() }
    }

    /// The place of a request's user in the line for a seat; nothing if it does not wait, or stands behind more users than
    /// are counted out.
    ///
    /// # Errors
    /// As the store.
    pub async fn place(&mut self, member: &Member) -> Result<Option<SeatPlace>, StoreError> {
        if !waits(member) {
            return Ok(None);
        }
        let asked = &member.request.asked;
        let queue = self
            .queue(&asked.tenant, PoolKey::Seat { tenant: asked.tenant.clone(), sku: asked.account.license });
        let queue = queue.await?;
        let of = queue.places.len() as u64;
        let place = queue.places.get(&member.user.id).copied();
        Ok(place.map(|place| SeatPlace { place, of, about_seconds: queue.wait.about_seconds(place) }))
    }

    /// In about how many seconds the last user of a pool's line has its turn; nothing where nobody waits, nothing tells, or
    /// the pool is none of seats.
    ///
    /// # Errors
    /// As the store.
    pub async fn cleared_in(&mut self, key: &PoolKey) -> Result<Option<u64>, StoreError> {
        let PoolKey::Seat { tenant, .. } = key else { return Ok(None) };
        let queue = self.queue(tenant, key.clone()).await?;
        Ok(queue.wait.about_seconds(queue.places.len() as u64))
    }

    async fn queue(&mut self, tenant: &str, key: PoolKey) -> Result<&Queue, StoreError> {
        match self.queues.entry(key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unread) => {
                let queue = read(self.store, self.policy, self.now, tenant, unread.key()).await?;
                Ok(unread.insert(queue))
            }
        }
    }
}

async fn read(
    store: &dyn Store,
    policy: &Policy,
    now: Instant,
    tenant: &str,
    key: &PoolKey,
) -> Result<Queue, StoreError> {
    let line = store.seat_line(key.clone(), LINE_MAX).await?;
    let hold = typical_hold(store, tenant).await?;
    let pool = store.pool(key.clone()).await?;
    let wait = pool.map(|pool| SeatWait::of(&pool, &line, hold, policy, now)).unwrap_or_default();
    Ok(Queue { places: line.users.into_iter().zip(1..).collect(), wait })
}

/// For how many seconds a tenant's seats were held, on average over all that were returned.
async fn typical_hold(store: &dyn Store, tenant: &str) -> Result<Option<f64>, StoreError> {
    let (mut seconds, mut returned) = (0.0, 0.0);
    for (of, tally, amount) in store.tallies().await? {
        match tally {
            Tally::SeatSeconds if of == tenant => seconds += amount,
            Tally::SeatsReturned if of == tenant => returned += amount,
            Tally::SeatSeconds | Tally::SeatsReturned | Tally::PropagationSeconds | Tally::Propagations => {}
        }
    }
    Ok((returned > 0.0).then(|| seconds / returned))
}

fn waits(member: &Member) -> bool {
    let progress = &member.request.progress;
    matches!(progress.phase, Phase::Active { timer: Timer::ForSeat, .. }) && !progress.paused
}
