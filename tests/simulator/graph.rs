//! Users of the directory.

use seatless::simulator::{Delays, Faults};
use serde_json::{Value, json};

use crate::lab::{Lab, new_user};

fn changed(name: &str, value: Value) -> Value {
    let mut body = new_user("someone");
    body[name] = value;
    body
}

#[tokio::test]
async fn a_create_answers_the_default_properties_only() {
    let lab = Lab::calm();
    let answer = lab.graph("POST", "/users", new_user("svc-one")).await.expect(201);
    let body = answer.json();
    assert_eq!(body["userPrincipalName"], "svc-one@contoso.example");
    assert_eq!(body["businessPhones"], json!([]));
    assert!(body["@odata.context"].as_str().is_some_and(|text| text.ends_with("#users/$entity")));
    for hidden in ["accountEnabled", "usageLocation", "assignedLicenses", "mailNickname", "passwordProfile"] {
        assert!(body.get(hidden).is_none(), "{hidden} is shown");
    }
    for header in ["request-id", "client-request-id", "x-ms-ags-diagnostic", "date"] {
        assert!(answer.header(header).is_some(), "no {header}");
    }
    let path =
        "/users/svc-one@contoso.example?%24select=usageLocation,accountEnabled,onPremisesExtensionAttributes";
    let body = lab.graph("GET", path, Value::Null).await.expect(200).json();
    assert_eq!(body["usageLocation"], "GB");
    assert_eq!(body["onPremisesExtensionAttributes"]["extensionAttribute15"], "seatless:store:svc-one:1");
    assert!(body.get("displayName").is_none());
}

