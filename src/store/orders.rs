//! What the store is told to do: orders as values.

use super::{Actor, LaneId, LicensedBy, UserOrigin};
use crate::domain::{
    BatchId, Failure, HolderId, Instant, IntentId, NewRequest, ObjectId, RequestId, State, Status,
    SystemUserId, Transition, UserId,
};

/// Begins a batch. Its requests stay invisible to everybody until it is accepted.
#[derive(Clone, Debug)]
pub struct BatchDraft {
    /// Its id.
    pub id: BatchId,
    /// Where it comes from, such as a file's name.
    pub source: String,
    /// Who submits it.
    pub actor: Actor,
    /// Now.
    pub at: Instant,
}

/// One request to be staged.
#[derive(Clone, Debug)]
pub struct StagedRequest {
    /// The id it gets if it is new.
    pub id: RequestId,
    /// The id its user gets if the user is new.
    pub user: UserId,
    /// Its line in the source, for reports.
    pub line: u64,
    /// What it asks for.
    pub asked: NewRequest,
}

/// What became of a staged chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageReport {
    /// How many were new.
    pub added: u64,
    /// How many were stored already with the same content.
    pub existing: u64,
    /// The batches that those are in; this one if an earlier chunk of it brought them.
    pub batches: std::collections::BTreeSet<BatchId>,
    /// Those that cannot be accepted. Any of them refuses the whole batch.
    pub faults: Vec<StageFault>,
}

/// Why a staged request cannot be accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum StageFault {
    /// The same (tenant, name, environment) is live or succeeded with other content.
    Different {
        /// Its line in the source.
        line: u64,
        /// The stored request.
        stored: RequestId,
    },
    /// The same (tenant, name) is stored with another license, usage location or names.
    SiblingDiffers {
        /// Its line in the source.
        line: u64,
        /// The stored user.
        stored: UserId,
    },
    /// The same request belongs to a batch that is being submitted right now.
    InProgress {
        /// Its line in the source.
        line: u64,
    },
}

/// Claims the due requests of due lanes.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who claims.
    pub holder: HolderId,
    /// Now.
    pub now: Instant,
    /// At most so many lanes: the tenants take turns, and of a tenant's lanes those served longest ago come first.
    pub lanes_max: u32,
    /// At most so many requests per lane; a lane in trouble gets half as many for each time beyond the first.
    pub members_max: u32,
    /// How large each tenant's part of the turns is beside the others'; 1 where it is not named.
    pub weights: std::sync::Arc<std::collections::BTreeMap<String, u32>>,
}

/// Records an intent for one request, before its write is sent. Siblings that share a write share the intent.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The request.
    pub request: RequestId,
    /// The epoch of the claim.
    pub epoch: i64,
    /// The intent.
    pub intent: IntentId,
    /// Whether it uses up an attempt; the levers of propagation do not.
    pub budgeted: bool,
    /// Whether it assigns the license: then the user's license may be held from here on, and the user must hold a seat.
    pub assigns_license: bool,
    /// The initial password, sealed; kept with the intent.
    pub sealed_password: Option<Vec<u8>>,
    /// The state, for the event.
    pub state: State,
}

/// What became of a begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginFate {
    /// It is recorded; the write may be sent.
    Begun,
    /// The request is not ours any more, or was paused or called off meanwhile; nothing may be sent.
    Lost,
    /// Its user holds no seat; nothing may be sent.
    NoSeat,
    /// It is ours still, but the holder has given no sign of life for so long that a call could outlast its lease; nothing
    /// may be sent, and it has to be given back.
    Late,
}

/// What a worker learned about a request and its user, to be stored with the transition. Absent: nothing new.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// The user's id in Microsoft Entra.
    pub object_id: Option<ObjectId>,
    /// How the user came to be ours.
    pub origin: Option<UserOrigin>,
    /// The write whose password the user has: a create that was answered, or the one that the user's marker names. Taken only
    /// while none is known, since a rotation leaves the marker as it is; every other sealed password of the user is destroyed.
    pub password_intent: Option<IntentId>,
    /// Who beside us gave the user its license.
    pub licensed_by: Option<LicensedBy>,
    /// The user of ours was found, and our rows do not tell how far it has come: from here on it counts as one that was
    /// Propagated once, so that it is disabled and never deleted.
    pub has_past: bool,
    /// The user is gone from the directory by our doing; taken only if the transition ends the request. A later request for
    /// the name begins anew then.
    pub user_gone: bool,
    /// The request's row in the environment.
    pub system_user: Option<SystemUserId>,
    /// What names mean in the environment.
    pub resolved: Option<String>,
    /// What the step wants to remember; taken only if the transition stays at the same state.
    pub memo: Option<String>,
    /// The ids under which the service knows the calls; they go into the event.
    pub remote_request_ids: Vec<String>,
}

