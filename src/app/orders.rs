//! What a person orders for one request, decided by the machine and written through the same commit as everything else.

use crate::domain::{Clock, Command, Inapplicable, Input, Policy, RequestId, Subject, decide};
use crate::store::{Actor, Commit, CommitRow, Learned, Member, RowFate, Store, StoreError};
use std::sync::Arc;

/// Carries out orders on a store that this process owns.
pub struct Orders {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How patient to be.
    pub policy: Policy,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no such request.
    #[error("there is no request {0}")]
    Unknown(RequestId),
    /// The order means nothing to the request as it is.
    #[error("{0}")]
    Inapplicable(#[from] Inapplicable),
    /// The store is at fault.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// How often an order is decided anew when the engine has moved the request meanwhile.
const TRIES: u32 = 5;

impl Orders {
    /// Carries out `command` on one request.
    ///
    /// # Errors
    /// When it does not apply, or cannot be written.
    pub async fn carry_out(
        &self,
        id: RequestId,
        command: Command,
        actor: &Actor,
    ) -> Result<Member, OrderError> {
        for _ in 0..TRIES {
            let member = self.store.request(id).await?.ok_or(OrderError::Unknown(id))?;
            let subject = Subject { progress: &member.request.progress, facts: member.facts() };
            let now = self.clock.now();
            let transition = decide(&subject, Input::Ordered(command), &self.policy, now, 0.0)?;
            let row = CommitRow {
                request: id,
                epoch: member.request.epoch,
                holder: None,
                from: (member.request.progress.state, member.request.progress.status()),
                transition,
                learned: Learned::default(),
            };
            let commit = Commit {
                now,
                actor: actor.clone(),
                rows: vec![row],
                lane: None,
                seat_rest: self.policy.seat_cool_down,
                tallies: Vec::new(),
            };
            let fates = self.store.commit(commit).await?;
            if fates.first() == Some(&RowFate::Written) {
                return self.store.request(id).await?.ok_or(OrderError::Unknown(id));
            }
        }
        Err(OrderError::Store(StoreError::Busy))
    }
}
