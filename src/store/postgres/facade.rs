//! The ports, each verb passed on to the file that knows it.

use super::admission::{EndRests, FreeLanes};
use super::batches::{Accept, Discard, OpenBatch};
use super::begin::BeginOrder;
use super::observe::Observe;
use super::open::PostgresStore;
use super::promote::Promote;
use super::stage::Stage;
use super::transact::Verb;
use super::trust::Confirm;
use super::watches::NoteWatches;
use super::workers::{Heartbeat, SignOff, SignOn};
use super::{
    read_admission, read_history, read_requests, read_turns, read_watches, read_work, sweeps, trust,
};
use crate::domain::{BatchId, HolderId, Instant, ObjectId, RequestId, StoreId, UserId, Watch};
use crate::store::{
    Actor, Admission, Answer, Batch, BatchDraft, Batches, Begin, BeginFate, Claim, Commit, Count, DriftCount,
    Event, Events, Filter, Group, Intake, LaneView, Lease, Member, Page, Pool, PoolKey, Recheck, Requests,
    RowFate, SeatLine, StageReport, StagedRequest, Standing, Store, StoreError, SweepBegin, SweepEnd,
    SweepStanding, Sweeps, Tally, Trace, Trust, WatchGroup, WatchNote, Watches, Work,
};

impl PostgresStore {
    /// Runs a verb, if the database was opened for more than reading.
    pub(super) fn tell<V: Verb>(&self, verb: V) -> Answer<'_, V::Answer> {
        match &self.writer {
            Some(writer) => writer.tell(verb),
            None => Box::pin(async {
                Err(StoreError::Failed("the database was opened for reading only".to_owned()))
            }),
        }
    }
}

impl Intake for PostgresStore {
    fn open_batch(&self, draft: BatchDraft) -> Answer<'_, ()> {
        self.tell(OpenBatch(draft))
    }

    fn stage(&self, batch: BatchId, chunk: Vec<StagedRequest>, now: Instant) -> Answer<'_, StageReport> {
        self.tell(Stage { batch, chunk, now })
    }

    fn accept(&self, batch: BatchId, now: Instant) -> Answer<'_, Batch> {
        self.tell(Accept { batch, now })
    }

    fn promote(&self, rows_max: u32, now: Instant) -> Answer<'_, bool> {
        self.tell(Promote { rows_max, now })
    }

    fn discard(&self, batch: Option<BatchId>, rows_max: u32) -> Answer<'_, bool> {
        self.tell(Discard { batch, rows_max, abandoned_after: self.abandoned_after })
    }
}

impl Work for PostgresStore {
    fn sign_on(&self, holder: HolderId, lease: Lease) -> Answer<'_, ()> {
        self.tell(SignOn { holder, lease })
    }

    fn heartbeat(&self, holder: HolderId, lease: Lease) -> Answer<'_, ()> {
        self.tell(Heartbeat { holder, lease })
    }

    fn sign_off(&self, holder: HolderId) -> Answer<'_, ()> {
        self.tell(SignOff(holder))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Group>> {
        self.tell(claim)
    }

    fn begin(&self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.tell(BeginOrder { holder, begins, now })
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Vec<RowFate>> {
        self.tell(commit)
    }

    fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Answer<'_, Vec<Member>> {
        Box::pin(read_work::claimed_by_others(&self.readers, holder, rows_max))
    }

    fn blocked_since(&self, before: Instant, rows_max: u32) -> Answer<'_, Vec<Member>> {
        Box::pin(read_work::blocked_since(&self.readers, before, rows_max))
    }

    fn free_lanes(&self, holder: HolderId) -> Answer<'_, u64> {
        self.tell(FreeLanes { holder })
    }

    fn next_wake(&self) -> Answer<'_, Option<Instant>> {
        Box::pin(read_work::next_wake(&self.readers))
    }

    fn lanes(&self, rows_max: u32) -> Answer<'_, Vec<LaneView>> {
        Box::pin(read_work::lanes(&self.readers, rows_max))
    }
}

