//! One token, and what can be read in it.

use crate::domain::Instant;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::time::Duration;
use zeroize::Zeroizing;

/// A token for one audience. Has no `Debug`, and its header value is marked sensitive.
pub(crate) struct Token {
    /// `Bearer …`
    pub(crate) bearer: HeaderValue,
    /// The application permissions in it; `None` when the token cannot be read.
    pub(crate) roles: Option<BTreeSet<String>>,
    /// When it was asked for, by the clock's `elapsed`.
    pub(crate) asked_at: Duration,
    /// When to ask for the next one, by the clock's `elapsed`.
    pub(crate) renew_at: Duration,
    /// When it is worth nothing any more, by the clock's `elapsed`.
    pub(crate) expires_at: Duration,
}

/// What the token endpoint answers (entra-docs, v2-oauth2-client-creds-grant-flow); a managed identity's endpoint may give
/// the end of the token's life instead of its length.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "seconds")]
    expires_on: Option<i64>,
    access_token: String,
}

impl TokenAnswer {
    /// A token with the end of its life, in seconds of the epoch; without it, the token itself tells.
    pub(crate) fn until(token_type: String, access_token: String, expires_on: Option<i64>) -> Self {
        let expires_on = expires_on.or_else(|| claims(&access_token)?.exp);
        Self { token_type, expires_in: None, expires_on, access_token }
    }
}

impl Token {
    /// The token in `answer`, asked for at `asked_at`, when the wall clock said `now`; `None` when it cannot be used.
    pub(crate) fn new(answer: TokenAnswer, asked_at: Duration, now: Instant) -> Option<Self> {
        let access_token = Zeroizing::new(answer.access_token);
        let seconds = answer.expires_in.or_else(|| answer.expires_on?.checked_sub(now.timestamp()))?;
        let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
        if !answer.token_type.eq_ignore_ascii_case("bearer") || access_token.is_empty() {
            return None;
        }
        let text = Zeroizing::new(format!("Bearer {}", access_token.as_str()));
        let mut bearer = HeaderValue::from_str(&text).ok()?;
        bearer.set_sensitive(true);
        // Counted from before the question: the answer's way back shortens the life, never lengthens it.
        // A day is Microsoft's longest life (API notes §1.4); the bound keeps the sum from overflowing.
        let life = Duration::from_secs(seconds.min(24 * 60 * 60));
        Some(Self {
            bearer,
            roles: roles(&access_token),
            asked_at,
            renew_at: asked_at + life * 4 / 5,
            expires_at: asked_at + life,
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: BTreeSet<String>,
    /// The permissions of a person on whose behalf the token speaks.
    scp: Option<String>,
    exp: Option<i64>,
}

/// What a token says, if it is a JWT. Only decoded, not verified: the token is for Microsoft to judge, and we use this to
/// warn early, never to allow.
fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(payload).or_else(|_| STANDARD_NO_PAD.decode(payload)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The `roles` claim: the application permissions that an admin has consented to.
///
/// A token without the claim grants nothing (API notes §1.1), unless it is a person's, whose rights no claim tells in full;
/// `None` means that there is nothing to be read.
fn roles(token: &str) -> Option<BTreeSet<String>> {
    claims(token).filter(|claims| claims.scp.is_none()).map(|claims| claims.roles)
}

/// Entra gives a number; a managed identity's endpoint gives the same as text (API notes §1.4).
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(i64),
        Text(String),
    }
    match Option::<Seconds>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Seconds::Number(number)) => Ok(Some(number)),
        Some(Seconds::Text(text)) => {
            text.parse().map(Some).map_err(|_| serde::de::Error::custom("no number of seconds"))
        }
    }
}