#[tokio::test]
async fn a_create_is_refused_for_each_reason() {
    let lab = Lab::calm();
    let mut without_password = new_user("someone");
    without_password.as_object_mut().expect("an object").remove("passwordProfile");
    let cases = [
        (
            changed("userPrincipalName", json!("TAKEN@contoso.example")),
            "Another object with the same value for property userPrincipalName already exists.",
        ),
        (changed("userPrincipalName", json!("a@elsewhere.example")), "domain portion"),
        (changed("userPrincipalName", json!("ä@contoso.example")), "Property userPrincipalName is invalid."),
        (
            changed("userPrincipalName", json!("dot.@contoso.example")),
            "Property userPrincipalName is invalid.",
        ),
        (
            changed("userPrincipalName", json!(format!("{}@contoso.example", "x".repeat(65)))),
            "Property userPrincipalName is invalid.",
        ),
        (
            changed("mailNickname", json!("a b")),
            "Invalid value specified for property 'mailNickname' of resource 'User'.",
        ),
        (changed("displayName", json!("")), "A value is required for property 'displayName'"),
        (changed("passwordProfile", json!({"password": "alllowercase"})), "password complexity"),
        (changed("usageLocation", json!("GBR")), "Property usageLocation is invalid."),
        (changed("nonsense", json!(1)), "Invalid property 'nonsense'."),
        (without_password, "A password must be specified to create a new user."),
    ];
    for (body, fragment) in cases {
        let answer = lab.graph("POST", "/users", body).await.expect(400);
        assert_eq!(answer.code(), "Request_BadRequest");
        assert!(answer.message().contains(fragment), "{} lacks {fragment}", answer.message());
    }
    let conflict =
        lab.graph("POST", "/users", changed("userPrincipalName", json!("taken@contoso.example"))).await;
    let error = &conflict.json()["error"];
    assert_eq!(error["details"][0]["code"], "ObjectConflict");
    assert_eq!(error["details"][0]["target"], "userPrincipalName");
    assert!(error["innerError"]["request-id"].is_string() && error["innerError"]["date"].is_string());
    assert_eq!(lab.simulator.state()["tenants"][0]["users"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn reads_by_id_answer_404_until_the_directory_has_replicated() {
    let delays = Delays { directory_replication_max: 60.0, ..Delays::none() };
    let lab = Lab::with(delays, Faults::default(), 7);
    let user = lab.user("svc-lag").await;
    let path = format!("/users/{user}");
    let answer = lab.graph("GET", &path, Value::Null).await.expect(404);
    assert_eq!(answer.code(), "Request_ResourceNotFound");
    assert!(answer.message().contains("queried reference-property objects are not present"));
    lab.graph("PATCH", &path, json!({"usageLocation": "DE"})).await.expect(404);
    // The name is taken at once, although nobody can read it yet.
    lab.graph("POST", "/users", new_user("svc-lag")).await.expect(400);
    lab.clock.advance(61);
    lab.graph("GET", &path, Value::Null).await.expect(200);
}

#[tokio::test]
async fn a_name_is_free_again_after_a_soft_delete_and_the_clash_comes_at_restore() {
    let lab = Lab::calm();
    let first = lab.user("svc-twice").await;
    lab.graph("DELETE", &format!("/users/{first}"), Value::Null).await.expect(204);
    lab.graph("GET", &format!("/users/{first}"), Value::Null).await.expect(404);
    let second = lab.user("svc-twice").await;
    assert_ne!(first, second);
    let restore = format!("/directory/deletedItems/{first}/restore");
    let clash = lab.graph("POST", &restore, Value::Null).await.expect(400);
    assert_eq!(clash.json()["error"]["details"][0]["code"], "ObjectConflict");
    let renamed = json!({"newUserPrincipalName": "svc-other@contoso.example"});
    lab.graph("POST", &restore, renamed).await.expect(200);
    lab.graph("GET", &format!("/users/{first}"), Value::Null).await.expect(200);
    assert_eq!(lab.simulator.violations().len(), 1, "two live users of one marker are seen");
}

#[tokio::test]
async fn deleted_items_are_listed_by_type_and_purged_for_good() {
    let lab = Lab::calm();
    let user = lab.user("svc-gone").await;
    lab.graph("DELETE", &format!("/users/{user}"), Value::Null).await.expect(204);
    let untyped = lab.graph("GET", "/directory/deletedItems", Value::Null).await.expect(400);
    assert_eq!(untyped.code(), "Request_UnsupportedQuery");
    let listed = lab
        .graph("GET", "/directory/deletedItems/microsoft.graph.user", Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(listed["value"][0]["id"], json!(user));
    lab.graph("DELETE", &format!("/directory/deletedItems/{user}"), Value::Null).await.expect(204);
    lab.graph("GET", &format!("/directory/deletedItems/{user}"), Value::Null).await.expect(404);
}

#[tokio::test]
async fn filters_find_by_name_license_and_marker() {
    let lab = Lab::calm();
    let user = lab.user("svc-filter").await;
    lab.user("svc-filter-2").await;
    lab.license(&user, &[crate::lab::SALES], &[]).await.expect(200);
    let ids = |answer: Value| -> Vec<String> {
        answer["value"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|user| user["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let by = async |filter: &str| {
        let url = format!("https://graph.localhost/v1.0/users?$filter={filter}&$select=id&$count=true");
        lab.call("GET", &url, &[("consistencylevel", "eventual")], Value::Null).await.expect(200).json()
    };
    assert_eq!(
        ids(by("userPrincipalName eq 'SVC-FILTER@contoso.example'").await),
        std::slice::from_ref(&user)
    );
    assert_eq!(ids(by("startswith(userPrincipalName,'svc-filter')").await).len(), 2);
    assert_eq!(
        ids(by(&format!("assignedLicenses/any(x:x/skuId eq {})", crate::lab::SALES)).await),
        std::slice::from_ref(&user)
    );
    let marker = "onPremisesExtensionAttributes/extensionAttribute15";
    assert_eq!(
        ids(by(&format!("{marker} eq 'seatless:store:svc-filter:1'")).await),
        std::slice::from_ref(&user)
    );
    let starting = by(&format!("startsWith({marker},'seatless:store:')")).await;
    assert_eq!(starting["@odata.count"], 2);
    // Without the advanced query parameters the same filter is refused.
    let path = format!("/users?$filter=startsWith({marker},'seatless:')");
    assert_eq!(lab.graph("GET", &path, Value::Null).await.expect(400).code(), "Request_UnsupportedQuery");
    lab.graph("GET", "/users?$filter=nonsense eq 1", Value::Null).await.expect(400);
}

#[tokio::test]
async fn pages_follow_the_next_link_to_the_end() {
    let lab = Lab::calm();
    for number in 0..5 {
        lab.user(&format!("svc-page-{number}")).await;
    }
    let mut url = "https://graph.localhost/v1.0/users?$select=id&$top=2".to_owned();
    let mut seen = std::collections::HashSet::new();
    let mut pages = 0;
    loop {
        let body = lab.call("GET", &url, &[], Value::Null).await.expect(200).json();
        pages += 1;
        for user in body["value"].as_array().expect("a list") {
            assert!(seen.insert(user["id"].to_string()), "seen twice");
        }
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    let users = lab.simulator.state()["tenants"][0]["users"].as_array().map(Vec::len).expect("users");
    assert_eq!((seen.len(), pages), (users, users.div_ceil(2)));
}

#[tokio::test]
async fn updates_respect_administrators_and_synchronized_users() {
    let lab = Lab::calm();
    let user = lab.user("svc-patch").await;
    lab.graph("PATCH", &format!("/users/{user}"), json!({"accountEnabled": false})).await.expect(204);
    let read = lab.graph("GET", &format!("/users/{user}?$select=accountEnabled"), Value::Null).await.json();
    assert_eq!(read["accountEnabled"], false);
    lab.graph("PATCH", "/users/boss@contoso.example", json!({"accountEnabled": false})).await.expect(403);
    lab.graph("DELETE", "/users/boss@contoso.example", Value::Null).await.expect(403);
    lab.graph("PATCH", "/users/synced@contoso.example", json!({"displayName": "x"})).await.expect(400);
    // A password needs a permission this app does not have.
    let password = json!({"passwordProfile": {"password": "aB3$aB3$aB3$"}});
    lab.graph("PATCH", &format!("/users/{user}"), password).await.expect(403);
    lab.graph("GET", &format!("/users/{user}/licenseDetails"), Value::Null).await.expect(403);
}

#[tokio::test]
async fn a_batch_answers_each_item_and_checks_its_form() {
    let lab = Lab::calm();
    let json_header = json!({"Content-Type": "application/json"});
    let create = |id: &str, name: &str| json!({"id": id, "method": "POST", "url": "/users", "headers": json_header, "body": new_user(name)});
    let requests = json!({"requests": [
        create("1", "svc-batch"),
        {"id": "2", "method": "GET", "url": "/users/svc-batch@contoso.example?$select=id", "dependsOn": ["1"]},
        create("3", "taken"),
        {"id": "4", "method": "GET", "url": "users/none@contoso.example", "dependsOn": ["3"]},
    ]});
    let body = lab.graph("POST", "/$batch", requests).await.expect(200).json();
    let status = |id: &str| {
        body["responses"]
            .as_array()
            .expect("answers")
            .iter()
            .find(|answer| answer["id"] == id)
            .expect("the item")["status"]
            .clone()
    };
    assert_eq!(
        [status("1"), status("2"), status("3"), status("4")],
        [json!(201), json!(200), json!(400), json!(424)]
    );

    let twice = json!({"requests": [create("1", "a1"), create("1", "a2")]});
    lab.graph("POST", "/$batch", twice).await.expect(400);
    let many: Vec<Value> =
        (0..21).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/users"})).collect();
    lab.graph("POST", "/$batch", json!({"requests": many})).await.expect(400);
    let untyped =
        json!({"requests": [{"id": "1", "method": "POST", "url": "/users", "body": new_user("a3")}]});
    lab.graph("POST", "/$batch", untyped).await.expect(400);
    let absolute =
        json!({"requests": [{"id": "1", "method": "GET", "url": "https://graph.localhost/v1.0/users"}]});
    lab.graph("POST", "/$batch", absolute).await.expect(400);
    let items: Vec<_> = lab.simulator.ledger(0).into_iter().filter(|entry| entry.batch.is_some()).collect();
    assert_eq!(items.len(), 3, "the item that never ran has no line of its own");
    assert!(items[0].applied && items[0].write && items[0].touched.len() == 1);
}
