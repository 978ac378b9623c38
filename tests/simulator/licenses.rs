//! Licenses, seats, groups.

use seatless::simulator::{Act, Delays, Faults};
use serde_json::{Value, json};

use crate::lab::{GROUP, Lab, SALES};

const EXCLUDING: &str = "1e1a282c-9c54-43a2-9310-98ef728faacf";
const REQUIRING: &str = "1e1a282c-9c54-43a2-9310-98ef728faad0";
const GIVEN: &str = "1e1a282c-9c54-43a2-9310-98ef728faad1";

#[track_caller]
fn says(answer: &crate::lab::Answer, fragment: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (400, "Request_BadRequest"), "{}", answer.text());
    assert!(answer.message().contains(fragment), "{} lacks {fragment}", answer.message());
}

#[tokio::test]
async fn every_refusal_has_its_sentence() {
    let lab = Lab::calm();
    let user = lab.user("svc-a").await;
    says(&lab.license(&user, &[], &[]).await, "No license changes provided");
    says(&lab.license(&user, &[], &[SALES]).await, "User does not have a corresponding license");
    says(
        &lab.license(&user, &["00000000-0000-4000-8000-000000000000"], &[]).await,
        "does not correspond to a valid company License",
    );
    says(&lab.license(&user, &[REQUIRING], &[]).await, "depends on the service plan(s)");
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.license(&user, &[SALES], &[]).await.expect(200);
    says(&lab.license(&user, &[EXCLUDING], &[]).await, "are mutually exclusive");
    lab.license(&user, &[REQUIRING], &[]).await.expect(200);
    says(&lab.license(&user, &[], &[SALES]).await, "depends on the service plan(s)");
    says(&lab.license("member@contoso.example", &[], &[GIVEN]).await, "inherited from a group membership");
    let mut place = crate::lab::new_user("svc-b");
    place["usageLocation"] = Value::Null;
    lab.graph("POST", "/users", place).await.expect(201);
    says(&lab.license("svc-b@contoso.example", &[SALES], &[]).await, "invalid usage location");
    let half = lab.graph("POST", &format!("/users/{user}/assignLicense"), json!({"addLicenses": []})).await;
    says(&half, "removeLicenses");
}

#[tokio::test]
async fn seats_run_out_and_come_back() {
    let lab = Lab::calm();
    let users = [lab.user("svc-1").await, lab.user("svc-2").await, lab.user("svc-3").await];
    lab.license(&users[0], &[SALES], &[]).await.expect(200);
    lab.license(&users[1], &[SALES], &[]).await.expect(200);
    says(&lab.license(&users[2], &[SALES], &[]).await, "does not have any available licenses");
    lab.license(&users[0], &[], &[SALES]).await.expect(200);
    lab.license(&users[2], &[SALES], &[]).await.expect(200);
    assert_eq!(lab.simulator.violations(), []);
    let sku = &lab.simulator.state()["tenants"][0]["skus"][0];
    assert_eq!((&sku["consumed"], &sku["peak"]), (&json!(4), &json!(4)));
}

#[tokio::test]
async fn a_deleted_user_keeps_its_license_and_its_seat_until_it_is_purged() {
    let lab = Lab::calm();
    let user = lab.user("svc-keep").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.graph("DELETE", &format!("/users/{user}"), Value::Null).await.expect(204);
    let consumed = || lab.simulator.state()["tenants"][0]["skus"][0]["consumed"].clone();
    assert_eq!(consumed(), 3);
    lab.graph("POST", &format!("/directory/deletedItems/{user}/restore"), Value::Null).await.expect(200);
    let read = lab
        .graph("GET", &format!("/users/{user}?$select=assignedLicenses,licenseAssignmentStates"), Value::Null)
        .await
        .json();
    assert_eq!(read["assignedLicenses"][0]["skuId"], SALES);
    assert_eq!(read["licenseAssignmentStates"][0]["assignedByGroup"], Value::Null);
    lab.graph("DELETE", &format!("/users/{user}"), Value::Null).await.expect(204);
    lab.graph("DELETE", &format!("/directory/deletedItems/{user}"), Value::Null).await.expect(204);
    assert_eq!(consumed(), 2);
}

#[tokio::test]
async fn the_counters_of_subscribed_skus_lag() {
    let lab = Lab::with(Delays { counters_lag: 120.0, ..Delays::none() }, Faults::default(), 7);
    lab.clock.advance(1000);
    let user = lab.user("svc-lag").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    let count = async || {
        let body = lab.graph("GET", "/subscribedSkus", Value::Null).await.expect(200).json();
        (body["value"][0]["consumedUnits"].clone(), body["value"][0]["prepaidUnits"]["enabled"].clone())
    };
    assert_eq!(count().await, (json!(2), json!(4)));
    lab.clock.advance(119);
    assert_eq!(count().await.0, 2);
    lab.clock.advance(1);
    assert_eq!(count().await.0, 3);
}

#[tokio::test]
async fn group_membership_is_direct_and_idempotence_is_refused() {
    let lab = Lab::calm();
    let user = lab.user("svc-member").await;
    let path = format!("/groups/{GROUP}/members/$ref");
    let body = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{user}")});
    lab.graph("POST", &path, body.clone()).await.expect(204);
    says(&lab.graph("POST", &path, body).await, "added object references already exist");
    let filter = format!("/groups/{GROUP}/members?$filter=id eq '{user}'&$select=id");
    assert_eq!(
        lab.graph("GET", &filter, Value::Null).await.expect(200).json()["value"][0]["id"],
        json!(user)
    );
    lab.graph("DELETE", &format!("/groups/{GROUP}/members/{user}/$ref"), Value::Null).await.expect(204);
    lab.graph("DELETE", &format!("/groups/{GROUP}/members/{user}/$ref"), Value::Null).await.expect(404);
    assert_eq!(lab.graph("GET", &filter, Value::Null).await.expect(200).json()["value"], json!([]));
}

#[tokio::test]
async fn seats_taken_away_by_a_person_are_seen_as_oversold_only_when_consumed() {
    let lab = Lab::calm();
    let seats = |enabled| Act::SetSeats {
        tenant: "contoso".to_owned(),
        part_number: "DYN365_ENTERPRISE_SALES".to_owned(),
        enabled,
        used_by_others: 2,
    };
    let user = lab.user("svc-x").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.simulator.act(seats(2)).expect("possible");
    let other = lab.user("svc-y").await;
    says(&lab.license(&other, &[SALES], &[]).await, "does not have any available licenses");
    assert_eq!(lab.simulator.violations(), [], "a refusal oversells nothing");
}
