//! Passwords of the users that we made: what is kept of them, and what may be done with it.

use super::{Actor, UserOrigin};
use crate::domain::{Failure, Instant, IntentId, ObjectId, UserId, UserPrincipalName};
use uuid::Uuid;

/// What is kept of one user's password.
#[derive(Clone, Debug, PartialEq)]
pub struct Password {
    /// The user.
    pub user: UserId,
    /// The tenant's name in the config.
    pub tenant: String,
    /// The tenant's id, pinned at submission.
    pub tenant_id: Uuid,
    /// The user's name.
    pub user_principal_name: UserPrincipalName,
    /// Its id in Microsoft Entra, once known.
    pub object_id: Option<ObjectId>,
    /// How it came to be ours, once known.
    pub origin: Option<UserOrigin>,
    /// The write whose password it has, as far as that was confirmed.
    pub valid: Option<IntentId>,
    /// A rotation whose fate is not known.
    pub rotation: Option<OpenRotation>,
    /// When an older state of the database was put back, or a copy begun, if ever: what was recorded before may have been
    /// changed since by a rotation that is not in it.
    pub doubted_before: Option<Instant>,
    /// When what was handed over was acknowledged; absent again with the next new password.
    pub acknowledged_at: Option<Instant>,
    /// The sealed ones that are kept, oldest first.
    pub kept: Vec<KeptPassword>,
}

/// A rotation that was recorded and may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRotation {
    /// Its intent.
    pub intent: IntentId,
    /// When it was recorded.
    pub begun_at: Instant,
}

/// A sealed password that is kept; not the password itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptPassword {
    /// The write that it was made for.
    pub intent: IntentId,
    /// When that was recorded.
    pub begun_at: Instant,
    /// When it was last handed over.
    pub taken_at: Option<Instant>,
}

/// How it stands with a user's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordStanding {
    /// The user does not exist yet, as far as we know.
    NotMade,
    /// We did not make the user; its password is none of our business.
    NotOurs,
    /// The right one is kept and waits to be taken.
    Waiting,
    /// The right one was taken and waits to be acknowledged.
    Taken,
    /// Nobody knows which of those that are kept is the right one.
    Uncertain,
    /// It was handed over and acknowledged.
    Acknowledged,
    /// None is kept, and none was handed over: discarded, lost, or not made yet by policy.
    NoneKept,
}

impl PasswordStanding {
    /// The text in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotMade => "not_made",
            Self::NotOurs => "not_ours",
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Uncertain => "uncertain",
            Self::Acknowledged => "acknowledged",
            Self::NoneKept => "none_kept",
        }
    }
}

impl Password {
    /// How it stands.
    pub fn standing(&self) -> PasswordStanding {
        match self.origin {
            None => return PasswordStanding::NotMade,
            Some(UserOrigin::Adopted) => return PasswordStanding::NotOurs,
            Some(UserOrigin::Made) => {}
        }
        let candidates = || self.kept.iter().filter(|kept| self.may_be_right(kept.intent));
        match candidates().next() {
            None if self.acknowledged_at.is_some() => PasswordStanding::Acknowledged,
            None => PasswordStanding::NoneKept,
            Some(_) if !self.is_certain() => PasswordStanding::Uncertain,
            Some(kept) if kept.taken_at.is_some() => PasswordStanding::Taken,
            Some(_) => PasswordStanding::Waiting,
        }
    }

    /// Whether it is known which password the user has.
    pub fn is_certain(&self) -> bool {
        let Some(valid) = self.valid.filter(|_| self.rotation.is_none()) else { return false };
        let kept = self.kept.iter().find(|kept| kept.intent == valid);
        kept.is_none_or(|kept| self.doubted_before.is_none_or(|doubted| kept.begun_at >= doubted))
    }

    /// Whether the user may have the password of this write.
    pub fn may_be_right(&self, intent: IntentId) -> bool {
        !self.is_certain() || self.valid == Some(intent)
    }
}

/// A sealed password, handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPassword {
    /// Whose.
    pub user: UserId,
    /// The write that it was made for; it stands inside as well.
    pub intent: IntentId,
    /// When that was recorded.
    pub begun_at: Instant,
    /// An `age` file (age-encryption.org/v1, binary).
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedPassword {
    /// Leaves the bytes out: they are of no use in a log, not even to their owner.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedPassword")
            .field("user", &self.user)
            .field("intent", &self.intent)
            .finish_non_exhaustive()
    }
}

/// Who wants something done with these users' passwords, and when.
#[derive(Clone, Debug)]
pub struct PasswordOrder {
    /// The users; for rotations, which name their own, nobody.
    pub users: Vec<UserId>,
    /// Who.
    pub actor: Actor,
    /// Now.
    pub now: Instant,
}

/// One change of one user's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The user.
    pub user: UserId,
    /// The write that sets the new password; never used for another.
    pub intent: IntentId,
    /// The rotation of unknown fate that was there before. It must still be there when this one begins, and it is there
    /// again if this one turns out not to have been done.
    pub before: Option<OpenRotation>,
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq)]
pub enum RotationEnd {
    /// The user has the new password: every other one is destroyed.
    Confirmed,
    /// It certainly was not done: the new one is destroyed.
    NotDone(Failure),
    /// Nobody knows: both are kept.
    Unknown(Failure),
}

/// What became of an order about a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationFate {
    /// It is recorded.
    Recorded,
    /// The user is not ours, is wanted by nobody any more, or somebody else has begun a rotation meanwhile; nothing was
    /// recorded.
    Lost,
}
