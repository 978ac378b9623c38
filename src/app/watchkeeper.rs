//! Who keeps the watch over finished accounts: weighs what was seen, and writes it down.

use crate::domain::{Clock, Command, Instant, Policy, RequestId, Sight, Watch, heal_from};
use crate::store::{Actor, Member, Store, StoreError, WatchNote};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

use super::{OrderError, Orders};

/// What was seen of one account, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// The request.
    pub request: RequestId,
    /// When the look began.
    pub looked_at: Instant,
    /// What it showed.
    pub sight: Sight,
}

/// Keeps the watch on a store that this process owns.
pub struct Watchkeeper {
    /// The store.
    pub store: Arc<dyn Store>,
    /// How patient to be.
    pub policy: Policy,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Watchkeeper {
    /// Weighs looks and notes what they came to. A look that is older than what is known, at an account that is not
    /// watched any more, or that somebody else overtook meanwhile, tells nothing; the next one will.
    ///
    /// # Errors
    /// As the store.
    pub async fn note(&self, sightings: Vec<Sighting>, actor: &Actor) -> Result<(), StoreError> {
        let ids = sightings.iter().map(|sighting| sighting.request).collect();
        let watches: HashMap<RequestId, Watch> = self.store.watches(ids).await?.into_iter().collect();
        let notes: Vec<WatchNote> = sightings
            .into_iter()
            .filter_map(|Sighting { request, looked_at, sight }| {
                let before = watches.get(&request).filter(|watch| !is_older(looked_at, watch))?.clone();
                let weighed = before.weigh(sight, &self.policy, looked_at);
                Some(WatchNote { request, before, weighed })
            })
            .collect();
        if !notes.is_empty() {
            self.store.note_watches(notes, actor.clone(), self.clock.now()).await?;
        }
        Ok(())
    }

    /// Has a drifted account brought back to what was asked for, by what the last look told of it.
    ///
    /// # Errors
    /// When it is not watched, or some of its drift only a person can mend.
    pub async fn heal(&self, request: RequestId, actor: &Actor) -> Result<Member, OrderError> {
        let watches = self.store.watches(vec![request]).await?;
        let drifts = watches.first().map(|(_, watch)| watch.drifts.as_slice()).unwrap_or_default();
        let to = heal_from(drifts)?;
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let orders = Orders { store, clock, policy: self.policy.clone() };
        orders.carry_out(request, Command::Heal { to }, actor).await
    }
}

fn is_older(looked_at: Instant, watch: &Watch) -> bool {
    looked_at < watch.succeeded_at || watch.looked_at.is_some_and(|last| looked_at < last)
}
