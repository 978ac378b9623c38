//! What goes wrong on request.

use seatless::simulator::{Delays, Faults};
use serde_json::{Value, json};

use crate::lab::{Lab, SALES, new_user};

fn with(faults: Faults) -> Lab {
    Lab::with(Delays::none(), faults, 11)
}

fn on_graph(faults: Faults) -> Faults {
    Faults { only: vec!["/v1.0/".to_owned()], ..faults }
}

#[tokio::test]
async fn a_dropped_answer_comes_after_the_commit() {
    let lab = with(on_graph(Faults { drop_after_commit: 1.0, ..Faults::default() }));
    let url = "https://graph.localhost/v1.0/users";
    assert!(lab.attempt("POST", url, &[], new_user("svc-lost")).await.is_err());
    lab.simulator.set_faults(Faults::default());
    lab.graph("GET", "/users/svc-lost@contoso.example", Value::Null).await.expect(200);
    let entry = lab.simulator.ledger(0).into_iter().find(|entry| entry.dropped).expect("a line");
    assert!(entry.applied && entry.status == 201 && entry.fault.as_deref() == Some("drop_after_commit"));
}

#[tokio::test]
async fn an_error_before_the_commit_leaves_nothing() {
    let lab = with(on_graph(Faults { error_before_commit: 1.0, ..Faults::default() }));
    let answer = lab.graph("POST", "/users", new_user("svc-none")).await;
    assert!(answer.status >= 500, "{}", answer.status);
    lab.simulator.set_faults(Faults::default());
    lab.graph("GET", "/users/svc-none@contoso.example", Value::Null).await.expect(404);
}

#[tokio::test]
async fn a_late_write_lands_after_its_connection_died() {
    let lab = with(on_graph(Faults { land_late: 1.0, late_seconds_max: 60.0, ..Faults::default() }));
    let url = "https://graph.localhost/v1.0/users";
    assert!(lab.attempt("POST", url, &[], new_user("svc-late")).await.is_err());
    lab.simulator.set_faults(Faults::default());
    lab.graph("GET", "/users/svc-late@contoso.example", Value::Null).await.expect(404);
    // Long after, its token has ended; it was good when the write landed.
    lab.clock.advance(7200);
    lab.graph("GET", "/users/svc-late@contoso.example", Value::Null).await.expect(200);
    let entry = lab.simulator.ledger(0).into_iter().find(|entry| entry.dropped).expect("a line");
    assert!(entry.applied && entry.landed_at.is_some() && entry.status == 201);
}

#[tokio::test]
async fn each_service_throttles_in_its_own_words() {
    let all = Faults {
        throttle_graph: 1.0,
        throttle_dataverse: 1.0,
        throttle_power_platform: 1.0,
        ..Faults::default()
    };
    let lab = with(all);
    let graph = lab.graph("GET", "/users", Value::Null).await.expect(429);
    let dataverse = lab.dev("GET", "WhoAmI", Value::Null).await.expect(429);
    let power = lab.add_user(crate::lab::DEV, crate::lab::APP).await.expect(429);
    for answer in [&graph, &dataverse, &power] {
        let seconds: u64 =
            answer.header("retry-after").and_then(|value| value.parse().ok()).expect("whole seconds");
        assert!((1..=10).contains(&seconds));
    }
    assert_eq!(graph.code(), "TooManyRequests");
    assert!(["0x80072322", "0x80072321", "0x80072326"].contains(&dataverse.code().as_str()));
}

#[tokio::test]
async fn items_of_a_batch_are_throttled_one_by_one() {
    let lab = with(Faults { throttle_graph_item: 0.5, ..Faults::default() });
    let items: Vec<Value> =
        (0..20).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/subscribedSkus"})).collect();
    let body = lab.graph("POST", "/$batch", json!({"requests": items})).await.expect(200).json();
    let (mut passed, mut throttled) = (0, 0);
    for answer in body["responses"].as_array().expect("answers") {
        match answer["status"].as_u64() {
            Some(200) => passed += 1,
            Some(429) => {
                assert!(answer["headers"]["Retry-After"].is_string());
                throttled += 1;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(passed > 0 && throttled > 0, "{passed} passed, {throttled} throttled");
}

#[tokio::test]
async fn a_revoked_token_stays_revoked_and_a_new_one_works() {
    let lab = Lab::calm();
    let bearer = format!("Bearer {}", lab.token("https://graph.microsoft.com").await);
    let headers = [("authorization", bearer.as_str())];
    let url = "https://graph.localhost/v1.0/subscribedSkus";
    lab.simulator.set_faults(Faults { revoke_token: 1.0, count_max: Some(1), ..Faults::default() });
    let answer = lab.send("GET", url, &headers, "").await.expect("an answer").expect(401);
    assert!(answer.header("www-authenticate").is_some_and(|value| value.contains("insufficient_claims")));
    lab.send("GET", url, &headers, "").await.expect("an answer").expect(401);
    lab.graph("GET", "/subscribedSkus", Value::Null).await.expect(200);
}

#[tokio::test]
async fn conflicts_strike_license_writes_only() {
    let lab = with(Faults { license_conflict: 1.0, ..Faults::default() });
    let user = lab.user("svc-conflict").await;
    let answer = lab.license(&user, &[SALES], &[]).await.expect(409);
    assert_eq!(answer.code(), "Directory_ConcurrencyViolation");
    lab.simulator.set_faults(Faults::default());
    lab.license(&user, &[SALES], &[]).await.expect(200);
}

#[tokio::test]
async fn answers_can_lie() {
    let lab = Lab::calm();
    let user = lab.user("svc-lie").await;
    let path = format!("/users/{user}");
    lab.simulator.set_faults(on_graph(Faults { html: 1.0, ..Faults::default() }));
    let page = lab.graph("GET", &path, Value::Null).await.expect(200);
    assert!(page.text().starts_with("<!DOCTYPE html>"));
    lab.simulator.set_faults(on_graph(Faults { truncate: 1.0, ..Faults::default() }));
    let cut = lab.graph("GET", &path, Value::Null).await.expect(200);
    assert!(serde_json::from_slice::<Value>(&cut.bytes).is_err());
    lab.simulator.set_faults(on_graph(Faults { another_user: 1.0, ..Faults::default() }));
    let other = lab.graph("GET", &path, Value::Null).await.expect(200);
    assert_ne!(other.json()["id"], json!(user));
}

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_answers() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let lab = Lab::with(
            Delays::default(),
            Faults { throttle_graph: 0.3, drop_after_commit: 0.2, ..Faults::default() },
            seed,
        );
        let mut seen = Vec::new();
        for number in 0..30 {
            // Signing in may be dropped as well, so the token comes from a world without faults in between.
            let url = "https://graph.localhost/v1.0/users";
            let answer = lab.attempt("POST", url, &[], new_user(&format!("svc-{number}"))).await;
            seen.push(answer.map(|answer| (answer.status, answer.bytes)).map_err(|_| ()));
        }
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[test]
fn every_preset_has_a_name() {
    for name in Faults::NAMES {
        assert!(Faults::named(name).is_some(), "{name}");
    }
    assert_eq!(Faults::named("nonsense"), None);
    assert_eq!(Faults::named("none"), Some(Faults::default()));
}
