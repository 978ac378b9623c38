//! What the token endpoint takes as an assertion, and every flaw for which it does not.

use crate::lab::{Answer, Lab, TENANT, start};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use seatless::simulator::{Delays, Faults, ManualClock, Simulator, WorldIssuer};
use serde_json::{Value, json};
use std::sync::Arc;

const CERTIFICATE: &str = include_str!("../cloud/keys/certificate.pem");
const KEY: &str = include_str!("../cloud/keys/key.pem");
const ISSUER: &str = include_str!("../cloud/keys/issuer.pem");
const APP: &str = crate::lab::APP;

fn lab() -> Lab {
    let mut world = crate::lab::world();
    let sign_in = &mut world.tenants[0].apps[0].sign_in;
    sign_in.certificates.push(CERTIFICATE.to_owned());
    sign_in.federated.push(WorldIssuer {
        issuer: "https://oidc.example/".to_owned(),
        subject: "system:serviceaccount:seatless:seatless".to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
        key: ISSUER.to_owned(),
        request_token: String::new(),
    });
    let clock = Arc::new(ManualClock::new(start()));
    let simulator = Simulator::new(&world, Delays::none(), Faults::default(), 7, clock.clone()).unwrap();
    Lab { simulator: Arc::new(simulator), clock }
}

fn signed(key: &str, header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    match header["alg"].as_str() {
        Some("PS256") => key.sign(&RSA_PSS_SHA256, &random, text.as_bytes(), &mut signature).unwrap(),
        _ => key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap(),
    }
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn answer(lab: &Lab, assertion: &str, kind: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", APP)
        .append_pair("client_assertion", assertion)
        .append_pair("client_assertion_type", kind)
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", "https://graph.microsoft.com/.default")
        .finish();
    let url = format!("https://login.localhost/{TENANT}/oauth2/v2.0/token");
    lab.send("POST", &url, &[], form).await.unwrap()
}

/// 0 for a token, else the number of the refusal.
async fn number(lab: &Lab, assertion: &str) -> u64 {
    let answer = answer(lab, assertion, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer").await;
    match answer.status {
        200 => 0,
        401 => answer.json()["error_codes"][0].as_u64().unwrap(),
        other => panic!("{other}: {}", answer.text()),
    }
}

fn claims() -> Value {
    let now = start().timestamp();
    json!({
        "aud": format!("https://login.localhost/{TENANT}/oauth2/v2.0/token"), "iss": APP, "sub": APP,
        "jti": "0d0e", "nbf": now, "iat": now, "exp": now + 600,
    })
}

/// `value` with one member changed; null takes it away.
fn but(value: Value, name: &str, other: Value) -> Value {
    let mut value = value;
    match other {
        Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
        other => value[name] = other,
    }
    value
}

#[tokio::test]
async fn an_assertion_by_certificate_is_verified() {
    let lab = lab();
    let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let sha256 = URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
    let sha1 = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der));
    // As @azure/identity, msal for Python and azure-identity for Python make them.
    let modern = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": sha256});
    let chained = but(modern.clone(), "x5c", json!([STANDARD.encode(&der)]));
    let legacy = json!({"alg": "RS256", "typ": "JWT", "x5t": sha1});
    for header in [&modern, &chained, &legacy] {
        assert_eq!(number(&lab, &signed(KEY, header, &claims())).await, 0, "{header}");
    }
    let now = start().timestamp();
    let good = signed(KEY, &modern, &claims());
    let of_other_key = signed(ISSUER, &modern, &claims());
    let mut parts: Vec<&str> = good.split('.').collect();
    let raised = URL_SAFE_NO_PAD.encode(but(claims(), "exp", json!(now + 9000)).to_string());
    parts[1] = &raised;
    for (assertion, expected) in [
        (parts.join("."), 700_027),
        (of_other_key, 700_027),
        (signed(KEY, &but(modern.clone(), "x5t#S256", json!(sha1)), &claims()), 700_027),
        (signed(KEY, &but(legacy.clone(), "x5t", json!(sha256)), &claims()), 700_027),
        (signed(KEY, &but(chained, "x5c", json!(["AAAA"])), &claims()), 700_027),
        (signed(KEY, &but(modern.clone(), "alg", json!("RS256")), &claims()), 0),
        (signed(KEY, &but(modern.clone(), "alg", json!("none")), &claims()), 50_027),
        (signed(KEY, &modern, &but(claims(), "iss", json!(TENANT))), 700_021),
        (signed(KEY, &modern, &but(claims(), "sub", Value::Null)), 700_021),
        (signed(KEY, &modern, &but(claims(), "aud", json!("https://evil.example/token"))), 700_023),
        (signed(KEY, &modern, &but(claims(), "exp", json!(now - 301))), 700_024),
        (signed(KEY, &modern, &but(claims(), "nbf", json!(now + 301))), 700_024),
        (signed(KEY, &modern, &but(claims(), "exp", Value::Null)), 700_024),
        ("a.b.c".to_owned(), 50_027),
    ] {
        assert_eq!(number(&lab, &assertion).await, expected);
    }
    let refused = answer(&lab, &good, "jwt").await.expect(400);
    assert_eq!(refused.json()["error_codes"][0], 900_144);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_verified() {
    let lab = lab();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "1"});
    let now = start().timestamp();
    let claims = json!({
        "iss": "https://oidc.example/", "sub": "system:serviceaccount:seatless:seatless",
        "aud": "api://AzureADTokenExchange", "iat": now, "exp": now + 3600,
    });
    let good = |name: &str, value: Value| signed(ISSUER, &header, &but(claims.clone(), name, value));
    for (assertion, expected) in [
        (good("jti", json!("1")), 0),
        (good("iss", json!("https://other.example/")), 700_211),
        (good("aud", json!("api://other")), 700_212),
        (good("sub", json!("system:serviceaccount:other:other")), 700_213),
        (good("exp", json!(now - 301)), 700_024),
        (signed(KEY, &header, &claims), 700_027),
        (signed(ISSUER, &but(header.clone(), "alg", json!("PS256")), &claims), 700_027),
    ] {
        assert_eq!(number(&lab, &assertion).await, expected);
    }
}
