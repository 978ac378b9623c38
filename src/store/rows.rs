//! What the store gives back: rows as values.

use crate::domain::{
    Account, BatchId, DriftChange, EventKind, Facts, Failure, Instant, IntentId, NewRequest, ObjectId,
    Progress, RequestId, SkuId, State, Status, Step, SystemUserId, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A stored request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The batch it came with.
    pub batch: BatchId,
    /// The user it asks for.
    pub user: UserId,
    /// What was asked for.
    pub asked: NewRequest,
    /// How far it has come.
    pub progress: Progress,
    /// What is worked on next.
    pub step: Option<Step>,
    /// It holds a slot of its environment.
    pub slot_held: bool,
    /// Grows at each claim; a write with an old one changes nothing.
    pub epoch: i64,
    /// Who has claimed it.
    pub holder: Option<crate::domain::HolderId>,
    /// Its row in the environment, once seen.
    pub system_user: Option<SystemUserId>,
    /// What names meant in the environment when it was checked; only the steps can read it.
    pub resolved: Option<String>,
    /// When it was submitted.
    pub submitted_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// A stored user: the directory user behind one or more requests.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Its id with us.
    pub id: UserId,
    /// The tenant's name in the config.
    pub tenant: String,
    /// The tenant's id in Microsoft Entra, pinned at submission.
    pub tenant_id: Uuid,
    /// What the user shall be.
    pub account: Account,
    /// Its id in Microsoft Entra, once known.
    pub object_id: Option<ObjectId>,
    /// How it came to be ours, once known.
    pub origin: Option<UserOrigin>,
    /// Its seat.
    pub seat: Seat,
    /// What we know of its license.
    pub license: LicenseHold,
    /// Some request of it reached Propagated once.
    pub propagated_once: bool,
    /// Whether it holds the license by somebody else's doing, as far as a look has shown.
    pub licensed_by: LicensedBy,
}

/// Who beside us gave a user its license. Such a user needs no seat of ours, and what it holds so it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicensedBy {
    /// Nobody.
    #[default]
    Nobody,
    /// A group that it is a member of.
    Group,
    /// A person or another program, directly.
    Others,
}

/// How a user came to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserOrigin {
    /// We created it.
    Made,
    /// It existed, and the request said to adopt it.
    Adopted,
}

/// A user's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// It has none.
    None,
    /// It holds one.
    Held {
        /// Since when.
        since: Instant,
    },
    /// It returned one, which still counts until the cloud's counters have caught up.
    Resting {
        /// Until when.
        until: Instant,
    },
}

/// What we know of a user's license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseHold {
    /// It holds none by our doing.
    None,
    /// We recorded that we are about to assign it.
    MayBeHeld {
        /// The intent that recorded it.
        intent: IntentId,
    },
    /// The cloud confirmed it.
    Held {
        /// The intent that assigned it.
        intent: IntentId,
        /// When it was confirmed.
        since: Instant,
    },
}

/// What the user's other requests need, at the moment of the claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Siblings {
    /// Another request of the user needs the license: it is at Licensed or Propagated going forward and active, or
    /// blocked there with its seat not yet due.
    pub license_needed: bool,
    /// Another request of the user is active, blocked or succeeded, other than on its way back.
    pub user_needed: bool,
}

/// A request with its user, as a step works on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The request.
    pub request: Request,
    /// Its user.
    pub user: User,
    /// What the user's other requests need.
    pub siblings: Siblings,
}

impl Member {
    /// What the machine has to know about it.
    pub fn facts(&self) -> Facts {
        Facts {
            slot_held: self.request.slot_held,
            user_may_exist: self.user.object_id.is_some()
                || self.request.progress.trial.intent.is_some()
                || self.request.progress.trial.look_first,
            adopted: self.user.origin == Some(UserOrigin::Adopted),
            seat_held: matches!(self.user.seat, Seat::Held { .. }),
            license_may_be_held: !matches!(self.user.license, LicenseHold::None),
            propagated_once: self.user.propagated_once,
        }
    }
}

/// How far a database may be trusted to tell all that was done in the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the latest word.
    Trusted,
    /// Parts of its history may be missing, or somebody else may be writing another one: the sweep only reports, until a
    /// person confirms.
    ReportOnly {
        /// When that was found.
        since: Instant,
        /// What was found.
        doubt: Doubt,
    },
}

/// Why a database is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// An older state of it was put back: what happened since is not in it. Its requests go on, each looked up first.
    Restored,
    /// It is a copy in another place, and the original may still be in use: nothing is worked on until a person confirms.
    Copied,
}

