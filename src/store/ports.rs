//! The ports: what every driver can do. One conformance suite (`tests/store`) says what each verb means.

use super::{
    Actor, Batch, BatchDraft, Begin, BeginFate, Claim, Commit, Count, DriftCount, Event, Filter, Group,
    LaneView, Lease, Member, Page, Pool, PoolKey, Recheck, RowFate, SeatLine, StageReport, StagedRequest,
    Standing, StoreError, SweepBegin, SweepEnd, SweepStanding, Tally, Trace, WatchGroup, WatchNote,
};
use super::{DueItem, ItemEnd, Operation, OperationDraft, OperationItem};
use super::{Password, PasswordOrder, Rotation, RotationEnd, RotationFate, SealedPassword};
use crate::domain::{BatchId, HolderId, Instant, ObjectId, OperationId, RequestId, StoreId, UserId, Watch};
use std::future::Future;
use std::pin::Pin;

/// What a verb answers, some time later. Dropping it does not undo the verb: a store call runs to its end.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Taking requests in.
pub trait Intake: Send + Sync {
    /// Opens a batch that nobody sees yet.
    fn open_batch(&self, draft: BatchDraft) -> Answer<'_, ()>;

    /// Stores a chunk of an open batch, still unseen. A chunk should hold at most 2,000 requests, so that no
    /// transaction is long. With any fault in the report the batch can only be discarded.
    fn stage(&self, batch: BatchId, chunk: Vec<StagedRequest>, now: Instant) -> Answer<'_, StageReport>;

    /// Accepts a batch: from here on it is promised. One flag, whatever its size.
    fn accept(&self, batch: BatchId, now: Instant) -> Answer<'_, Batch>;

    /// Hands at most `rows_max` requests of accepted batches to the lanes, with their first event and their counts;
    /// says whether there are more. Requests and batches become visible with it.
    fn promote(&self, rows_max: u32, now: Instant) -> Answer<'_, bool>;

    /// Removes at most `rows_max` requests of a batch that was not accepted (and, at the end, the batch); with no
    /// batch named, of all such batches that nobody can be submitting any more. Says whether there are more.
    fn discard(&self, batch: Option<BatchId>, rows_max: u32) -> Answer<'_, bool>;
}

/// Moving requests.
///
/// A database with several owners tells a worker that is busy from one that is gone by its lease: whoever works signs on
/// before its first claim and gives a sign of life well before the lease ends. One with a single owner needs none of that.
pub trait Work: Send + Sync {
    /// The first sign of life of a holder.
    fn sign_on(&self, _holder: HolderId, _lease: Lease) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// A further one. It fails for good if the database is not the one any more that the holder signed on to.
    fn heartbeat(&self, _holder: HolderId, _lease: Lease) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// The last one: what the holder has claimed may be taken over at once.
    fn sign_off(&self, _holder: HolderId) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Claims due requests, lane by lane; raises their epochs. Tenants take turns by their weights, so that one with many
    /// lanes starves no other. At most one group per lane is out at a time. A user's requests that are due at the same
    /// tenant-wide step come in the same group; those at another one wait until that group is committed.
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Group>>;

    /// Records intents; one fate per begin, in order.
    fn begin(&self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Answer<'_, Vec<BeginFate>>;

    /// Writes what was decided; one fate per row, in order.
    fn commit(&self, commit: Commit) -> Answer<'_, Vec<RowFate>>;

    /// Requests that some other holder has claimed and has no lease on (any more), at most `rows_max` of them: what is rescued.
    fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Answer<'_, Vec<Member>>;

    /// Requests on their way forward that are blocked, not paused, and unchanged since `before`, at most `rows_max`: what a
    /// policy that does not wait for ever gives up. An account that is being healed is none of them: somebody uses it.
    fn blocked_since(&self, before: Instant, rows_max: u32) -> Answer<'_, Vec<Member>>;

    /// Frees the lanes that other holders have claimed and have no lease on (any more).
    fn free_lanes(&self, holder: HolderId) -> Answer<'_, u64>;

    /// The earliest instant at which a lane has something due, gates included.
    fn next_wake(&self) -> Answer<'_, Option<Instant>>;

    /// The lanes that are gated, in trouble, or have something due, for people; at most `rows_max`.
    fn lanes(&self, rows_max: u32) -> Answer<'_, Vec<LaneView>>;
}

/// Granting seats.
pub trait Admission: Send + Sync {
    /// Requests that could be granted a seat now: of users that hold one already, and then, in the order of their turns
    /// (`in_turn` in the domain says what that is), as many users as the pools have seats free. With all requests of such a user that wait. At most `users_max` users.
    fn candidates(&self, users_max: u32) -> Answer<'_, Vec<Member>>;

