//! The token endpoint, audiences, expiry.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::lab::{APP, Lab, TENANT};

async fn refused(lab: &Lab, tenant: &str, form: &str) -> (u16, String, u64) {
    let url = format!("https://login.localhost/{tenant}/oauth2/v2.0/token?client-request-id=abc");
    let answer = lab.send("POST", &url, &[], form.to_owned()).await.expect("an answer");
    let body = answer.json();
    assert!(body["error_description"].as_str().is_some_and(|text| text.starts_with("AADSTS")), "{body}");
    assert_eq!(body["correlation_id"], "abc");
    (
        answer.status,
        body["error"].as_str().unwrap_or_default().to_owned(),
        body["error_codes"][0].as_u64().unwrap_or(0),
    )
}

fn form(client: &str, secret: &str, scope: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client)
        .append_pair("client_secret", secret)
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", scope)
        .finish()
}

#[tokio::test]
async fn refusals_carry_entras_codes() {
    let lab = Lab::calm();
    let graph = "https://graph.microsoft.com/.default";
    let cases = [
        (TENANT, form(APP, "wrong", graph), (401, "invalid_client", 7_000_215)),
        (
            "99999999-9999-4999-8999-999999999999",
            form(APP, "s~cret+1", graph),
            (400, "invalid_request", 90_002),
        ),
        (
            TENANT,
            form("99999999-9999-4999-8999-999999999999", "x", graph),
            (400, "unauthorized_client", 700_016),
        ),
        (TENANT, form(APP, "s~cret+1", "https://graph.microsoft.com"), (400, "invalid_scope", 70_011)),
        (
            TENANT,
            form(APP, "s~cret+1", &format!("{graph} https://service.powerapps.com/.default")),
            (400, "invalid_scope", 700_022),
        ),
        (
            TENANT,
            form(APP, "s~cret+1", "https://nobody.crm.localhost/.default"),
            (400, "invalid_resource", 500_011),
        ),
        // Another tenant's environment has no principal here.
        (
            TENANT,
            form(APP, "s~cret+1", "https://fabrikam-far.crm.localhost/.default"),
            (400, "invalid_resource", 500_011),
        ),
        (
            TENANT,
            "grant_type=password&client_id=x&scope=y".to_owned(),
            (400, "unsupported_grant_type", 70_003),
        ),
        (TENANT, "client_id=x".to_owned(), (400, "invalid_request", 900_144)),
    ];
    for (tenant, form, (status, error, code)) in cases {
        assert_eq!(refused(&lab, tenant, &form).await, (status, error.to_owned(), code), "{form}");
    }
}

#[tokio::test]
async fn an_expired_secret_is_told_apart_from_a_wrong_one() {
    let lab = Lab::calm();
    let act = json!({"act": "set_secret_expired", "tenant": "contoso", "client_id": APP, "expired": true});
    lab.send("POST", "http://localhost/_simulator/act", &[], act.to_string())
        .await
        .expect("an answer")
        .expect(200);
    let found = refused(&lab, TENANT, &form(APP, "s~cret+1", "https://graph.microsoft.com/.default")).await;
    assert_eq!(found, (401, "invalid_client".to_owned(), 7_000_222));
}

#[tokio::test]
async fn basic_credentials_are_form_decoded() {
    let lab = Lab::calm();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{APP}:s%7Ecret%2B1"));
    let headers = [("authorization", format!("Basic {basic}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = format!("https://login.localhost/{TENANT}/oauth2/v2.0/token");
    let form = "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let answer = lab.send("POST", &url, &headers, form).await.expect("an answer").expect(200);
    assert_eq!(answer.json()["expires_in"], 3599);
}

#[tokio::test]
async fn a_token_opens_only_the_service_it_is_for_and_ends() {
    let lab = Lab::calm();
    let graph = format!("Bearer {}", lab.token("https://graph.microsoft.com").await);
    let headers = [("authorization", graph.as_str())];
    let users = "https://graph.localhost/v1.0/users";
    lab.send("GET", users, &headers, "").await.expect("an answer").expect(200);
    let who = "https://contoso-dev.crm.localhost/api/data/v9.2/WhoAmI";
    let refused = lab.send("GET", who, &headers, "").await.expect("an answer").expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Bearer authorization_uri="))
    );
    let bap = "https://bap.localhost/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments?api-version=1";
    lab.send("GET", bap, &headers, "").await.expect("an answer").expect(401);
    // One environment's token is not another's.
    let guarded = format!("Bearer {}", lab.token("https://contoso-guarded.crm.localhost").await);
    lab.send("GET", who, &[("authorization", guarded.as_str())], "").await.expect("an answer").expect(401);

    lab.clock.advance(3598);
    lab.send("GET", users, &headers, "").await.expect("an answer").expect(200);
    lab.clock.advance(1);
    let ended = lab.send("GET", users, &headers, "").await.expect("an answer").expect(401);
    assert_eq!(ended.code(), "InvalidAuthenticationToken");
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let lab = Lab::calm();
    let token = lab.token("https://graph.microsoft.com").await;
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut claims: Value =
        serde_json::from_slice(&payload.decode(&parts[1]).expect("base64")).expect("JSON");
    assert_eq!(claims["roles"][0], "User.ReadWrite.All");
    claims["roles"] = json!(["Everything.All"]);
    parts[1] = payload.encode(claims.to_string());
    let bearer = format!("Bearer {}", parts.join("."));
    let url = "https://graph.localhost/v1.0/users";
    lab.send("GET", url, &[("authorization", &bearer)], "").await.expect("an answer").expect(401);
}

#[tokio::test]
async fn discovery_names_the_endpoint_as_called() {
    let lab = Lab::calm();
    let authority = format!("https://localhost:8443/{TENANT}");
    for (path, endpoint, issuer) in [
        ("v2.0/.well-known/openid-configuration", "oauth2/v2.0/token", format!("{authority}/v2.0")),
        (".well-known/openid-configuration", "oauth2/token", format!("https://sts.windows.net/{TENANT}/")),
    ] {
        let url = format!("{authority}/{path}");
        let body = lab.send("GET", &url, &[], "").await.expect("an answer").expect(200).json();
        assert_eq!(body["token_endpoint"], format!("{authority}/{endpoint}"));
        assert_eq!(body["issuer"], issuer);
    }
}

#[tokio::test]
async fn a_token_without_permission_is_issued_and_then_refused() {
    let lab = Lab::calm();
    let token =
        lab.token_for("22222222-2222-4222-8222-222222222223", "weak", "https://graph.microsoft.com").await;
    let bearer = format!("Bearer {token}");
    let url = "https://graph.localhost/v1.0/users";
    let answer =
        lab.send("GET", url, &[("authorization", &bearer)], "").await.expect("an answer").expect(403);
    assert_eq!(answer.code(), "Authorization_RequestDenied");
}
