//! The error body of the token endpoint.

use serde::Deserialize;

/// What Microsoft Entra says when it issues no token (entra-docs, identity-platform/reference-error-codes.md).
#[derive(Deserialize)]
pub(super) struct EntraRefusal {
    pub(super) error: String,
    #[serde(default)]
    pub(super) error_description: String,
    #[serde(default)]
    pub(super) error_codes: Vec<u32>,
    pub(super) trace_id: Option<String>,
    pub(super) correlation_id: Option<String>,
}

impl EntraRefusal {
    /// Reads an error body; `None` when it is none, such as a proxy's page of HTML.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }
}
