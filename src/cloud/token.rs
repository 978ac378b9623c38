//! One token, and what can be read in it.

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

/// What the token endpoint answers (entra-docs, v2-oauth2-client-creds-grant-flow).
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    token_type: String,
    #[serde(deserialize_with = "seconds")]
    expires_in: u64,
    access_token: String,
}

impl Token {
    /// The token in `answer`, asked for at `asked_at`; `None` when it cannot be used.
    pub(crate) fn new(answer: TokenAnswer, asked_at: Duration) -> Option<Self> {
        let access_token = Zeroizing::new(answer.access_token);
        if !answer.token_type.eq_ignore_ascii_case("bearer")
            || access_token.is_empty()
            || answer.expires_in == 0
        {
            return None;
        }
        let text = Zeroizing::new(format!("Bearer {}", access_token.as_str()));
        let mut bearer = HeaderValue::from_str(&text).ok()?;
        bearer.set_sensitive(true);
        // Counted from before the question: the answer's way back shortens the life, never lengthens it.
        // A day is Microsoft's longest life (API notes §1.4); the bound keeps the sum from overflowing.
        let life = Duration::from_secs(answer.expires_in.min(24 * 60 * 60));
        Some(Self {
            bearer,
            roles: roles(&access_token),
            asked_at,
            renew_at: asked_at + life * 4 / 5,
            expires_at: asked_at + life,
        })
    }
}

/// The `roles` claim: the application permissions that an admin has consented to.
///
/// Only decoded, not verified: the token is for Microsoft to judge, and we use this to warn early, never to allow.
/// A token without the claim grants nothing (API notes §1.1); `None` means that it is no JWT we can read.
fn roles(token: &str) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        roles: BTreeSet<String>,
    }
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(payload).or_else(|_| STANDARD_NO_PAD.decode(payload)).ok()?;
    serde_json::from_slice::<Claims>(&bytes).ok().map(|claims| claims.roles)
}

/// Entra gives a number; a managed identity's endpoint gives the same as text (API notes §1.4).
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    match Seconds::deserialize(deserializer)? {
        Seconds::Number(number) => Ok(number),
        Seconds::Text(text) => text.parse().map_err(|_| serde::de::Error::custom("no number of seconds")),
    }
}
