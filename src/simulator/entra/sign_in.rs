//! Client credentials (identity-platform/v2-oauth2-client-creds-grant-flow, and azuread-dev/v1-oauth2-client-creds-grant-flow).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::{assertion, discovery, issuer, managed};
use crate::simulator::call::decoded;
use crate::simulator::cloud::{App, Cloud, Tenant};
use crate::simulator::reply::Reply;
use crate::simulator::route::{dataverse_label, is_bare};
use crate::simulator::token::{Claims, mint};
use crate::simulator::turn::{Answer, Turn};

/// The name of an assertion in a form (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Answers a call to the sign-in host.
pub(crate) fn answer(turn: &mut Turn<'_>) -> Answer {
    let call = turn.call;
    match (call.verb(), call.route().as_slice()) {
        ("GET", ["metadata", "identity", "oauth2", "token"]) => managed::metadata(turn),
        ("GET", ["msi", "token"]) => managed::app_service(turn),
        ("GET", ["actions", "token"]) => issuer::token(turn),
        ("GET", ["metadata", "endpoints"]) => Ok(discovery::endpoints(turn)),
        ("GET", [_, "discovery", "instance"]) => Ok(discovery::instance(turn)),
        (
            "GET",
            [tenant, "v2.0", ".well-known", "openid-configuration"]
            | [tenant, ".well-known", "openid-configuration"],
        ) => discovery::document(turn, tenant),
        ("GET", [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
            Ok(Reply::json(200, &json!({"keys": []})))
        }
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(turn, tenant, Version::Two),
        ("POST", [tenant, "oauth2", "token"]) => token(turn, tenant, Version::One),
        (method, [_, "oauth2", "v2.0", "token"] | [_, "oauth2", "token"]) => {
            let text = format!("The endpoint only accepts POST requests. Received a {method} request.");
            Err(refusal(turn, 400, "invalid_request", 900_561, &text))
        }
        _ => Err(Reply::empty(404).typed("text/html", "<html><body>404</body></html>")),
    }
}

/// Puts on the headers of every answer of Entra; the caller's id comes back to who wants it back.
pub(crate) fn finished(turn: &Turn<'_>, reply: Reply) -> Reply {
    let reply = reply.with("x-ms-request-id", turn.request_id.to_string());
    match turn.call.header("client-request-id") {
        Some(id) if turn.call.header("return-client-request-id") == Some("true") => {
            reply.with("client-request-id", id)
        }
        Some(_) | None => reply,
    }
}

/// A refusal in Entra's shape (identity-platform/reference-error-codes).
pub(crate) fn refusal(turn: &Turn<'_>, status: u16, error: &str, code: u64, text: &str) -> Reply {
    let timestamp = turn.wire.format("%Y-%m-%d %H:%M:%SZ").to_string();
    let correlation = turn.call.header("client-request-id").or(turn.call.option("client-request-id"));
    let correlation = correlation.map_or_else(|| turn.request_id.to_string(), str::to_owned);
    Reply::json(
        status,
        &json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {text} Trace ID: {} Correlation ID: {correlation} Timestamp: {timestamp}",
                turn.request_id
            ),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": turn.request_id,
            "correlation_id": correlation,
            "error_uri": format!("{}/error?code={code}", turn.call.origin()),
        }),
    )
}

/// The generation of the token endpoint: what the token is for is its `scope`, or was its `resource`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The tenant that a path names.
pub(super) fn tenant_of(turn: &mut Turn<'_>, key: &str) -> Result<usize, Reply> {
    if discovery::ANY_TENANT.contains(&key) {
        let text = "No tenant-identifying information found in either the request or implied by any provided \
                    credentials.";
        return Err(refusal(turn, 400, "invalid_request", 50_059, text));
    }
    let index = turn.cloud.tenant_index(key).ok_or_else(|| {
        let text = format!("Tenant '{key}' not found. Check to make sure you have the correct tenant ID.");
        refusal(turn, 400, "invalid_request", 90_002, &text)
    })?;
    turn.notes.tenant = Some(index);
    Ok(index)
}

