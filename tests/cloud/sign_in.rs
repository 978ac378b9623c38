//! Tokens: asked for once, kept, renewed, refused.

use crate::script::{answer, lost, not_sent, stage, token_body, token_with, with_headers};
use seatless::cloud::Verdict;
use seatless::domain::Code;
use std::time::Duration;

const SKUS: &str = r#"{"value":[]}"#;

fn refusal(error: &str, number: u32) -> String {
    serde_json::json!({
        "error": error,
        "error_description": format!("AADSTS{number}: Something is wrong for ann@contoso.com. Trace ID: 0d0e0000-0000-0000-0000-000000000000 Correlation ID: x"),
        "error_codes": [number],
        "timestamp": "2026-01-01 00:00:00Z",
        "trace_id": "0d0e0000-0000-0000-0000-000000000000",
        "correlation_id": "7c1f0000-0000-0000-0000-000000000000",
        "error_uri": "https://login.microsoftonline.com/error"
    })
    .to_string()
}

#[tokio::test]
async fn each_refusal_of_a_token_has_its_code() {
    let refused = Verdict::Refused;
    let unavailable = Verdict::Unavailable { retry_after: None };
    let throttled = Verdict::Throttled { retry_after: None };
    for (status, error, number, code, verdict) in [
        (401, "invalid_client", 7000215, Code::SignInSecretInvalid, refused),
        (401, "invalid_client", 7000222, Code::SignInSecretExpired, refused),
        (400, "unauthorized_client", 700016, Code::SignInAppUnknown, refused),
        (400, "invalid_request", 90002, Code::SignInTenantUnknown, refused),
        (400, "invalid_tenant", 1, Code::SignInTenantUnknown, refused),
        (400, "invalid_request", 90038, Code::SignInTenantUnknown, refused),
        (401, "invalid_client", 700027, Code::SignInCredentialRefused, refused),
        (401, "invalid_client", 700024, Code::SignInClockOff, refused),
        (401, "invalid_client", 700213, Code::SignInCredentialRefused, refused),
        (401, "invalid_client", 1, Code::SignInCredentialRefused, refused),
        (400, "unauthorized_client", 7000112, Code::SignInAppDisabled, refused),
        (400, "invalid_resource", 500011, Code::SignInResourceUnknown, refused),
        (400, "invalid_resource", 1, Code::SignInResourceUnknown, refused),
        (400, "invalid_scope", 70011, Code::SignInScopeRefused, refused),
        (400, "invalid_scope", 700022, Code::SignInScopeRefused, refused),
        (400, "invalid_scope", 28002, Code::SignInScopeRefused, refused),
        (400, "brand_new", 1, Code::SignInRefused, refused),
        (400, "temporarily_unavailable", 1, Code::RemoteUnavailable, unavailable),
        (400, "invalid_request", 90006, Code::RemoteUnavailable, unavailable),
        (400, "invalid_request", 90024, Code::RemoteUnavailable, unavailable),
        (400, "invalid_request", 90033, Code::RemoteUnavailable, unavailable),
        (400, "invalid_request", 90090, Code::RemoteUnavailable, unavailable),
        (400, "server_error", 50000, Code::RemoteUnavailable, unavailable),
        (400, "invalid_request", 90055, Code::RemoteThrottled, throttled),
        (429, "temporarily_unavailable", 90055, Code::RemoteThrottled, throttled),
        (503, "temporarily_unavailable", 1, Code::RemoteUnavailable, unavailable),
    ] {
        let stage = stage();
        stage.script.tokens([answer(status, &refusal(error, number))]);
        let failure = stage.client.graph().subscribed_skus().await.unwrap_err();
        assert_eq!((failure.failure.code, failure.verdict), (code, verdict), "{error} {number}");
        assert!(
            failure.failure.remote_request_ids.iter().any(|id| id.starts_with("0d0e")),
            "{error} {number}"
        );
        assert!(!failure.failure.message.contains("ann@"), "{}", failure.failure.message);
        assert!(stage.script.sent().is_empty(), "called without a token");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_leaves_no_doubt_about_a_write() {
    let unavailable = |seconds: u64| Verdict::Unavailable { retry_after: Some(Duration::from_secs(seconds)) };
    for (reply, code, verdict) in [
        (lost(), Code::RemoteUnavailable, Verdict::Unavailable { retry_after: None }),
        (not_sent(), Code::RemoteUnavailable, Verdict::NotSent),
        (with_headers(503, &[("retry-after", "20")], ""), Code::RemoteUnavailable, unavailable(20)),
        (
            answer(200, "<html>sign in to the hotel</html>"),
            Code::RemoteUnreadable,
            Verdict::Unavailable { retry_after: None },
        ),
        (
            answer(200, r#"{"token_type":"Bearer","expires_in":3599}"#),
            Code::RemoteUnreadable,
            Verdict::Unavailable { retry_after: None },
        ),
        (
            answer(200, r#"{"token_type":"pop","expires_in":3599,"access_token":"x"}"#),
            Code::RemoteUnreadable,
            Verdict::Unavailable { retry_after: None },
        ),
        (
            answer(403, "<html>proxy</html>"),
            Code::RemoteUnreadable,
            Verdict::Unavailable { retry_after: None },
        ),
    ] {
        let stage = stage();
        stage.script.tokens([reply]);
        let failure = stage.client.graph().delete_users(&[some_user()]).await.unwrap_err();
        assert_eq!((failure.failure.code, failure.verdict), (code, verdict));
        assert!(stage.script.sent().is_empty());
    }
}

fn some_user() -> seatless::domain::ObjectId {
    "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap()
}

#[tokio::test]
async fn a_token_is_kept_for_four_fifths_of_its_life() {
    let stage = stage();
    let graph = stage.client.graph();
    stage.script.says((0..4).map(|_| answer(200, SKUS)));
    graph.subscribed_skus().await.unwrap();
    stage.clock.pass(2879);
    stage.client.graph().subscribed_skus().await.unwrap();
    assert_eq!(stage.script.asked_for_tokens().len(), 1, "3,599 s * 0.8 = 2,879.2 s have not passed");
    stage.clock.pass(1);
    graph.subscribed_skus().await.unwrap();
    assert_eq!(stage.script.asked_for_tokens().len(), 1);
    // A renewal that fails for the moment leaves the old token in use while it lives, and no longer.
    stage.clock.pass(3000);
    stage.script.tokens([lost()]);
    graph.subscribed_skus().await.unwrap();
    stage.clock.pass(600);
    stage.script.tokens([lost()]);
    assert_eq!(graph.subscribed_skus().await.unwrap_err().failure.code, Code::RemoteUnavailable);
}

#[tokio::test]
async fn one_caller_renews_while_the_others_wait() {
    let stage = stage();
    stage.script.says((0..10).map(|_| answer(200, SKUS)));
    let graph = stage.client.graph();
    let all = futures_util::future::join_all((0..10).map(|_| graph.subscribed_skus())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(stage.script.asked_for_tokens().len(), 1);
}

#[tokio::test]
async fn those_who_wait_for_a_token_share_its_refusal() {
    let stage = stage();
    stage.script.tokens([lost()]);
    let graph = stage.client.graph();
    let all = futures_util::future::join_all((0..10).map(|_| graph.subscribed_skus())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(stage.script.asked_for_tokens().len(), 1);
    // The next one asks again.
    stage.script.says([answer(200, SKUS)]);
    graph.subscribed_skus().await.unwrap();
}

#[tokio::test]
async fn a_token_tells_its_roles() {
    for (token, roles) in [
        (token_with(r#"{"roles":["User.ReadWrite.All","Organization.Read.All"],"aud":"x"}"#, 1), Some(2)),
        (token_with(r#"{"aud":"x"}"#, 2), Some(0)),
        ("opaque".to_owned(), None),
        ("a.b.c".to_owned(), None),
    ] {
        let stage = stage();
        stage.script.tokens([answer(200, &token_body(&token))]);
        let seen = stage.client.graph().roles().await.unwrap();
        assert_eq!(seen.as_ref().map(std::collections::BTreeSet::len), roles);
        assert!(roles != Some(2) || seen.unwrap().contains("User.ReadWrite.All"));
    }
}

#[tokio::test]
async fn the_secret_is_encoded_in_a_form() {
    let stage = stage();
    stage.script.says([answer(200, SKUS)]);
    stage.client.graph().subscribed_skus().await.unwrap();
    let asked = stage.script.asked_for_tokens();
    assert_eq!(asked[0].method, "POST");
    assert!(asked[0].uri.ends_with(&format!("/{}/oauth2/v2.0/token", crate::script::TENANT)));
    assert_eq!(asked[0].headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!asked[0].headers.contains_key("authorization"));
    assert!(asked[0].body.contains("client_secret=s%7Eecret-canary"), "{}", asked[0].body);
}
