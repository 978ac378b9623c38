//! Client assertions, verified (identity-platform/certificate-credentials, workload-id/workload-identity-federation).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use webpki::EndEntityCert;
use webpki::ring::{
    RSA_PKCS1_2048_8192_SHA256 as CERTIFICATE_RS256, RSA_PSS_2048_8192_SHA256_LEGACY_KEY as CERTIFICATE_PS256,
};

use super::issuer::issuer_key;
use super::sign_in::refusal;
use crate::simulator::cloud::App;
use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;

/// How far apart the clocks may be, in seconds.
const TOLERANCE: i64 = 5 * 60;

/// A JWT in its parts.
struct Assertion<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header: json(header)?, claims: json(claims)?, signed, signature })
    }

    fn is_in_time(&self, now: i64) -> bool {
        // A date may have a fraction (RFC 7519 §2), and MSAL for Python writes one.
        let at = |name: &str| self.claims[name].as_f64().map(|seconds| seconds as i64);
        let begun = at("nbf").or(at("iat")).is_none_or(|begin| begin <= now + TOLERANCE);
        begun && at("exp").is_some_and(|end| end >= now - TOLERANCE)
    }
}

/// Passes if the assertion proves that the caller is `app`.
pub(super) fn check(turn: &Turn<'_>, app: &App, tenant: &str, text: &str) -> Result<(), Reply> {
    let refused = |code: u64, text: &str| refusal(turn, 401, "invalid_client", code, text);
    let assertion =
        Assertion::read(text).ok_or_else(|| refused(50_027, "JWT token is invalid or malformed."))?;
    let header = &assertion.header;
    if header["x5t"].is_string() || header["x5t#S256"].is_string() {
        by_certificate(turn, app, tenant, &assertion)
    } else {
        by_issuer(turn, app, &assertion)
    }
}

fn by_certificate(turn: &Turn<'_>, app: &App, tenant: &str, assertion: &Assertion<'_>) -> Result<(), Reply> {
    let refused = |code: u64, text: &str| refusal(turn, 401, "invalid_client", code, text);
    let header = &assertion.header;
    let certificates: Vec<CertificateDer<'_>> = (app.sign_in.certificates.iter())
        .filter_map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok())
        .collect();
    let is_named = |der: &CertificateDer<'_>| {
        // MSAL for Python pads it, which Entra does not mind either.
        let named = |name: &str, print: &[u8]| {
            let text = header[name].as_str().map(|text| text.trim_end_matches('='));
            text.is_none_or(|text| text == URL_SAFE_NO_PAD.encode(print))
        };
        named("x5t#S256", digest(&SHA256, der).as_ref())
            && named("x5t", digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())
    };
    let unknown = "Client assertion contains an invalid signature. [Reason - The key was not found.]";
    let certificate =
        certificates.iter().find(|der| is_named(der)).ok_or_else(|| refused(700_027, unknown))?;
    // MSAL for Python leaves the line ends of the PEM in it.
    let bare = |text: &str| text.split_ascii_whitespace().collect::<String>();
    if let Some(first) = header["x5c"].get(0)
        && first.as_str().map(bare) != Some(STANDARD.encode(certificate))
    {
        return Err(refused(700_027, unknown));
    }
    let algorithm = match header["alg"].as_str() {
        Some("PS256") => CERTIFICATE_PS256,
        Some("RS256") => CERTIFICATE_RS256,
        _ => return Err(refused(50_027, "JWT token is invalid: its algorithm is not supported.")),
    };
    let signed = assertion.signed.as_bytes();
    let good = EndEntityCert::try_from(certificate)
        .is_ok_and(|known| known.verify_signature(algorithm, signed, &assertion.signature).is_ok());
    if !good {
        let text = "Client assertion contains an invalid signature. [Reason - The key was found, but the signature is invalid.]";
        return Err(refused(700_027, text));
    }
    let claims = &assertion.claims;
    let client = app.client_id.to_string();
    if claims["iss"] != client.as_str() || claims["sub"] != client.as_str() {
        return Err(refused(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        ));
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    let ours = ["oauth2/v2.0/token", "v2.0"].map(|end| format!("{}/{tenant}/{end}", turn.call.origin()));
    let theirs = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    if audience != theirs && !ours.iter().any(|one| one == audience) {
        return Err(refused(700_023, "Client assertion audience claim does not match Realm issuer."));
    }
    if !claims["jti"].is_string() || !assertion.is_in_time(turn.wire.timestamp()) {
        return Err(refused(700_024, "Client assertion is not within its valid time range."));
    }
    Ok(())
}

/// The token of an issuer whom the application trusts.
fn by_issuer(turn: &Turn<'_>, app: &App, assertion: &Assertion<'_>) -> Result<(), Reply> {
    let refused = |code: u64, text: String| refusal(turn, 401, "invalid_client", code, &text);
    let claim = |name: &str| assertion.claims[name].as_str().unwrap_or_default();
    let trusted = &app.sign_in.federated;
    if !trusted.iter().any(|one| one.issuer == claim("iss")) {
        let text = "No matching federated identity record found for presented assertion issuer";
        return Err(refused(700_211, format!("{text} '{}'.", claim("iss"))));
    }
    let found = trusted.iter().find(|one| one.issuer == claim("iss") && one.subject == claim("sub"));
    let found = found.ok_or_else(|| {
        let text = "No matching federated identity record found for presented assertion subject";
        refused(700_213, format!("{text} '{}'.", claim("sub")))
    })?;
    if found.audience != claim("aud") {
        let text = "No matching federated identity record found for presented assertion audience";
        return Err(refused(700_212, format!("{text} '{}'.", claim("aud"))));
    }
    let good = assertion.header["alg"] == "RS256"
        && issuer_key(found).is_some_and(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public())
                .verify(assertion.signed.as_bytes(), &assertion.signature)
                .is_ok()
        });
    if !good {
        return Err(refused(700_027, "Client assertion contains an invalid signature.".to_owned()));
    }
    if !assertion.is_in_time(turn.wire.timestamp()) {
        return Err(refused(700_024, "Client assertion is not within its valid time range.".to_owned()));
    }
    Ok(())
}
