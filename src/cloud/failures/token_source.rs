//! What those say who hand out tokens about us: a managed identity's endpoint, and the issuer of a job's token.

use crate::cloud::answer::Answer;
use crate::cloud::verdict::{CallFailure, Verdict};
use crate::cloud::wording::quoted;
use crate::domain::{Code, Failure};
use serde::Deserialize;

/// The failure of a managed identity's endpoint that was reached, but gave no token. `hidden` never appears in it.
///
/// Source: entra-docs, managed-identities-azure-resources/how-to-use-vm-token.md: 404, 410, 429 and 5xx pass, 400 does not.
pub(crate) fn judge_identity(answer: &Answer, hidden: &str) -> CallFailure {
    #[derive(Deserialize)]
    struct Complaint {
        error_description: Option<String>,
        message: Option<String>,
    }
    let said = serde_json::from_slice::<Complaint>(&answer.body).ok();
    let said = said.and_then(|it| it.error_description.or(it.message));
    let said = said.filter(|text| hidden.is_empty() || !text.contains(hidden)).unwrap_or_default();
    let status = answer.status.as_u16();
    source_failure(answer, &format!("The endpoint of the managed identity answered HTTP {status}: {said}"))
}

/// The failure of an issuer of tokens about us that was reached, but gave none.
pub(crate) fn judge_issuer(answer: &Answer) -> CallFailure {
    source_failure(
        answer,
        &format!("The issuer of the job's token answered HTTP {}.", answer.status.as_u16()),
    )
}

fn source_failure(answer: &Answer, message: &str) -> CallFailure {
    let retry_after = answer.retry_after;
    let (code, verdict) = match answer.status.as_u16() {
        429 => (Code::RemoteThrottled, Verdict::Throttled { retry_after }),
        404 | 408 | 410 | 500..=599 => (Code::SignInSourceUnavailable, Verdict::Unavailable { retry_after }),
        400..=499 => (Code::SignInCredentialRefused, Verdict::Refused),
        _ => (Code::RemoteUnreadable, Verdict::Unavailable { retry_after }),
    };
    let failure = Failure::new(code, quoted(message)).seen_as(answer.request_ids.clone());
    CallFailure { failure, verdict }
}
