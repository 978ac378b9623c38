//! One line of a timeline.

use super::{FailureView, Moment};
use crate::domain::{DriftChange, EventKind, State};
use serde::Serialize;

/// How something went; a terminal shows it as a color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A milestone, or any other step in the right direction.
    Good,
    /// Neither good nor bad.
    Plain,
    /// Slower than hoped, and going on.
    Slow,
    /// A person is needed, or the end without success.
    Bad,
    /// What a person did.
    Person,
}

/// Something that happened, perhaps several times in a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When it happened, the first time.
    pub at: Moment,
    /// When it happened last, if it happened several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Moment>,
    /// How often it happened.
    pub count: u32,
    /// What kind of event it was.
    pub kind: EventKind,
    /// The state afterwards.
    pub state: State,
    /// What happened, in words.
    pub text: String,
    /// How long it had been waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited_seconds: Option<f64>,
    /// The person who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// How a finished account has drifted, or is well again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftChange>,
    /// The ids under which the service knows the calls; of many, the last ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remote_request_ids: Vec<String>,
    /// How it went.
    #[serde(skip)]
    pub tone: Tone,
}
