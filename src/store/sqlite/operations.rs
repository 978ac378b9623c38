//! Orders for many requests: opened at once, carried out in chunks.

use super::cells::{Cells, micros};
use super::commit;
use super::json_rows::id_list;
use super::member;
use super::pen::Pen;
use super::read_watches::MEMBERS;
use super::read_work::WHENEVER;
use super::readers::Readers;
use super::verdict::corrupt;
use super::writer::{Applied, Verb};
use crate::domain::{Instant, OperationId, RequestId, Steering};
use crate::store::sql::operation_rows;
use crate::store::{
    Actor, Commit, DueItem, ItemEnd, Member, Operation, OperationDraft, OperationItem, Origin, StoreError,
};
use std::collections::{BTreeSet, HashMap};

pub(super) const OPEN: &str = "
    INSERT INTO operations (id, verb, selection, reason, actor, origin, opened_at, ended_at, items)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN ?8 = 0 THEN ?7 END, ?8)";

pub(super) const OPEN_ITEMS: &str = "
    INSERT INTO operation_items (operation, place, request, halts)
    SELECT ?1, key, unhex(value), ?3 FROM json_each(?2)";

pub(super) const FIRST: &str = "
    SELECT id, verb, actor, origin FROM operations INDEXED BY operations_open
    WHERE ended_at IS NULL ORDER BY opened_at, id LIMIT 1";

pub(super) const DUE_ITEMS: &str = "
    SELECT place, request FROM operation_items
    WHERE operation = ?1 AND outcome IS NULL ORDER BY place LIMIT ?2";

pub(super) const STILL_DUE: &str = "
    SELECT i.place FROM json_each(?2) AS wanted CROSS JOIN operation_items AS i
    WHERE i.operation = ?1 AND i.place = wanted.value AND i.outcome IS NULL";

/// The operation comes with each end: else, once there are statistics, every item that is due is compared with every end.
pub(super) const SETTLE: &str = "
    WITH ends AS MATERIALIZED (SELECT ?1 AS of_operation, value AS v FROM json_each(?2))
    UPDATE operation_items SET outcome = v ->> 1, why = v ->> 2, settled_at = v ->> 3
    FROM ends
    WHERE operation = of_operation AND place = v ->> 0 AND outcome IS NULL";

pub(super) const COUNT: &str = "
    UPDATE operations
    SET done = done + ?2, refused = refused + ?3, dropped = dropped + ?4,
        called_off_by = coalesce(?5, called_off_by),
        ended_at = CASE WHEN done + refused + dropped + ?2 + ?3 + ?4 = items THEN ?6 END
    WHERE id = ?1 AND ended_at IS NULL";

pub(super) const DROP: &str = "
    UPDATE operation_items SET outcome = 'dropped', settled_at = ?2
    WHERE operation = ?1 AND outcome IS NULL";

pub(super) const ONE: &str = "
    SELECT id, verb, selection, reason, actor, origin, opened_at, ended_at, called_off_by, items, done, refused, dropped
    FROM operations WHERE id = ?1";

pub(super) const LATEST: &str = "
    SELECT id, verb, selection, reason, actor, origin, opened_at, ended_at, called_off_by, items, done, refused, dropped
    FROM operations ORDER BY opened_at DESC, id DESC LIMIT ?1";

pub(super) const OF_REQUEST: &str = "
    SELECT o.id, o.verb, o.selection, o.reason, o.actor, o.origin, o.opened_at, o.ended_at, o.called_off_by, o.items,
        o.done, o.refused, o.dropped
    FROM operation_items AS i INDEXED BY operation_items_by_request CROSS JOIN operations AS o ON o.id = i.operation
    WHERE i.request = ?1 ORDER BY o.opened_at DESC, o.id DESC LIMIT ?2";

pub(super) const ITEMS: &str = "
    SELECT place, request, outcome, why, settled_at FROM operation_items
    WHERE operation = ?1 AND place > ?2 ORDER BY place LIMIT ?3";

/// How many rows of an opening weigh as much as one of a commit: they touch nothing else.
const LIGHTER: usize = 10;

/// Opens an operation.
pub(super) struct OpenOperation {
    pub(super) draft: OperationDraft,
    pub(super) requests: Vec<RequestId>,
}

impl Verb for OpenOperation {
    type Answer = Operation;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Operation> {
        Box::pin(async move {
            let draft = &self.draft;
            let ids = operation_rows::once(&self.requests);
            let open = sqlx::query(OPEN)
                .bind(draft.id.0)
                .bind(draft.verb.as_str())
                .bind(draft.selection.as_str())
                .bind(draft.reason.as_deref())
                .bind(draft.actor.name.as_str())
                .bind(draft.actor.origin.as_str())
                .bind(micros(draft.at))
                .bind(i64::try_from(ids.len()).unwrap_or(i64::MAX));
            pen.run(open).await?;
            let items = sqlx::query(OPEN_ITEMS).bind(draft.id.0).bind(id_list(ids));
            pen.run(items.bind(draft.verb.halts())).await?;
            opened(pen, draft.id).await
        })
    }

    fn weight(&self) -> usize {
        (self.requests.len() / LIGHTER).max(1)
    }
}

