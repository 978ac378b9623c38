//! The Web API of an environment.

use serde_json::{Value, json};

use crate::lab::{APP, Lab, SALES};

async fn set(lab: &Lab, row: &str, body: Value) -> crate::lab::Answer {
    lab.dev_with("PATCH", &format!("systemusers({row})"), &[("if-match", "*")], body).await
}

#[tokio::test]
async fn who_am_i_tells_our_row_and_both_spellings_work() {
    let lab = Lab::calm();
    let answer = lab.dev("GET", "WhoAmI", Value::Null).await.expect(200);
    for header in
        ["odata-version", "x-ms-service-request-id", "req_id", "x-ms-ratelimit-burst-remaining-xrm-requests"]
    {
        assert!(answer.header(header).is_some(), "no {header}");
    }
    assert_eq!(answer.json()["OrganizationId"], "33333333-3333-4333-8333-333333333334");
    assert_eq!(lab.dev("GET", "WhoAmI()", Value::Null).await.expect(200).json(), answer.json());
    lab.dev("POST", "WhoAmI", Value::Null).await.expect(404);
    let stranger = "https://contoso-stranger.crm.localhost/api/data/v9.2/WhoAmI";
    assert_eq!(lab.call("GET", stranger, &[], Value::Null).await.expect(403).code(), "0x80072560");
}

#[tokio::test]
async fn the_api_host_and_a_bare_host_serve_the_same_environment() {
    let lab = Lab::calm();
    let api = "https://contoso-dev.api.crm.localhost/api/data/v9.2/WhoAmI";
    let bare = "https://localhost:8443/api/data/v9.2/WhoAmI";
    let first = lab.call("GET", api, &[], Value::Null).await.expect(200).json();
    let second = lab.call("GET", bare, &[], Value::Null).await.expect(200).json();
    assert_eq!(first["UserId"], second["UserId"]);
}

#[tokio::test]
async fn the_limit_on_non_interactive_users_holds() {
    let lab = Lab::calm();
    let (_, first) = lab.propagated("svc-1").await;
    let (_, second) = lab.propagated("svc-2").await;
    set(&lab, &first, json!({"accessmode": 4})).await.expect(204);
    set(&lab, &first, json!({"accessmode": 4})).await.expect(204);
    let refused = set(&lab, &second, json!({"accessmode": 4})).await.expect(400);
    assert!(refused.message().contains("reached its maximum number of non-interactive users"));
    let resources = lab.dev("GET", "RetrieveOrganizationResources()", Value::Null).await.expect(200).json();
    assert_eq!(resources["OrganizationResources"]["CurrentNumberOfNonInteractiveUsers"], 3);
    assert_eq!(resources["OrganizationResources"]["MaxNumberOfNonInteractiveUsers"], 3);
    // Disabling one gives its slot back, and enabling it again needs one.
    set(&lab, &first, json!({"isdisabled": true})).await.expect(204);
    set(&lab, &second, json!({"accessmode": 4})).await.expect(204);
    set(&lab, &first, json!({"isdisabled": false})).await.expect(400);
    let path = "systemusers?$select=systemuserid&$filter=accessmode eq 4 and isdisabled eq false and applicationid eq null and azureactivedirectoryobjectid ne null&$count=true";
    assert_eq!(lab.dev("GET", path, Value::Null).await.expect(200).json()["@odata.count"], 3);
    assert_eq!(lab.simulator.violations(), []);
}

#[tokio::test]
async fn leaving_non_interactive_without_a_license_disables_and_enabling_is_refused() {
    let lab = Lab::calm();
    let (user, row) = lab.propagated("svc-1").await;
    set(&lab, &row, json!({"accessmode": 4})).await.expect(204);
    lab.license(&user, &[], &[SALES]).await.expect(200);
    lab.clock.advance(1800);
    set(&lab, &row, json!({"accessmode": 0})).await.expect(204);
    assert_eq!(lab.row(&user).await.expect("a row")["isdisabled"], true);
    assert_eq!(set(&lab, &row, json!({"isdisabled": false})).await.expect(400).code(), "0x8004D24C");
}

#[tokio::test]
async fn a_patch_is_an_upsert_unless_if_match_says_otherwise() {
    let lab = Lab::calm();
    let unknown = "99999999-9999-4999-8999-999999999999";
    assert_eq!(set(&lab, unknown, json!({"accessmode": 4})).await.expect(404).code(), "0x80040217");
    let user = lab.user("svc-made").await;
    let body = json!({"azureactivedirectoryobjectid": user, "accessmode": 4});
    let made = lab.dev("PATCH", &format!("systemusers({unknown})"), body).await.expect(204);
    assert!(
        made.header("odata-entityid")
            .is_some_and(|value| value.ends_with(&format!("systemusers({unknown})")))
    );
    let row = lab.row(&user).await.expect("a row was made");
    assert_eq!((&row["systemuserid"], &row["isdisabled"]), (&json!(unknown), &json!(true)));
    let path = format!("systemusers({unknown})");
    let stale = lab
        .dev_with("PATCH", &path, &[("if-match", "W/\"999\"")], json!({"lastname": "x"}))
        .await
        .expect(412);
    assert_eq!(stale.code(), "0x80060882");
    let etag = row["@odata.etag"].as_str().expect("an etag").to_owned();
    let headers = [("if-match", etag.as_str()), ("prefer", "return=representation")];
    let shown = lab.dev_with("PATCH", &path, &headers, json!({"lastname": "x"})).await.expect(200);
    assert_eq!(shown.json()["lastname"], "x");
}

