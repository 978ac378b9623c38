//! How a user gets into an environment, and out of it.

use seatless::simulator::{Act, Delays, Faults};
use serde_json::{Value, json};

use crate::lab::{DEV, GROUP, GUARDED, Lab, SALES};

fn lags() -> Delays {
    Delays { license_view_min: 10.0, license_view_max: 300.0, row_after_add_user_max: 60.0, ..Delays::none() }
}

#[tokio::test]
async fn add_user_says_user_not_licensed_until_the_license_is_seen_and_then_the_row_appears() {
    let lab = Lab::with(lags(), Faults::default(), 3);
    let user = lab.user("svc-p").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    let early = lab.add_user(DEV, &user).await.expect(400);
    assert!(early.message().contains("userNotLicensed") && early.message().contains("The tracking Id is '"));
    lab.clock.advance(300);
    let accepted = lab.add_user(DEV, &user).await.expect(200);
    assert!(accepted.bytes.is_empty());
    lab.clock.advance(60);
    let row = lab.row(&user).await.expect("the row has appeared");
    assert_eq!(
        [
            &row["accessmode"],
            &row["isdisabled"],
            &row["islicensed"],
            &row["issyncwithdirectory"],
            &row["firstname"]
        ],
        [&json!(0), &json!(false), &json!(true), &json!(true), &json!("svc")]
    );
}

#[tokio::test]
async fn a_row_promised_by_add_user_is_not_there_at_once() {
    let delays = Delays { row_after_add_user_max: 60.0, ..Delays::none() };
    let lab = Lab::with(delays, Faults::default(), 3);
    let user = lab.user("svc-p").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.add_user(DEV, &user).await.expect(200);
    assert_eq!(lab.row(&user).await, None);
    lab.clock.advance(60);
    assert!(lab.row(&user).await.is_some());
}

#[tokio::test]
async fn the_background_synchronization_comes_every_period() {
    let lab = Lab::calm();
    let user = lab.user("svc-bg").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.clock.advance(1799);
    assert_eq!(lab.row(&user).await, None);
    lab.clock.advance(1);
    assert!(lab.row(&user).await.is_some());
}

#[tokio::test]
async fn the_synchronization_disables_an_unlicensed_read_write_user_but_not_a_non_interactive_one() {
    let lab = Lab::calm();
    let (plain, _) = lab.propagated("svc-plain").await;
    let (kept, row) = lab.propagated("svc-kept").await;
    lab.dev_with("PATCH", &format!("systemusers({row})"), &[("if-match", "*")], json!({"accessmode": 4}))
        .await
        .expect(204);
    lab.license(&plain, &[], &[SALES]).await.expect(200);
    lab.license(&kept, &[], &[SALES]).await.expect(200);
    lab.clock.advance(1800);
    let (plain, kept) = (lab.row(&plain).await.expect("a row"), lab.row(&kept).await.expect("a row"));
    assert_eq!([&plain["isdisabled"], &plain["islicensed"]], [&json!(true), &json!(false)]);
    assert_eq!(
        [&kept["isdisabled"], &kept["islicensed"], &kept["accessmode"]],
        [&json!(false), &json!(false), &json!(4)]
    );
}

#[tokio::test]
async fn add_user_enables_a_row_that_the_synchronization_disabled() {
    let lab = Lab::calm();
    let (user, _) = lab.propagated("svc-again").await;
    lab.license(&user, &[], &[SALES]).await.expect(200);
    lab.clock.advance(1800);
    assert_eq!(lab.row(&user).await.expect("a row")["isdisabled"], true);
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.add_user(DEV, &user).await.expect(200);
    assert_eq!(lab.row(&user).await.expect("a row")["isdisabled"], false);
}

