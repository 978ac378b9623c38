//! One listed request: what it is, and what is next for it.

use crate::app::views::{DriftView, Moment, Next, RequestView};
use serde::Serialize;

/// A request as it is listed.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    pub(super) request: RequestView,
    pub(super) next: Next,
    /// In what ways a finished account has drifted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) drifts: Vec<DriftView>,
}

impl Listed {
    /// The columns in CSV.
    pub(super) const HEADER: [&'static str; 21] = [
        "id",
        "batch",
        "tenant",
        "environment",
        "user_principal_name",
        "display_name",
        "state",
        "status",
        "paused",
        "step",
        "due_at",
        "code",
        "message",
        "hint",
        "object_id",
        "system_user_id",
        "license",
        "external_id",
        "note",
        "submitted_at",
        "updated_at",
    ];

    /// The cells in CSV; an absent value is empty.
    pub(super) fn record(&self) -> [String; 21] {
        let request = &self.request;
        // What stopped it, or else what troubles it; or how it has drifted, first of all.
        let failure = request.failure.as_ref().or(request.trouble.as_ref());
        let failure = failure.map(|failure| (failure.code, failure.message.as_str(), failure.hint));
        let drift = self.drifts.first().map(|drift| (drift.code, drift.message.as_str(), drift.hint));
        let told = failure.or(drift);
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        [
            request.id.to_string(),
            request.batch.to_string(),
            request.tenant.clone(),
            request.environment.clone(),
            request.user_principal_name.clone(),
            request.display_name.clone(),
            request.state.to_string(),
            request.status.to_string(),
            request.paused.to_string(),
            text(request.step.map(|step| step.as_str())),
            request.due_at.as_ref().map(Moment::to_string).unwrap_or_default(),
            text(told.map(|(code, ..)| code.as_str())),
            text(told.map(|(_, message, _)| message)),
            text(told.map(|(.., hint)| hint)),
            request.object_id.map(|id| id.to_string()).unwrap_or_default(),
            request.system_user_id.map(|id| id.to_string()).unwrap_or_default(),
            request.license_part_number.map_or_else(|| request.license.to_string(), str::to_owned),
            text(request.external_id.as_deref()),
            text(request.note.as_deref()),
            request.submitted_at.to_string(),
            request.updated_at.to_string(),
        ]
    }
}
