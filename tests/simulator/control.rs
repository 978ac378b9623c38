//! The simulator's own routes.

use serde_json::{Value, json};

use crate::lab::{Lab, SALES};

async fn control(lab: &Lab, method: &str, path: &str, body: Value) -> crate::lab::Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    lab.send(method, &format!("http://control.localhost/_simulator/{path}"), &[], body)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn the_ledger_holds_every_call_and_no_secret() {
    let lab = Lab::calm();
    lab.user("svc-ledger").await;
    let text = control(&lab, "GET", "ledger?after=0", Value::Null).await.expect(200).text();
    for secret in ["s~cret", "aB3$aB3$aB3$", "Bearer", "eyJ"] {
        assert!(!text.contains(secret), "{secret} is in the ledger");
    }
    let body: Value = serde_json::from_str(&text).expect("JSON");
    let create = &body["entries"][1];
    assert_eq!(create["service"], "graph");
    assert_eq!(create["tenant"], "contoso");
    assert_eq!(
        (&create["write"], &create["applied"], &create["status"]),
        (&json!(true), &json!(true), &json!(201))
    );
    let rest = control(&lab, "GET", "ledger?after=1", Value::Null).await.json();
    assert_eq!(rest["entries"].as_array().map(Vec::len), Some(1));
    let counts = control(&lab, "GET", "calls", Value::Null).await.json();
    assert_eq!(counts["graph"]["POST /v1.0/users"], 1);
}

#[tokio::test]
async fn control_routes_answer_on_no_service_host() {
    let lab = Lab::calm();
    let answer =
        lab.send("GET", "https://graph.localhost/_simulator/state", &[], "").await.expect("an answer");
    assert_ne!(answer.status, 200);
    lab.send("GET", "http://127.0.0.1:9/_simulator/state", &[], "").await.expect("an answer").expect(200);
}

#[tokio::test]
async fn a_saved_world_goes_on_where_it_stood() {
    let lab = Lab::calm();
    let user = lab.user("svc-saved").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.clock.advance(1000);
    let saved = control(&lab, "POST", "save", Value::Null).await.expect(200).text();
    let other = Lab::calm();
    other.clock.advance(50_000);
    let loaded = other.send("POST", "http://control.localhost/_simulator/load", &[], saved).await;
    loaded.expect("an answer").expect(200);
    other.graph("GET", &format!("/users/{user}"), Value::Null).await.expect(200);
    assert_eq!(other.row(&user).await, None, "1000 of 1800 seconds have passed");
    other.clock.advance(800);
    assert!(other.row(&user).await.is_some());
}

#[tokio::test]
async fn people_interfere() {
    let lab = Lab::calm();
    let (user, row) = lab.propagated("svc-act").await;
    let act = async |body: Value| control(&lab, "POST", "act", body).await;
    act(json!({"act": "remove_license", "tenant": "contoso", "user": user, "part_number": "DYN365_ENTERPRISE_SALES"})).await.expect(200);
    act(json!({"act": "set_access_mode", "environment": "dev", "user": user, "accessmode": 4}))
        .await
        .expect(200);
    act(json!({"act": "set_app_roles", "tenant": "contoso", "client_id": crate::lab::APP, "roles": ["User.Read.All"]})).await.expect(200);
    lab.license(&user, &[SALES], &[]).await.expect(403);
    let state = control(&lab, "GET", "state", Value::Null).await.expect(200).json();
    let users = state["tenants"][0]["users"].as_array().expect("users");
    let shown = users.iter().find(|shown| shown["id"] == json!(user)).expect("the user");
    assert_eq!(shown["licenses"], json!([]));
    assert_eq!(shown["marker"], "seatless:store:svc-act:1");
    let rows = state["tenants"][0]["environments"][0]["rows"].as_array().expect("rows");
    assert_eq!(
        rows.iter().find(|shown| shown["systemuserid"] == json!(row)).expect("the row")["accessmode"],
        4
    );
    act(json!({"act": "set_environment_state", "environment": "dev", "state": "admin_mode"}))
        .await
        .expect(200);
    assert_eq!(lab.dev("GET", "WhoAmI", Value::Null).await.expect(403).code(), "0x8004A113");
    act(json!({"act": "set_environment_state", "environment": "dev", "state": "disabled"})).await.expect(200);
    assert_eq!(lab.dev("GET", "WhoAmI", Value::Null).await.expect(403).code(), "0x8004A104");
    act(json!({"act": "delete_user", "tenant": "contoso", "user": "nobody"})).await.expect(400);
    control(&lab, "POST", "faults", json!({"named": "nonsense"})).await.expect(400);
    assert_eq!(
        control(&lab, "POST", "faults", json!({"named": "drop"})).await.expect(200).json()["drop_after_commit"],
        0.2
    );
}

#[tokio::test]
async fn a_person_who_oversells_slots_shows_in_the_peak_and_is_no_violation_of_ours() {
    let lab = Lab::calm();
    let (first, _) = lab.propagated("svc-1").await;
    let (second, row) = lab.propagated("svc-2").await;
    for user in [first, second] {
        let body = json!({"act": "set_access_mode", "environment": "dev", "user": user, "accessmode": 4});
        control(&lab, "POST", "act", body).await.expect(200);
    }
    let headers = [("if-match", "*")];
    lab.dev_with("PATCH", &format!("systemusers({row})"), &headers, json!({"lastname": "x"}))
        .await
        .expect(204);
    assert_eq!(lab.simulator.state()["tenants"][0]["environments"][0]["non_interactive_peak"], 4);
    assert_eq!(lab.simulator.violations(), []);
}
