//! A request, as people and programs are shown it.

use super::{FailureView, Moment};
use crate::domain::{
    BatchId, Direction, ObjectId, OnExisting, Phase, RequestId, SkuId, State, Status, Step, SystemUserId,
    Timer,
};
use crate::store::{LicenseHold, LicensedBy, Member, Seat, UserOrigin};
use serde::Serialize;

/// One request with what is known of its user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// The batch it came with.
    pub batch: BatchId,
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name.
    pub environment: String,
    /// The user name.
    pub user_principal_name: String,
    /// The user's display name.
    pub display_name: String,
    /// The last milestone confirmed.
    pub state: State,
    /// Whether it is being worked on, and how it ended if not.
    pub status: Status,
    /// Where it is heading; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Held by a person.
    pub paused: bool,
    /// What is worked on next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// When that is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Moment>,
    /// It waits until admission grants its user a seat.
    pub waits_for_seat: bool,
    /// Why it is blocked or has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// What went wrong last while work goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<FailureView>,
    /// The part of the current step's budget that is used.
    pub attempts: u32,
    /// The license lent to the user on the way.
    pub license: SkuId,
    /// Its part number, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_part_number: Option<&'static str>,
    /// Since when the user holds a seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat_held_since: Option<Moment>,
    /// The cloud confirmed that the user holds the license by our doing.
    pub license_held: bool,
    /// Who beside us gave the user its license, as far as the last look has shown; absent: nobody. Such a user needs no
    /// seat, and keeps what it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licensed_by: Option<LicensedBy>,
    /// It holds a slot of its environment.
    pub slot_held: bool,
    /// The user's id in Microsoft Entra.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<ObjectId>,
    /// The user's row in the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_user_id: Option<SystemUserId>,
    /// How the user came to be ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<UserOrigin>,
    /// What happens when the name is taken.
    pub on_existing: OnExisting,
    /// The business unit asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_unit: Option<String>,
    /// The security roles asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_roles: Vec<String>,
    /// Larger comes first.
    pub priority: i32,
    /// The requester's own id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The requester's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was submitted.
    pub submitted_at: Moment,
    /// When its state was reached.
    pub entered_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
}

impl From<&Member> for RequestView {
    fn from(member: &Member) -> Self {
        let (request, user) = (&member.request, &member.user);
        let (asked, progress) = (&request.asked, &request.progress);
        let (direction, failure) = match &progress.phase {
            Phase::Active { direction, .. } => (Some(*direction), None),
            Phase::Blocked { direction, failure, .. } => (Some(*direction), Some(failure)),
            Phase::Failed { failure } => (None, Some(failure)),
            Phase::Succeeded | Phase::Cancelled => (None, None),
        };
        Self {
            id: request.id,
            batch: request.batch,
            tenant: asked.tenant.clone(),
            environment: asked.environment.clone(),
            user_principal_name: asked.account.user_principal_name.to_string(),
            display_name: asked.account.display_name.clone(),
            state: progress.state,
            status: progress.status(),
            direction,
            paused: progress.paused,
            step: request.step,
            due_at: progress.due_at().map(Moment),
            waits_for_seat: matches!(progress.phase, Phase::Active { timer: Timer::ForSeat, .. }),
            failure: failure.map(FailureView::from),
            trouble: progress.trial.trouble.as_ref().map(FailureView::from),
            attempts: progress.trial.attempts,
            license: asked.account.license,
            license_part_number: asked.account.license.part_number(),
            seat_held_since: match user.seat {
                Seat::Held { since } => Some(Moment(since)),
                Seat::None | Seat::Resting { .. } => None,
            },
            license_held: match user.license {
                LicenseHold::Held { .. } => true,
                LicenseHold::None | LicenseHold::MayBeHeld { .. } => false,
            },
            licensed_by: Some(user.licensed_by).filter(|by| *by != LicensedBy::Nobody),
            slot_held: request.slot_held,
            object_id: user.object_id,
            system_user_id: request.system_user,
            origin: user.origin,
            on_existing: asked.membership.on_existing,
            business_unit: asked.membership.business_unit.clone(),
            security_roles: asked.membership.security_roles.clone(),
            priority: asked.priority,
            external_id: asked.external_id.clone(),
            note: asked.note.clone(),
            submitted_at: Moment(request.submitted_at),
            entered_at: Moment(progress.entered_at),
            updated_at: Moment(request.updated_at),
        }
    }
}
