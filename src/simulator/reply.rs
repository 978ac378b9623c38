//! One answer, before it goes out.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

/// An answer: status, headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A JSON answer.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::empty(status).typed("application/json; charset=utf-8", value.to_string())
    }

    /// Gives the answer a body.
    pub(crate) fn typed(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.set("content-type", content_type);
        self
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a header, replacing an earlier one.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The same answer without its body, whose length is still told.
    pub(crate) fn head(mut self) -> Self {
        self.set("content-length", self.body.len().to_string());
        self.body = Bytes::new();
        self
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The answer for the wire. A header that HTTP cannot carry is left out rather than failing the call.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
            if let (Ok(name), Ok(value)) = pair {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// An instant as Microsoft writes it in JSON: UTC, whole seconds.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
