//! A store that passes a fuse at every write, and keeps a journal of the intents that it recorded.

use super::gate::{Gate, Point, Side, in_one_piece};
use seatless::domain::{
    BatchId, HolderId, Instant, IntentId, ObjectId, OperationId, RequestId, State, StoreId, UserId, Watch,
};
use seatless::store::{
    Actor, Admission, Answer, Batch, BatchDraft, Batches, Begin, BeginFate, Claim, Commit, Count, DriftCount,
    DueItem, Event, Events, Filter, Group, Intake, ItemEnd, LaneView, Member, Operation, OperationDraft,
    OperationItem, Operations, Page, Password, PasswordOrder, Passwords, Pool, PoolKey, Recheck, Requests,
    Rotation, RotationEnd, RotationFate, RowFate, SealedPassword, SeatLine, SqliteStore, StageReport,
    StagedRequest, Standing, Store, StoreError, SweepBegin, SweepEnd, SweepStanding, Sweeps, Tally, Trace,
    Trust, WatchGroup, WatchNote, Watches, Work,
};
use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// One intent, as it was recorded for one request.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) request: RequestId,
    pub(crate) intent: IntentId,
    pub(crate) state: State,
}

/// What a wrong engine would do with the store; an honest one does nothing of the kind.
pub(crate) trait Tamper: Send + Sync {
    /// What the engine is told that it has claimed.
    fn claimed(&self, groups: Vec<Group>) -> Vec<Group> {
        groups
    }
    fn begin<'a>(&'a self, store: &'a SqliteStore, order: BeginOrder) -> Answer<'a, Vec<BeginFate>> {
        store.begin(order.holder, order.begins, order.now)
    }
    fn commit<'a>(&'a self, store: &'a SqliteStore, commit: Commit) -> Answer<'a, Vec<RowFate>> {
        store.commit(commit)
    }
    /// What the sweep is told.
    fn traced(&self, traces: Vec<Trace>) -> Vec<Trace> {
        traces
    }
    /// Whether what others have claimed is taken over.
    fn rescues(&self) -> bool {
        true
    }
}

/// The arguments of a begin.
pub(crate) struct BeginOrder {
    pub(crate) holder: HolderId,
    pub(crate) begins: Vec<Begin>,
    pub(crate) now: Instant,
}

pub(crate) struct Honest;

impl Tamper for Honest {}

pub(crate) struct GuardedStore {
    pub(crate) inner: SqliteStore,
    gate: Arc<dyn Gate>,
    begun: Arc<Mutex<Vec<Begun>>>,
    tamper: Arc<dyn Tamper>,
}

impl GuardedStore {
    pub(crate) fn new(inner: SqliteStore, gate: Arc<dyn Gate>, begun: Arc<Mutex<Vec<Begun>>>) -> Self {
        Self { inner, gate, begun, tamper: Arc::new(Honest) }
    }

    pub(crate) fn tampered(self, tamper: Arc<dyn Tamper>) -> Self {
        Self { tamper, ..self }
    }

    /// A write: a point before it and one after it.
    fn guarded<'a, T: Send + Debug + 'a>(
        &'a self,
        what: &'static str,
        arguments: impl Fn() -> String,
        verb: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Answer<'a, T> {
        if self.gate.is_noting() {
            self.gate.note(&format!("{what} {}", arguments()));
        }
        Box::pin(async move {
            let point = |side, answer: &str| Point {
                side,
                call: what.to_owned(),
                remote: false,
                answer: answer.to_owned(),
            };
            self.gate.pass(point(Side::Before, "")).await;
            let answer = in_one_piece(&*self.gate, verb).await;
            if self.gate.is_noting() {
                self.gate.note(&format!("{what}: {answer:?}"));
            }
            let kind = if answer.is_ok() { "done" } else { "failed" };
            self.gate.pass(point(Side::After, kind)).await;
            answer
        })
    }

    /// A read: it changes nothing, so that dying before or after it is the same as at the points around it.
    fn read<'a, T: Send + 'a>(
        &'a self,
        verb: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(in_one_piece(&*self.gate, verb))
    }
}

impl Intake for GuardedStore {
    fn open_batch(&self, draft: BatchDraft) -> Answer<'_, ()> {
        self.inner.open_batch(draft)
    }
    fn stage(&self, batch: BatchId, chunk: Vec<StagedRequest>, now: Instant) -> Answer<'_, StageReport> {
        self.inner.stage(batch, chunk, now)
    }
    fn accept(&self, batch: BatchId, now: Instant) -> Answer<'_, Batch> {
        self.inner.accept(batch, now)
    }
    fn promote(&self, rows_max: u32, now: Instant) -> Answer<'_, bool> {
        self.inner.promote(rows_max, now)
    }
    fn discard(&self, batch: Option<BatchId>, rows_max: u32) -> Answer<'_, bool> {
        self.inner.discard(batch, rows_max)
    }
}