#[tokio::test]
async fn the_row_of_an_application_is_left_alone() {
    let lab = Lab::calm();
    let me = lab.dev("GET", "WhoAmI", Value::Null).await.json()["UserId"].as_str().expect("an id").to_owned();
    assert_eq!(set(&lab, &me, json!({"accessmode": 0})).await.expect(400).code(), "0x80040d40");
    assert_eq!(
        set(&lab, &me, json!({"azureactivedirectoryobjectid": APP})).await.expect(400).code(),
        "0x80041d4f"
    );
    assert_eq!(
        lab.dev("DELETE", &format!("systemusers({me})"), Value::Null).await.expect(400).code(),
        "0x80048356"
    );
}

async fn role(lab: &Lab, unit: &str) -> String {
    let units = lab
        .dev("GET", &format!("businessunits?$filter=name eq '{unit}'"), Value::Null)
        .await
        .expect(200)
        .json();
    let unit = units["value"][0]["businessunitid"].as_str().expect("a unit").to_owned();
    let path =
        format!("roles?$select=roleid,name&$filter=name eq 'Writer' and _businessunitid_value eq {unit}");
    let roles = lab.dev("GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(roles["value"].as_array().map(Vec::len), Some(1), "one copy per business unit");
    roles["value"][0]["roleid"].as_str().expect("a role").to_owned()
}

#[tokio::test]
async fn roles_belong_to_a_business_unit_and_go_when_it_changes() {
    let lab = Lab::calm();
    let (user, row) = lab.propagated("svc-r").await;
    let (here, there) = (role(&lab, "dev").await, role(&lab, "Sales").await);
    let path = format!("systemusers({row})/systemuserroles_association/$ref");
    let reference = |role: &str| json!({"@odata.id": format!("https://contoso-dev.crm.localhost/api/data/v9.2/roles({role})")});
    assert_eq!(lab.dev("POST", &path, reference(&there)).await.expect(400).code(), "0x80041409");
    assert_eq!(lab.dev("POST", &path, reference(&user)).await.expect(404).code(), "0x80060888");
    lab.dev("POST", &path, reference(&here)).await.expect(204);
    let expand = format!(
        "systemusers({row})?$select=systemuserid&$expand=systemuserroles_association($select=roleid,name),businessunitid"
    );
    let shown = lab.dev("GET", &expand, Value::Null).await.expect(200).json();
    assert_eq!(shown["systemuserroles_association"][0], json!({"roleid": here, "name": "Writer"}));
    assert_eq!(shown["businessunitid"]["name"], "dev");
    let units = lab.dev("GET", "businessunits?$filter=name eq 'Sales'", Value::Null).await.json();
    let sales = units["value"][0]["businessunitid"].as_str().expect("a unit").to_owned();
    set(&lab, &row, json!({"businessunitid@odata.bind": format!("/businessunits({sales})")}))
        .await
        .expect(204);
    let shown = lab.dev("GET", &expand, Value::Null).await.json();
    assert_eq!(shown["systemuserroles_association"], json!([]));
    lab.dev("POST", &path, reference(&there)).await.expect(204);
    lab.dev("DELETE", &format!("{path}?$id=https://x/api/data/v9.2/roles({there})"), Value::Null)
        .await
        .expect(204);
    set(&lab, &row, json!({"isdisabled": true})).await.expect(204);
    assert_eq!(lab.dev("POST", &path, reference(&there)).await.expect(400).code(), "0x80048d35");
    // Disabled, it can be deleted: softly first, then for good.
    lab.dev("DELETE", &format!("systemusers({row})"), Value::Null).await.expect(204);
    assert_eq!(lab.row(&user).await.expect("softly deleted")["deletedstate"], 1);
    lab.dev("DELETE", &format!("systemusers({row})"), Value::Null).await.expect(204);
    assert_eq!(lab.row(&user).await, None);
}

#[tokio::test]
async fn many_users_are_found_in_one_query_inline_and_by_alias() {
    let lab = Lab::calm();
    let (first, _) = lab.propagated("svc-1").await;
    let (second, _) = lab.propagated("svc-2").await;
    let inline = format!(
        "systemusers?%24filter=Microsoft.Dynamics.CRM.In(PropertyName='azureactivedirectoryobjectid',PropertyValues=['{first}','{second}'])&$select=accessmode"
    );
    let alias = format!(
        "systemusers?$filter=Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='azureactivedirectoryobjectid'&@p2=[%22{first}%22,%22{second}%22]"
    );
    for path in [inline, alias] {
        let body = lab.dev("GET", &path, Value::Null).await.expect(200).json();
        assert_eq!(body["value"].as_array().map(Vec::len), Some(2), "{path}");
    }
    let either = format!(
        "systemusers?$filter=(azureactivedirectoryobjectid eq {first} or domainname eq 'svc-2@contoso.example') and not (isdisabled eq true)"
    );
    assert_eq!(
        lab.dev("GET", &either, Value::Null).await.expect(200).json()["value"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        lab.dev("GET", "systemusers?$filter=nonsense eq 1", Value::Null).await.expect(400).code(),
        "0x0"
    );
    let many: Vec<String> = (0..501).map(|number| format!("'{number}'")).collect();
    let path = format!(
        "systemusers?$filter=Microsoft.Dynamics.CRM.In(PropertyName='domainname',PropertyValues=[{}])",
        many.join(",")
    );
    assert_eq!(lab.dev("GET", &path, Value::Null).await.expect(400).code(), "0x8004430C");
    let unknown = format!("systemusers?$filter=azureactivedirectoryobjectid eq {APP}");
    assert_eq!(lab.dev("GET", &unknown, Value::Null).await.expect(200).json()["value"], json!([]));
}

#[tokio::test]
async fn pages_and_counts() {
    let lab = Lab::calm();
    let count: usize =
        lab.dev("GET", "systemusers/$count", Value::Null).await.expect(200).text().parse().expect("a number");
    let mut url =
        "https://contoso-dev.crm.localhost/api/data/v9.2/systemusers?$select=systemuserid".to_owned();
    let mut seen = std::collections::HashSet::new();
    loop {
        let body =
            lab.call("GET", &url, &[("prefer", "odata.maxpagesize=2")], Value::Null).await.expect(200).json();
        let rows = body["value"].as_array().expect("a list");
        assert!(rows.len() <= 2);
        rows.iter().for_each(|row| assert!(seen.insert(row["systemuserid"].to_string())));
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), count);
    lab.dev("GET", "systemusers?$skip=1", Value::Null).await.expect(400);
    let definition =
        lab.dev("GET", "EntityDefinitions?$filter=LogicalName eq 'systemuser'", Value::Null).await.json();
    assert_eq!(definition["value"][0]["EntitySetName"], "systemusers");
}

const BATCH: &str = "--b1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{ONE}\r\n--b1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET /api/data/v9.2/WhoAmI HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b1--\r\n";

async fn batch(lab: &Lab, body: String, prefer: &str) -> crate::lab::Answer {
    let token = format!("Bearer {}", lab.token("https://contoso-dev.crm.localhost").await);
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "multipart/mixed; boundary=\"b1\""),
        ("prefer", prefer),
    ];
    let url = "https://contoso-dev.crm.localhost/api/data/v9.2/$batch";
    lab.send("POST", url, &headers, body).await.expect("an answer")
}

