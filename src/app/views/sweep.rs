//! The last sweep of a tenant, as people and programs read it.

use super::{FailureView, Moment};
use crate::domain::{ObjectId, RequestId};
use crate::store::{Finding, FindingKind, SweepStanding};
use serde::Serialize;

/// The last sweep of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepView {
    /// The tenant.
    pub tenant: String,
    /// When it ended.
    pub swept_at: Moment,
    /// How many licenses all sweeps so far have taken back.
    pub removed_total: u64,
    /// Why it could not see everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// What it found and did not mend.
    pub findings: Vec<FindingView>,
}

/// Something that a sweep found and did not mend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingView {
    /// What it is.
    pub kind: FindingKind,
    /// The user's name, as the directory spells it.
    pub user_principal_name: String,
    /// The user's id in the directory.
    pub object_id: ObjectId,
    /// The license, if it is about one: its part number, or its id where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The user's latest request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// What it is, or why it could not be mended.
    pub failure: FailureView,
    /// When a sweep first found it.
    pub found_at: Moment,
}

impl From<&SweepStanding> for SweepView {
    fn from(standing: &SweepStanding) -> Self {
        Self {
            tenant: standing.tenant.clone(),
            swept_at: Moment(standing.swept_at),
            removed_total: standing.removed,
            failure: standing.failure.as_ref().map(FailureView::from),
            findings: standing.findings.iter().map(FindingView::from).collect(),
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.kind,
            user_principal_name: finding.user_principal_name.clone(),
            object_id: finding.object_id,
            license: finding
                .license
                .map(|sku| sku.part_number().map_or_else(|| sku.to_string(), ToOwned::to_owned)),
            request: finding.request,
            failure: FailureView::from(&finding.failure),
            found_at: Moment(finding.found_at),
        }
    }
}
