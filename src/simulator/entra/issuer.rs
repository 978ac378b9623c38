//! The other issuer, whom an application trusts: what GitHub gives its jobs (actions/reference/security/oidc).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};
use crate::simulator::world::WorldIssuer;

/// How long a job's token is good for, in seconds.
const LIFE: i64 = 5 * 60;

/// The issuer's key.
pub(super) fn issuer_key(issuer: &WorldIssuer) -> Option<RsaKeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(issuer.key.as_bytes()).ok()?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
}

/// A token for whoever shows the bearer of a job.
pub(super) fn token(turn: &Turn<'_>) -> Answer {
    let refused = || Err(Reply::json(401, &json!({"message": "Unauthorized"})));
    let Some(bearer) = turn.call.bearer() else { return refused() };
    let mut issuers = (turn.cloud.tenants.iter())
        .flat_map(|tenant| &tenant.apps)
        .flat_map(|app| &app.sign_in.federated)
        .filter(|issuer| !issuer.request_token.is_empty());
    let Some(issuer) = issuers.find(|issuer| issuer.request_token == bearer) else { return refused() };
    let audience = turn.call.option("audience").unwrap_or("https://github.com/contoso");
    let now = turn.wire.timestamp();
    let claims = json!({
        "iss": issuer.issuer, "sub": issuer.subject, "aud": audience,
        "iat": now, "nbf": now - 300, "exp": now + LIFE, "jti": turn.request_id,
    });
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "simulator"});
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let key = issuer_key(issuer).ok_or_else(|| Reply::empty(500))?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| Reply::empty(500))?;
    let value = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    Ok(Reply::json(200, &json!({"count": value.len(), "value": value})))
}
