//! A store that passes a fuse at every write, and keeps a journal of the intents that it recorded.

use super::fuse::Fuse;
use seatless::domain::{
    BatchId, HolderId, Instant, IntentId, ObjectId, RequestId, State, StoreId, UserId, Watch,
};
use seatless::store::{
    Actor, Admission, Answer, Batch, BatchDraft, Batches, Begin, BeginFate, Claim, Commit, Count, DriftCount,
    Event, Events, Filter, Group, Intake, LaneView, Member, Page, Password, PasswordOrder, Passwords, Pool,
    PoolKey, Recheck, Requests, Rotation, RotationEnd, RotationFate, RowFate, SealedPassword, SeatLine,
    SqliteStore, StageReport, StagedRequest, Standing, Store, StoreError, SweepBegin, SweepEnd,
    SweepStanding, Sweeps, Tally, Trace, Trust, WatchGroup, WatchNote, Watches, Work,
};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// One intent, as it was recorded for one request.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) request: RequestId,
    pub(crate) intent: IntentId,
    pub(crate) state: State,
}

pub(crate) struct GuardedStore {
    pub(crate) inner: SqliteStore,
    fuse: Arc<Fuse>,
    begun: Arc<Mutex<Vec<Begun>>>,
}

impl GuardedStore {
    pub(crate) fn new(inner: SqliteStore, fuse: Arc<Fuse>, begun: Arc<Mutex<Vec<Begun>>>) -> Self {
        Self { inner, fuse, begun }
    }

    fn guarded<'a, T: Send + 'a>(
        &'a self,
        what: &'static str,
        verb: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.fuse.pass(&format!("before {what}")).await;
            let answer = verb.await;
            self.fuse.pass(&format!("after {what}")).await;
            answer
        })
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
        self.guarded("claim", self.inner.claim(claim))
    }
    fn begin(&self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.guarded("begin", async move {
            let fates = self.inner.begin(holder, begins.clone(), now).await?;
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
        self.guarded("commit", self.inner.commit(commit))
    }
    fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.inner.claimed_by_others(holder, rows_max)
    }
    fn blocked_since(&self, before: Instant, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.inner.blocked_since(before, rows_max)
    }
    fn free_lanes(&self, holder: HolderId) -> Answer<'_, u64> {
        self.guarded("free lanes", self.inner.free_lanes(holder))
    }
    fn next_wake(&self) -> Answer<'_, Option<Instant>> {
        self.inner.next_wake()
    }
    fn lanes(&self, rows_max: u32) -> Answer<'_, Vec<LaneView>> {
        self.inner.lanes(rows_max)
    }
}

impl Admission for GuardedStore {
    fn candidates(&self, users_max: u32) -> Answer<'_, Vec<Member>> {
        self.inner.candidates(users_max)
    }
    fn seat_line(&self, key: PoolKey, users_max: u32) -> Answer<'_, SeatLine> {
        self.inner.seat_line(key, users_max)
    }
    fn end_rests(&self, now: Instant) -> Answer<'_, u64> {
        self.guarded("end rests", self.inner.end_rests(now))
    }
    fn next_rest_end(&self) -> Answer<'_, Option<Instant>> {
        self.inner.next_rest_end()
    }
    fn observe(&self, key: PoolKey, capacity: u32, others: u32, now: Instant) -> Answer<'_, ()> {
        self.guarded("observe", self.inner.observe(key, capacity, others, now))
    }
    fn pool(&self, key: PoolKey) -> Answer<'_, Option<Pool>> {
        self.inner.pool(key)
    }
    fn pools_to_read(&self, read_before: Instant) -> Answer<'_, Vec<Pool>> {
        self.inner.pools_to_read(read_before)
    }
    fn confirmed_holders(&self, key: PoolKey, confirmed_before: Instant) -> Answer<'_, u32> {
        self.inner.confirmed_holders(key, confirmed_before)
    }
    fn slot_holders(&self, tenant: String, environment: String) -> Answer<'_, Vec<ObjectId>> {
        self.inner.slot_holders(tenant, environment)
    }
    fn pools(&self) -> Answer<'_, Vec<Pool>> {
        self.inner.pools()
    }
}

impl Requests for GuardedStore {
    fn request(&self, id: RequestId) -> Answer<'_, Option<Member>> {
        self.inner.request(id)
    }
    fn requests(&self, filter: Filter, page: Page) -> Answer<'_, Vec<Member>> {
        self.inner.requests(filter, page)
    }
    fn counts(&self, batch: Option<BatchId>) -> Answer<'_, Vec<Count>> {
        self.inner.counts(batch)
    }
    fn tallies(&self) -> Answer<'_, Vec<(String, Tally, f64)>> {
        self.inner.tallies()
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
        self.inner.due_watches(now, groups_max, members_max)
    }
    fn note_watches(&self, notes: Vec<WatchNote>, actor: Actor, now: Instant) -> Answer<'_, Vec<RowFate>> {
        self.guarded("note watches", self.inner.note_watches(notes, actor, now))
    }
    fn watches(&self, requests: Vec<RequestId>) -> Answer<'_, Vec<(RequestId, Watch)>> {
        self.inner.watches(requests)
    }
    fn next_watch(&self) -> Answer<'_, Option<Instant>> {
        self.inner.next_watch()
    }
    fn drift_counts(&self) -> Answer<'_, Vec<DriftCount>> {
        self.inner.drift_counts()
    }
}

impl Sweeps for GuardedStore {
    fn recheck(&self, rechecks: Vec<Recheck>) -> Answer<'_, ()> {
        self.guarded("recheck", self.inner.recheck(rechecks))
    }
    fn traces(&self, tenant: String, objects: Vec<(ObjectId, Option<UserId>)>) -> Answer<'_, Vec<Trace>> {
        self.inner.traces(tenant, objects)
    }
    fn begin_sweep(&self, begins: Vec<SweepBegin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.guarded("begin sweep", self.inner.begin_sweep(begins, now))
    }
    fn end_sweep(&self, end: SweepEnd) -> Answer<'_, ()> {
        self.guarded("end sweep", self.inner.end_sweep(end))
    }
    fn sweeps(&self) -> Answer<'_, Vec<SweepStanding>> {
        self.inner.sweeps()
    }
}

impl Passwords for GuardedStore {
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>> {
        self.inner.passwords(users)
    }
    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>> {
        self.guarded("take passwords", self.inner.take_passwords(order))
    }
    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>> {
        self.guarded("acknowledge passwords", self.inner.acknowledge_passwords(order))
    }
    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.guarded("begin rotations", self.inner.begin_rotations(rotations, sealed, order))
    }
    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>> {
        self.guarded("end rotations", self.inner.end_rotations(ends, order))
    }
}

impl Trust for GuardedStore {
    fn standing(&self) -> Answer<'_, Standing> {
        self.inner.standing()
    }
    fn confirm(&self, actor: Actor, now: Instant) -> Answer<'_, ()> {
        self.guarded("confirm", self.inner.confirm(actor, now))
    }
    fn unseen(&self, rows_max: u32) -> Answer<'_, Vec<Member>> {
        self.inner.unseen(rows_max)
    }
}

impl Store for GuardedStore {
    fn id(&self) -> StoreId {
        self.inner.id()
    }
}
