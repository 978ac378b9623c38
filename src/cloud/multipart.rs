//! Many calls to Dataverse in one: the question of a multipart `$batch` (API notes §3.5).
//!
//! Source: powerapps-docs, webapi/execute-batch-operations-using-web-api.md. At most 1,000 calls, run in order; every line
//! ends in CR LF, or the service refuses the whole.

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::fmt::Write;

/// Microsoft's bound on the calls in one batch.
pub(crate) const PARTS_MAX: usize = 1000;

/// One call of a batch.
pub(crate) struct Part {
    method: Method,
    /// Path and query at the environment's origin, percent-encoded.
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
}

impl Part {
    /// A read of `path`.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, headers: Vec::new(), body: None }
    }

    /// A reference or row to be added at `path`.
    pub(crate) fn post(path: String, body: Value) -> Self {
        Self { method: Method::POST, path, headers: Vec::new(), body: Some(body) }
    }

    /// A change of the row at `path`, which must exist: without `If-Match`, Dataverse would make it (API notes §3.6).
    pub(crate) fn patch_existing(path: String, body: Value) -> Self {
        Self { method: Method::PATCH, path, headers: vec![("If-Match", "*")], body: Some(body) }
    }
}

/// The content of a batch of `parts`, which `boundary` separates.
pub(crate) fn compose(boundary: &str, parts: &[Part]) -> Bytes {
    let mut text = String::new();
    for part in parts {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             {} {} HTTP/1.1\r\nAccept: application/json\r\n",
            part.method, part.path
        );
        for (name, value) in &part.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        match &part.body {
            Some(body) => {
                let _ = write!(text, "Content-Type: application/json\r\n\r\n{body}\r\n");
            }
            None => text.push_str("\r\n\r\n"),
        }
    }
    let _ = write!(text, "--{boundary}--\r\n");
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_batch_ends_in_cr_lf() {
        let parts = [
            Part::get("/api/data/v9.2/WhoAmI".to_owned()),
            Part::patch_existing(
                "/api/data/v9.2/systemusers(1)".to_owned(),
                serde_json::json!({ "accessmode": 4 }),
            ),
        ];
        let text = String::from_utf8(compose("batch_a1", &parts).to_vec()).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert!(text.contains(
            "If-Match: *\r\nContent-Type: application/json\r\n\r\n{\"accessmode\":4}\r\n--batch_a1--\r\n"
        ));
    }
}
