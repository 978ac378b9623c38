//! One request and its answer, and those that travel inside a batch.

use bytes::Bytes;
use serde_json::Value;
use std::fmt;

/// A request with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The parameters of the query, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) asked: Bytes,
    pub(crate) status: u16,
    pub(crate) answered: Bytes,
}

impl Exchange {
    pub(crate) fn new(request: &http::Request<Bytes>, answer: &http::Response<Bytes>) -> Self {
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        Self::parsed(
            request.method().as_str(),
            &target,
            request.body().clone(),
            answer.status().as_u16(),
            answer.body().clone(),
        )
    }

    fn parsed(method: &str, target: &str, asked: Bytes, status: u16, answered: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method: method.to_owned(), path: path.to_owned(), query, asked, status, answered }
    }

    /// Method and path, with `{}` where an id stands.
    pub(super) fn shape(&self) -> String {
        let is_id = |word: &str| uuid::Uuid::try_parse(word).is_ok() || word.contains('@');
        let mut path = self.path.clone();
        let words: Vec<&str> = self.path.split(['/', '(', ')', '=']).filter(|word| is_id(word)).collect();
        for word in words {
            path = path.replace(word, "{}");
        }
        format!("{} {path}", self.method)
    }

    /// The exchange itself, and those that it carries.
    pub(super) fn taken_apart(self) -> Vec<Self> {
        let inner = if self.path.ends_with("/v1.0/$batch") {
            self.inside_json()
        } else if self.path.ends_with("/$batch") {
            self.inside_multipart()
        } else {
            Vec::new()
        };
        std::iter::once(self).chain(inner).collect()
    }

    fn inside_json(&self) -> Vec<Self> {
        let read = |body: &Bytes, key: &str| {
            let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
            body[key].as_array().cloned().unwrap_or_default()
        };
        let answers = read(&self.answered, "responses");
        let answer_to = |id: &Value| answers.iter().find(|answer| answer["id"] == *id);
        let body = |body: &Value| if body.is_null() { Bytes::new() } else { body.to_string().into() };
        read(&self.asked, "requests")
            .iter()
            .filter_map(|item| {
                let answer = answer_to(&item["id"])?;
                let status = u16::try_from(answer["status"].as_u64()?).ok()?;
                let target = format!("/v1.0/{}", item["url"].as_str()?.trim_start_matches('/'));
                let method = item["method"].as_str()?;
                Some(Self::parsed(method, &target, body(&item["body"]), status, body(&answer["body"])))
            })
            .collect()
    }

    /// The parts of both sides in their order (webapi/execute-batch-operations-using-web-api).
    fn inside_multipart(&self) -> Vec<Self> {
        let (asked, answered) = (parts(&self.asked), parts(&self.answered));
        asked
            .iter()
            .zip(&answered)
            .filter_map(|((line, asked), (status, answered))| {
                let mut words = line.split(' ');
                let (method, target) = (words.next()?, words.next()?);
                let target = target.find("/api/").map_or(target, |at| &target[at..]);
                let status = status.split(' ').nth(1)?.parse().ok()?;
                Some(Self::parsed(method, target, asked.clone(), status, answered.clone()))
            })
            .collect()
    }
}

/// The first line and the body of each HTTP message in a multipart body.
fn parts(body: &Bytes) -> Vec<(String, Bytes)> {
    let text = String::from_utf8_lossy(body);
    let Some(delimiter) = text.lines().next().filter(|line| line.starts_with("--")) else {
        return Vec::new();
    };
    text.split(delimiter)
        .filter_map(|part| {
            let (_mime, message) = part.split_once("\r\n\r\n")?;
            let (head, content) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
            let line = head.lines().next()?.to_owned();
            Some((line, Bytes::from(content.trim_end().to_owned())))
        })
        .collect()
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let Self { method, path, query, asked, status, answered } = self;
        write!(f, "  {method} {path} {query:?}\n  {}\n  {status} {}", text(asked), text(answered))
    }
}