/// One request's part of a commit.
#[derive(Clone, Debug)]
pub struct CommitRow {
    /// The request.
    pub request: RequestId,
    /// The epoch it must still have.
    pub epoch: i64,
    /// Who must still hold it; absent for a command, which takes it from whoever holds it by raising the epoch.
    pub holder: Option<HolderId>,
    /// Where it was, for the counters.
    pub from: (State, Status),
    /// What the machine decided.
    pub transition: Transition,
    /// What the worker learned.
    pub learned: Learned,
}

/// How long a worker's claims outlast its last sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// So long, by the database's clock.
    pub length: std::time::Duration,
    /// The longest that a write may be on its way. Nothing is begun when less than that is left of the lease.
    pub call_max: std::time::Duration,
}

/// What becomes of a lane after its group.
#[derive(Clone, Debug)]
pub struct LaneRelease {
    /// The lane.
    pub lane: LaneId,
    /// Who gives it back: a lane that somebody else has claimed meanwhile stays claimed. Absent: the holder of the rows.
    pub holder: Option<HolderId>,
    /// Nothing is claimed from it before this instant.
    pub gate_until: Option<Instant>,
    /// How often in a row its whole group has failed now.
    pub trouble: u32,
    /// What failed, if the whole group did.
    pub failure: Option<Failure>,
}

/// Transitions, events, seats, slots and counters, all or nothing per row, in one transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Now.
    pub now: Instant,
    /// Who decided.
    pub actor: Actor,
    /// The requests. A row that is not ours any more changes nothing and does not disturb the others.
    pub rows: Vec<CommitRow>,
    /// The lane they came from, if they came from one.
    pub lane: Option<LaneRelease>,
    /// How long a returned seat rests.
    pub seat_rest: std::time::Duration,
    /// What is added to the running totals.
    pub tallies: Vec<TallyEntry>,
}

/// What became of a row of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFate {
    /// It is written.
    Written,
    /// The request is not ours any more; nothing was written.
    Lost,
    /// The slot or seat it takes is not free; nothing was written, and the request is due again.
    NoRoom,
}

/// A running total, kept per tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tally {
    /// Seconds for which seats were held, counted when they return.
    SeatSeconds,
    /// Seats that were returned.
    SeatsReturned,
    /// Seconds from Licensed to Propagated.
    PropagationSeconds,
    /// How often Propagated was reached.
    Propagations,
}

impl Tally {
    /// Every one.
    pub const ALL: &[Tally] =
        &[Self::SeatSeconds, Self::SeatsReturned, Self::PropagationSeconds, Self::Propagations];

    /// The text in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeatSeconds => "seat_seconds",
            Self::SeatsReturned => "seats_returned",
            Self::PropagationSeconds => "propagation_seconds",
            Self::Propagations => "propagations",
        }
    }
}

/// What is added to a running total.
#[derive(Clone, Debug, PartialEq)]
pub struct TallyEntry {
    /// The tenant.
    pub tenant: String,
    /// Which total.
    pub tally: Tally,
    /// How much.
    pub amount: f64,
}

/// Which requests; an absent part selects all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of this batch.
    pub batch: Option<BatchId>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this environment.
    pub environment: Option<String>,
    /// At this state.
    pub state: Option<State>,
    /// With this status.
    pub status: Option<Status>,
    /// Blocked or failed with this code.
    pub code: Option<crate::domain::Code>,
    /// Whose user name begins so.
    pub name_prefix: Option<String>,
    /// Only finished accounts that have drifted, as far as the last look tells.
    pub drifted: bool,
    /// Only paused ones.
    pub paused: bool,
    /// In whose user name, display name, external id or note this text stands; the case of ASCII letters is ignored.
    pub text: Option<String>,
    /// Submitted at this instant or later.
    pub submitted_from: Option<Instant>,
    /// Submitted before this instant.
    pub submitted_before: Option<Instant>,
}

/// A part of a long list, in the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only what comes after this request.
    pub after: Option<RequestId>,
    /// At most so many.
    pub rows_max: u32,
}
