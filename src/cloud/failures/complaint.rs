//! The error envelope that Graph, Dataverse and Power Platform share.

use serde_json::Value;

/// What an error body says: `{"error":{"code","message","details":[{"code","target"}]}}`.
pub(crate) struct Complaint {
    /// The service's code; may be empty.
    pub(crate) code: String,
    /// The service's words; to be matched only where it has no code for the case.
    pub(crate) message: String,
    /// Further codes with what they are about; Graph only.
    pub(crate) details: Vec<(String, String)>,
}

impl Complaint {
    /// Reads an error body; `None` when it is none, such as a proxy's page of HTML.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?.as_object()?;
        let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Some(Self {
            code: text(error.get("code")),
            message: text(error.get("message")),
            details: details.iter().map(|each| (text(each.get("code")), text(each.get("target")))).collect(),
        })
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}
