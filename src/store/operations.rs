//! Orders for many requests: what is opened, what is left, and what it came to.

use super::{Actor, Member};
use crate::domain::{Instant, OperationId, RequestId, Steering};

/// An operation that is to be opened.
#[derive(Clone, Debug)]
pub struct OperationDraft {
    /// Its id.
    pub id: OperationId,
    /// What is ordered.
    pub verb: Steering,
    /// What selected its requests, in words.
    pub selection: String,
    /// Why, in the words of who ordered it.
    pub reason: Option<String>,
    /// Who orders it.
    pub actor: Actor,
    /// Now.
    pub at: Instant,
}

/// One order for many requests, and how far it has come.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// What was ordered.
    pub verb: Steering,
    /// What selected its requests, in words.
    pub selection: String,
    /// Why, in the words of who ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who ordered it.
    pub actor: Actor,
    /// When it was opened; from then on nothing is begun for its requests if it halts them.
    pub opened_at: Instant,
    /// When its last item was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// Who called off what was left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off_by: Option<String>,
    /// How many requests belong to it.
    pub items: u64,
    /// For how many it was carried out.
    pub done: u64,
    /// To how many it did not apply any more.
    pub refused: u64,
    /// For how many it was called off.
    pub dropped: u64,
}

/// What is left to be carried out for one request.
#[derive(Clone, Debug, PartialEq)]
pub struct DueItem {
    /// The operation.
    pub operation: OperationId,
    /// What was ordered.
    pub verb: Steering,
    /// Who ordered it.
    pub actor: Actor,
    /// Its place in the operation.
    pub place: i64,
    /// The request.
    pub request: RequestId,
    /// The request as it is; absent if there is none of this id.
    pub member: Option<Member>,
}

/// What an order came to for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It was carried out.
    Done,
    /// It did not apply.
    Refused {
        /// Why, in words.
        why: String,
    },
    /// It was called off before it was carried out.
    Dropped,
}

/// What is to be noted about an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemEnd {
    /// Its place in the operation.
    pub place: i64,
    /// Its request.
    pub request: RequestId,
    /// What it came to. Carried out counts only if the request's row is written in the same transaction.
    pub outcome: ItemOutcome,
}

/// One request of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationItem {
    /// Its place in the operation.
    pub place: i64,
    /// The request.
    pub request: RequestId,
    /// What it came to, if it is settled.
    pub outcome: Option<ItemOutcome>,
    /// When it was settled.
    pub settled_at: Option<Instant>,
}
