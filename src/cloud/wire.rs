//! One request over the transport: numbered, measured, logged, and its answer's headers read.

use super::answer::{Answer, request_ids};
use super::retry_after::retry_after;
use super::{Limits, Transport, TransportError};
use crate::domain::{Clock, Ids};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header::DATE};
use std::sync::Arc;

/// The transport with the seams and bounds that every call needs.
pub(crate) struct Wire {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) limits: Limits,
}

impl Wire {
    /// Sends `request` once, under a fresh `client-request-id`, which Microsoft's logs keep; returned beside the result,
    /// because it is the only trace of a lost call.
    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> (String, Result<Answer, TransportError>) {
        let id = self.ids.fresh().to_string();
        if let Ok(value) = HeaderValue::from_str(&id) {
            request.headers_mut().insert(HeaderName::from_static("client-request-id"), value);
        }
        let method = request.method().clone();
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        // A path holds ids at most; a query may hold names.
        let path = request.uri().path().to_owned();
        let begun = self.clock.elapsed();
        let sent = self.transport.send(request).await;
        let milliseconds = self.clock.elapsed().saturating_sub(begun).as_millis();
        let result = match sent {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let answer = self.answer(parts.status, parts.headers, body);
                let status = answer.status.as_u16();
                tracing::debug!(%method, host, path, status, milliseconds, client_request_id = id, request_ids = ?answer.request_ids, "called");
                Ok(answer)
            }
            Err(error) => {
                tracing::debug!(%method, host, path, %error, milliseconds, client_request_id = id, "call without answer");
                Err(error)
            }
        };
        (id, result)
    }

    /// A response as an [`Answer`], whether it came alone or inside a batch.
    pub(crate) fn answer(&self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Answer {
        let retry_after = retry_after(&headers, self.clock.now(), &self.limits);
        Answer { status, request_ids: request_ids(&headers), retry_after, headers, body }
    }

    /// A response found inside `outer`, which lends it its date and its ids.
    pub(crate) fn inner_answer(
        &self,
        outer: &Answer,
        status: StatusCode,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Answer {
        if let (false, Some(date)) = (headers.contains_key(DATE), outer.headers.get(DATE)) {
            headers.insert(DATE, date.clone());
        }
        let mut answer = self.answer(status, headers, body);
        for id in &outer.request_ids {
            if !answer.request_ids.contains(id) {
                answer.request_ids.push(id.clone());
            }
        }
        answer
    }
}
