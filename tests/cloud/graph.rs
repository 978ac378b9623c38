//! Users and licenses.

use crate::script::{Stage, answer, batch, error, lost, stage, with_headers};
use seatless::cloud::{
    CallFailure, Capability, Graph, LicenseStatus, Members, NewUser, Removal, UserKey, Verdict,
};
use seatless::domain::{Code, ObjectId, SkuId, Term};
use serde_json::{Value, json};
use std::time::Duration;

const ID: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const SKU: &str = "1e1a282c-9c54-43a2-9310-98ef728faace";
const UNCERTAIN: Verdict = Verdict::Uncertain { retry_after: None };

fn id(number: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(number))
}

fn user() -> ObjectId {
    ID.parse().unwrap()
}

fn sku() -> SkuId {
    SKU.parse().unwrap()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        user_principal_name: name.to_owned(),
        display_name: "svc Billing 01".to_owned(),
        given_name: "svc".to_owned(),
        surname: "Billing 01".to_owned(),
        mail_nickname: "svc-billing-01".to_owned(),
        usage_location: "GB".to_owned(),
        password: "pa55word-CANARY-!#".to_owned().into(),
        marker: "seatless:s:u:i".to_owned(),
    }
}

fn graph() -> (Stage, Graph) {
    let stage = stage();
    let graph = stage.client.graph();
    (stage, graph)
}

fn only<T>(members: Members<T>) -> Result<T, CallFailure> {
    let mut members = members.expect("the whole call failed");
    assert_eq!(members.len(), 1);
    members.pop().unwrap()
}

fn said(failure: &CallFailure) -> (Code, Verdict) {
    (failure.failure.code, failure.verdict)
}

fn created_body(name: &str) -> String {
    json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity", "id": ID, "businessPhones": [],
        "displayName": "svc Billing 01", "jobTitle": null, "userPrincipalName": name })
    .to_string()
}

#[tokio::test]
async fn a_user_is_made_with_marker_and_password_in_one_call() {
    let (stage, graph) = graph();
    stage.script.says([batch(&[("1", 201, "", &created_body("SVC-billing-01@contoso.com"))])]);
    assert_eq!(only(graph.create_users(&[new_user("svc-billing-01@contoso.com")]).await).unwrap(), user());
    let sent = stage.script.sent();
    assert_eq!(
        (sent[0].method.as_str(), sent[0].uri.as_str()),
        ("POST", "https://graph.microsoft.com/v1.0/$batch")
    );
    assert_eq!(
        sent[0].json(),
        json!({ "requests": [{
            "id": "1", "method": "POST", "url": "/users", "headers": { "Content-Type": "application/json" },
            "body": {
                "accountEnabled": true, "displayName": "svc Billing 01", "givenName": "svc", "surname": "Billing 01",
                "mailNickname": "svc-billing-01", "userPrincipalName": "svc-billing-01@contoso.com",
                "usageLocation": "GB", "passwordPolicies": "DisablePasswordExpiration",
                "passwordProfile": { "password": "pa55word-CANARY-!#", "forceChangePasswordNextSignIn": false },
                "onPremisesExtensionAttributes": { "extensionAttribute15": "seatless:s:u:i" },
            }
        }] })
    );
}