impl Admission for PostgresStore {
    fn candidates(&self, users_max: u32) -> Answer<'_, Vec<Member>> {
        Box::pin(read_admission::candidates(&self.readers, users_max))
    }

    fn seat_line(&self, key: PoolKey, users_max: u32) -> Answer<'_, SeatLine> {
        Box::pin(async move { read_turns::seat_line(&self.readers, &key, users_max).await })
    }

    fn end_rests(&self, now: Instant) -> Answer<'_, u64> {
        self.tell(EndRests { now })
    }

    fn next_rest_end(&self) -> Answer<'_, Option<Instant>> {
        Box::pin(read_admission::next_rest_end(&self.readers))
    }

    fn observe(&self, key: PoolKey, capacity: u32, others: u32, now: Instant) -> Answer<'_, ()> {
        self.tell(Observe { key, capacity, others, now })
    }

    fn pool(&self, key: PoolKey) -> Answer<'_, Option<Pool>> {
        Box::pin(async move { read_admission::pool(&self.readers, &key).await })
    }

    fn pools_to_read(&self, read_before: Instant) -> Answer<'_, Vec<Pool>> {
        Box::pin(read_admission::pools_to_read(&self.readers, read_before))
    }

    fn confirmed_holders(&self, key: PoolKey, confirmed_before: Instant) -> Answer<'_, u32> {
        Box::pin(
            async move { read_admission::confirmed_holders(&self.readers, &key, confirmed_before).await },
        )
    }

    fn slot_holders(&self, tenant: String, environment: String) -> Answer<'_, Vec<ObjectId>> {
        Box::pin(async move { read_admission::slot_holders(&self.readers, &tenant, &environment).await })
    }

    fn pools(&self) -> Answer<'_, Vec<Pool>> {
        Box::pin(read_admission::pools(&self.readers))
    }
}

impl Requests for PostgresStore {
    fn request(&self, id: RequestId) -> Answer<'_, Option<Member>> {
        Box::pin(read_requests::one(&self.readers, id))
    }

    fn requests(&self, filter: Filter, page: Page) -> Answer<'_, Vec<Member>> {
        Box::pin(async move { read_requests::page(&self.readers, &filter, page).await })
    }

    fn counts(&self, batch: Option<BatchId>) -> Answer<'_, Vec<Count>> {
        Box::pin(read_requests::counts(&self.readers, batch))
    }

    fn tallies(&self) -> Answer<'_, Vec<(String, Tally, f64)>> {
        Box::pin(read_requests::tallies(&self.readers))
    }
}

impl Batches for PostgresStore {
    fn batch(&self, id: BatchId) -> Answer<'_, Option<Batch>> {
        Box::pin(read_history::batch(&self.readers, id))
    }

    fn batches(&self, rows_max: u32) -> Answer<'_, Vec<Batch>> {
        Box::pin(read_history::batches(&self.readers, rows_max))
    }
}

impl Events for PostgresStore {
    fn history(&self, request: RequestId, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        Box::pin(read_history::history(&self.readers, request, after, rows_max))
    }

    fn latest(&self, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>> {
        Box::pin(read_history::latest(&self.readers, after, rows_max))
    }
}

impl Watches for PostgresStore {
    fn due_watches(&self, now: Instant, groups_max: u32, members_max: u32) -> Answer<'_, Vec<WatchGroup>> {
        Box::pin(read_watches::due(&self.readers, now, groups_max, members_max))
    }

    fn note_watches(&self, notes: Vec<WatchNote>, actor: Actor, now: Instant) -> Answer<'_, Vec<RowFate>> {
        self.tell(NoteWatches { notes, actor, now })
    }

    fn watches(&self, requests: Vec<RequestId>) -> Answer<'_, Vec<(RequestId, Watch)>> {
        Box::pin(read_watches::watches(&self.readers, requests))
    }

    fn next_watch(&self) -> Answer<'_, Option<Instant>> {
        Box::pin(read_watches::next(&self.readers))
    }

    fn drift_counts(&self) -> Answer<'_, Vec<DriftCount>> {
        Box::pin(read_watches::drift_counts(&self.readers))
    }
}

impl Sweeps for PostgresStore {
    fn recheck(&self, rechecks: Vec<Recheck>) -> Answer<'_, ()> {
        self.tell(sweeps::Note(rechecks))
    }

    fn traces(&self, tenant: String, objects: Vec<(ObjectId, Option<UserId>)>) -> Answer<'_, Vec<Trace>> {
        Box::pin(sweeps::traces(&self.readers, tenant, objects))
    }

    fn begin_sweep(&self, begins: Vec<SweepBegin>, now: Instant) -> Answer<'_, Vec<BeginFate>> {
        self.tell(sweeps::BeginSweep { begins, now })
    }

    fn end_sweep(&self, end: SweepEnd) -> Answer<'_, ()> {
        self.tell(sweeps::EndSweep(end))
    }

    fn sweeps(&self) -> Answer<'_, Vec<SweepStanding>> {
        Box::pin(sweeps::sweeps(&self.readers))
    }
}

impl Trust for PostgresStore {
    fn standing(&self) -> Answer<'_, Standing> {
        Box::pin(trust::standing(&self.readers))
    }

    fn confirm(&self, actor: Actor, now: Instant) -> Answer<'_, ()> {
        self.tell(Confirm { actor, now })
    }

    fn unseen(&self, rows_max: u32) -> Answer<'_, Vec<Member>> {
        Box::pin(trust::unseen(&self.readers, rows_max))
    }
}

impl Store for PostgresStore {
    fn id(&self) -> StoreId {
        self.store
    }
}
