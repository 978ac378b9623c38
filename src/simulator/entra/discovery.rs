//! What tells clients where everything is: the documents of OpenID (identity-platform/v2-protocols-oidc), of MSAL, and
//! of the clouds of Azure, which Terraform's providers read (`ARM_METADATA_HOSTNAME`).

use serde_json::{Value, json};

use super::sign_in::tenant_of;
use crate::simulator::reply::Reply;
use crate::simulator::route::is_bare;
use crate::simulator::turn::{Answer, Turn};

/// What stands for a tenant that only shows when somebody signs in.
pub(super) const ANY_TENANT: [&str; 3] = ["common", "organizations", "consumers"];

/// The document of a tenant, with the authority as called. The older one has endpoints without a version, and the
/// issuer that the tokens name.
pub(super) fn document(turn: &mut Turn<'_>, key: &str) -> Answer {
    let (tenant, issuer) = match ANY_TENANT.contains(&key) {
        true => (key.to_owned(), "{tenantid}".to_owned()),
        false => {
            let index = tenant_of(turn, key)?;
            let id = turn.cloud.tenants[index].id.to_string();
            (id.clone(), id)
        }
    };
    let version = if turn.call.segments.iter().any(|segment| segment == "v2.0") { "/v2.0" } else { "" };
    let origin = turn.call.origin();
    let authority = format!("{origin}/{tenant}");
    let issuer = match version {
        "" => format!("https://sts.windows.net/{issuer}/"),
        _ => format!("{origin}/{issuer}{version}"),
    };
    Ok(Reply::json(
        200,
        &json!({
            "issuer": issuer,
            "token_endpoint": format!("{authority}/oauth2{version}/token"),
            "authorization_endpoint": format!("{authority}/oauth2{version}/authorize"),
            "device_authorization_endpoint": format!("{authority}/oauth2{version}/devicecode"),
            "end_session_endpoint": format!("{authority}/oauth2{version}/logout"),
            "jwks_uri": format!("{authority}/discovery{version}/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
            "request_uri_parameter_supported": false,
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
        }),
    ))
}

/// `/common/discovery/instance`, which MSAL asks before it trusts an authority.
pub(super) fn instance(turn: &Turn<'_>) -> Reply {
    let asked = turn.call.option("authorization_endpoint").unwrap_or_default();
    let base = asked.split("/oauth2/").next().unwrap_or_default().trim_end_matches('/');
    let host = turn.call.authority.clone();
    Reply::json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("{base}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
}

/// `/metadata/endpoints`: one cloud, in the shape of 2022-09-01; older versions wanted a list of clouds.
pub(super) fn endpoints(turn: &Turn<'_>) -> Reply {
    let cloud = cloud(turn);
    let is_list = turn.call.option("api-version").is_some_and(|version| version < "2022-09-01");
    Reply::json(200, &if is_list { json!([cloud]) } else { cloud })
}

fn cloud(turn: &Turn<'_>) -> Value {
    let origin = turn.call.origin();
    let host = turn.call.host();
    // Beside `login.SOMETHING` stands `graph.SOMETHING`; a bare host serves both.
    let graph = if is_bare(host) { origin.clone() } else { origin.replacen("://login.", "://graph.", 1) };
    json!({
        "name": "Simulated", "portal": origin, "resourceManager": origin, "gallery": origin,
        "authentication": {
            "loginEndpoint": origin, "audiences": [origin], "tenant": "common", "identityProvider": "AAD",
        },
        "graph": graph, "graphAudience": graph, "microsoftGraphResourceId": graph,
        "batch": origin, "media": origin, "sqlManagement": origin, "vmImageAliasDoc": origin,
        "activeDirectoryDataLake": origin, "suffixes": {"storage": "storage.localhost", "keyVaultDns": "vault.localhost"},
    })
}