impl Doubt {
    /// The text in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Copied => "copied",
        }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Restored, Self::Copied].into_iter().find(|doubt| doubt.as_str() == text)
    }
}

/// Identifies a lane's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub i64);

/// A lane's due requests, claimed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The lane.
    pub lane: LaneId,
    /// The step they are all at.
    pub step: Step,
    /// The tenant they all belong to.
    pub tenant: String,
    /// The environment, for steps whose lane is an environment's.
    pub environment: Option<String>,
    /// How often in a row the lane's whole group failed.
    pub trouble: u32,
    /// The requests, each claimed by the claim's holder.
    pub members: Vec<Member>,
}

/// A lane as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneView {
    /// The step.
    pub step: Step,
    /// The tenant.
    pub tenant: String,
    /// The environment, for steps whose lane is an environment's.
    pub environment: Option<String>,
    /// The earliest instant at which one of its requests is due.
    pub next_at: Option<Instant>,
    /// Nothing is claimed before this instant.
    pub gate_until: Option<Instant>,
    /// How often in a row its whole group failed.
    pub trouble: u32,
    /// What failed last.
    pub failure: Option<Failure>,
}

/// A batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Where it came from, such as a file's name.
    pub source: String,
    /// Who submitted it.
    pub actor: Actor,
    /// How many requests it added.
    pub requests: u64,
    /// When the submission began.
    pub opened_at: Instant,
    /// When it was accepted.
    pub accepted_at: Option<Instant>,
}

/// Who did something, and through what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person or process.
    pub name: String,
    /// The way it came in.
    pub origin: Origin,
}

/// The way something came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The command line.
    Cli,
    /// The API.
    Api,
    /// The engine's own work.
    Engine,
    /// The sweep.
    Sweep,
}

impl Origin {
    /// The text in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Api => "api",
            Self::Engine => "engine",
            Self::Sweep => "sweep",
        }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Cli, Self::Api, Self::Engine, Self::Sweep].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// How many requests of a batch, in an environment, are at a state with a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The batch.
    pub batch: BatchId,
    /// The tenant.
    pub tenant: String,
    /// The environment.
    pub environment: String,
    /// The state.
    pub state: State,
    /// The status.
    pub status: Status,
    /// How many.
    pub requests: u64,
}

/// One immutable fact in a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the order of all events of this database.
    pub sequence: i64,
    /// When it was written.
    pub occurred_at: Instant,
    /// The request.
    pub request: RequestId,
    /// The user.
    pub user: UserId,
    /// Who, and through what.
    pub actor: Actor,
    /// What it records.
    pub kind: EventKind,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// The remote write it belongs to.
    pub intent: Option<IntentId>,
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
    /// The ids under which the service knows the calls.
    pub remote_request_ids: Vec<String>,
    /// How a finished account has drifted, or is well again; only of a look after the end.
    pub drift: Option<DriftChange>,
}

/// What a pool counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// License units of a tenant.
    Seat,
    /// Non-interactive users of an environment.
    Slot,
}

/// Identifies a pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PoolKey {
    /// The units of one license in one tenant.
    Seat {
        /// The tenant.
        tenant: String,
        /// The license.
        sku: SkuId,
    },
    /// The non-interactive users of one environment.
    Slot {
        /// The tenant.
        tenant: String,
        /// The environment.
        environment: String,
    },
}

/// Counted holds on something there is only so much of.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Which pool.
    pub key: PoolKey,
    /// How many there are; absent until it was read. A pool that was never read grants nothing.
    pub capacity: Option<u32>,
    /// How many of them others use, as far as we know.
    pub others: u32,
    /// How many we hold, resting ones included.
    pub held: u32,
    /// How many of our requests wait for one.
    pub waiting: u32,
    /// When capacity and others were read.
    pub read_at: Option<Instant>,
}

/// Who waits for a seat of a pool, and when those that are out come back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeatLine {
    /// The users that wait, in the order in which they have their turns as things stand.
    pub users: Vec<UserId>,
    /// Since when seats are held, the longest held first.
    pub held_since: Vec<Instant>,
    /// Until when returned seats rest, the first to end first.
    pub resting_until: Vec<Instant>,
}

impl Pool {
    /// How many may be granted now.
    pub fn free(&self) -> u32 {
        self.capacity.unwrap_or(0).saturating_sub(self.others).saturating_sub(self.held)
    }
}
