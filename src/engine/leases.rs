//! Signs of life, and taking over from those who give none any more. Only a database with several owners needs them.

use super::{Chore, Engine, Hints, Steps};
use crate::store::{Answer, Lease, StoreError};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

impl<S: Steps> Engine<S> {
    /// The first sign of life; before it nothing may be claimed.
    ///
    /// # Errors
    /// The store's.
    pub async fn sign_on(&self, lease: Lease) -> Result<(), StoreError> {
        let asked_at = self.sign_of_life("sign on", || self.store.sign_on(self.holder, lease)).await?;
        self.terms.begin(asked_at + lease.length);
        Ok(())
    }

    /// Gives one, however long the database is away; says when the one that was taken had set out.
    async fn sign_of_life<'a>(
        &'a self,
        what: &'static str,
        give: impl Fn() -> Answer<'a, ()>,
    ) -> Result<Duration, StoreError> {
        let asked_at = Mutex::new(Duration::ZERO);
        let timed = || {
            *asked_at.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.elapsed();
            give()
        };
        self.steadfast(what, timed).await?;
        Ok(asked_at.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last one: what is still claimed may be taken over at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn sign_off(&self) -> Result<(), StoreError> {
        self.store.sign_off(self.holder).await
    }
}

/// Gives signs of life.
pub struct Heartbeat<S> {
    /// Whose.
    pub engine: Arc<Engine<S>>,
    /// For how long each is good.
    pub lease: Lease,
    /// How often; several have to be lost before the lease is.
    pub every: Duration,
}

#[async_trait]
impl<S: Steps> Chore for Heartbeat<S> {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        let engine = &self.engine;
        let beat = || engine.store.heartbeat(engine.holder, self.lease);
        // The first moment at which the database is back counts: nothing is claimed before.
        let asked_at = engine.sign_of_life("heartbeat", beat).await?;
        engine.terms.renew(engine.clock.elapsed(), asked_at + self.lease.length);
        Ok(self.every)
    }
}

/// Takes over what others have claimed whose leases are over.
pub struct TakeOver<S> {
    /// By whom.
    pub engine: Arc<Engine<S>>,
    /// Told when there is something to do.
    pub hints: Hints,
    /// How often it is looked for.
    pub every: Duration,
}

#[async_trait]
impl<S: Steps> Chore for TakeOver<S> {
    fn name(&self) -> &'static str {
        "take over"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        let (requests, lanes) = self.engine.take_over().await?;
        if requests > 0 || lanes > 0 {
            tracing::warn!(requests, lanes, "took over from a process that gives no sign of life any more");
            self.hints.give();
        }
        Ok(self.every)
    }
}
