//! One question for a token, by each kind of credential.

use super::access::{Audience, TenantAccess};
use super::answer::Answer;
use super::azure_cli;
use super::credential::{Credential, IdentityEndpoint};
use super::escape::path_segment;
use super::failures::{judge_identity, judge_sign_in, lost, unreadable};
use super::federated;
use super::token::{Token, TokenAnswer};
use super::verdict::{CallFailure, Effect};
use super::wire::Wire;
use crate::domain::Code;
use bytes::Bytes;
use http::{Method, Request, header};
use secrecy::ExposeSecret;
use url::form_urlencoded;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The name of an assertion in a form (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Asks once for a token for `audience`.
///
/// # Errors
/// Never uncertain: whatever call wanted the token has not been sent.
pub(super) async fn ask(
    wire: &Wire,
    access: &TenantAccess,
    audience: &Audience,
) -> Result<Token, CallFailure> {
    match &access.credential {
        Credential::ClientSecret { client_id, secret } => {
            let proof =
                Proof { name: "client_secret", text: Zeroizing::new(secret.expose_secret().to_owned()) };
            exchange(wire, access, audience, *client_id, proof).await
        }
        Credential::Certificate { client_id, certificate } => {
            let endpoint = endpoint(access);
            let signed = certificate.assertion(*client_id, &endpoint, wire.clock.now(), wire.ids.fresh());
            let text = signed.ok_or_else(|| {
                failed(Code::SignInCredentialRefused, "The key of the certificate did not sign.")
            })?;
            exchange(wire, access, audience, *client_id, Proof { name: "client_assertion", text }).await
        }
        Credential::Federated { client_id, source } => {
            let text = federated::assertion(wire, source).await?;
            exchange(wire, access, audience, *client_id, Proof { name: "client_assertion", text }).await
        }
        Credential::ManagedIdentity { client_id, endpoint } => {
            managed(wire, audience, *client_id, endpoint).await
        }
        Credential::AzureCli { program, deadline } => {
            let (asked_at, now) = (wire.clock.elapsed(), wire.clock.now());
            let answer = azure_cli::ask(program, *deadline, access.tenant_id, audience.scope()).await?;
            Token::new(answer, asked_at, now).ok_or_else(|| {
                failed(
                    Code::SignInSourceUnavailable,
                    "The Azure CLI gave no bearer token that is still good.",
                )
            })
        }
    }
}

/// What goes into the form to prove who we are.
struct Proof {
    name: &'static str,
    text: Zeroizing<String>,
}

/// The token endpoint of the tenant, which is also whom an assertion is for.
fn endpoint(access: &TenantAccess) -> String {
    let path = format!("/{}/oauth2/v2.0/token", path_segment(&access.tenant_id.to_string()));
    access.cloud.sign_in.at(&path)
}

/// The client credentials exchange: one resource per question, no refresh token (entra-docs,
/// identity-platform/v2-oauth2-client-creds-grant-flow).
async fn exchange(
    wire: &Wire,
    access: &TenantAccess,
    audience: &Audience,
    client_id: Uuid,
    proof: Proof,
) -> Result<Token, CallFailure> {
    let request = question(access, audience, client_id, &proof)?;
    let (asked_at, now) = (wire.clock.elapsed(), wire.clock.now());
    let (id, sent) = wire.send(request).await;
    let answer = sent.map_err(|error| lost(&error, Effect::Read, &id))?;
    if !answer.status.is_success() {
        return Err(judge_sign_in(&answer, &proof.text));
    }
    let token: TokenAnswer = answer.json(Effect::Read)?;
    Token::new(token, asked_at, now).ok_or_else(|| no_token(&answer))
}

fn question(
    access: &TenantAccess,
    audience: &Audience,
    client_id: Uuid,
    proof: &Proof,
) -> Result<Request<Bytes>, CallFailure> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", &client_id.to_string())
        .append_pair("scope", audience.scope())
        .append_pair("grant_type", "client_credentials");
    if proof.name == "client_assertion" {
        form.append_pair("client_assertion_type", ASSERTION_TYPE);
    }
    let form = form.append_pair(proof.name, &proof.text).finish();
    Request::builder()
        .method(Method::POST)
        .uri(endpoint(access))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Bytes::from(form))
        .map_err(|_| unreadable(Effect::Read, "The sign-in address in the config makes no request.", &[]))
}

/// The question to a managed identity's endpoint: a resource instead of a scope, and numbers as text in the answer
/// (entra-docs, managed-identities-azure-resources/how-to-use-vm-token.md; App Service: overview-managed-identity).
async fn managed(
    wire: &Wire,
    audience: &Audience,
    client_id: Option<Uuid>,
    endpoint: &IdentityEndpoint,
) -> Result<Token, CallFailure> {
    let client_id = client_id.map(|id| id.to_string());
    let mut parameters = vec![("resource", audience.resource())];
    parameters.extend(client_id.as_deref().map(|id| ("client_id", id)));
    let request = Request::builder().method(Method::GET).header(header::ACCEPT, "application/json");
    let (request, hidden) = match endpoint {
        IdentityEndpoint::Metadata(host) => {
            parameters.push(("api-version", "2018-02-01"));
            let url = host.at("/metadata/identity/oauth2/token").with(&parameters);
            (request.uri(url).header("metadata", "true"), "")
        }
        IdentityEndpoint::AppService { url, header } => {
            parameters.push(("api-version", "2019-08-01"));
            let header = header.expose_secret();
            (request.uri(url.with(&parameters)).header("x-identity-header", header), header)
        }
    };
    let request = request.body(Bytes::new()).map_err(|_| {
        failed(
            Code::SignInSourceUnavailable,
            "The address or header of the managed identity makes no request.",
        )
    })?;
    let (asked_at, now) = (wire.clock.elapsed(), wire.clock.now());
    let (id, sent) = wire.send(request).await;
    let answer = sent.map_err(|error| {
        let mut failure = lost(&error, Effect::Read, &id);
        failure.failure.code = Code::SignInSourceUnavailable;
        failure
    })?;
    if !answer.status.is_success() {
        return Err(judge_identity(&answer, hidden));
    }
    let token: TokenAnswer = answer.json(Effect::Read)?;
    Token::new(token, asked_at, now).ok_or_else(|| no_token(&answer))
}

fn no_token(answer: &Answer) -> CallFailure {
    answer.unreadable(Effect::Read, "The answer holds no bearer token that could be sent.")
}

/// The failure of a sign-in that never left this machine.
pub(super) fn failed(code: Code, message: &str) -> CallFailure {
    CallFailure { failure: crate::domain::Failure::new(code, message), verdict: super::Verdict::NotSent }
}