    /// Who waits for a seat of the pool, in turn, and the seats that are out; at most `users_max` of each.
    fn seat_line(&self, key: PoolKey, users_max: u32) -> Answer<'_, SeatLine>;

    /// Ends the rest of returned seats whose time has come; says how many.
    fn end_rests(&self, now: Instant) -> Answer<'_, u64>;

    /// When the next rest ends.
    fn next_rest_end(&self) -> Answer<'_, Option<Instant>>;

    /// Notes what was read about a pool.
    fn observe(&self, key: PoolKey, capacity: u32, others: u32, now: Instant) -> Answer<'_, ()>;

    /// One pool; absent if nothing was ever counted on it.
    fn pool(&self, key: PoolKey) -> Answer<'_, Option<Pool>>;

    /// Seat pools that somebody waits for and that were read before `read_before`, or never.
    fn pools_to_read(&self, read_before: Instant) -> Answer<'_, Vec<Pool>>;

    /// How many users hold the pool's license by our doing, confirmed before `confirmed_before`.
    fn confirmed_holders(&self, key: PoolKey, confirmed_before: Instant) -> Answer<'_, u32>;

    /// The ids, in the directory, of users for which a request holds a slot of the environment.
    fn slot_holders(&self, tenant: String, environment: String) -> Answer<'_, Vec<ObjectId>>;

    /// All pools that count anything, for people.
    fn pools(&self) -> Answer<'_, Vec<Pool>>;
}

/// Reading requests.
pub trait Requests: Send + Sync {
    /// One request with its user.
    fn request(&self, id: RequestId) -> Answer<'_, Option<Member>>;

    /// A page of the requests that a filter selects.
    fn requests(&self, filter: Filter, page: Page) -> Answer<'_, Vec<Member>>;

    /// The counters, of one batch or of all; kept in each commit, never counted.
    fn counts(&self, batch: Option<BatchId>) -> Answer<'_, Vec<Count>>;

    /// The running totals of all tenants.
    fn tallies(&self) -> Answer<'_, Vec<(String, Tally, f64)>>;
}

/// Reading batches.
pub trait Batches: Send + Sync {
    /// An accepted batch.
    fn batch(&self, id: BatchId) -> Answer<'_, Option<Batch>>;

    /// The accepted batches, latest first.
    fn batches(&self, rows_max: u32) -> Answer<'_, Vec<Batch>>;
}

/// Reading histories.
///
/// The sequence grows along each history, in the order in which its events become visible. Across histories it need not:
/// where several owners write at once, an event may become visible after one with a larger sequence. Whoever follows all
/// of them reads the latest again and passes over those that it knows; the largest sequence seen is no place to go on from.
pub trait Events: Send + Sync {
    /// A request's history in order; at most `rows_max` events after `after`.
    fn history(&self, request: RequestId, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>>;

    /// What happened last to any request, latest first: at most `rows_max` events after `after`.
    fn latest(&self, after: i64, rows_max: u32) -> Answer<'_, Vec<Event>>;
}

/// Watching over finished accounts. Exactly the succeeded requests are watched: commits begin and end the watches.
pub trait Watches: Send + Sync {
    /// Due watches by environment, the one that is due longest first: at most `groups_max` environments, each with at
    /// most `members_max` of its due accounts.
    fn due_watches(&self, now: Instant, groups_max: u32, members_max: u32) -> Answer<'_, Vec<WatchGroup>>;

    /// Notes what looks came to, with their events; one fate per note, in order. A note on a watch that has changed
    /// since, or has ended, is lost.
    fn note_watches(&self, notes: Vec<WatchNote>, actor: Actor, now: Instant) -> Answer<'_, Vec<RowFate>>;

    /// The watches of these requests, in their order; those without one are left out.
    fn watches(&self, requests: Vec<RequestId>) -> Answer<'_, Vec<(RequestId, Watch)>>;

    /// When the next account is to be looked at.
    fn next_watch(&self) -> Answer<'_, Option<Instant>>;

    /// How many accounts have drifted, by environment and kind.
    fn drift_counts(&self) -> Answer<'_, Vec<DriftCount>>;
}

/// Handing over the passwords of users that we made. They are sealed; nobody here can open one.
///
/// What happens to a user's password is recorded in the history of each of its requests that lives or has succeeded; a
/// user without any is left alone.
pub trait Passwords: Send + Sync {
    /// What is kept of these users' passwords, in the order asked; of unknown users nothing.
    fn passwords(&self, users: Vec<UserId>) -> Answer<'_, Vec<Password>>;

    /// Reads sealed passwords: of each user the right one, or, while nobody knows which is, every one that may be. In the
    /// same transaction each is recorded as handed over. They stay until they are acknowledged.
    fn take_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<SealedPassword>>;

