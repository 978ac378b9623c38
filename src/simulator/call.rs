//! One request, decoded once.

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::Value;

/// A request as the services read it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Upper-case method.
    pub(crate) method: String,
    /// `https` or `http`, when it is known.
    pub(crate) scheme: Option<String>,
    /// Lower-case `host[:port]`.
    pub(crate) authority: String,
    /// The path as sent, without the query.
    pub(crate) path: String,
    /// The path's segments, decoded.
    pub(crate) segments: Vec<String>,
    /// The query's pairs, decoded; both `$select` and `%24select` arrive as `$select`.
    pub(crate) query: Vec<(String, String)>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Call {
    /// Decodes a request.
    pub(crate) fn read(request: Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let from_header = parts.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
        let authority = parts.uri.authority().map(|authority| authority.as_str()).or(from_header);
        let authority = authority.unwrap_or("localhost").to_lowercase();
        Self::new(
            parts.method.as_str(),
            parts.uri.scheme_str().map(str::to_owned),
            authority,
            parts.uri.path(),
            parts.uri.query().unwrap_or_default(),
            parts.headers,
            body,
        )
    }

    /// Puts a call together; an item of a batch borrows host and token from its envelope.
    pub(crate) fn new(
        method: &str,
        scheme: Option<String>,
        authority: String,
        path: &str,
        query: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let segments = path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
        let query = url::form_urlencoded::parse(query.as_bytes())
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        Self {
            method: method.to_uppercase(),
            scheme,
            authority,
            path: path.to_owned(),
            segments,
            query,
            headers,
            body,
        }
    }

    /// A query option's value.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The host without its port.
    pub(crate) fn host(&self) -> &str {
        if self.authority.starts_with('[') {
            return self.authority.split_inclusive(']').next().unwrap_or_default();
        }
        self.authority.split(':').next().unwrap_or_default()
    }

    /// `scheme://host[:port]` as called; `https` where the scheme is not known.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_deref().unwrap_or("https"), self.authority)
    }

    /// The body as JSON; an empty body is an empty object.
    pub(crate) fn json(&self) -> Result<Value, String> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }

    /// The bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        let (kind, token) = value.split_once(' ')?;
        kind.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// The segments as text slices, for matching.
    pub(crate) fn route(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The method, with `HEAD` as the `GET` whose head it asks for (RFC 9110 §9.3.2).
    pub(crate) fn verb(&self) -> &str {
        if self.method == "HEAD" { "GET" } else { &self.method }
    }

    /// Whether the call only reads.
    pub(crate) fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// Percent-decodes one path segment; `+` stays what it is.
pub(crate) fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
