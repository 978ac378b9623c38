//! Access tokens: minted by the token endpoint, read by the three APIs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::turn::Turn;

/// What a token says.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    /// Audience: the resource asked for.
    pub(crate) audience: String,
    /// Application.
    pub(crate) app: Uuid,
    /// Tenant id.
    pub(crate) tenant: Uuid,
    /// Application permissions.
    pub(crate) roles: Vec<String>,
    /// Token id.
    pub(crate) id: String,
    /// End, in seconds of the epoch.
    pub(crate) expires_at: i64,
}

/// Why a bearer is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// There is none.
    Missing,
    /// It is not one of ours, or was changed.
    Malformed,
    /// It has run out.
    Expired,
    /// It was revoked early.
    Revoked,
    /// It is for another service.
    Audience,
}

/// Signs claims into a JWT.
pub(crate) fn mint(key: &[u8], claims: &Claims, principal: Uuid, issuer: &str, at: DateTime<Utc>) -> String {
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": "simulator"});
    let payload = json!({
        "aud": claims.audience, "iss": issuer, "iat": at.timestamp(), "nbf": at.timestamp(), "exp": claims.expires_at,
        "appid": claims.app, "azp": claims.app, "idtyp": "app", "oid": principal, "sub": principal,
        "tid": claims.tenant, "roles": claims.roles, "uti": claims.id, "ver": "1.0",
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&payload));
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Checks a JWT's signature and reads its claims.
pub(crate) fn read(key: &[u8], token: &str) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let expected = URL_SAFE_NO_PAD.encode(hmac_sha256(key, signed.as_bytes()));
    if expected != signature {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    let text = |name: &str| payload[name].as_str();
    Some(Claims {
        audience: text("aud")?.to_owned(),
        app: Uuid::try_parse(text("appid")?).ok()?,
        tenant: Uuid::try_parse(text("tid")?).ok()?,
        roles: payload["roles"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        id: text("uti")?.to_owned(),
        expires_at: payload["exp"].as_i64()?,
    })
}

impl Turn<'_> {
    /// The bearer's claims, if it is let in where one of `audiences` is right.
    pub(crate) fn bearer(&mut self, audiences: &[String]) -> Result<Claims, TokenFault> {
        let token = self.call.bearer().ok_or(TokenFault::Missing)?;
        let claims = read(&self.cloud.token_key, token).ok_or(TokenFault::Malformed)?;
        self.notes.app = Some(claims.app);
        self.notes.tenant = self.cloud.tenant_index(&claims.tenant.to_string());
        if !audiences.iter().any(|audience| same_origin(audience, &claims.audience)) {
            return Err(TokenFault::Audience);
        }
        if self.cloud.revoked.contains(&claims.id) {
            return Err(TokenFault::Revoked);
        }
        if self.wire.timestamp() >= claims.expires_at {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
    }
}

/// Compares two resources as origins: no regard to case, a trailing slash or a default port.
pub(crate) fn same_origin(left: &str, right: &str) -> bool {
    plain_origin(left) == plain_origin(right)
}

fn plain_origin(resource: &str) -> String {
    let lower = resource.trim_end_matches('/').to_lowercase();
    let without_port = match lower.split_once("://") {
        Some(("https", rest)) => rest.strip_suffix(":443").map(|rest| format!("https://{rest}")),
        Some(("http", rest)) => rest.strip_suffix(":80").map(|rest| format!("http://{rest}")),
        _ => None,
    };
    without_port.unwrap_or(lower)
}

/// HMAC-SHA256 (RFC 2104); our keys are shorter than a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut inner = [0x36u8; 64];
    let mut outer = [0x5cu8; 64];
    for (index, byte) in key.iter().take(64).enumerate() {
        inner[index] ^= byte;
        outer[index] ^= byte;
    }
    let inside = Sha256::new().chain_update(inner).chain_update(message).finalize();
    Sha256::new().chain_update(outer).chain_update(inside).finalize().into()
}