    /// What was handed over of these users has not arrived: it counts as not taken, so that nobody acknowledges it unseen.
    fn give_passwords_back(&self, order: PasswordOrder) -> Answer<'_, ()>;

    /// Destroys those that were taken; gives back whose.
    fn acknowledge_passwords(&self, order: PasswordOrder) -> Answer<'_, Vec<UserId>>;

    /// Records rotations with their sealed passwords, before anything is sent; one fate per rotation, in order.
    fn begin_rotations(
        &self,
        rotations: Vec<Rotation>,
        sealed: Vec<Vec<u8>>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>>;

    /// Records what came of rotations; one fate per end, in order.
    fn end_rotations(
        &self,
        ends: Vec<(Rotation, RotationEnd)>,
        order: PasswordOrder,
    ) -> Answer<'_, Vec<RotationFate>>;
}

/// Finding what our own writes may have left in the cloud.
pub trait Sweeps: Send + Sync {
    /// Notes licenses that may appear though no request waits for them. Fenced by nothing: whoever has written to the
    /// cloud may say so.
    fn recheck(&self, rechecks: Vec<Recheck>) -> Answer<'_, ()>;

    /// What is known of these users of the directory, one answer for each, by their ids there and the users that their
    /// markers name; a row that names the id counts more. At most 500 at a time.
    fn traces(&self, tenant: String, objects: Vec<(ObjectId, Option<UserId>)>) -> Answer<'_, Vec<Trace>>;

    /// Records removals before they are sent; one fate per begin, in order. Lost: a request of the user has a license on
    /// its way, so its own steps are in charge.
    fn begin_sweep(&self, begins: Vec<SweepBegin>, now: Instant) -> Answer<'_, Vec<BeginFate>>;

    /// Writes what a sweep of a tenant came to.
    fn end_sweep(&self, end: SweepEnd) -> Answer<'_, ()>;

    /// The last sweep of each tenant.
    fn sweeps(&self) -> Answer<'_, Vec<SweepStanding>>;
}

/// Knowing whether the database is still the latest word on what was done in the cloud.
pub trait Trust: Send + Sync {
    /// How far the database may be trusted, as it is now.
    fn standing(&self) -> Answer<'_, Standing>;

    /// A person has looked at what the sweep reports: from here on the database is trusted again. One that is trusted
    /// already stays as it is.
    fn confirm(&self, actor: Actor, now: Instant) -> Answer<'_, ()>;

    /// Open requests, not yet licensed, that the cloud may be ahead of and that nothing would look at by itself, since they
    /// wait for a seat or for a person; at most `rows_max`. A new owner of the database makes them due.
    fn unseen(&self, rows_max: u32) -> Answer<'_, Vec<Member>>;
}

/// Ordering something for many requests at once.
///
/// Who belongs to an operation is settled when it is opened. Of one that halts (`Steering::halts`), nothing is begun for any
/// of its requests from that commit on; the rows and their events follow in chunks.
pub trait Operations: Send + Sync {
    /// Opens an operation on these requests; one that is named twice belongs to it once. One transaction, whatever its size.
    fn open_operation(&self, draft: OperationDraft, requests: Vec<RequestId>) -> Answer<'_, Operation>;

    /// What is left to be carried out of the operation that was opened first, in its order; at most `rows_max`. With the
    /// requests as they are.
    fn due_items(&self, rows_max: u32) -> Answer<'_, Vec<DueItem>>;

    /// Writes what was decided for items of one operation, and what became of them, in one transaction. An item that is
    /// settled already stays as it is, and its row changes nothing; an item whose row is not written stays due. Says how many
    /// are settled now.
    fn settle_items(&self, operation: OperationId, commit: Commit, ends: Vec<ItemEnd>) -> Answer<'_, u64>;

    /// Drops what is left of an operation; what was carried out stays. Says how many were dropped.
    fn call_off(&self, operation: OperationId, actor: Actor, now: Instant) -> Answer<'_, u64>;

    /// One operation.
    fn operation(&self, id: OperationId) -> Answer<'_, Option<Operation>>;

    /// The operations, latest first.
    fn operations(&self, rows_max: u32) -> Answer<'_, Vec<Operation>>;

    /// The items of an operation behind a place, in order; at most `rows_max`.
    fn operation_items(&self, id: OperationId, after: i64, rows_max: u32) -> Answer<'_, Vec<OperationItem>>;

    /// The operations that a request belongs to, latest first; at most `rows_max`.
    fn operations_of(&self, request: RequestId, rows_max: u32) -> Answer<'_, Vec<Operation>>;
}

/// A whole store.
pub trait Store:
    Intake + Work + Admission + Requests + Batches + Events + Sweeps + Trust + Watches + Passwords + Operations
{
    /// The database's id, made at its birth; part of every marker.
    fn id(&self) -> StoreId;
}
