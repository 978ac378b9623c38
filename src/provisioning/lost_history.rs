//! What a look means for a request that may lie behind the cloud, since an older state of the database was put back: the
//! parts of the history that would explain what is found are lost, and our marker on the user is all there is to go by.

use super::Marker;
use super::assign_license::{holds_directly, is_ours};
use super::provisioner::Provisioner;
use crate::cloud::DirectoryUser;
use crate::domain::{Code, Failure, ObjectId, OnExisting, State};
use crate::store::{Learned, Member, UserOrigin};

/// Whose a license is that no intent of ours explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unexplained {
    /// There is none.
    Nothing,
    /// Ours: we made the user, and nobody else assigns it that license.
    Ours,
    /// Nobody can tell: the user existed before us, and may have had it then.
    Unclear,
}

/// Whether the row says nothing about a license that a lost part of the history may have assigned. From Licensed to
/// NonInteractive it does: a license without an intent was there before us.
pub(super) fn may_hold_unexplained(member: &Member) -> bool {
    let progress = &member.request.progress;
    let silent = match progress.state {
        State::Requested | State::Created | State::Unlicensed => true,
        State::Licensed | State::Propagated | State::NonInteractive => false,
    };
    silent && progress.trial.look_first && !is_ours(member)
}

/// What a user holds that the rows do not explain.
pub(super) fn unexplained(steps: &Provisioner, member: &Member, user: &DirectoryUser) -> Unexplained {
    if !may_hold_unexplained(member) || !holds_directly(user, member.user.account.license) {
        return Unexplained::Nothing;
    }
    if is_made_by_us(steps, member, user) {
        return Unexplained::Ours;
    }
    let adopts = member.request.asked.membership.on_existing == OnExisting::Adopt;
    if adopts || member.user.origin == Some(UserOrigin::Adopted) {
        Unexplained::Unclear
    } else {
        Unexplained::Nothing
    }
}

/// Whether we made the user: the row knows it, or the user carries our marker.
pub(super) fn is_made_by_us(steps: &Provisioner, member: &Member, user: &DirectoryUser) -> bool {
    let marker = user.marker.as_deref().and_then(Marker::parse);
    let marked =
        marker.is_some_and(|marker| marker.store == steps.store.id() && marker.user == member.user.id);
    marked || member.user.origin == Some(UserOrigin::Made)
}

/// What is to be stored of a user of ours that the row did not know of.
pub(super) fn found(member: &Member, id: ObjectId) -> Learned {
    if member.user.object_id.is_some() {
        return Learned::default();
    }
    Learned { object_id: Some(id), origin: Some(UserOrigin::Made), has_past: true, ..Learned::default() }
}

/// The failure of a request whose license nobody can explain.
pub(super) fn unclear() -> Failure {
    Failure::new(Code::MachineRestoredUnclear, "")
}
