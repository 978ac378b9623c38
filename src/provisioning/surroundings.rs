//! What Power Platform says about environments, asked for all of a tenant's at once where there are several.

use super::places::{EnvironmentPlace, Places, TenantPlace};
use crate::cloud::{CallFailure, EnvironmentFacts};
use crate::domain::{Clock, Code, Instant};
use chrono::TimeDelta;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// From so many environments of a tenant on, one list of all costs less than asking for each.
const LISTED_FROM: usize = 5;

/// A list, and when it was read.
type Listed = Option<(Instant, Arc<HashMap<Uuid, EnvironmentFacts>>)>;

/// The environments of each tenant, with the age of the reading.
pub(super) struct Surroundings {
    clock: Arc<dyn Clock>,
    fresh_for: TimeDelta,
    /// A lock for each tenant, so that lanes that come together read its list once.
    listed: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Listed>>>>,
}

impl Surroundings {
    pub(super) fn new(clock: Arc<dyn Clock>, fresh_for: Duration) -> Self {
        let fresh_for = TimeDelta::from_std(fresh_for).unwrap_or(TimeDelta::MAX);
        Self { clock, fresh_for, listed: Mutex::default() }
    }

    /// What is known about an environment, from a reading that is fresh enough to decide whether work begins there.
    pub(super) async fn of(
        &self,
        places: &Places,
        tenant: &TenantPlace,
        place: &EnvironmentPlace,
    ) -> Result<EnvironmentFacts, CallFailure> {
        let beside = places.environments.values().filter(|other| other.tenant == place.tenant).count();
        if beside >= LISTED_FROM {
            match self.list(tenant, &place.tenant).await {
                Ok(list) => {
                    if let Some(facts) = list.get(&place.id) {
                        return Ok(facts.clone());
                    }
                }
                // Too long a list, perhaps.
                Err(call) if call.failure.code == Code::RemoteUnreadable => {}
                Err(call) => return Err(call),
            }
        }
        tenant.client.power_platform().environment(&place.id.to_string()).await
    }

    async fn list(
        &self,
        tenant: &TenantPlace,
        name: &str,
    ) -> Result<Arc<HashMap<Uuid, EnvironmentFacts>>, CallFailure> {
        let lock = {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(listed.entry(name.to_owned()).or_default())
        };
        let mut listed = lock.lock().await;
        let now = self.clock.now();
        // A clock that was set back makes no reading young.
        let fresh = |at: &Instant| (TimeDelta::zero()..self.fresh_for).contains(&(now - *at));
        if let Some((_, list)) = listed.as_ref().filter(|(at, _)| fresh(at)) {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(tenant.client.power_platform().environments().await?);
        *listed = Some((now, Arc::clone(&list)));
        Ok(list)
    }
}
