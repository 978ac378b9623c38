//! The port of operations, each verb passed on to the file that knows it.

use super::open::SqliteStore;
use super::operations::{self, CallOff, OpenOperation, SettleItems};
use super::writer::Job;
use crate::domain::{Instant, OperationId, RequestId};
use crate::store::{
    Actor, Answer, Commit, DueItem, ItemEnd, Operation, OperationDraft, OperationItem, Operations,
};

impl Operations for SqliteStore {
    fn open_operation(&self, draft: OperationDraft, requests: Vec<RequestId>) -> Answer<'_, Operation> {
        self.tell(OpenOperation { draft, requests }, Job::First)
    }

    fn due_items(&self, rows_max: u32) -> Answer<'_, Vec<DueItem>> {
        Box::pin(operations::due_items(&self.readers, rows_max))
    }

    fn settle_items(&self, operation: OperationId, commit: Commit, ends: Vec<ItemEnd>) -> Answer<'_, u64> {
        self.tell(SettleItems { operation, commit, ends }, Job::First)
    }

    fn call_off(&self, operation: OperationId, actor: Actor, now: Instant) -> Answer<'_, u64> {
        self.tell(CallOff { operation, actor, now }, Job::First)
    }

    fn operation(&self, id: OperationId) -> Answer<'_, Option<Operation>> {
        Box::pin(operations::one(&self.readers, id))
    }

    fn operations(&self, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        Box::pin(operations::latest(&self.readers, rows_max))
    }

    fn operation_items(&self, id: OperationId, after: i64, rows_max: u32) -> Answer<'_, Vec<OperationItem>> {
        Box::pin(operations::items(&self.readers, id, after, rows_max))
    }

    fn operations_of(&self, request: RequestId, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        Box::pin(operations::of_request(&self.readers, request, rows_max))
    }
}
