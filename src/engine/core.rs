//! The engine: everything it needs, and its verbs one unit at a time.

use super::Steps;
use super::outages::Outages;
use crate::domain::{Chance, Clock, HolderId, Policy, Terms};
use crate::store::{Actor, Claim, Doubt, Group, Origin, Standing, Store, StoreError};
use std::sync::Arc;

/// Moves requests through a [`Steps`]. It can be driven one unit at a time, by a test or by the [`super::Pump`].
pub struct Engine<S> {
    pub(super) store: Arc<dyn Store>,
    pub(super) steps: Arc<S>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) timer: Arc<dyn super::Timer>,
    pub(super) outages: Arc<Outages>,
    pub(super) policy: Policy,
    pub(super) holder: HolderId,
    pub(super) members_max: u32,
    /// Endless until somebody signs on.
    pub(super) terms: Terms,
}

/// What an [`Engine`] is made of.
pub struct EngineParts<S> {
    /// Where requests live.
    pub store: Arc<dyn Store>,
    /// What knows the cloud.
    pub steps: Arc<S>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for jitter.
    pub chance: Arc<dyn Chance>,
    /// Sleep, for the wait until a full disk has room again.
    pub timer: Arc<dyn super::Timer>,
    /// How patient to be.
    pub policy: Policy,
    /// This start of this process.
    pub holder: HolderId,
    /// At most so many requests in a group.
    pub members_max: u32,
}

impl<S: Steps> Engine<S> {
    /// An engine of these parts.
    pub fn new(parts: EngineParts<S>) -> Self {
        let EngineParts { store, steps, clock, chance, timer, policy, holder, members_max } = parts;
        let outages = Arc::new(Outages::new(Arc::clone(&clock)));
        let terms = Terms::default();
        Self { store, steps, clock, chance, timer, outages, policy, holder, members_max, terms }
    }

    /// Claims the due requests of at most `lanes_max` due lanes.
    pub async fn claim(&self, lanes_max: u32) -> Result<Vec<Group>, StoreError> {
        let claim = Claim {
            holder: self.holder,
            now: self.clock.now(),
            lanes_max,
            members_max: self.members_max,
            weights: Arc::clone(&self.policy.weights),
        };
        self.steadfast("claim", || self.store.claim(claim.clone())).await
    }

    /// Claims and runs everything that is due now, one group after the other; says how many groups there were.
    /// For tests and tools that want no concurrency.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        if self.works_on_a_copy().await? {
            return Ok(0);
        }
        self.admit().await?;
        let groups = self.claim(u32::MAX).await?;
        let count = groups.len();
        for group in groups {
            self.run(group).await?;
        }
        Ok(count)
    }

    /// Whether the database may be a copy of one that is still in use. Nothing is claimed from it then: two of them would
    /// work against each other, and undo what the other one does.
    ///
    /// # Errors
    /// The store's.
    pub async fn works_on_a_copy(&self) -> Result<bool, StoreError> {
        match self.store.standing().await? {
            Standing::Trusted | Standing::ReportOnly { doubt: Doubt::Restored, .. } => Ok(false),
            Standing::ReportOnly { doubt: Doubt::Copied, .. } => Ok(true),
        }
    }

    pub(super) fn actor(&self) -> Actor {
        Actor { name: format!("engine:{}", self.holder), origin: Origin::Engine }
    }
}
