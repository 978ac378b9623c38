//! What the tenants have subscribed to, read at most once per while.

use crate::cloud::{CallFailure, SubscribedSku, TenantClient};
use crate::domain::{Clock, Instant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The subscriptions of each tenant, with the age of the reading.
pub(super) struct Subscriptions {
    clock: Arc<dyn Clock>,
    fresh_for: Duration,
    read: Mutex<HashMap<String, (Instant, Vec<SubscribedSku>)>>,
}

impl Subscriptions {
    pub(super) fn new(clock: Arc<dyn Clock>, fresh_for: Duration) -> Self {
        Self { clock, fresh_for, read: Mutex::default() }
    }

    /// A reading that is fresh enough to tell which licenses exist; not for counting.
    pub(super) async fn known(
        &self,
        tenant: &str,
        client: &TenantClient,
    ) -> Result<Vec<SubscribedSku>, CallFailure> {
        let now = self.clock.now();
        let cached = {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.get(tenant).filter(|(at, _)| now - *at < age(self.fresh_for)).map(|(_, skus)| skus.clone())
        };
        match cached {
            Some(skus) => Ok(skus),
            None => self.read_now(tenant, client).await,
        }
    }

    /// A reading made now.
    pub(super) async fn read_now(
        &self,
        tenant: &str,
        client: &TenantClient,
    ) -> Result<Vec<SubscribedSku>, CallFailure> {
        let at = self.clock.now();
        let skus = client.graph().subscribed_skus().await?;
        self.read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant.to_owned(), (at, skus.clone()));
        Ok(skus)
    }
}

fn age(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
