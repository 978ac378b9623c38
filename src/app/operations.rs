//! Orders for many requests: opened at once, carried out in chunks by whoever owns the database, whatever has ended meanwhile.

use crate::domain::{Clock, Ids, Input, OperationId, Policy, RequestId, Steering, Subject, decide};
use crate::engine::{Chore, Hints};
use crate::store::{
    Actor, Commit, CommitRow, DueItem, ItemEnd, ItemOutcome, Learned, Member, Operation, OperationDraft,
    Store, StoreError,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How many requests one chunk holds at the most: one transaction of some tens of milliseconds.
const CHUNK_ROWS: u32 = 500;

/// How often the daemon looks whether an operation was opened.
const LEVEL_CHECK: Duration = Duration::from_secs(1);

/// What is to be ordered.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct OperationOrder {
    /// What.
    pub verb: Steering,
    /// For whom.
    pub requests: Vec<RequestId>,
    /// What selected them, in words.
    pub selection: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who orders it.
    pub actor: Actor,
}

/// Opens operations, and carries them out, on a store that this process owns.
#[derive(Clone)]
pub struct BulkOrders {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names for operations.
    pub ids: Arc<dyn Ids>,
    /// How patient to be.
    pub policy: Policy,
}

impl BulkOrders {
    /// Opens an operation: from here on it will be carried out, and nothing is begun for requests that it halts.
    ///
    /// # Errors
    /// The store's; then nothing was opened.
    pub async fn open(&self, order: OperationOrder) -> Result<Operation, StoreError> {
        let draft = OperationDraft {
            id: OperationId(self.ids.fresh()),
            verb: order.verb,
            selection: order.selection,
            reason: order.reason,
            actor: order.actor,
            at: self.clock.now(),
        };
        self.store.open_operation(draft, order.requests).await
    }

    /// Carries out the next chunk of the operation that was opened first; says whether there was any.
    ///
    /// # Errors
    /// The store's; what was not written stays due.
    pub async fn advance(&self) -> Result<bool, StoreError> {
        let due = self.store.due_items(CHUNK_ROWS).await?;
        let Some(first) = due.first() else { return Ok(false) };
        let (operation, actor) = (first.operation, first.actor.clone());
        let now = self.clock.now();
        let mut rows = Vec::with_capacity(due.len());
        let mut ends = Vec::with_capacity(due.len());
        for item in due {
            let outcome = match self.decide(&item) {
                Ok(row) => {
                    rows.push(row);
                    ItemOutcome::Done
                }
                Err(why) => ItemOutcome::Refused { why },
            };
            ends.push(ItemEnd { place: item.place, request: item.request, outcome });
        }
        let commit = Commit {
            now,
            actor,
            rows,
            lane: None,
            seat_rest: self.policy.seat_cool_down,
            tallies: Vec::new(),
        };
        self.store.settle_items(operation, commit, ends).await?;
        Ok(true)
    }

    fn decide(&self, item: &DueItem) -> Result<CommitRow, String> {
        let member = item.member.as_ref().ok_or_else(|| "there is no such request".to_owned())?;
        row_of(member, item.verb, &self.policy, &*self.clock)
    }

    /// Carries out everything that is left of an operation, and of those that were opened before it.
    ///
    /// # Errors
    /// The store's; what was not written stays due.
    pub async fn finish(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        loop {
            let operation = self.store.operation(id).await?;
            if operation.as_ref().is_none_or(|operation| operation.ended_at.is_some()) {
                return Ok(operation);
            }
            self.advance().await?;
        }
    }
}

/// Why an order would not apply to a request as it is; nothing if it would.
pub fn refusal_of(member: &Member, verb: Steering, policy: &Policy, clock: &dyn Clock) -> Option<String> {
    row_of(member, verb, policy, clock).err()
}

fn row_of(member: &Member, verb: Steering, policy: &Policy, clock: &dyn Clock) -> Result<CommitRow, String> {
    let request = &member.request;
    let subject = Subject { progress: &request.progress, facts: member.facts() };
    let transition = decide(&subject, Input::Ordered(verb.command()), policy, clock.now(), 0.0)
        .map_err(|why| why.to_string())?;
    Ok(CommitRow {
        request: request.id,
        epoch: request.epoch,
        holder: None,
        from: (request.progress.state, request.progress.status()),
        transition,
        learned: Learned::default(),
    })
}

/// Carries out operations in the daemon, those of a process that has ended among them.
pub struct CarryingOut {
    /// Whoever does it.
    pub orders: BulkOrders,
    /// Wakes the engine: what was ordered may make something due.
    pub hints: Hints,
}

#[async_trait]
impl Chore for CarryingOut {
    fn name(&self) -> &'static str {
        "operations"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        if !self.orders.advance().await? {
            return Ok(LEVEL_CHECK);
        }
        self.hints.give();
        Ok(Duration::ZERO)
    }
}