#[tokio::test]
async fn an_environment_with_a_group_takes_direct_members_only_and_disables_who_leaves() {
    let lab = Lab::calm();
    let user = lab.user("svc-g").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    let refused = lab.add_user(GUARDED, &user).await.expect(400);
    assert!(!refused.message().contains("userNotLicensed"));
    let body = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{user}")});
    lab.graph("POST", &format!("/groups/{GROUP}/members/$ref"), body).await.expect(204);
    lab.add_user(GUARDED, &user).await.expect(200);
    let row = async || {
        let url = format!(
            "https://contoso-guarded.crm.localhost/api/data/v9.2/systemusers?$filter=azureactivedirectoryobjectid eq {user}"
        );
        lab.call("GET", &url, &[], Value::Null).await.expect(200).json()["value"][0].clone()
    };
    assert_eq!(row().await["isdisabled"], false);
    lab.graph("DELETE", &format!("/groups/{GROUP}/members/{user}/$ref"), Value::Null).await.expect(204);
    lab.clock.advance(1800);
    assert_eq!(row().await["isdisabled"], true);
}

#[tokio::test]
async fn a_deleted_directory_user_is_disabled_and_never_removed() {
    let lab = Lab::calm();
    let (user, _) = lab.propagated("svc-del").await;
    lab.graph("DELETE", &format!("/users/{user}"), Value::Null).await.expect(204);
    lab.clock.advance(1800);
    let row = lab.row(&user).await.expect("still there");
    assert_eq!([&row["isdisabled"], &row["azurestate"]], [&json!(true), &json!(1)]);
    assert!(row["azuredeletedon"].is_string());
    lab.graph("DELETE", &format!("/directory/deletedItems/{user}"), Value::Null).await.expect(204);
    lab.clock.advance(1800);
    assert_eq!(lab.row(&user).await.expect("still there")["azurestate"], 2);
}

#[tokio::test]
async fn impersonation_brings_an_eligible_user_in_and_refuses_others() {
    let lab = Lab::calm();
    let user = lab.user("svc-jit").await;
    let headers = [("callerobjectid", user.as_str())];
    let refused = lab.dev_with("GET", "WhoAmI", &headers, Value::Null).await.expect(403);
    assert_eq!(refused.code(), "0x80072560");
    lab.license(&user, &[SALES], &[]).await.expect(200);
    // It is in now, and has no role yet.
    assert_eq!(lab.dev_with("GET", "WhoAmI", &headers, Value::Null).await.expect(403).code(), "0x80042f09");
    assert!(lab.row(&user).await.is_some());
}

#[tokio::test]
async fn the_admin_service_lists_environments_and_lets_nobody_register_itself() {
    let lab = Lab::calm();
    let base = "https://bap.localhost/providers/Microsoft.BusinessAppPlatform";
    let list = format!("{base}/scopes/admin/environments?api-version=2023-06-01");
    let body = lab.call("GET", &list, &[], Value::Null).await.expect(200).json();
    let metadata = &body["value"][0]["properties"]["linkedEnvironmentMetadata"];
    assert_eq!(metadata["instanceUrl"], "https://contoso-dev.crm.localhost/");
    assert_eq!(body["value"].as_array().map(Vec::len), Some(3), "another tenant's environment is not shown");
    let far = format!("{base}/scopes/admin/environments/77777777-7777-4777-8777-777777777778?api-version=1");
    lab.call("GET", &far, &[], Value::Null).await.expect(404);
    lab.call("PUT", &format!("{base}/adminApplications/{}?api-version=1", crate::lab::APP), &[], json!({}))
        .await
        .expect(403);
    lab.simulator
        .act(Act::SetRegistered {
            tenant: "contoso".to_owned(),
            client_id: crate::lab::APP.parse().expect("an id"),
            registered: false,
        })
        .expect("possible");
    let refused = lab.call("GET", &list, &[], Value::Null).await.expect(403);
    assert!(refused.message().contains("does not have permission to access the path"));
}

#[tokio::test]
async fn speed_shortens_lags_token_lives_and_nothing_else() {
    let delays = Delays { speed: 60.0, ..Delays::none() };
    let lab = Lab::with(delays, Faults::default(), 3);
    let user = lab.user("svc-fast").await;
    lab.license(&user, &[SALES], &[]).await.expect(200);
    lab.clock.advance(29);
    assert_eq!(lab.row(&user).await, None);
    lab.clock.advance(1);
    assert!(lab.row(&user).await.is_some(), "half an hour has passed in half a minute");
    let created =
        lab.graph("GET", &format!("/users/{user}?$select=createdDateTime"), Value::Null).await.json();
    assert_eq!(created["createdDateTime"], "2027-01-15T08:00:00Z");
}
