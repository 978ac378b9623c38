//! The ports over the books.

use super::books::Books;
use crate::suite::world::{Database, Later};
use seatless::domain::{
    BatchId, HolderId, Instant, ObjectId, OperationId, RequestId, StoreId, UserId, Watch,
};
use seatless::store::{
    Actor, Admission, Answer, Batch, BatchDraft, Batches, Begin, BeginFate, Claim, Commit, Count, Doubt,
    DriftCount, DueItem, Event, Events, Filter, Group, Intake, ItemEnd, LaneView, Member, Operation,
    OperationDraft, OperationItem, Operations, Page, Password, PasswordOrder, Passwords, Pool, PoolKey,
    Recheck, Requests, Rotation, RotationEnd, RotationFate, RowFate, SealedPassword, SeatLine, StageReport,
    StagedRequest, Standing, Store, StoreError, SweepBegin, SweepEnd, SweepStanding, Sweeps, Tally, Trace,
    Trust, WatchGroup, WatchNote, Watches, Work,
};
use std::sync::{Arc, Mutex};

/// A store that is nothing but what the ports say.
#[derive(Clone, Default)]
pub struct Model {
    books: Arc<Mutex<Books>>,
    saved: Arc<Mutex<Option<Books>>>,
}

impl Model {
    fn on<T: Send + 'static>(&self, verb: impl FnOnce(&mut Books) -> T) -> Answer<'static, T> {
        self.told(|books| Ok(verb(books)))
    }

    fn told<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut Books) -> Result<T, StoreError>,
    ) -> Answer<'static, T> {
        let answer = verb(&mut self.books.lock().expect("no test panics while it holds this"));
        Box::pin(std::future::ready(answer))
    }
}

impl Intake for Model {
    fn open_batch(&self, draft: BatchDraft) -> Answer<'_, ()> {
        self.on(|books| books.open_batch(draft))
    }
    fn stage(&self, batch: BatchId, chunk: Vec<StagedRequest>, now: Instant) -> Answer<'_, StageReport> {
        self.told(|books| books.stage(batch, chunk, now))
    }
    fn accept(&self, batch: BatchId, now: Instant) -> Answer<'_, Batch> {
        self.told(|books| books.accept(batch, now))
    }
    fn promote(&self, rows_max: u32, now: Instant) -> Answer<'_, bool> {
        self.on(|books| books.promote(rows_max, now))
    }
    fn discard(&self, batch: Option<BatchId>, rows_max: u32) -> Answer<'_, bool> {
        self.on(|books| books.discard(batch, rows_max))
    }
}

impl Work for Model {
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Group>> {
        self.on(|books| books.claim(&claim))
    }
    fn begin(&self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.on(|books| books.begin(holder, begins, now))
    }
    fn commit(&self, commit: Commit) -> Answer<'_, Vec<RowFate>> {
        self.on(|books| books.commit(&commit))
    }
    fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.on(|books| books.claimed_by_others(holder, rows_max))
    }
    fn blocked_since(&self, before: Instant, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.on(|books| books.blocked_since(before, rows_max))
    }
    fn free_lanes(&self, holder: HolderId) -> Answer<'_, u64> {
        self.on(|books| books.free_lanes(holder))
    }
    fn next_wake(&self) -> Answer<'_, Option<Instant>> {
        self.on(|books| books.next_wake())
    }
    fn lanes(&self, rows_max: u32) -> Answer<'_, Vec<LaneView>> {
        self.on(|books| books.lane_views(rows_max))
    }
}

impl Admission for Model {
    fn candidates(&self, users_max: u32) -> Answer<'_, Vec<Member>> {
        self.on(|books| books.candidates(users_max))
    }
    fn seat_line(&self, key: PoolKey, users_max: u32) -> Answer<'_, SeatLine> {
        self.on(|books| books.seat_line(&key, users_max))
    }
    fn end_rests(&self, now: Instant) -> Answer<'_, u64> {
        self.on(|books| books.end_rests(now))
    }
    fn next_rest_end(&self) -> Answer<'_, Option<Instant>> {
        self.on(|books| books.next_rest_end())
    }
    fn observe(&self, key: PoolKey, capacity: u32, others: u32, now: Instant) -> Answer<'_, ()> {
        self.on(|books| books.observe(key, capacity, others, now))
    }
    fn pool(&self, key: PoolKey) -> Answer<'_, Option<Pool>> {
        self.on(|books| books.pools().into_iter().find(|pool| pool.key == key))
    }
    fn pools_to_read(&self, read_before: Instant) -> Answer<'_, Vec<Pool>> {
        self.on(|books| books.pools_to_read(read_before))
    }
    fn confirmed_holders(&self, key: PoolKey, confirmed_before: Instant) -> Answer<'_, u32> {
        self.on(|books| books.confirmed_holders(&key, confirmed_before))
    }
    fn slot_holders(&self, tenant: String, environment: String) -> Answer<'_, Vec<ObjectId>> {
        self.on(|books| books.slot_holders(&tenant, &environment))
    }
    fn pools(&self) -> Answer<'_, Vec<Pool>> {
        self.on(|books| books.pools())
    }
}

impl Requests for Model {
    fn request(&self, id: RequestId) -> Answer<'_, Option<Member>> {
        self.on(|books| books.request(id))
    }
    fn requests(&self, filter: Filter, page: Page) -> Answer<'_, Vec<Member>> {
        self.on(|books| books.page(&filter, page))
    }
    fn counts(&self, batch: Option<BatchId>) -> Answer<'_, Vec<Count>> {
        self.on(|books| books.counts(batch))
    }
    fn tallies(&self) -> Answer<'_, Vec<(String, Tally, f64)>> {
        self.on(|books| books.tallies())
    }
}

