//! What the wait for propagation remembers from one look to the next, and when it does what.

use crate::domain::{Code, Instant, Policy};
use crate::store::Member;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The levers pulled so far and the looks taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PropagationMemo {
    /// When Power Platform was last asked for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked_at: Option<Instant>,
    /// When it said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accepted_at: Option<Instant>,
    /// When the environment was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) polled_at: Option<Instant>,
    /// When the user was last impersonated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) impersonated_at: Option<Instant>,
    /// When the license was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) license_seen_at: Option<Instant>,
    /// Power Platform refuses for good: the text of its code. The lever failed, not the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lever_refused: Option<crate::domain::Failure>,
    /// The environment refuses the second lever for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) impersonation_refused: Option<crate::domain::Failure>,
    /// When it was last looked whether somebody else's row has the user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name_seen_at: Option<Instant>,
}

/// One request's wait: its memo beside the policy's paces.
pub(super) struct Wait<'a> {
    pub(super) memo: PropagationMemo,
    pub(super) licensed_at: Instant,
    policy: &'a Policy,
}

impl<'a> Wait<'a> {
    pub(super) fn of(member: &Member, policy: &'a Policy) -> Self {
        let progress = &member.request.progress;
        let memo = progress
            .trial
            .memo
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        Self { memo, licensed_at: progress.entered_at, policy }
    }

    /// The memo's text for the row.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::to_string(&self.memo).ok()
    }

    /// When Power Platform is asked next; never again once it has said yes, until the eager time is over and the user
    /// still has not come.
    pub(super) fn ask_at(&self) -> Instant {
        let policy = self.policy;
        match (self.memo.asked_at, self.memo.accepted_at) {
            (None, _) => self.licensed_at,
            (Some(_), Some(accepted)) => accepted + policy.sync_eager,
            (Some(asked), None) if self.memo.lever_refused.is_some() => asked + policy.poll_last,
            (Some(asked), None) if asked < self.licensed_at + policy.sync_eager => asked + policy.sync_first,
            (Some(asked), None) => asked + policy.sync_later,
        }
    }

    /// When the environment is asked next. The row comes seconds after the yes; without one it can only come by the
    /// background sync, which takes its time.
    pub(super) fn poll_at(&self) -> Instant {
        let policy = self.policy;
        let from = self.memo.accepted_at.unwrap_or(self.licensed_at);
        match self.memo.polled_at.filter(|polled| *polled >= from) {
            None => from + policy.poll_first,
            Some(polled) => {
                let waited = (polled - from).to_std().unwrap_or_default();
                polled + waited.clamp(policy.poll_first, policy.poll_last)
            }
        }
    }

    /// When the user is impersonated next, as the second lever; at once, and more often, where the first one is refused.
    pub(super) fn impersonate_at(&self) -> Instant {
        let policy = self.policy;
        let alone = self.memo.lever_refused.is_some() && self.memo.impersonation_refused.is_none();
        match self.memo.impersonated_at {
            None if alone => self.memo.asked_at.unwrap_or(self.licensed_at),
            None => self.licensed_at + policy.impersonate_after,
            Some(last) if alone => last + policy.sync_later,
            Some(last) => last + policy.poll_last,
        }
    }

    /// Whether a lever that once said yes is about to be pulled again; what the yes has brought is looked at before.
    pub(super) fn asks_again(&self, now: Instant) -> bool {
        self.memo.accepted_at.is_some() && now >= self.ask_at()
    }

    /// Whether it is worth looking if somebody else's row has the user's name: the user is refused, or long overdue.
    pub(super) fn doubts_name(&self, now: Instant) -> bool {
        let policy = self.policy;
        let overdue = self.is_refused() || now >= self.licensed_at + policy.impersonate_after;
        overdue && self.memo.name_seen_at.is_none_or(|seen| now >= seen + policy.poll_last)
    }

    /// Whether Power Platform refuses this very user.
    pub(super) fn is_refused(&self) -> bool {
        self.memo.lever_refused.as_ref().is_some_and(|failure| failure.code == Code::PowerPlatformRefused)
    }

    /// Whether a lever's yes has not helped for so long that it will not.
    pub(super) fn is_in_vain(&self, now: Instant) -> bool {
        self.memo.accepted_at.is_some_and(|accepted| now >= accepted + self.policy.sync_eager)
    }

    /// Whether it is worth looking if the license is still there: Power Platform should have seen it long ago.
    pub(super) fn doubts_license(&self, now: Instant) -> bool {
        let policy = self.policy;
        let since = self.memo.license_seen_at.unwrap_or(self.licensed_at);
        self.memo.accepted_at.is_none() && now >= since + policy.sync_eager
    }

    /// Whether only a fresh look may be the last one.
    pub(super) fn past_deadline(&self, now: Instant) -> bool {
        now >= self.licensed_at + self.policy.propagation_deadline
    }

    /// Whether a person should hear about it.
    pub(super) fn is_slow(&self, now: Instant) -> bool {
        now >= self.licensed_at + self.policy.propagation_warn
    }

    /// How long until there is something to do again.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let next = self.ask_at().min(self.poll_at()).min(self.impersonate_at());
        (next - now).to_std().unwrap_or_default().max(self.policy.sync_first / 10)
    }
}
