//! Orders for many requests.

use super::books::Books;
use seatless::domain::{Instant, OperationId, RequestId};
use seatless::store::{
    Actor, Commit, DueItem, ItemEnd, ItemOutcome, Operation, OperationDraft, OperationItem, RowFate,
};

#[derive(Clone)]
pub struct Kept {
    pub operation: Operation,
    pub items: Vec<OperationItem>,
}

impl Kept {
    fn recount(&mut self, now: Instant) {
        let count = |wanted: fn(&ItemOutcome) -> bool| {
            self.items.iter().filter(|item| item.outcome.as_ref().is_some_and(wanted)).count() as u64
        };
        self.operation.done = count(|outcome| *outcome == ItemOutcome::Done);
        self.operation.refused = count(|outcome| matches!(outcome, ItemOutcome::Refused { .. }));
        self.operation.dropped = count(|outcome| *outcome == ItemOutcome::Dropped);
        let settled = self.items.iter().all(|item| item.outcome.is_some());
        self.operation.ended_at = self.operation.ended_at.or(settled.then_some(now));
    }
}

impl Books {
    pub fn is_halted(&self, request: RequestId) -> bool {
        self.operations
            .values()
            .filter(|kept| kept.operation.verb.halts())
            .any(|kept| kept.items.iter().any(|item| item.request == request && item.outcome.is_none()))
    }

    pub fn open_operation(&mut self, draft: OperationDraft, requests: Vec<RequestId>) -> Operation {
        let mut items: Vec<OperationItem> = Vec::new();
        for request in requests {
            if items.iter().all(|item| item.request != request) {
                let place = i64::try_from(items.len()).expect("a small number");
                items.push(OperationItem { place, request, outcome: None, settled_at: None });
            }
        }
        let OperationDraft { id, verb, selection, reason, actor, at } = draft;
        let operation = Operation {
            id,
            verb,
            selection,
            reason,
            actor,
            opened_at: at,
            ended_at: None,
            called_off_by: None,
            items: items.len() as u64,
            done: 0,
            refused: 0,
            dropped: 0,
        };
        let mut kept = Kept { operation, items };
        kept.recount(at);
        let operation = kept.operation.clone();
        self.operations.insert(id, kept);
        operation
    }

    pub fn due_items(&self, rows_max: u32) -> Vec<DueItem> {
        let open = self.operations.values().filter(|kept| kept.operation.ended_at.is_none());
        let Some(first) = open.min_by_key(|kept| (kept.operation.opened_at, kept.operation.id)) else {
            return Vec::new();
        };
        let due = first.items.iter().filter(|item| item.outcome.is_none()).take(rows_max as usize);
        due.map(|item| DueItem {
            operation: first.operation.id,
            verb: first.operation.verb,
            actor: first.operation.actor.clone(),
            place: item.place,
            request: item.request,
            member: self.request(item.request),
        })
        .collect()
    }

    pub fn settle_items(&mut self, id: OperationId, mut commit: Commit, ends: Vec<ItemEnd>) -> u64 {
        let Some(kept) = self.operations.get(&id) else { return 0 };
        let is_due =
            |end: &ItemEnd| kept.items.iter().any(|item| item.place == end.place && item.outcome.is_none());
        let ends: Vec<ItemEnd> = ends.into_iter().filter(is_due).collect();
        commit.rows.retain(|row| ends.iter().any(|end| end.request == row.request));
        let fates = self.commit(&commit);
        let mut settled = 0;
        for end in ends {
            let written = commit
                .rows
                .iter()
                .zip(&fates)
                .any(|(row, fate)| row.request == end.request && *fate == RowFate::Written);
            if end.outcome == ItemOutcome::Dropped || (end.outcome == ItemOutcome::Done && !written) {
                continue;
            }
            let kept = self.operations.get_mut(&id).expect("it was just there");
            let item = kept.items.iter_mut().find(|item| item.place == end.place).expect("it is due");
            item.outcome = Some(end.outcome);
            item.settled_at = Some(commit.now);
            settled += 1;
        }
        self.operations.get_mut(&id).expect("it was just there").recount(commit.now);
        settled
    }

    pub fn call_off(&mut self, id: OperationId, actor: &Actor, now: Instant) -> u64 {
        let Some(kept) = self.operations.get_mut(&id) else { return 0 };
        let mut dropped = 0;
        for item in kept.items.iter_mut().filter(|item| item.outcome.is_none()) {
            item.outcome = Some(ItemOutcome::Dropped);
            item.settled_at = Some(now);
            dropped += 1;
        }
        if dropped > 0 {
            kept.operation.called_off_by = Some(actor.name.clone());
        }
        kept.recount(now);
        dropped
    }

    pub fn latest_operations(&self, rows_max: u32, which: impl Fn(&Kept) -> bool) -> Vec<Operation> {
        let kept = self.operations.values().filter(|kept| which(kept));
        let mut found: Vec<Operation> = kept.map(|kept| kept.operation.clone()).collect();
        found.sort_by_key(|operation| std::cmp::Reverse((operation.opened_at, operation.id)));
        found.truncate(rows_max as usize);
        found
    }

    pub fn operation_items(&self, id: OperationId, after: i64, rows_max: u32) -> Vec<OperationItem> {
        let items = self.operations.get(&id).map(|kept| kept.items.clone()).unwrap_or_default();
        items.into_iter().filter(|item| item.place > after).take(rows_max as usize).collect()
    }
}