impl Work for GuardedStore {
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Group>> {
        let order = claim.clone();
        self.guarded("claim", move || format!("{order:?}"), async move {
            Ok(self.tamper.claimed(self.inner.claim(claim).await?))
        })
    }
    fn begin(&self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        let order = begins.clone();
        let told = move || format!("{order:?} {now}");
        self.guarded("begin", told, async move {
            let order = BeginOrder { holder, begins: begins.clone(), now };
            let fates = self.tamper.begin(&self.inner, order).await?;
            let recorded = begins.iter().zip(&fates).filter(|(_, fate)| **fate == BeginFate::Begun);
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.extend(recorded.map(|(begin, _)| Begun {
                request: begin.request,
                intent: begin.intent,
                state: begin.state,
            }));
            Ok(fates)
        })
    }
    fn commit(&self, commit: Commit) -> Answer<'_, Vec<RowFate>> {
        let order = commit.clone();
        self.guarded("commit", move || format!("{order:?}"), self.tamper.commit(&self.inner, commit))
    }
    fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.read(async move {
            if self.tamper.rescues() {
                self.inner.claimed_by_others(holder, rows_max).await
            } else {
                Ok(Vec::new())
            }
        })
    }
    fn blocked_since(&self, before: Instant, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.read(self.inner.blocked_since(before, rows_max))
    }
    fn free_lanes(&self, holder: HolderId) -> Answer<'_, u64> {
        self.guarded("free lanes", String::new, async move {
            if self.tamper.rescues() { self.inner.free_lanes(holder).await } else { Ok(0) }
        })
    }
    fn next_wake(&self) -> Answer<'_, Option<Instant>> {
        self.read(self.inner.next_wake())
    }
    fn lanes(&self, rows_max: u32) -> Answer<'_, Vec<LaneView>> {
        self.read(self.inner.lanes(rows_max))
    }
}

impl Admission for GuardedStore {
    fn candidates(&self, users_max: u32) -> Answer<'_, Vec<Member>> {
        self.read(self.inner.candidates(users_max))
    }
    fn seat_line(&self, key: PoolKey, users_max: u32) -> Answer<'_, SeatLine> {
        self.read(self.inner.seat_line(key, users_max))
    }
    fn end_rests(&self, now: Instant) -> Answer<'_, u64> {
        self.guarded("end rests", move || now.to_string(), self.inner.end_rests(now))
    }
    fn next_rest_end(&self) -> Answer<'_, Option<Instant>> {
        self.read(self.inner.next_rest_end())
    }
    fn observe(&self, key: PoolKey, capacity: u32, others: u32, now: Instant) -> Answer<'_, ()> {
        let told = format!("{key:?} {capacity} {others} {now}");
        self.guarded("observe", move || told.clone(), self.inner.observe(key, capacity, others, now))
    }
    fn pool(&self, key: PoolKey) -> Answer<'_, Option<Pool>> {
        self.read(self.inner.pool(key))
    }
    fn pools_to_read(&self, read_before: Instant) -> Answer<'_, Vec<Pool>> {
        self.read(self.inner.pools_to_read(read_before))
    }
    fn confirmed_holders(&self, key: PoolKey, confirmed_before: Instant) -> Answer<'_, u32> {
        self.read(self.inner.confirmed_holders(key, confirmed_before))
    }
    fn slot_holders(&self, tenant: String, environment: String) -> Answer<'_, Vec<ObjectId>> {
        self.read(self.inner.slot_holders(tenant, environment))
    }
    fn pools(&self) -> Answer<'_, Vec<Pool>> {
        self.read(self.inner.pools())
    }
}

impl Requests for GuardedStore {
    fn request(&self, id: RequestId) -> Answer<'_, Option<Member>> {
        self.read(self.inner.request(id))
    }
    fn requests(&self, filter: Filter, page: Page) -> Answer<'_, Vec<Member>> {
        self.read(self.inner.requests(filter, page))
    }
    fn counts(&self, batch: Option<BatchId>) -> Answer<'_, Vec<Count>> {
        self.read(self.inner.counts(batch))
    }
    fn tallies(&self) -> Answer<'_, Vec<(String, Tally, f64)>> {
        self.read(self.inner.tallies())
    }
}

impl Batches for GuardedStore {
    fn batch(&self, id: BatchId) -> Answer<'_, Option<Batch>> {
        self.inner.batch(id)
    }
    fn batches(&self, rows_max: u32) -> Answer<'_, Vec<Batch>> {
        self.inner.batches(rows_max)
    }
}

