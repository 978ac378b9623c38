//! What our writes may have left in the cloud: as the store keeps it, and as the sweep finds it.

use super::UserOrigin;
use crate::domain::{Failure, Instant, IntentId, ObjectId, RequestId, SkuId, UserId};
use serde::{Deserialize, Serialize};

/// A license that may appear though no request waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// The intent that explains it: of the assignment, or of the person's confirmation.
    pub intent: IntentId,
    /// The tenant.
    pub tenant: String,
    /// The user, if we know it.
    pub user: Option<UserId>,
    /// Its id in the directory.
    pub object_id: ObjectId,
    /// The license.
    pub license: SkuId,
    /// Why it may appear.
    pub reason: RecheckReason,
    /// Since when that is known.
    pub noted_at: Instant,
}

/// Why a license may appear though no request waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecheckReason {
    /// Its assignment was recorded, and how the call ended was never learned.
    InFlight,
    /// Its assignment was sent by a worker that had lost the request meanwhile.
    Fenced,
    /// Its user was deleted with it; a restore within 30 days brings both back
    /// (Microsoft Graph, api/directory-deleteditems-restore).
    Deleted,
    /// A person said that it is ours.
    Confirmed,
}

impl RecheckReason {
    /// Every one.
    pub const ALL: &[RecheckReason] = &[Self::InFlight, Self::Fenced, Self::Deleted, Self::Confirmed];

    /// The text in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Fenced => "fenced",
            Self::Deleted => "deleted",
            Self::Confirmed => "confirmed",
        }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
    }
}

/// What we know of a user of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its id in the directory, as it was asked for.
    pub object_id: ObjectId,
    /// The user with us; absent if only rechecks know it, or nothing at all.
    pub user: Option<TracedUser>,
    /// The licenses that may appear on it.
    pub rechecks: Vec<Recheck>,
}

/// A user of ours, as a sweep sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedUser {
    /// Its id with us.
    pub id: UserId,
    /// Its latest request.
    pub request: RequestId,
    /// How it came to be ours, once known.
    pub origin: Option<UserOrigin>,
    /// The object that our row names; another one is no longer, or not yet, the user's.
    pub object_id: Option<ObjectId>,
    /// We recorded a license that is not returned yet: its request gives it back.
    pub license_may_be_held: bool,
    /// A request of it is on its way with a license, whoever gave it.
    pub license_in_use: bool,
    /// A request of it is active.
    pub active: bool,
    /// A request of it is active, blocked or succeeded.
    pub live: bool,
}

/// Records a removal before it is sent.
#[derive(Clone, Debug)]
pub struct SweepBegin {
    /// The user with us and its latest request; absent for an orphan.
    pub of: Option<(UserId, RequestId)>,
    /// The removal's intent.
    pub intent: IntentId,
}

/// Something that a sweep found and did not mend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The tenant.
    pub tenant: String,
    /// The user's id in the directory.
    pub object_id: ObjectId,
    /// The user's name, as the directory spells it.
    pub user_principal_name: String,
    /// What it is.
    pub kind: FindingKind,
    /// The license, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<SkuId>,
    /// The user with us, if we know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Its latest request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// What it is, or why it could not be mended, in words.
    pub failure: Failure,
    /// When a sweep first found it.
    pub found_at: Instant,
}

/// What a sweep can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A license of ours that could not be removed, or must not be before a person confirms.
    LicenseLeft,
    /// A license on an account of ours that nothing of ours explains: somebody else gave it.
    LicenseForeign,
    /// A user that carries our marker and that no request of ours knows.
    Orphan,
}

impl FindingKind {
    /// Every one.
    pub const ALL: &[FindingKind] = &[Self::LicenseLeft, Self::LicenseForeign, Self::Orphan];

    /// The text in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LicenseLeft => "license_left",
            Self::LicenseForeign => "license_foreign",
            Self::Orphan => "orphan",
        }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// A license that a sweep removed.
#[derive(Clone, Debug)]
pub struct Swept {
    /// The user with us and its latest request, for the event; absent for an orphan.
    pub of: Option<(UserId, RequestId)>,
    /// The removal's intent.
    pub intent: IntentId,
    /// What explained it: confirmations of a person are used up by it.
    pub explained_by: Vec<IntentId>,
}

/// What a sweep of a tenant came to.
#[derive(Clone, Debug)]
pub struct SweepEnd {
    /// The tenant.
    pub tenant: String,
    /// Now.
    pub now: Instant,
    /// What it removed.
    pub removed: Vec<Swept>,
    /// What it found and did not mend; replaces what was found before.
    pub findings: Vec<Finding>,
    /// The rechecks that explain a license which it saw: none of them is over before a sweep no longer sees it.
    pub explaining: Vec<IntentId>,
    /// Why it could not see everything; then what was found before and is not found now stays, and no recheck is over.
    pub failure: Option<Failure>,
    /// Rechecks that were noted before are over …
    pub forget_before: Instant,
    /// … and those of deleted users noted before this.
    pub forget_deleted_before: Instant,
}

/// The last sweep of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepStanding {
    /// The tenant.
    pub tenant: String,
    /// When it ended.
    pub swept_at: Instant,
    /// How many licenses all sweeps so far have removed.
    pub removed: u64,
    /// Why it could not see everything.
    pub failure: Option<Failure>,
    /// What it found and did not mend.
    pub findings: Vec<Finding>,
}
