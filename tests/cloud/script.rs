//! A transport that answers from a script, with a clock and ids that the test moves.

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use seatless::cloud::{
    CloudOrigins, Credential, Limits, TenantAccess, TenantClient, Transport, TransportError,
};
use seatless::domain::{Clock, Ids, Term};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

pub(crate) const CLIENT: &str = "11111111-0000-0000-0000-000000000001";
pub(crate) const SECRET: &str = "s~ecret-canary";
pub(crate) const TENANT: &str = "aaaaaaaa-0000-0000-0000-000000000001";

pub(crate) type Reply = Result<http::Response<Bytes>, TransportError>;

/// An answer with a status and a body.
pub(crate) fn answer(status: u16, body: &str) -> Reply {
    with_headers(status, &[("content-type", "application/json")], body)
}

pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Ok(response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

pub(crate) fn lost() -> Reply {
    Err(TransportError::Lost { reason: "connection reset by peer".to_owned() })
}

pub(crate) fn not_sent() -> Reply {
    Err(TransportError::NotSent { reason: "connection refused".to_owned() })
}

/// A token whose payload holds these roles.
pub(crate) fn token_with(claims: &str, serial: u64) -> String {
    use base64::Engine;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    format!("eyJ0eXAiOiJKV1QifQ.{payload}.canary{serial}")
}

pub(crate) fn token_body(token: &str) -> String {
    format!(r#"{{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"{token}"}}"#)
}

/// One request as it was sent.
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
    /// What its deadline has to lie within.
    pub(crate) term: Option<Term>,
}

impl Sent {
    pub(crate) fn bearer(&self) -> &str {
        self.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Rule = Box<dyn Fn(&Sent) -> Reply + Send>;

/// What the cloud says, in order. Tokens are given freely unless `token_replies` holds something.
#[derive(Default)]
pub(crate) struct Script {
    replies: Mutex<VecDeque<Reply>>,
    rule: Mutex<Option<Rule>>,
    token_replies: Mutex<VecDeque<Reply>>,
    sent: Mutex<Vec<Sent>>,
    asked_for_tokens: Mutex<Vec<Sent>>,
}

impl Script {
    pub(crate) fn says(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// Answers by the question from now on, for questions that come in no certain order.
    pub(crate) fn answers(&self, rule: impl Fn(&Sent) -> Reply + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    pub(crate) fn tokens(&self, replies: impl IntoIterator<Item = Reply>) {
        self.token_replies.lock().unwrap().extend(replies);
    }

    /// The requests for anything but a token since the last time.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// The requests for tokens since the last time.
    pub(crate) fn asked_for_tokens(&self) -> Vec<Sent> {
        std::mem::take(&mut self.asked_for_tokens.lock().unwrap())
    }
}

static TOKEN_SERIAL: AtomicU64 = AtomicU64::new(1);

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: http::Request<Bytes>) -> Reply {
        let (parts, body) = request.into_parts();
        let sent = Sent {
            method: parts.method.to_string(),
            uri: parts.uri.to_string(),
            headers: parts.headers,
            term: parts.extensions.get().cloned(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        // So that concurrent callers really meet.
        tokio::task::yield_now().await;
        if parts.uri.path().ends_with("/oauth2/v2.0/token") {
            self.asked_for_tokens.lock().unwrap().push(sent);
            let scripted = self.token_replies.lock().unwrap().pop_front();
            let serial = TOKEN_SERIAL.fetch_add(1, Ordering::Relaxed);
            return scripted.unwrap_or_else(|| answer(200, &token_body(&token_with("{}", serial))));
        }
        let uri = sent.uri.clone();
        let ruled = self.rule.lock().unwrap().as_ref().map(|rule| rule(&sent));
        self.sent.lock().unwrap().push(sent);
        if let Some(reply) = ruled {
            return reply;
        }
        let reply = self.replies.lock().unwrap().pop_front();
        reply.unwrap_or_else(|| panic!("the script has no answer for {uri}"))
    }
}

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(crate) struct Still {
    elapsed: Mutex<Duration>,
}

impl Still {
    pub(crate) fn pass(&self, seconds: u64) {
        *self.elapsed.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }
}

struct Counted(AtomicU64);

impl Ids for Counted {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A tenant whose cloud is a script.
pub(crate) struct Stage {
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<Still>,
    pub(crate) client: TenantClient,
}

pub(crate) fn access() -> TenantAccess {
    TenantAccess {
        tenant_id: TENANT.parse().unwrap(),
        credential: Credential::ClientSecret {
            client_id: CLIENT.parse().unwrap(),
            secret: SECRET.to_owned().into(),
        },
        cloud: CloudOrigins {
            sign_in: "https://login.microsoftonline.com".parse().unwrap(),
            graph: "https://graph.microsoft.com".parse().unwrap(),
            power_platform: "https://api.bap.microsoft.com".parse().unwrap(),
            graph_scope: "https://graph.microsoft.com/.default".to_owned(),
            power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
        },
    }
}

pub(crate) fn stage() -> Stage {
    let script = Arc::new(Script::default());
    let clock = Arc::new(Still { elapsed: Mutex::new(Duration::from_secs(1000)) });
    let ids = Arc::new(Counted(AtomicU64::new(1)));
    let client = TenantClient::new(script.clone(), clock.clone(), ids, access(), Limits::default());
    Stage { script, clock, client }
}

/// An answer to a Graph `$batch`: each item's id, status, headers and body.
pub(crate) fn batch(items: &[(&str, u16, &str, &str)]) -> Reply {
    let items: Vec<String> = items
        .iter()
        .map(|(id, status, headers, body)| {
            let headers = if headers.is_empty() { "{}" } else { headers };
            let body = if body.is_empty() { String::new() } else { format!(r#","body":{body}"#) };
            format!(r#"{{"id":"{id}","status":{status},"headers":{headers}{body}}}"#)
        })
        .collect();
    with_headers(
        200,
        &[
            ("content-type", "application/json"),
            ("request-id", "outer-1"),
            ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ],
        &format!(r#"{{"responses":[{}]}}"#, items.join(",")),
    )
}

/// An answer to a Dataverse `$batch`: each part's status line, headers and body.
pub(crate) fn multipart(parts: &[(&str, &str, &str)]) -> Reply {
    let mut body = String::new();
    for (status, headers, content) in parts {
        let headers: String =
            headers.split('|').filter(|it| !it.is_empty()).map(|it| format!("{it}\r\n")).collect();
        body.push_str(&format!(
            "--batchresponse_9\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             HTTP/1.1 {status}\r\n{headers}\r\n{content}\r\n"
        ));
    }
    body.push_str("--batchresponse_9--\r\n");
    with_headers(
        200,
        &[("content-type", "multipart/mixed; boundary=batchresponse_9"), ("req_id", "outer-9")],
        &body,
    )
}

pub(crate) fn error(code: &str, message: &str) -> String {
    serde_json::json!({ "error": { "code": code, "message": message } }).to_string()
}