impl Batches for Model {
    fn batch(&self, id: BatchId) -> Answer<'_, Option<Batch>> {
        self.on(|books| books.batches(u32::MAX).into_iter().find(|batch| batch.id == id))
    }
    fn batches(&self, rows_max: u32) -> Answer<'_, Vec<Batch>> {
        self.on(|books| books.batches(rows_max))
    }
}

impl Events for Model {
    fn history(&self, request: RequestId, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        self.on(|books| books.history(request, after, rows_max))
    }
    fn latest(&self, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        self.on(|books| books.latest(after, rows_max))
    }
}

impl Watches for Model {
    fn due_watches(&self, now: Instant, groups_max: u32, members_max: u32) -> Answer<'_, Vec<WatchGroup>> {
        self.on(|books| books.due_watches(now, groups_max, members_max))
    }
    fn note_watches(&self, notes: Vec<WatchNote>, actor: Actor, now: Instant) -> Answer<'_, Vec<RowFate>> {
        self.on(|books| books.note_watches(notes, &actor, now))
    }
    fn watches(&self, requests: Vec<RequestId>) -> Answer<'_, Vec<(RequestId, Watch)>> {
        self.on(|books| books.watches(requests))
    }
    fn next_watch(&self) -> Answer<'_, Option<Instant>> {
        self.on(|books| books.next_watch())
    }
    fn drift_counts(&self) -> Answer<'_, Vec<DriftCount>> {
        self.on(|books| books.drift_counts())
    }
}

impl Sweeps for Model {
    fn recheck(&self, rechecks: Vec<Recheck>) -> Answer<'_, ()> {
        self.on(|books| books.recheck(rechecks))
    }
    fn traces(&self, tenant: String, objects: Vec<(ObjectId, Option<UserId>)>) -> Answer<'_, Vec<Trace>> {
        self.on(|books| books.traces(&tenant, objects))
    }
    fn begin_sweep(&self, begins: Vec<SweepBegin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.on(|books| books.begin_sweep(&begins, now))
    }
    fn end_sweep(&self, end: SweepEnd) -> Answer<'_, ()> {
        self.on(|books| books.end_sweep(end))
    }
    fn sweeps(&self) -> Answer<'_, Vec<SweepStanding>> {
        self.on(|books| books.sweeps.values().cloned().collect())
    }
}

impl Passwords for Model {
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>> {
        self.on(|books| books.passwords(users))
    }
    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>> {
        self.on(|books| books.take_passwords(&order))
    }
    fn give_passwords_back(&self, order: PasswordOrder) -> Answer<'_, ()> {
        self.on(|books| books.give_passwords_back(&order))
    }
    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>> {
        self.on(|books| books.acknowledge_passwords(&order))
    }
    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.on(|books| books.begin_rotations(&rotations, sealed, &order))
    }
    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.on(|books| books.end_rotations(&ends, &order))
    }
}

impl Trust for Model {
    fn standing(&self) -> Answer<'_, Standing> {
        self.on(|books| match books.doubted_since {
            Some(since) if books.is_doubted => Standing::ReportOnly { since, doubt: Doubt::Restored },
            Some(_) | None => Standing::Trusted,
        })
    }
    fn confirm(&self, _actor: Actor, _now: Instant) -> Answer<'_, ()> {
        self.on(|books| books.is_doubted = false)
    }
    fn unseen(&self, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.on(|books| books.unseen(rows_max))
    }
}

impl Operations for Model {
    fn open_operation(&self, draft: OperationDraft, requests: Vec<RequestId>) -> Answer<'_, Operation> {
        self.on(|books| books.open_operation(draft, requests))
    }
    fn due_items(&self, rows_max: u32) -> Answer<'_, Vec<DueItem>> {
        self.on(|books| books.due_items(rows_max))
    }
    fn settle_items(&self, operation: OperationId, commit: Commit, ends: Vec<ItemEnd>) -> Answer<'_, u64> {
        self.on(|books| books.settle_items(operation, commit, ends))
    }
    fn call_off(&self, operation: OperationId, actor: Actor, now: Instant) -> Answer<'_, u64> {
        self.on(|books| books.call_off(operation, &actor, now))
    }
    fn operation(&self, id: OperationId) -> Answer<'_, Option<Operation>> {
        self.on(|books| books.operations.get(&id).map(|kept| kept.operation.clone()))
    }
    fn operations(&self, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        self.on(|books| books.latest_operations(rows_max, |_| true))
    }
    fn operation_items(&self, id: OperationId, after: i64, rows_max: u32) -> Answer<'_, Vec<OperationItem>> {
        self.on(|books| books.operation_items(id, after, rows_max))
    }
    fn operations_of(&self, request: RequestId, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        self.on(|books| {
            books.latest_operations(rows_max, |kept| kept.items.iter().any(|item| item.request == request))
        })
    }
}

impl Store for Model {
    fn id(&self) -> StoreId {
        crate::suite::sqlite::factory::card().new_store
    }
}

/// It has no process that could end.
impl Database for Model {
    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        let store: Arc<dyn Store> = Arc::new(self.clone());
        Box::pin(std::future::ready(store))
    }
    fn close(&self) -> Later<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    fn save(&self) -> Later<'_, ()> {
        let books = self.books.lock().expect("no test panics while it holds this").clone();
        *self.saved.lock().expect("no test panics while it holds this") = Some(books);
        Box::pin(std::future::ready(()))
    }
    fn put_back(&self) -> Later<'_, ()> {
        let saved = self.saved.lock().expect("no test panics while it holds this").clone();
        let mut books = saved.expect("a copy was kept");
        books.put_back(crate::suite::sqlite::factory::card().since);
        *self.books.lock().expect("no test panics while it holds this") = books;
        Box::pin(std::future::ready(()))
    }
}
