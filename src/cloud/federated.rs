//! The token of another issuer, fetched anew for each exchange.

use super::credential::FederatedSource;
use super::failures::{judge_issuer, lost};
use super::sign_in::failed;
use super::verdict::{CallFailure, Effect};
use super::wire::Wire;
use crate::domain::Code;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::Path;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

/// No such token is longer.
const BYTES_MAX: u64 = 64 * 1024;

/// Whom the token must be for, so that Entra takes it (entra-docs, workload-id/workload-identity-federation.md).
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The token of `source` as it is now.
///
/// # Errors
/// [`Code::SignInSourceUnavailable`] when there is none at the moment.
pub(super) async fn assertion(
    wire: &Wire,
    source: &FederatedSource,
) -> Result<Zeroizing<String>, CallFailure> {
    match source {
        FederatedSource::File(path) => from_file(path).await,
        FederatedSource::GitHubActions { url, token } => {
            from_github(wire, &url.with(&[("audience", AUDIENCE)]), token).await
        }
    }
}

async fn from_file(path: &Path) -> Result<Zeroizing<String>, CallFailure> {
    let unavailable =
        |why: &str| failed(Code::SignInSourceUnavailable, &format!("The file that token_file names {why}."));
    let mut text = Zeroizing::new(String::new());
    let opened = tokio::fs::File::open(path).await;
    let file = opened.map_err(|error| unavailable(&format!("cannot be read: {error}")))?;
    let read = file.take(BYTES_MAX + 1).read_to_string(&mut text).await;
    let length = read.map_err(|error| unavailable(&format!("cannot be read: {error}")))?;
    let token = text.trim();
    if length as u64 > BYTES_MAX || token.split('.').count() != 3 || token.contains(char::is_whitespace) {
        return Err(unavailable("holds no token (three parts between dots)"));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// GitHub's issuer (docs.github.com, actions/reference/security/oidc): `{"value":"…"}` for the job's bearer token.
async fn from_github(wire: &Wire, url: &str, token: &SecretString) -> Result<Zeroizing<String>, CallFailure> {
    #[derive(Deserialize)]
    struct Issued {
        value: String,
    }
    let mut bearer = HeaderValue::from_str(&Zeroizing::new(format!("Bearer {}", token.expose_secret())))
        .map_err(|_| failed(Code::SignInSourceUnavailable, "ACTIONS_ID_TOKEN_REQUEST_TOKEN is no token."))?;
    bearer.set_sensitive(true);
    let request = Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::AUTHORIZATION, bearer)
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| {
            failed(Code::SignInSourceUnavailable, "ACTIONS_ID_TOKEN_REQUEST_URL makes no request.")
        })?;
    let (id, sent) = wire.send(request).await;
    let answer = sent.map_err(|error| {
        let mut failure = lost(&error, Effect::Read, &id);
        failure.failure.code = Code::SignInSourceUnavailable;
        failure
    })?;
    if !answer.status.is_success() {
        return Err(judge_issuer(&answer));
    }
    let issued: Issued = answer.json(Effect::Read)?;
    Ok(Zeroizing::new(issued.value))
}
