//! A failure, as the product says it everywhere.

use crate::domain::{Code, Failure};
use serde::Serialize;

/// A failure with its sentence and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// Which failure.
    pub code: Code,
    /// What happened, in plain words.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// The ids under which the service knows the calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remote_request_ids: Vec<String>,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.to_string(),
            hint: failure.hint(),
            remote_request_ids: failure.remote_request_ids.clone(),
        }
    }
}
