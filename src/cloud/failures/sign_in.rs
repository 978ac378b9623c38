//! Microsoft Entra's refusals to issue a token (API notes §1.1; §6 rows 1 to 7).
//!
//! Source: entra-docs, identity-platform/reference-error-codes.md. `error` is what clients should branch on; where it is
//! too coarse, the number in `error_codes` decides, never the description.

use crate::cloud::answer::Answer;
use crate::cloud::verdict::{CallFailure, Verdict};
use crate::cloud::wording::quoted;
use crate::domain::{Code, Failure};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

/// The failure of a token request that was answered, but not with a token. `hidden` never appears in it.
///
/// Whatever call wanted the token was not sent, so nothing here is ever uncertain.
pub(crate) fn judge_sign_in(answer: &Answer, hidden: &str) -> CallFailure {
    let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
    let numbers = refusal.as_ref().map(|it| it.error_codes.as_slice()).unwrap_or_default();
    let error = refusal.as_ref().map(|it| it.error.as_str()).unwrap_or_default();
    let retry_after = answer.retry_after;
    let (code, verdict) = match answer.status.as_u16() {
        429 => (Code::RemoteThrottled, Verdict::Throttled { retry_after }),
        408 | 500..=599 => (Code::RemoteUnavailable, Verdict::Unavailable { retry_after }),
        400..=499 if refusal.is_some() => match numbers.iter().find_map(|number| by_number(*number)) {
            Some(Meaning::Refused(code)) => (code, Verdict::Refused),
            Some(Meaning::Throttled) => (Code::RemoteThrottled, Verdict::Throttled { retry_after }),
            Some(Meaning::Transient) => (Code::RemoteUnavailable, Verdict::Unavailable { retry_after }),
            None => by_error(error, answer),
        },
        _ => (Code::RemoteUnreadable, Verdict::Unavailable { retry_after }),
    };
    let mut ids = answer.request_ids.clone();
    let message = match refusal {
        Some(refusal) => {
            ids.extend(
                [refusal.trace_id, refusal.correlation_id].into_iter().flatten().filter(|id| is_id(id)),
            );
            // The ids follow the sentence; they are kept apart.
            let sentence = refusal.error_description.split(" Trace ID").next().unwrap_or_default();
            if hidden.is_empty() || !refusal.error_description.contains(hidden) {
                quoted(&format!("HTTP {}, {}: {sentence}", answer.status.as_u16(), refusal.error))
            } else {
                format!("HTTP {}.", answer.status.as_u16())
            }
        }
        None => format!("HTTP {} without an error body.", answer.status.as_u16()),
    };
    CallFailure { failure: Failure::new(code, message).seen_as(ids), verdict }
}

enum Meaning {
    Refused(Code),
    Throttled,
    Transient,
}

fn by_number(number: u32) -> Option<Meaning> {
    Some(match number {
        7_000_215 => Meaning::Refused(Code::SignInSecretInvalid),
        7_000_222 => Meaning::Refused(Code::SignInSecretExpired),
        700_016 => Meaning::Refused(Code::SignInAppUnknown),
        7_000_112 => Meaning::Refused(Code::SignInAppDisabled),
        // Tenant not found; tenant lives in another cloud.
        90_002 | 90_038 => Meaning::Refused(Code::SignInTenantUnknown),
        // Signature or key of an assertion; its validity window; no federated credential matches.
        700_027 | 700_024 | 700_213 => Meaning::Refused(Code::SignInCredentialRefused),
        500_011 => Meaning::Refused(Code::SignInResourceUnknown),
        // Malformed scope, several resources, missing /.default.
        70_011 | 700_022 | 28_002 => Meaning::Refused(Code::SignInRefused),
        // "Tenant throttling".
        90_055 => Meaning::Throttled,
        90_006 | 90_024 | 90_033 | 90_090 | 50_000 => Meaning::Transient,
        _ => return None,
    })
}

fn by_error(error: &str, answer: &Answer) -> (Code, Verdict) {
    match error {
        "temporarily_unavailable" | "server_error" => {
            (Code::RemoteUnavailable, Verdict::Unavailable { retry_after: answer.retry_after })
        }
        "invalid_client" => (Code::SignInCredentialRefused, Verdict::Refused),
        "invalid_resource" => (Code::SignInResourceUnknown, Verdict::Refused),
        "invalid_tenant" => (Code::SignInTenantUnknown, Verdict::Refused),
        _ => (Code::SignInRefused, Verdict::Refused),
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<uuid::Uuid>().is_ok()
}
