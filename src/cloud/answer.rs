//! One response, whether it came alone or inside a batch.

use super::failures::unreadable;
use super::verdict::{CallFailure, Effect};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A response with what every caller needs from its headers.
///
/// Has no `Debug`: its body may hold a person's data.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The ids under which Microsoft's support finds the call.
    pub(crate) request_ids: Vec<String>,
    /// The wait it asks for, already within bounds.
    pub(crate) retry_after: Option<Duration>,
}

impl Answer {
    /// The body as JSON of the wanted shape; fields nobody asked for are accepted.
    ///
    /// # Errors
    /// [`RemoteUnreadable`](crate::domain::Code::RemoteUnreadable): uncertain for a write, since it may have landed.
    pub(crate) fn json<T: DeserializeOwned>(&self, effect: Effect) -> Result<T, CallFailure> {
        // The parser's own message quotes values of the body, so only the place is kept.
        serde_json::from_slice(&self.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            self.unreadable(
                effect,
                &format!("The body of {} bytes does not fit at {place}.", self.body.len()),
            )
        })
    }

    /// The failure of an answer that is no answer to our question; `why` holds nothing of the body.
    pub(crate) fn unreadable(&self, effect: Effect, why: &str) -> CallFailure {
        unreadable(effect, &format!("HTTP {}. {why}", self.status.as_u16()), &self.request_ids)
    }
}

/// The ids Microsoft's services give a call, in the headers of its response ([GE], [DH] of the API notes).
pub(crate) fn request_ids(headers: &HeaderMap) -> Vec<String> {
    /// Longer ids are no ids.
    const ID_MAX: usize = 64;
    let mut ids: Vec<String> = Vec::new();
    for name in
        ["request-id", "x-ms-request-id", "x-ms-service-request-id", "x-ms-correlation-request-id", "req_id"]
    {
        for value in headers.get_all(name) {
            let Ok(text) = value.to_str() else { continue };
            let text = text.trim();
            let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
            if plain && (1..=ID_MAX).contains(&text.len()) && !ids.iter().any(|known| known == text) {
                ids.push(text.to_owned());
            }
        }
    }
    ids
}