#[tokio::test]
async fn a_create_that_names_another_user_is_uncertain() {
    let other = created_body("somebody.else@contoso.com");
    for body in
        [other.as_str(), r#"{"id":5,"userPrincipalName":"a@b"}"#, r#"{"userPrincipalName":"a@b"}"#, "[]", ""]
    {
        let (stage, graph) = graph();
        stage.script.says([batch(&[("1", 201, "", body)])]);
        let failure = only(graph.create_users(&[new_user("a@b")]).await).unwrap_err();
        assert_eq!(said(&failure), (Code::RemoteUnreadable, UNCERTAIN), "{body}");
    }
}

#[tokio::test]
async fn every_refusal_of_graph_has_its_code() {
    let bad = |message: &str| error("Request_BadRequest", message);
    let conflict = |target: &str| {
        json!({ "error": { "code": "Request_BadRequest", "message": "Another object exists.",
            "details": [{ "code": "ConflictingObjects", "target": "User_x" }, { "code": "ObjectConflict", "target": target }] } })
        .to_string()
    };
    for (status, body, code) in [
        (400, conflict("userPrincipalName"), Code::GraphNameTaken),
        (409, conflict("userPrincipalName"), Code::GraphNameTaken),
        (400, conflict("proxyAddresses"), Code::GraphAddressTaken),
        (
            400,
            bad("Another object with the same value for property userPrincipalName already exists."),
            Code::GraphNameTaken,
        ),
        (
            400,
            bad("Another object with the same value for property proxyAddresses already exists."),
            Code::GraphAddressTaken,
        ),
        (
            400,
            bad(
                "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
            ),
            Code::GraphDomainInvalid,
        ),
        (400, bad("Property userPrincipalName is invalid."), Code::GraphUserInvalid),
        (
            400,
            bad("Invalid value specified for property 'mailNickname' of resource 'User'."),
            Code::GraphUserInvalid,
        ),
        (
            400,
            bad(
                "The specified password does not comply with password complexity requirements. Please provide a different password.",
            ),
            Code::GraphPasswordRefused,
        ),
        (400, bad("A password must be specified to create a new user."), Code::GraphCallInvalid),
        (
            400,
            bad("License assignment cannot be done for user with invalid usage location."),
            Code::GraphUsageLocationInvalid,
        ),
        (400, bad("Subscription with SKU 1e1a does not have any available licenses."), Code::GraphNoSeat),
        (
            400,
            bad("License assignment failed because service plans A,B are mutually exclusive."),
            Code::GraphLicenseConflict,
        ),
        (
            400,
            bad("License assignment failed because service plan X depends on the service plan(s) Y,Z"),
            Code::GraphLicenseConflict,
        ),
        (400, bad("License 1e1a does not correspond to a valid company License."), Code::GraphLicenseUnknown),
        (
            400,
            bad(
                "User license is inherited from a group membership and it cannot be removed directly from the user.",
            ),
            Code::GraphLicenseInherited,
        ),
        (400, bad("User does not have a corresponding license."), Code::GraphRefused),
        (400, bad("No license changes provided."), Code::GraphCallInvalid),
        (
            400,
            bad(
                "One or more added object references already exist for the following modified properties: 'members'.",
            ),
            Code::GraphRefused,
        ),
        (400, bad("Something new."), Code::GraphRefused),
        (400, error("Request_UnsupportedQuery", "No."), Code::GraphCallInvalid),
        (
            403,
            error("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            Code::GraphPermissionMissing,
        ),
        (
            403,
            error(
                "Directory_QuotaExceeded",
                "The directory object quota limit for the Tenant has been exceeded.",
            ),
            Code::GraphQuotaExceeded,
        ),
        (403, error("Forbidden", "No."), Code::GraphRefused),
        (
            409,
            error("Directory_ConcurrencyViolation", "Please wait briefly and retry."),
            Code::GraphConcurrent,
        ),
        (409, error("Conflict", "No."), Code::GraphRefused),
        (412, error("PreconditionFailed", "No."), Code::GraphCallInvalid),
        (424, error("FailedDependency", "No."), Code::GraphRefused),
        (418, String::new(), Code::GraphRefused),
        (501, error("NotImplemented", "No."), Code::GraphRefused),
        (401, error("InvalidAuthenticationToken", "No."), Code::RemoteUnauthorized),
    ] {
        let (stage, graph) = graph();
        stage.script.says([batch(&[("1", status, "", &body)])]);
        let failure = only(graph.assign_license(&[(user(), sku())]).await).unwrap_err();
        assert_eq!(said(&failure), (code, Verdict::Refused), "{status} {body}");
    }
    for (status, body, code, verdict) in [
        (
            404,
            error("Request_ResourceNotFound", "Resource 'x' does not exist"),
            Code::GraphUserGone,
            Verdict::Absent,
        ),
        (404, r#""<html>""#.to_owned(), Code::RemoteUnreadable, UNCERTAIN),
        (
            403,
            error("Request_ThrottledTemporarily", "x"),
            Code::RemoteThrottled,
            Verdict::Throttled { retry_after: None },
        ),
        (500, error("UnknownError", "x"), Code::RemoteUncertain, UNCERTAIN),
        (503, error("ServiceNotAvailable", "x"), Code::RemoteUncertain, UNCERTAIN),
    ] {
        let (stage, graph) = graph();
        stage.script.says([batch(&[("1", status, "", &body)])]);
        let failure = only(graph.assign_license(&[(user(), sku())]).await).unwrap_err();
        assert_eq!(said(&failure), (code, verdict), "{status} {body}");
    }
}

#[tokio::test]
async fn answers_are_matched_by_id_and_never_guessed() {
    let (stage, graph) = graph();
    stage.script.says([batch(&[
        ("3", 204, "", ""),
        ("2", 404, "", &error("Request_ResourceNotFound", "x")),
        ("2", 204, "", ""),
        ("9", 204, "", ""),
        ("01", 204, "", ""),
        ("4", 99, "", ""),
    ])]);
    let members = graph.delete_users(&[id(1), id(2), id(3), id(4)]).await.unwrap();
    let seen: Vec<_> = members.iter().map(|it| it.as_ref().map_err(said)).collect();
    let unreadable = Err((Code::RemoteUnreadable, UNCERTAIN));
    assert_eq!(seen, [unreadable, unreadable, Ok(&()), unreadable]);
    assert_eq!(members[0].as_ref().unwrap_err().failure.remote_request_ids, ["outer-1"]);
}

#[tokio::test]
async fn throttled_members_wait_as_long_as_the_longest() {
    let (stage, graph) = graph();
    let slow = error("TooManyRequests", "x");
    stage.script.says([batch(&[
        ("1", 429, r#"{"Retry-After":"7","request-id":"inner-1"}"#, &slow),
        ("2", 429, r#"{"Retry-After":20}"#, &slow),
        ("3", 204, "", ""),
        ("4", 429, "", &slow),
    ])]);
    let members = graph.delete_users(&[id(1), id(2), id(3), id(4)]).await.unwrap();
    for member in [0, 1, 3] {
        let failure = members[member].as_ref().unwrap_err();
        assert_eq!(failure.verdict, Verdict::Throttled { retry_after: Some(Duration::from_secs(20)) });
    }
    assert_eq!(members[0].as_ref().unwrap_err().failure.remote_request_ids, ["inner-1", "outer-1"]);
    assert!(members[2].is_ok());
}

#[tokio::test]
async fn many_members_go_in_batches_of_twenty() {
    let (stage, graph) = graph();
    stage.script.answers(|sent| {
        let requests = sent.json()["requests"].clone();
        let requests = requests.as_array().unwrap();
        if requests[0]["url"] == format!("/users/{}", id(20)) {
            return lost();
        }
        let ids: Vec<&str> = requests.iter().rev().map(|it| it["id"].as_str().unwrap()).collect();
        batch(&ids.iter().map(|id| (*id, 204, "", "")).collect::<Vec<_>>())
    });
    let ids: Vec<ObjectId> = (0..45).map(id).collect();
    let members = graph.delete_users(&ids).await.unwrap();
    let mut sizes: Vec<usize> =
        stage.script.sent().iter().map(|it| it.json()["requests"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 20, 20]);
    assert_eq!(members.len(), 45);
    for (place, member) in members.iter().enumerate() {
        assert_eq!(member.is_ok(), !(20..40).contains(&place), "{place}");
    }
    assert_eq!(said(members[20].as_ref().unwrap_err()), (Code::RemoteUncertain, UNCERTAIN));

    stage.script.answers(|_| lost());
    assert_eq!(graph.delete_users(&ids).await.unwrap_err().verdict, UNCERTAIN);
    assert_eq!(graph.delete_users(&[]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn one_user_is_written_once_in_a_call() {
    let (stage, graph) = graph();
    stage.script.says([batch(&[("1", 204, "", ""), ("2", 204, "", "")])]);
    let members = graph.set_account_enabled(&[(id(1), true), (id(1), false), (id(2), true)]).await.unwrap();
    let seen: Vec<_> = members.iter().map(|it| it.as_ref().map_err(said)).collect();
    assert_eq!(seen, [Ok(&()), Err((Code::GraphConcurrent, Verdict::Refused)), Ok(&())]);
    let requests = stage.script.sent()[0].json()["requests"].clone();
    assert_eq!(requests.as_array().unwrap().len(), 2);
    assert_eq!(requests[0]["body"], json!({ "accountEnabled": true }));
    assert_eq!(requests[1]["url"], format!("/users/{}", id(2)));
}

fn directory_user() -> Value {
    json!({ "id": ID, "userPrincipalName": "svc-billing-01@contoso.com", "accountEnabled": true, "usageLocation": "GB",
        "onPremisesExtensionAttributes": { "extensionAttribute1": null, "extensionAttribute15": "seatless:s:u:i" },
        "onPremisesSyncEnabled": null, "brandNew": { "x": 1 },
        "licenseAssignmentStates": [
            { "skuId": SKU, "disabledPlans": [], "assignedByGroup": null, "state": "Active", "error": "None" },
            { "skuId": SKU, "assignedByGroup": "5a3c0000-0000-0000-0000-000000000000", "state": "Error", "error": "CountViolation" },
            { "skuId": SKU, "assignedByGroup": null, "state": "Novel", "error": null } ] })
}

#[tokio::test]
async fn a_user_is_read_with_its_licenses() {
    let (stage, graph) = graph();
    let body = directory_user().to_string();
    stage.script.says([batch(&[
        ("1", 200, "", &body),
        ("2", 200, "", &body),
        ("3", 404, "", &error("Request_ResourceNotFound", "x")),
    ])]);
    let keys = [
        UserKey::Id(user()),
        UserKey::UserPrincipalName("SVC-Billing-01@contoso.com".to_owned()),
        UserKey::UserPrincipalName("o'neil#1/x?@contoso.com".to_owned()),
    ];
    let members = graph.read_users(&keys).await.unwrap();
    let read = members[0].clone().unwrap().unwrap();
    assert_eq!(read.marker.as_deref(), Some("seatless:s:u:i"));
    assert!(read.account_enabled && !read.on_premises_sync_enabled);
    let seen: Vec<_> = read
        .licenses
        .iter()
        .map(|it| (&it.status, it.error.as_deref(), it.assigned_by_group.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            (&LicenseStatus::Active, None, false),
            (&LicenseStatus::Error, Some("CountViolation"), true),
            (&LicenseStatus::Other("Novel".to_owned()), None, false),
        ]
    );
    assert_eq!(members[1], members[0]);
    assert_eq!(members[2], Ok(None));
    let requests = stage.script.sent()[0].json()["requests"].clone();
    let url = requests[2]["url"].as_str().unwrap();
    assert!(url.starts_with("/users/o%27neil%231%2Fx%3F@contoso.com?$select=id,userPrincipalName,"), "{url}");
    assert!(requests[0].get("headers").is_none() && requests[0].get("body").is_none());
}

#[tokio::test]
async fn a_user_that_was_not_asked_for_or_is_not_whole_is_not_believed() {
    let mut without_licenses = directory_user();
    without_licenses.as_object_mut().unwrap().remove("licenseAssignmentStates");
    let mut wrong_type = directory_user();
    wrong_type["accountEnabled"] = json!("yes");
    let whole = directory_user();
    for (key, body) in [
        (UserKey::Id(id(1)), &whole),
        (UserKey::UserPrincipalName("somebody.else@contoso.com".to_owned()), &whole),
        (UserKey::Id(user()), &without_licenses),
        (UserKey::Id(user()), &wrong_type),
    ] {
        let (stage, graph) = graph();
        stage.script.says([batch(&[("1", 200, "", &body.to_string())])]);
        let failure = only(graph.read_users(std::slice::from_ref(&key)).await).unwrap_err();
        assert_eq!(
            said(&failure),
            (Code::RemoteUnreadable, Verdict::Unavailable { retry_after: None }),
            "{key:?}"
        );
    }
    // A 404 that is not the directory's is no evidence of absence.
    let (stage, graph) = graph();
    stage.script.says([batch(&[("1", 404, "", r#""<html>""#)])]);
    assert!(only(graph.read_users(&[UserKey::Id(user())]).await).is_err());
}

#[tokio::test]
async fn licenses_are_given_and_taken() {
    let (stage, graph) = graph();
    let body = directory_user().to_string();
    stage.script.says([
        batch(&[("1", 200, "", &body)]),
        batch(&[
            ("1", 200, "", &body),
            ("2", 400, "", &error("Request_BadRequest", "User does not have a corresponding license.")),
            ("3", 200, "", &body),
        ]),
    ]);
    only(graph.assign_license(&[(user(), sku())]).await).unwrap();
    let members = graph.remove_license(&[(user(), sku()), (id(2), sku()), (id(3), sku())]).await.unwrap();
    let seen: Vec<_> = members.iter().map(|it| it.as_ref().map_err(said)).collect();
    assert_eq!(
        seen,
        [Ok(&Removal::Removed), Ok(&Removal::WasNotThere), Err((Code::RemoteUnreadable, UNCERTAIN))],
        "the third answer is about the first user"
    );
    let sent = stage.script.sent();
    let first = &sent[0].json()["requests"][0];
    assert_eq!(first["url"], format!("/users/{ID}/assignLicense"));
    assert_eq!(
        first["body"],
        json!({ "addLicenses": [{ "skuId": SKU, "disabledPlans": [] }], "removeLicenses": [] })
    );
    assert_eq!(sent[1].json()["requests"][0]["body"], json!({ "addLicenses": [], "removeLicenses": [SKU] }));
}

#[tokio::test]
async fn a_write_takes_the_term_along_that_it_was_begun_in_and_a_read_none() {
    let stage = stage();
    let body = directory_user().to_string();
    stage.script.says([batch(&[("1", 200, "", &body)]), batch(&[("1", 200, "", &body)])]);
    let graph = stage.client.within(&Term::until(Duration::from_secs(9))).graph();
    only(graph.read_users(&[UserKey::Id(user())]).await).unwrap();
    only(graph.assign_license(&[(user(), sku())]).await).unwrap();
    let ends: Vec<_> = stage.script.sent().into_iter().map(|sent| sent.term).collect();
    let lasts = |term: &Term, seconds| term.covers(Duration::from_secs(seconds));
    assert!(matches!(&ends[..], [None, Some(term)] if lasts(term, 9) && !lasts(term, 10)), "{ends:?}");
}

#[tokio::test]
async fn the_subscriptions_are_read_over_all_pages() {
    let (stage, graph) = graph();
    let row = |status: &str, number: &str| {
        json!({ "id": "x", "accountName": "contoso", "appliesTo": "User", "capabilityStatus": status, "consumedUnits": 12,
            "prepaidUnits": { "enabled": 25, "warning": 2, "suspended": 0, "lockedOut": 0 }, "skuId": SKU,
            "skuPartNumber": number, "servicePlans": [] })
    };
    let first = json!({ "value": [row("Enabled", "A"), row("LockedOut", "B")],
        "@odata.nextLink": "https://graph.microsoft.com/v1.0/subscribedSkus?$skiptoken=2" });
    let second = json!({ "value": [row("Novel", "C")] });
    stage.script.says([answer(200, &first.to_string()), answer(200, &second.to_string())]);
    let skus = graph.subscribed_skus().await.unwrap();
    let seen: Vec<_> = skus.iter().map(|it| (it.part_number.as_str(), it.capability.clone())).collect();
    assert_eq!(
        seen,
        [
            ("A", Capability::Enabled),
            ("B", Capability::LockedOut),
            ("C", Capability::Other("Novel".to_owned()))
        ]
    );
    assert_eq!((skus[0].sku, skus[0].enabled, skus[0].warning, skus[0].consumed), (sku(), 25, 2, 12));
    assert_eq!(stage.script.sent()[1].uri, "https://graph.microsoft.com/v1.0/subscribedSkus?$skiptoken=2");
}

#[tokio::test]
async fn a_batch_that_is_refused_whole_is_the_callers_failure() {
    let (stage, graph) = graph();
    stage.script.says([
        with_headers(429, &[("retry-after", "9")], &error("TooManyRequests", "x")),
        answer(200, r#"{"value":[]}"#),
        answer(400, &error("BadRequest", "ids")),
    ]);
    let one = [(user(), "GB".to_owned())];
    let throttled = graph.set_usage_location(&one).await.unwrap_err();
    assert_eq!(throttled.verdict, Verdict::Throttled { retry_after: Some(Duration::from_secs(9)) });
    assert_eq!(said(&graph.set_usage_location(&one).await.unwrap_err()), (Code::RemoteUnreadable, UNCERTAIN));
    assert_eq!(
        said(&graph.set_usage_location(&one).await.unwrap_err()),
        (Code::GraphRefused, Verdict::Refused)
    );
    assert_eq!(stage.script.sent()[0].json()["requests"][0]["body"], json!({ "usageLocation": "GB" }));
}

#[tokio::test]
async fn holders_and_marked_users_are_found_over_all_pages() {
    let (stage, graph) = graph();
    let mut stranger = directory_user();
    stranger["onPremisesExtensionAttributes"] = json!({ "extensionAttribute15": "theirs" });
    let first = json!({ "value": [directory_user()], "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=2" });
    let second = json!({ "value": [stranger] });
    let both = || [answer(200, &first.to_string()), answer(200, &second.to_string())];
    stage.script.says(both().into_iter().chain(both()));
    assert_eq!(graph.license_holders(sku()).await.unwrap().len(), 2);
    let marked = graph.users_with_marker("seatless:o'x").await.unwrap();
    assert!(marked.is_empty(), "neither carries that marker");
    let sent = stage.script.sent();
    assert!(sent.iter().all(|it| it.headers["consistencylevel"] == "eventual"));
    assert!(
        sent[0].uri.ends_with(&format!("&$filter=assignedLicenses/any(l:l/skuId%20eq%20{SKU})")),
        "{}",
        sent[0].uri
    );
    assert!(sent[2].uri.ends_with("extensionAttribute15,'seatless:o''x')"), "{}", sent[2].uri);

    stage.script.says(both());
    assert_eq!(graph.users_with_marker("seatless:s").await.unwrap().len(), 1);
    stage.script.says([answer(200, r#"{"value":[],"@odata.nextLink":"https://evil.io/v1.0/users"}"#)]);
    assert_eq!(graph.license_holders(sku()).await.unwrap_err().failure.code, Code::RemoteUnreadable);
}

#[tokio::test]
async fn only_direct_members_count_and_a_member_may_join_again() {
    let (stage, graph) = graph();
    let group = uuid::Uuid::from_u128(0x6);
    let row = |id: ObjectId| json!({ "value": [{ "id": id }] }).to_string();
    let exists =
        "One or more added object references already exist for the following modified properties: 'members'.";
    stage.script.says([
        batch(&[("1", 200, "", &row(id(1))), ("2", 200, "", r#"{"value":[]}"#), ("3", 200, "", &row(id(1)))]),
        batch(&[
            ("1", 204, "", ""),
            ("2", 400, "", &error("Request_BadRequest", exists)),
            ("3", 403, "", &error("Authorization_RequestDenied", "x")),
        ]),
    ]);
    let asked = [(group, id(1)), (group, id(2)), (group, id(3))];
    let members = graph.are_direct_members(&asked).await.unwrap();
    assert_eq!((members[0].clone(), members[1].clone()), (Ok(true), Ok(false)));
    assert_eq!(members[2].as_ref().unwrap_err().failure.code, Code::RemoteUnreadable);
    let members = graph.join_groups(&asked).await.unwrap();
    assert!(members[0].is_ok() && members[1].is_ok());
    assert_eq!(said(members[2].as_ref().unwrap_err()), (Code::GraphPermissionMissing, Verdict::Refused));
    let sent = stage.script.sent();
    let asked = &sent[0].json()["requests"][0];
    assert_eq!(asked["headers"], json!({ "ConsistencyLevel": "eventual" }));
    assert_eq!(
        asked["url"],
        format!("/groups/{group}/members?$count=true&$select=id&$filter=id%20eq%20'{}'", id(1))
    );
    let body = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", id(1)) });
    assert_eq!(sent[1].json()["requests"][0]["body"], body);
}
