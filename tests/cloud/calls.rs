//! What every call shares: 401 and its one replay, waits, lost answers, ids.

use crate::script::{answer, error, lost, not_sent, stage, with_headers};
use seatless::cloud::{AddUser, CallFailure, Verdict};
use seatless::domain::Code;
use std::time::Duration;

const SKUS: &str = r#"{"value":[]}"#;

fn user() -> seatless::domain::ObjectId {
    "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap()
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_call_replayed_once() {
    let stage = stage();
    stage.script.says([answer(401, ""), answer(200, SKUS)]);
    stage.client.graph().subscribed_skus().await.unwrap();
    let sent = stage.script.sent();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0].bearer(), sent[1].bearer());
    assert_ne!(sent[0].headers["client-request-id"], sent[1].headers["client-request-id"]);
    assert_eq!(stage.script.asked_for_tokens().len(), 2);

    let html = with_headers(
        401,
        &[("www-authenticate", "Bearer authorization_uri=x"), ("content-type", "text/html")],
        "<html>",
    );
    stage.script.says([answer(401, ""), html]);
    let failure = stage.client.graph().delete_users(&[user()]).await.unwrap_err();
    assert_eq!((failure.failure.code, failure.verdict), (Code::RemoteUnauthorized, Verdict::Refused));
    assert_eq!(stage.script.sent().len(), 2, "a third try");
}

