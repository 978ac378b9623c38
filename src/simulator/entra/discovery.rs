//! `.well-known/openid-configuration` (identity-platform/v2-protocols-oidc).

use serde_json::json;

use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;

/// The document of a tenant, with the authority as called.
pub(super) fn document(turn: &Turn<'_>, tenant: &str) -> Reply {
    let authority = format!("{}/{tenant}", turn.call.origin());
    Reply::json(
        200,
        &json!({
            "issuer": format!("{authority}/v2.0"),
            "token_endpoint": format!("{authority}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{authority}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{authority}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{authority}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
        }),
    )
}

/// `/common/discovery/instance`, which MSAL asks before it trusts an authority.
pub(super) fn instance(turn: &Turn<'_>) -> Reply {
    let asked = turn.call.option("authorization_endpoint").unwrap_or_default();
    let base = asked.split("/oauth2/").next().unwrap_or_default();
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