impl Events for GuardedStore {
    fn history(&self, request: RequestId, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        self.inner.history(request, after, rows_max)
    }
    fn latest(&self, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        self.inner.latest(after, rows_max)
    }
}

impl Watches for GuardedStore {
    fn due_watches(&self, now: Instant, groups_max: u32, members_max: u32) -> Answer<'_, Vec<WatchGroup>> {
        self.read(self.inner.due_watches(now, groups_max, members_max))
    }
    fn note_watches(&self, notes: Vec<WatchNote>, actor: Actor, now: Instant) -> Answer<'_, Vec<RowFate>> {
        let told = format!("{notes:?} {now}");
        self.guarded("note watches", move || told.clone(), self.inner.note_watches(notes, actor, now))
    }
    fn watches(&self, requests: Vec<RequestId>) -> Answer<'_, Vec<(RequestId, Watch)>> {
        self.read(self.inner.watches(requests))
    }
    fn next_watch(&self) -> Answer<'_, Option<Instant>> {
        self.read(self.inner.next_watch())
    }
    fn drift_counts(&self) -> Answer<'_, Vec<DriftCount>> {
        self.read(self.inner.drift_counts())
    }
}

impl Sweeps for GuardedStore {
    fn recheck(&self, rechecks: Vec<Recheck>) -> Answer<'_, ()> {
        let told = format!("{rechecks:?}");
        self.guarded("recheck", move || told.clone(), self.inner.recheck(rechecks))
    }
    fn traces(&self, tenant: String, objects: Vec<(ObjectId, Option<UserId>)>) -> Answer<'_, Vec<Trace>> {
        self.read(async move { Ok(self.tamper.traced(self.inner.traces(tenant, objects).await?)) })
    }
    fn begin_sweep(&self, begins: Vec<SweepBegin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        let told = format!("{begins:?} {now}");
        self.guarded("begin sweep", move || told.clone(), self.inner.begin_sweep(begins, now))
    }
    fn end_sweep(&self, end: SweepEnd) -> Answer<'_, ()> {
        let told = format!("{end:?}");
        self.guarded("end sweep", move || told.clone(), self.inner.end_sweep(end))
    }
    fn sweeps(&self) -> Answer<'_, Vec<SweepStanding>> {
        self.read(self.inner.sweeps())
    }
}

impl Passwords for GuardedStore {
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>> {
        self.read(self.inner.passwords(users))
    }
    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>> {
        self.guarded("take passwords", String::new, self.inner.take_passwords(order))
    }
    fn give_passwords_back(&self, order: PasswordOrder) -> Answer<'_, ()> {
        self.guarded("give passwords back", String::new, self.inner.give_passwords_back(order))
    }
    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>> {
        self.guarded("acknowledge passwords", String::new, self.inner.acknowledge_passwords(order))
    }
    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.guarded("begin rotations", String::new, self.inner.begin_rotations(rotations, sealed, order))
    }
    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.guarded("end rotations", String::new, self.inner.end_rotations(ends, order))
    }
}

impl Trust for GuardedStore {
    fn standing(&self) -> Answer<'_, Standing> {
        self.read(self.inner.standing())
    }
    fn confirm(&self, actor: Actor, now: Instant) -> Answer<'_, ()> {
        let told = format!("{actor:?} {now}");
        self.guarded("confirm", move || told.clone(), self.inner.confirm(actor, now))
    }
    fn unseen(&self, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.read(self.inner.unseen(rows_max))
    }
}

impl Operations for GuardedStore {
    fn open_operation(&self, draft: OperationDraft, requests: Vec<RequestId>) -> Answer<'_, Operation> {
        self.inner.open_operation(draft, requests)
    }
    fn due_items(&self, rows_max: u32) -> Answer<'_, Vec<DueItem>> {
        self.inner.due_items(rows_max)
    }
    fn settle_items(&self, operation: OperationId, commit: Commit, ends: Vec<ItemEnd>) -> Answer<'_, u64> {
        self.inner.settle_items(operation, commit, ends)
    }
    fn call_off(&self, operation: OperationId, actor: Actor, now: Instant) -> Answer<'_, u64> {
        self.inner.call_off(operation, actor, now)
    }
    fn operation(&self, id: OperationId) -> Answer<'_, Option<Operation>> {
        self.inner.operation(id)
    }
    fn operations(&self, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        self.inner.operations(rows_max)
    }
    fn operation_items(&self, id: OperationId, after: i64, rows_max: u32) -> Answer<'_, Vec<OperationItem>> {
        self.inner.operation_items(id, after, rows_max)
    }
    fn operations_of(&self, request: RequestId, rows_max: u32) -> Answer<'_, Vec<Operation>> {
        self.inner.operations_of(request, rows_max)
    }
}

impl Store for GuardedStore {
    fn id(&self) -> StoreId {
        self.inner.id()
    }
}