async fn opened(pen: &mut Pen, id: OperationId) -> Result<Operation, StoreError> {
    match pen.row(sqlx::query(ONE).bind(id.0)).await? {
        Some(row) => operation_rows::operation(&row),
        None => Err(corrupt(format!("operation {id}"), "it was just opened, and is gone")),
    }
}

/// Settles items of an operation.
pub(super) struct SettleItems {
    pub(super) operation: OperationId,
    pub(super) commit: Commit,
    pub(super) ends: Vec<ItemEnd>,
}

impl Verb for SettleItems {
    type Answer = u64;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, u64> {
        Box::pin(self.settle(pen))
    }

    fn weight(&self) -> usize {
        self.ends.len().max(1)
    }
}

impl SettleItems {
    async fn settle(&self, pen: &mut Pen) -> Result<u64, StoreError> {
        let places = super::json_rows::int_list(self.ends.iter().map(|end| end.place));
        let due = pen.rows(sqlx::query(STILL_DUE).bind(self.operation.0).bind(places)).await?;
        let due: BTreeSet<i64> =
            due.iter().map(|row| Cells::of(row).int()).collect::<Result<_, StoreError>>()?;
        let commit = operation_rows::still_due(&self.commit, &self.ends, &due);
        let fates = commit::apply(pen, &[&commit]).await?;
        let fates = fates.into_iter().next().unwrap_or_default();
        let (rows, done, refused) = operation_rows::settled(&commit, &fates, &self.ends, &due);
        if done + refused == 0 {
            return Ok(0);
        }
        let settled = pen.run(sqlx::query(SETTLE).bind(self.operation.0).bind(rows.into_json())).await?;
        let nobody: Option<&str> = None;
        let count = sqlx::query(COUNT).bind(self.operation.0).bind(done).bind(refused).bind(0_i64);
        pen.run(count.bind(nobody).bind(micros(commit.now))).await?;
        Ok(settled)
    }
}

/// Drops what is left of an operation.
pub(super) struct CallOff {
    pub(super) operation: OperationId,
    pub(super) actor: Actor,
    pub(super) now: Instant,
}

impl Verb for CallOff {
    type Answer = u64;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, u64> {
        Box::pin(async move {
            let now = micros(self.now);
            let dropped = pen.run(sqlx::query(DROP).bind(self.operation.0).bind(now)).await?;
            if dropped > 0 {
                let count = sqlx::query(COUNT).bind(self.operation.0).bind(0_i64).bind(0_i64);
                let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
                pen.run(count.bind(dropped).bind(self.actor.name.as_str()).bind(now)).await?;
            }
            Ok(dropped)
        })
    }
}

pub(super) async fn due_items(readers: &Readers, rows_max: u32) -> Result<Vec<DueItem>, StoreError> {
    let Some(first) = readers.row(sqlx::query(FIRST)).await? else { return Ok(Vec::new()) };
    let mut cells = Cells::of(&first);
    let (operation, verb) = (OperationId(cells.id()?), cells.word(Steering::parse)?);
    let actor = Actor { name: cells.take()?, origin: cells.word(Origin::parse)? };
    let mut due = Vec::new();
    for row in readers.rows(sqlx::query(DUE_ITEMS).bind(operation.0).bind(rows_max)).await? {
        let mut cells = Cells::of(&row);
        due.push((cells.int()?, RequestId(cells.id()?)));
    }
    let ids = id_list(due.iter().map(|(_, request)| request.0));
    let mut members: HashMap<RequestId, Member> = HashMap::new();
    for row in readers.rows(sqlx::query(MEMBERS).bind(WHENEVER).bind(ids)).await? {
        let member = member::read(&row)?;
        members.insert(member.request.id, member);
    }
    let item = |(place, request)| DueItem {
        operation,
        verb,
        actor: actor.clone(),
        place,
        request,
        member: members.remove(&request),
    };
    Ok(due.into_iter().map(item).collect())
}

pub(super) async fn one(readers: &Readers, id: OperationId) -> Result<Option<Operation>, StoreError> {
    readers.row(sqlx::query(ONE).bind(id.0)).await?.as_ref().map(operation_rows::operation).transpose()
}

pub(super) async fn latest(readers: &Readers, rows_max: u32) -> Result<Vec<Operation>, StoreError> {
    let rows = readers.rows(sqlx::query(LATEST).bind(rows_max)).await?;
    rows.iter().map(operation_rows::operation).collect()
}

pub(super) async fn of_request(
    readers: &Readers,
    request: RequestId,
    rows_max: u32,
) -> Result<Vec<Operation>, StoreError> {
    let rows = readers.rows(sqlx::query(OF_REQUEST).bind(request.0).bind(rows_max)).await?;
    rows.iter().map(operation_rows::operation).collect()
}

pub(super) async fn items(
    readers: &Readers,
    id: OperationId,
    after: i64,
    rows_max: u32,
) -> Result<Vec<OperationItem>, StoreError> {
    let rows = readers.rows(sqlx::query(ITEMS).bind(id.0).bind(after).bind(rows_max)).await?;
    rows.iter().map(operation_rows::item).collect()
}