fn token(turn: &mut Turn<'_>, tenant: &str, version: Version) -> Answer {
    let index = tenant_of(turn, tenant)?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&turn.call.body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let missing = |turn: &Turn<'_>, name: &str| {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        refusal(turn, 400, "invalid_request", 900_144, &text)
    };
    let grant = field("grant_type").ok_or_else(|| missing(turn, "grant_type"))?;
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(refusal(turn, 400, "unsupported_grant_type", 70_003, &text));
    }
    let basic = basic_credentials(turn.call.header("authorization"));
    let client = field("client_id").or_else(|| basic.as_ref().map(|(client, _)| client.clone()));
    let secret = field("client_secret").or_else(|| basic.map(|(_, secret)| secret));
    let client = client.ok_or_else(|| missing(turn, "client_id"))?;
    let scope = match version {
        Version::Two => field("scope").ok_or_else(|| missing(turn, "scope"))?,
        Version::One => {
            let resource = field("resource").ok_or_else(|| missing(turn, "resource"))?;
            format!("{}/.default", resource.trim_end_matches('/'))
        }
    };
    let app = Uuid::try_parse(&client).ok().and_then(|id| turn.cloud.tenants[index].app(id)).cloned();
    let Some(app) = app else {
        let directory = &turn.cloud.tenants[index].name;
        let text =
            format!("Application with identifier '{client}' was not found in the directory '{directory}'.");
        return Err(refusal(turn, 400, "unauthorized_client", 700_016, &text));
    };
    turn.notes.app = Some(app.client_id);
    if let Some(text) = field("client_assertion") {
        if field("client_assertion_type").as_deref() != Some(ASSERTION_TYPE) {
            return Err(missing(turn, "client_assertion_type"));
        }
        let tenant = turn.cloud.tenants[index].id.to_string();
        assertion::check(turn, &app, &tenant, &text)?;
    } else {
        let secret = secret.ok_or_else(|| {
            let text =
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            refusal(turn, 401, "invalid_client", 7_000_218, text)
        })?;
        check_secret(turn, &app, &secret)?;
    }
    let resource = resource_of(turn, index, &scope)?;
    let (token, life) = issue(turn, index, &app, resource);
    let now = turn.wire.timestamp();
    let body = match version {
        Version::Two => {
            json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})
        }
        // Every number is text, and the resource stands as it was asked for.
        Version::One => json!({
            "token_type": "Bearer", "expires_in": life.to_string(), "ext_expires_in": life.to_string(),
            "expires_on": (now + life).to_string(), "not_before": (now - 300).to_string(),
            "resource": field("resource"), "access_token": token,
        }),
    };
    Ok(Reply::json(200, &body).with("cache-control", "no-store, no-cache").with("pragma", "no-cache"))
}

fn check_secret(turn: &Turn<'_>, app: &App, secret: &str) -> Result<(), Reply> {
    let client = app.client_id;
    if app.client_secret.is_empty() || secret != app.client_secret {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client \
            secret value, not the client secret ID, for a secret added to app '{client}'."
        );
        return Err(refusal(turn, 401, "invalid_client", 7_000_215, &text));
    }
    if app.secret_expired {
        let text = format!("The provided client secret keys for app '{client}' are expired.");
        return Err(refusal(turn, 401, "invalid_client", 7_000_222, &text));
    }
    Ok(())
}

/// A token of `app` for a resource, and its life in seconds.
pub(super) fn issue(turn: &mut Turn<'_>, tenant: usize, app: &App, resource: String) -> (String, i64) {
    turn.notes.app = Some(app.client_id);
    let life = (turn.cloud.delays.token_life / turn.cloud.delays.speed.max(f64::MIN_POSITIVE)).ceil().max(1.0)
        as i64;
    let claims = Claims {
        audience: resource,
        app: app.client_id,
        tenant: turn.cloud.tenants[tenant].id,
        roles: app.roles.clone(),
        id: turn.cloud.dice.uuid().simple().to_string(),
        expires_at: turn.wire.timestamp() + life,
    };
    let issuer = format!("https://sts.windows.net/{}/", claims.tenant);
    let token = mint(&turn.cloud.token_key, &claims, app.principal, &issuer, turn.wire);
    turn.touch(app.client_id);
    (token, life)
}

/// The one resource a scope names.
pub(super) fn resource_of(turn: &Turn<'_>, tenant: usize, scope: &str) -> Result<String, Reply> {
    let malformed = |code: u64, text: String| refusal(turn, 400, "invalid_scope", code, &text);
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    let [only] = scopes.as_slice() else {
        let text = format!(
            "The provided value for the input parameter scope '{scope}' is not valid because it \
            contains more than one resource."
        );
        return Err(if scopes.is_empty() { malformed(70_011, text) } else { malformed(700_022, text) });
    };
    let resource = only.strip_suffix("/.default").filter(|resource| resource.contains("://")).ok_or_else(|| {
        malformed(70_011, format!("The provided value for the input parameter 'scope' is not valid. The scope {scope} \
            is not valid. Client credential flows must have a scope value with /.default suffixed to the resource \
            identifier (application ID URI)."))
    })?;
    let resource = resource.trim_end_matches('/');
    if knows(turn.cloud, tenant, resource) {
        return Ok(resource.to_owned());
    }
    let Tenant { name, .. } = &turn.cloud.tenants[tenant];
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named {name}. This can \
        happen if the application has not been installed by the administrator of the tenant."
    );
    Err(refusal(turn, 400, "invalid_resource", 500_011, &text))
}

/// Whether a resource has a principal in the tenant: the fixed ones, the simulator's own hosts, its environments.
fn knows(cloud: &Cloud, tenant: usize, resource: &str) -> bool {
    let lower = resource.to_lowercase();
    let fixed =
        ["https://graph.microsoft.com", "https://service.powerapps.com", "https://api.powerplatform.com"];
    if fixed.contains(&lower.as_str()) {
        return true;
    }
    let host =
        lower.split_once("://").map_or("", |(_, rest)| rest).split([':', '/']).next().unwrap_or_default();
    if let Some(label) = dataverse_label(host) {
        let index = cloud.environment_index(label);
        return index.is_some_and(|index| cloud.environments[index].tenant == tenant);
    }
    is_bare(host) || host.starts_with("graph.") || host.starts_with("bap.") || host.starts_with("api.bap.")
}

/// User and password of an `Authorization: Basic` header, each form-decoded as RFC 6749 wants it.
fn basic_credentials(header: Option<&str>) -> Option<(String, String)> {
    let (kind, encoded) = header?.split_once(' ')?;
    if !kind.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((decoded(client), decoded(secret)))
}
