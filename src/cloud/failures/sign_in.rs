//! The failure of a token request (API notes §1.1).

use super::answer_row::Speaker;
use super::decide::decide;
use super::entra_refusal::EntraRefusal;
use super::ruling::pronounce;
use crate::cloud::answer::Answer;
use crate::cloud::verdict::{CallFailure, Effect};
use crate::cloud::wording::quoted;
use crate::domain::Code;

/// The failure of a token request that was answered, but not with a token. `hidden` never appears in it.
///
/// Whatever call wanted the token was not sent, so nothing here is ever uncertain.
pub(crate) fn judge_sign_in(answer: &Answer, hidden: &str) -> CallFailure {
    let decision = decide(Speaker::Entra, answer);
    decision.note(Speaker::Entra, answer);
    let refusal = EntraRefusal::read(&answer.body);
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
    pronounce(decision.means, Code::SignInRefused, Effect::Read, answer.retry_after, &message, &ids)
}

fn is_id(text: &str) -> bool {
    text.parse::<uuid::Uuid>().is_ok()
}