#[tokio::test]
async fn many_refused_at_once_ask_for_one_new_token() {
    let stage = stage();
    let graph = stage.client.graph();
    stage.script.says([answer(200, SKUS)]);
    graph.subscribed_skus().await.unwrap();
    stage.script.asked_for_tokens();
    stage.script.says((0..5).map(|_| answer(401, "")).chain((0..5).map(|_| answer(200, SKUS))));
    let all = futures_util::future::join_all((0..5).map(|_| graph.subscribed_skus())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(stage.script.asked_for_tokens().len(), 1);
}

#[tokio::test]
async fn a_missing_permission_makes_a_later_call_look_at_a_new_token() {
    let stage = stage();
    let denied = || {
        answer(
            403,
            &error("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        )
    };
    stage.script.says([denied(), denied(), denied()]);
    let graph = stage.client.graph();
    for (passed, tokens) in [(0, 1), (59, 0), (61, 0)] {
        stage.clock.pass(passed);
        assert_eq!(graph.subscribed_skus().await.unwrap_err().failure.code, Code::GraphPermissionMissing);
        assert_eq!(stage.script.asked_for_tokens().len(), tokens);
    }
    stage.script.says([answer(200, SKUS)]);
    graph.subscribed_skus().await.unwrap();
    assert_eq!(stage.script.asked_for_tokens().len(), 1, "the old token was used after the consent");
}

async fn wait_of(headers: &[(&str, &str)]) -> Option<Duration> {
    let stage = stage();
    stage.script.says([with_headers(429, headers, &error("TooManyRequests", "slow down"))]);
    let CallFailure { failure, verdict } = stage.client.graph().subscribed_skus().await.unwrap_err();
    assert_eq!(failure.code, Code::RemoteThrottled);
    match verdict {
        Verdict::Throttled { retry_after } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn retry_after_is_read_in_both_forms_and_bounded() {
    // The clock stands 1,000 s after midnight.
    for (text, seconds) in [
        ("7", Some(7)),
        (" 7 ", Some(7)),
        ("0", Some(1)),
        ("-5", Some(1)),
        ("1000000000", Some(900)),
        ("99999999999999999999999999", Some(900)),
        ("", None),
        ("-", None),
        ("soon", None),
        ("1.5.2", None),
        ("Thu, 01 Jan 2026 00:17:40 GMT", Some(60)),
        ("Thursday, 01-Jan-26 00:17:40 GMT", Some(60)),
        ("Thu Jan  1 00:17:40 2026", Some(60)),
        ("Wed, 31 Dec 2025 00:00:00 GMT", Some(1)),
        ("Fri, 01 Jan 2027 00:00:00 GMT", Some(900)),
    ] {
        assert_eq!(wait_of(&[("retry-after", text)]).await, seconds.map(Duration::from_secs), "{text:?}");
    }
    assert_eq!(wait_of(&[]).await, None);
    // The service's own clock counts, not ours, which may be wrong.
    let both = [("date", "Mon, 01 Jan 2024 10:00:00 GMT"), ("retry-after", "Mon, 01 Jan 2024 10:00:42 GMT")];
    assert_eq!(wait_of(&both).await, Some(Duration::from_secs(42)));
}

#[tokio::test]
async fn a_write_without_an_answer_is_uncertain_and_a_read_is_not() {
    let wait = || with_headers(503, &[("retry-after", "30")], "");
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let uncertain = Verdict::Uncertain { retry_after: None };
    let unavailable = Verdict::Unavailable { retry_after: None };
    type Make = fn() -> crate::script::Reply;
    let cases: [(Make, Verdict, Verdict); 8] = [
        (lost, unavailable, uncertain),
        (not_sent, Verdict::NotSent, Verdict::NotSent),
        (|| answer(500, "<html>"), unavailable, uncertain),
        (|| answer(502, ""), unavailable, uncertain),
        (|| answer(504, ""), unavailable, uncertain),
        (|| answer(408, ""), unavailable, uncertain),
        (|| answer(302, ""), unavailable, uncertain),
        (|| answer(407, "proxy"), Verdict::NotSent, Verdict::NotSent),
    ];
    for (reply, of_read, of_write) in cases {
        let stage = stage();
        stage.script.says([reply(), reply(), reply()]);
        assert_eq!(stage.client.graph().subscribed_skus().await.unwrap_err().verdict, of_read);
        assert_eq!(stage.client.graph().delete_users(&[user()]).await.unwrap_err().verdict, of_write);
        assert_eq!(stage.client.power_platform().add_user("e", user()).await.unwrap_err().verdict, of_write);
    }
    let stage = stage();
    stage.script.says([wait(), wait()]);
    let read = stage.client.graph().subscribed_skus().await.unwrap_err();
    let write = stage.client.graph().delete_users(&[user()]).await.unwrap_err();
    assert_eq!(read.verdict, Verdict::Unavailable { retry_after: seconds(30) });
    assert_eq!(write.verdict, Verdict::Uncertain { retry_after: seconds(30) });
    assert_eq!(write.failure.code, Code::RemoteUncertain);
}

#[tokio::test]
async fn an_answer_cut_anywhere_is_not_an_answer() {
    let whole = r#"{"responses":[{"id":"1","status":204,"headers":{}}]}"#;
    for end in 0..whole.len() {
        let stage = stage();
        stage.script.says([answer(200, &whole[..end])]);
        let failure = stage.client.graph().delete_users(&[user()]).await.unwrap_err();
        assert_eq!(failure.failure.code, Code::RemoteUnreadable, "cut at {end}");
        assert_eq!(failure.verdict, Verdict::Uncertain { retry_after: None });
    }
    let stage = stage();
    stage.script.says([answer(200, whole)]);
    stage.client.graph().delete_users(&[user()]).await.unwrap()[0].clone().unwrap();
}

#[tokio::test]
async fn a_page_of_html_is_not_an_answer() {
    let page = || with_headers(200, &[("content-type", "text/html")], "<html>Welcome to the hotel</html>");
    let uncertain = Verdict::Uncertain { retry_after: None };
    let stage = stage();
    let dataverse = stage.client.dataverse("https://uat.crm4.dynamics.com".parse().unwrap());
    stage.script.says((0..5).map(|_| page()));
    assert_eq!(
        stage.client.graph().subscribed_skus().await.unwrap_err().failure.code,
        Code::RemoteUnreadable
    );
    assert_eq!(stage.client.graph().delete_users(&[user()]).await.unwrap_err().verdict, uncertain);
    assert_eq!(stage.client.power_platform().add_user("e", user()).await.unwrap_err().verdict, uncertain);
    assert_eq!(dataverse.who_am_i().await.unwrap_err().failure.code, Code::RemoteUnreadable);
    assert_eq!(dataverse.survey(&[], &[]).await.unwrap_err().failure.code, Code::RemoteUnreadable);
}

#[tokio::test]
async fn a_failure_carries_the_ids_that_support_asks_for() {
    let stage = stage();
    let ids =
        [("request-id", "r-1"), ("x-ms-service-request-id", "s-1,"), ("REQ_ID", "q-1"), ("REQ_ID", "r-1")];
    stage.script.says([with_headers(400, &ids, &error("x", "y")), lost()]);
    let failure = stage.client.graph().subscribed_skus().await.unwrap_err();
    // "s-1," is no id; "r-1" is told once.
    assert_eq!(failure.failure.remote_request_ids, ["r-1", "q-1"]);
    assert_eq!(failure.failure.code, Code::GraphRefused);
    let lost = stage.client.graph().subscribed_skus().await.unwrap_err();
    let sent = stage.script.sent();
    assert_eq!(lost.failure.remote_request_ids, [sent[1].headers["client-request-id"].to_str().unwrap()]);
}

#[tokio::test]
async fn an_environment_id_cannot_leave_its_place_in_the_path() {
    let stage = stage();
    stage.script.says([answer(200, "")]);
    let added = stage.client.power_platform().add_user("../x?y#z", user()).await.unwrap();
    assert_eq!(added, AddUser::Accepted);
    let sent = stage.script.sent();
    assert_eq!(
        sent[0].uri,
        "https://api.bap.microsoft.com/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/..%2Fx%3Fy%23z/addUser?api-version=2023-06-01"
    );
    assert_eq!(sent[0].json(), serde_json::json!({ "objectId": user() }));
}

/// A worker runs its calls on any thread: this test is that it compiles.
#[test]
fn every_call_can_move_between_threads() {
    fn moves<T: Send>(_: T) {}
    let stage = stage();
    let (graph, platform) = (stage.client.graph(), stage.client.power_platform());
    let dataverse = stage.client.dataverse("https://uat.crm4.dynamics.com".parse().unwrap());
    moves(graph.roles());
    moves(graph.create_users(&[]));
    moves(graph.read_users(&[]));
    moves(graph.assign_license(&[]));
    moves(graph.remove_license(&[]));
    moves(graph.set_account_enabled(&[]));
    moves(graph.set_usage_location(&[]));
    moves(graph.delete_users(&[]));
    moves(graph.subscribed_skus());
    moves(graph.license_holders(seatless::domain::SkuId(uuid::Uuid::nil())));
    moves(graph.users_with_marker(""));
    moves(graph.are_direct_members(&[]));
    moves(graph.join_groups(&[]));
    moves(platform.add_user("e", user()));
    moves(dataverse.who_am_i());
    moves(dataverse.who_am_i_as(user()));
    moves(dataverse.survey(&[], &[]));
    moves(dataverse.find_users(&[]));
    moves(dataverse.find_users_by_name(&[]));
    moves(dataverse.make_non_interactive(&[]));
}
