//! The one place that performs an authorized call.

use super::access::Audience;
use super::answer::Answer;
use super::failures::{judge, lost, unreadable};
use super::service::Service;
use super::token::Token;
use super::tokens::Tokens;
use super::verdict::{CallFailure, Effect};
use super::wire::Wire;
use crate::domain::{Code, Term};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use std::sync::Arc;

/// A call to be made: everything but the address, which the exchange knows, and the token.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, percent-encoded, beginning with `/`.
    pub(crate) path: String,
    pub(crate) effect: Effect,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The content type and the content.
    pub(crate) body: Option<(HeaderValue, Bytes)>,
}

impl Call {
    /// A read of `path`.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), effect: Effect::Read, headers: Vec::new(), body: None }
    }

    /// A `POST` of JSON to `path`.
    pub(crate) fn post(path: impl Into<String>, effect: Effect, body: &serde_json::Value) -> Self {
        let body = (HeaderValue::from_static("application/json"), Bytes::from(body.to_string()));
        Self { method: Method::POST, path: path.into(), effect, headers: Vec::new(), body: Some(body) }
    }

    /// The same call with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.push((HeaderName::from_static(name), value));
        self
    }
}

/// One service of one tenant at its one origin, with the tokens that are good there and nowhere else.
#[derive(Clone)]
pub(crate) struct Exchange {
    wire: Arc<Wire>,
    tokens: Arc<Tokens>,
    service: Service,
    audience: Audience,
    /// What is written has to have its answer by then.
    term: Option<Term>,
}

impl Exchange {
    pub(super) fn new(
        wire: Arc<Wire>,
        tokens: Arc<Tokens>,
        service: Service,
        audience: Audience,
        term: Option<Term>,
    ) -> Self {
        Self { wire, tokens, service, audience, term }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(crate) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// The token for this service, from the cache if one is good.
    pub(crate) async fn token(&self) -> Result<Arc<Token>, CallFailure> {
        self.tokens.get(&self.audience).await
    }

    /// Performs `call` and returns its answer if it is a success.
    ///
    /// A 401 drops the token and costs one replay with a new one: the service has refused the call before reading it, and
    /// a token may be revoked early (API notes §1.7). A second 401 is a failure.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, CallFailure> {
        let answer = self.attempt(call).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let failure = self.failure(&answer, call.effect);
        self.forget_if_powerless(&failure).await;
        Err(failure)
    }

    /// Like [`call`](Self::call), but whatever was answered is returned, for calls that expect a certain refusal.
    pub(crate) async fn attempt(&self, call: &Call) -> Result<Answer, CallFailure> {
        let token = self.token().await?;
        let answer = self.send(call, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.tokens.forget(&self.audience, &token).await;
        let token = self.token().await?;
        self.send(call, &token).await
    }

    /// The path of the next page, which `answer` says is at `link`.
    ///
    /// # Errors
    /// When the link leads to another origin: our token does not go there.
    pub(crate) fn next_path(&self, answer: &Answer, link: &str) -> Result<String, CallFailure> {
        let away = || answer.unreadable(Effect::Read, "The link to the next page leads to another address.");
        self.audience.origin().path_of(link).ok_or_else(away)
    }

    /// The failure of `answer`, by this service's table.
    pub(crate) fn failure(&self, answer: &Answer, effect: Effect) -> CallFailure {
        judge(self.service, answer, effect)
    }

    /// Drops the token if `failure` speaks of a missing permission, so that a later call sees what was granted meanwhile.
    pub(crate) async fn forget_if_powerless(&self, failure: &CallFailure) {
        if matches!(failure.failure.code, Code::GraphPermissionMissing | Code::RemoteUnauthorized) {
            self.forget_stale().await;
        }
    }

    /// Drops the token unless it was issued just now.
    pub(super) async fn forget_stale(&self) {
        self.tokens.forget_stale(&self.audience).await;
    }

    async fn send(&self, call: &Call, token: &Token) -> Result<Answer, CallFailure> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(self.audience.origin().at(&call.path))
            .header(header::AUTHORIZATION, token.bearer.clone());
        for (name, value) in self.service.headers().iter().chain(&call.headers) {
            request = request.header(name, value);
        }
        let content = match &call.body {
            Some((kind, content)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                content.clone()
            }
            None => Bytes::new(),
        };
        // Every path is built from constants and percent-encoded parts, so this is our own mistake if it ever happens.
        let request = request
            .body(content)
            .map_err(|_| unreadable(Effect::Read, "The call makes no request; nothing was sent.", &[]))?;
        let mut request = request;
        if let (Effect::Write, Some(term)) = (call.effect, &self.term) {
            request.extensions_mut().insert(term.clone());
        }
        let (id, sent) = self.wire.send(request).await;
        sent.map_err(|error| lost(&error, call.effect, &id))
    }
}