#[tokio::test]
async fn a_multipart_batch_runs_in_order_and_stops_unless_told_to_go_on() {
    let lab = Lab::calm();
    let (_, row) = lab.propagated("svc-b").await;
    let patch = |id: &str| {
        format!(
            "PATCH systemusers({id}) HTTP/1.1\r\nIf-Match: *\r\nContent-Type: application/json\r\n\r\n{{\"accessmode\":4}}"
        )
    };
    let good = batch(&lab, BATCH.replace("{ONE}", &patch(&row)), "").await.expect(200).text();
    assert!(
        good.contains("HTTP/1.1 204") && good.contains("HTTP/1.1 200") && good.contains("\"UserId\""),
        "{good}"
    );
    let bad = BATCH.replace("{ONE}", &patch("99999999-9999-4999-8999-999999999999"));
    let stopped = batch(&lab, bad.clone(), "").await.expect(404).text();
    assert!(!stopped.contains("\"UserId\""));
    let went_on = batch(&lab, bad, "odata.continue-on-error").await.expect(200).text();
    assert!(went_on.contains("HTTP/1.1 404") && went_on.contains("\"UserId\""));
    let plain = BATCH.replace("{ONE}", &patch(&row)).replace("\r\n", "\n");
    assert_eq!(batch(&lab, plain, "").await.expect(400).code(), "0x80048d19");
}

#[tokio::test]
async fn a_change_set_is_all_or_nothing() {
    let lab = Lab::calm();
    let (user, row) = lab.propagated("svc-c").await;
    let part = |number: u8, id: &str| {
        format!(
            "--c1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\nPATCH /api/data/v9.2/systemusers({id}) HTTP/1.1\r\nIf-Match: *\r\nContent-Type: application/json\r\n\r\n{{\"lastname\":\"changed\"}}\r\n"
        )
    };
    let set = |second: &str| {
        format!(
            "--b1\r\nContent-Type: multipart/mixed; boundary=c1\r\n\r\n{}{}--c1--\r\n--b1--\r\n",
            part(1, &row),
            part(2, second)
        )
    };
    batch(&lab, set("99999999-9999-4999-8999-999999999999"), "").await.expect(404);
    assert_eq!(lab.row(&user).await.expect("a row")["lastname"], "svc-c");
    let done = batch(&lab, set(&row), "").await.expect(200).text();
    assert!(done.contains("Content-ID: 2"));
    assert_eq!(lab.row(&user).await.expect("a row")["lastname"], "changed");
}
