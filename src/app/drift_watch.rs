//! The watch as a chore: finished accounts are looked at for ever, each at its time.

use super::watchkeeper::{Sighting, Watchkeeper};
use crate::domain::Sight;
use crate::engine::Chore;
use crate::provisioning::Lookout;
use crate::store::{Actor, Origin, StoreError, WatchGroup};
use async_trait::async_trait;
use futures_util::future::join_all;
use std::time::Duration;

/// How many environments are looked at side by side.
const GROUPS_MAX: u32 = 4;

/// How often the watch is asked who is due, whatever it said before: an account that succeeds meanwhile, or a clock that
/// was set, is never noticed later than that.
const LEVEL_CHECK: Duration = Duration::from_secs(60);

/// The shortest rest, so that a clock that was set back can never make the chore spin.
const REST_MIN: Duration = Duration::from_secs(1);

/// Looks at finished accounts when they are due.
pub struct DriftWatch {
    /// Who looks.
    pub lookout: Lookout,
    /// Who writes it down.
    pub keeper: Watchkeeper,
}

impl DriftWatch {
    /// Looks at one group, and notes what was seen.
    async fn look(&self, group: &WatchGroup) -> Result<(), StoreError> {
        let looked_at = self.keeper.clock.now();
        let sights = self.lookout.look(&group.environment, &group.members).await;
        let missed = sights.iter().find_map(|sight| match sight {
            Sight::Unseen { failure, .. } => Some(failure),
            Sight::Found { .. } | Sight::Absent { .. } => None,
        });
        if let Some(failure) = missed {
            tracing::warn!(
                tenant = %group.tenant, environment = %group.environment, code = %failure.code,
                "finished accounts could not be looked at: {}", failure.code.row().sentence
            );
        }
        let sightings = group
            .members
            .iter()
            .zip(sights)
            .map(|(member, sight)| Sighting { request: member.request.id, looked_at, sight })
            .collect();
        let engine = Actor { name: "engine".to_owned(), origin: Origin::Engine };
        self.keeper.note(sightings, &engine).await
    }
}

#[async_trait]
impl Chore for DriftWatch {
    fn name(&self) -> &'static str {
        "watch"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        let store = &self.keeper.store;
        let now = self.keeper.clock.now();
        let groups = store.due_watches(now, GROUPS_MAX, Lookout::MEMBERS_MAX).await?;
        for noted in join_all(groups.iter().map(|group| self.look(group))).await {
            noted?;
        }
        let now = self.keeper.clock.now();
        let until_next = match store.next_watch().await? {
            Some(at) => (at - now).to_std().unwrap_or_default(),
            None => LEVEL_CHECK,
        };
        Ok(until_next.clamp(REST_MIN, LEVEL_CHECK))
    }
}
