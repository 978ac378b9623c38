//! One account that was looked at: how it was found, and what comes of it.

use crate::app::views::{DriftView, FailureView, Verdict};
use crate::domain::{Drift, Failure, RequestId, State, heal_from};
use crate::store::Member;
use serde::Serialize;

/// One account that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verified {
    pub(super) id: RequestId,
    pub(super) tenant: String,
    pub(super) environment: String,
    pub(super) user_principal_name: String,
    pub(super) verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) drifts: Vec<DriftView>,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<FailureView>,
    /// Where its way begins anew when it is healed; absent if there is nothing to heal, or a person is needed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) heals_from: Option<State>,
    /// It is being brought back, by this command.
    pub(super) healing: bool,
}

impl Verified {
    /// An account that was seen with these drifts.
    pub(super) fn seen(member: &Member, drifts: &[Drift]) -> Self {
        let verdict = if drifts.is_empty() { Verdict::Healthy } else { Verdict::Drifted };
        let drifts_seen = drifts.iter().map(DriftView::from).collect();
        let heals_from = heal_from(drifts).ok();
        Self { drifts: drifts_seen, heals_from, ..Self::of(member, verdict) }
    }

    /// An account that could not be looked at.
    pub(super) fn missed(member: &Member, failure: &Failure) -> Self {
        Self { failure: Some(FailureView::from(failure)), ..Self::of(member, Verdict::Unseen) }
    }

    fn of(member: &Member, verdict: Verdict) -> Self {
        let asked = &member.request.asked;
        Self {
            id: member.request.id,
            tenant: asked.tenant.clone(),
            environment: asked.environment.clone(),
            user_principal_name: asked.account.user_principal_name.to_string(),
            verdict,
            drifts: Vec::new(),
            failure: None,
            heals_from: None,
            healing: false,
        }
    }
}
