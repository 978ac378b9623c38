//! A clock that is off, on this host or on theirs, and tokens that live for absurd times.

use super::calls::{CALLS, Call};
use super::listener::{Hour, JSON, Listener, Say, transport, whole};
use crate::script::token_with;

#[tokio::test]
async fn a_clock_that_is_off_changes_nothing_that_is_believed() {
    let transport = transport();
    for ours in
        ["1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    {
        for theirs in ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "yesterday"] {
            for call in CALLS {
                let headers = format!("{}\r\ndate: {theirs}\r\nage: -1\r\nexpires: 0", call.headers());
                let answer = whole(200, &headers, &call.body());
                let listener = Listener::saying(move |_| Say::Bytes(answer.clone())).await;
                let client = listener.client_at(&transport, Hour(ours.parse().unwrap()));
                let end = call.make(&client, &listener).await;
                assert!(end.is_ok(), "{call:?} at {ours}, {theirs}: {end:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_an_absurd_life_or_form_is_used_once_or_not_at_all() {
    let transport = transport();
    let token = token_with("{}", 1);
    for (kind, life, token) in [
        ("Bearer", "0", token.as_str()),
        ("Bearer", "-1", &token),
        ("Bearer", "1e300", &token),
        ("Bearer", "18446744073709551615", &token),
        ("Bearer", "18446744073709551616", &token),
        ("Bearer", "null", &token),
        ("Bearer", "\"\"", &token),
        ("Bearer", "\"soon\"", &token),
        ("Bearer", "[]", &token),
        ("Bearer", "3599", ""),
        ("Bearer", "3599", "a\\r\\nx: y"),
        ("Bearer", "3599", "a\\u0000b"),
        ("Bearer", "3599", "\\u00e9\\ud83d\\ude00"),
        ("Bearer", "3599", "a b"),
        ("MAC", "3599", &token),
        ("", "3599", &token),
        ("bearer", "1", &token),
    ] {
        let body = format!(r#"{{"token_type":"{kind}","expires_in":{life},"access_token":"{token}"}}"#);
        let case = body.clone();
        let listener = Listener::saying_all(move |asked| {
            let answer = if asked.is_for_token() { body.clone() } else { Call::Skus.body() };
            Say::Bytes(whole(200, JSON, &answer))
        })
        .await;
        let end = Call::Skus.make(&listener.client(&transport), &listener).await;
        Call::Skus.judge(&case, &end);
        // No header was smuggled in beside the token.
        assert!(listener.asked().iter().all(|asked| !asked.head.contains("\r\nx: y")), "{case}");
    }
}
