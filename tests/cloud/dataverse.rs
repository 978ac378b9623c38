//! One environment.

use crate::script::{Stage, answer, error, lost, multipart, stage, with_headers};
use seatless::cloud::{AccessChange, AccessMode, CallFailure, Dataverse, Impersonation, Verdict};
use seatless::domain::{Code, ObjectId, SystemUserId};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const WHO: &str = r##"{"@odata.context":"x#Microsoft.Dynamics.CRM.WhoAmIResponse","BusinessUnitId":"1360fdcb-0000-0000-0000-000000000001","UserId":"3f0b0000-0000-0000-0000-000000000001","OrganizationId":"0a9a0000-0000-0000-0000-000000000001"}"##;
const JSON: &str = "Content-Type: application/json; odata.metadata=minimal";
const UNCERTAIN: Verdict = Verdict::Uncertain { retry_after: None };

fn environment() -> (Stage, Dataverse) {
    let stage = stage();
    let dataverse = stage.client.dataverse("https://org.crm4.dynamics.com".parse().unwrap());
    (stage, dataverse)
}

fn said(failure: &CallFailure) -> (Code, Verdict) {
    (failure.failure.code, failure.verdict)
}

fn object(number: u128) -> ObjectId {
    ObjectId(Uuid::from_u128(0x0b_0000 + number))
}

fn row_id(number: u128) -> SystemUserId {
    SystemUserId(Uuid::from_u128(0x50_0000 + number))
}

fn role(number: u128) -> Uuid {
    Uuid::from_u128(0x40_0000 + number)
}

fn unit(number: u128) -> Uuid {
    Uuid::from_u128(0x60_0000 + number)
}

fn row(number: u128, mode: i64, roles: &[Uuid]) -> Value {
    let roles: Vec<Value> =
        roles.iter().map(|id| json!({ "@odata.etag": "W/\"1\"", "roleid": id, "name": "Writer" })).collect();
    json!({ "@odata.etag": "W/\"1760402\"", "systemuserid": row_id(number), "azureactivedirectoryobjectid": object(number),
        "domainname": "jdoe@contoso.onmicrosoft.com", "accessmode": mode, "isdisabled": false, "islicensed": true,
        "applicationid": null, "azurestate": 0, "deletedstate": 0, "disabledreason": null,
        "_businessunitid_value": unit(1), "systemuserroles_association": roles })
}

fn rows(rows: &[Value]) -> String {
    json!({ "@odata.context": "x", "value": rows }).to_string()
}

#[tokio::test]
async fn every_refusal_of_dataverse_has_its_code() {
    for (status, code, expected) in [
        (403, "0x80040220", Code::DataversePrivilegeMissing),
        (403, "0x80040231", Code::DataversePrivilegeMissing),
        (403, "0x80048405", Code::DataversePrivilegeMissing),
        (403, "0x80042f09", Code::DataversePrivilegeMissing),
        (403, "0x80042F09", Code::DataversePrivilegeMissing),
        (403, "0x80072560", Code::DataverseNotMember),
        (403, "-2147015328", Code::DataverseNotMember),
        (400, "0x8004D24B", Code::DataverseUserUnlicensed),
        (400, "0x8004d24c", Code::DataverseUserUnlicensed),
        (400, "0x80042f14", Code::DataverseUserUnlicensed),
        (400, "0x80040d40", Code::DataverseApplicationUser),
        (400, "0x80041d48", Code::DataverseApplicationUser),
        (400, "0x80041d65", Code::DataverseUserProtected),
        (400, "0x80041d2f", Code::DataverseUserProtected),
        (400, "0x80040d39", Code::DataverseUserProtected),
        (400, "0x80041d38", Code::DataverseUserProtected),
        (400, "0x80041d33", Code::DataverseUserProtected),
        (400, "0x80041d2c", Code::DataverseUserAmbiguous),
        (400, "0x80048357", Code::DataverseUserDisabled),
        (400, "0x80041409", Code::DataverseRoleRefused),
        (400, "0x80048d35", Code::DataverseRoleRefused),
        (400, "0x80060888", Code::DataverseRoleRefused),
        (403, "0x8004A113", Code::DataverseAdminMode),
        (403, "0x8004A104", Code::DataverseEnvironmentDisabled),
        (500, "0x8004A104", Code::DataverseEnvironmentDisabled),
        (412, "0x80060882", Code::DataverseConcurrent),
        (412, "", Code::DataverseConcurrent),
        (404, "0x8006088a", Code::DataverseCallInvalid),
        (400, "0x80040217", Code::DataverseCallInvalid),
        (403, "0x80044160", Code::DataverseCallInvalid),
        (400, "0x80041d4f", Code::DataverseCallInvalid),
        (400, "0x80041d28", Code::DataverseCallInvalid),
        (400, "0x80048356", Code::DataverseCallInvalid),
        (400, "0x8004430C", Code::DataverseCallInvalid),
        (400, "0x80048d19", Code::DataverseCallInvalid),
        (400, "0x0", Code::DataverseRefused),
        (403, "0x8badf00d", Code::DataverseRefused),
        (501, "", Code::DataverseRefused),
    ] {
        let (stage, dataverse) = environment();
        stage.script.says([answer(status, &error(code, "Microsoft says no."))]);
        let failure = dataverse.who_am_i().await.unwrap_err();
        assert_eq!(said(&failure), (expected, Verdict::Refused), "{status} {code}");
    }
    let unavailable = Verdict::Unavailable { retry_after: None };
    for (status, body, expected) in [
        (
            404,
            error("0x80040217", "systemuser With Id = x Does Not Exist"),
            (Code::DataverseUserMissing, Verdict::Absent),
        ),
        (
            404,
            error("", "systemuser With Id = x Does Not Exist"),
            (Code::DataverseUserMissing, Verdict::Absent),
        ),
        (404, "<html>".to_owned(), (Code::RemoteUnreadable, unavailable)),
        (403, "<html>".to_owned(), (Code::DataverseRefused, Verdict::Refused)),
        (400, error("0x8004Ed47", "x"), (Code::RemoteUnavailable, unavailable)),
        (400, error("0x80072559", "x"), (Code::RemoteUnavailable, unavailable)),
        (503, error("", "x"), (Code::RemoteUnavailable, unavailable)),
        (
            400,
            error(
                "0x80040216",
                "Your organization has reached its Maximum number of non-interactive users. To mark",
            ),
            (Code::DataverseNoSlot, Verdict::Refused),
        ),
        (
            500,
            error("", "Your organization has reached its maximum number of non-interactive users."),
            (Code::DataverseNoSlot, Verdict::Refused),
        ),
    ] {
        let (stage, dataverse) = environment();
        stage.script.says([answer(status, &body)]);
        assert_eq!(said(&dataverse.who_am_i().await.unwrap_err()), expected, "{status} {body}");
    }
    for code in ["0x80072322", "0x80072321", "0x80072326", "-2147015902", "-2147015903", "-2147015898"] {
        for status in [429, 503] {
            let (stage, dataverse) = environment();
            stage.script.says([with_headers(
                status,
                &[("retry-after", "33")],
                &error(code, "Number of requests exceeded"),
            )]);
            let verdict = Verdict::Throttled { retry_after: Some(Duration::from_secs(33)) };
            assert_eq!(
                said(&dataverse.who_am_i().await.unwrap_err()),
                (Code::RemoteThrottled, verdict),
                "{code}"
            );
        }
    }
}

#[tokio::test]
async fn a_survey_is_one_call() {
    let (stage, dataverse) = environment();
    let resources = r#"{"@odata.context":"x","OrganizationResources":{"CurrentNumberOfNonInteractiveUsers":3,"MaxNumberOfNonInteractiveUsers":9,"MaxNumberOfActiveUsers":-1}}"#;
    let users = json!({ "value": [{ "azureactivedirectoryobjectid": object(1) }, { "azureactivedirectoryobjectid": null }] });
    let units = json!({ "value": [
        { "businessunitid": unit(1), "name": "contoso", "_parentbusinessunitid_value": null },
        { "businessunitid": unit(2), "name": "Sales", "_parentbusinessunitid_value": unit(1) },
        { "businessunitid": unit(3), "name": "Other", "_parentbusinessunitid_value": unit(1) }] });
    let roles =
        json!({ "value": [{ "roleid": role(1), "name": "Bob's Writer", "_businessunitid_value": unit(1) }] });
    stage.script.says([multipart(&[
        ("200 OK", JSON, WHO),
        ("200 OK", JSON, resources),
        ("200 OK", JSON, &users.to_string()),
        ("200 OK", JSON, &units.to_string()),
        ("200 OK", JSON, &roles.to_string()),
    ])]);
    let survey =
        dataverse.survey(&["Bob's Writer".to_owned(), "B".to_owned()], &["sales".to_owned()]).await.unwrap();
    assert_eq!(survey.organization_id.to_string(), "0a9a0000-0000-0000-0000-000000000001");
    assert_eq!(survey.non_interactive_max, Some(9));
    assert_eq!((survey.non_interactive, survey.non_interactive_without_object), (vec![object(1)], 1));
    let names: Vec<&str> = survey.business_units.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["contoso", "Sales"]);
    assert_eq!(survey.roles[0].business_unit, unit(1));

    let sent = stage.script.sent();
    assert_eq!(sent[0].uri, "https://org.crm4.dynamics.com/api/data/v9.2/$batch");
    assert_eq!(sent[0].headers["prefer"], "odata.continue-on-error");
    assert_eq!(
        (&sent[0].headers["odata-version"], &sent[0].headers["odata-maxversion"]),
        (&"4.0".parse().unwrap(), &"4.0".parse().unwrap())
    );
    let kind = sent[0].headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=\"").unwrap().strip_suffix('"').unwrap();
    assert!(sent[0].body.ends_with(&format!("--{boundary}--\r\n")));
    let lines: Vec<&str> = sent[0].body.split("\r\n").filter(|line| line.ends_with(" HTTP/1.1")).collect();
    assert_eq!(
        lines,
        [
            "GET /api/data/v9.2/WhoAmI HTTP/1.1",
            "GET /api/data/v9.2/RetrieveOrganizationResources() HTTP/1.1",
            "GET /api/data/v9.2/systemusers?$select=azureactivedirectoryobjectid&$filter=accessmode%20eq%204%20and%20isdisabled%20eq%20false%20and%20applicationid%20eq%20null HTTP/1.1",
            "GET /api/data/v9.2/businessunits?$select=businessunitid,name,_parentbusinessunitid_value HTTP/1.1",
            "GET /api/data/v9.2/roles?$select=roleid,name,_businessunitid_value&$filter=name%20eq%20'Bob''s%20Writer'%20or%20name%20eq%20'B' HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn a_survey_needs_every_part_but_the_limit() {
    let empty = r#"{"value":[]}"#;
    let denied = error("0x80040220", "missing prvReadOrganization privilege");
    let (stage, dataverse) = environment();
    let parts = |limit: &'static str, body: &str| {
        multipart(&[
            ("200 OK", JSON, WHO),
            (limit, JSON, body),
            ("200 OK", JSON, empty),
            ("200 OK", JSON, empty),
        ])
    };
    let minus = r#"{"OrganizationResources":{"MaxNumberOfNonInteractiveUsers":-1}}"#;
    stage.script.says([parts("403 Forbidden", &denied), parts("200 OK", minus)]);
    for _ in 0..2 {
        let survey = dataverse.survey(&[], &[]).await.unwrap();
        assert_eq!((survey.non_interactive_max, survey.roles.len()), (None, 0));
    }
    stage.script.says([
        parts("503 Service Unavailable", ""),
        multipart(&[("200 OK", JSON, WHO)]),
        multipart(&[
            ("403 Forbidden", JSON, &error("0x80072560", "x")),
            ("200 OK", JSON, minus),
            ("200 OK", JSON, empty),
            ("200 OK", JSON, empty),
        ]),
    ]);
    for code in [Code::RemoteUnavailable, Code::RemoteUnreadable, Code::DataverseNotMember] {
        assert_eq!(dataverse.survey(&[], &[]).await.unwrap_err().failure.code, code);
    }
}

#[tokio::test]
async fn users_are_found_in_one_query() {
    let (stage, dataverse) = environment();
    stage.script.says([answer(200, &rows(&[row(1, 0, &[role(1)]), row(2, 77, &[])]))]);
    let users = dataverse.find_users(&[object(1), object(2), object(3)]).await.unwrap();
    assert_eq!((users.len(), users[0].id, users[0].object_id), (2, row_id(1), Some(object(1))));
    assert_eq!((users[0].access_mode, users[1].access_mode), (AccessMode::ReadWrite, AccessMode::Other(77)));
    assert_eq!((users[0].roles[0].id, users[0].business_unit), (role(1), unit(1)));
    let sent = stage.script.sent();
    let (_, query) = sent[0].uri.split_once("systemusers?").unwrap();
    assert!(query.contains("&$expand=systemuserroles_association($select=roleid,name)&$filter=Microsoft.Dynamics.CRM.In(PropertyName='azureactivedirectoryobjectid',PropertyValues=%5B'"), "{query}");
    assert!(query.ends_with(&format!("'{}','{}','{}'%5D)", object(1), object(2), object(3))), "{query}");

    stage.script.says([
        answer(200, &rows(&[])),
        answer(200, &rows(&[])),
        answer(200, &rows(&[row(1, 0, &[])])),
    ]);
    let many: Vec<ObjectId> = (0..250).map(object).collect();
    assert_eq!(dataverse.find_users(&many).await.unwrap().len(), 1);
    assert_eq!(stage.script.sent().len(), 3);
}

#[tokio::test]
async fn rows_that_were_not_asked_for_or_are_not_whole_are_not_believed() {
    let mut no_roles = row(1, 0, &[]);
    no_roles.as_object_mut().unwrap().remove("systemuserroles_association");
    let mut wrong_type = row(1, 0, &[]);
    wrong_type["accessmode"] = json!("4");
    for body in [row(9, 0, &[]), no_roles, wrong_type] {
        let (stage, dataverse) = environment();
        stage.script.says([answer(200, &rows(&[body]))]);
        assert_eq!(
            dataverse.find_users(&[object(1)]).await.unwrap_err().failure.code,
            Code::RemoteUnreadable
        );
    }
}

fn change(number: u128, roles: &[Uuid]) -> AccessChange {
    AccessChange { user: row_id(number), business_unit: None, add_roles: roles.to_vec() }
}

#[tokio::test]
async fn access_is_changed_and_read_back_in_one_call() {
    let (stage, dataverse) = environment();
    let done = ("204 No Content", "OData-Version: 4.0", "");
    let refused = error("0x80041409", "role in another business unit");
    let full = error("", "Your organization has reached its maximum number of non-interactive users.");
    let gone = error("0x80040217", "systemuser With Id = x Does Not Exist");
    let again = error("0x80040237", "A record with matching key values already exists.");
    let mut moved = row(1, 4, &[role(1)]);
    moved["_businessunitid_value"] = json!(unit(7));
    stage.script.says([multipart(&[
        done,
        done, // user 1: moved, one role
        done,
        ("400 Bad Request", JSON, &refused), // user 2: the role is refused
        ("400 Bad Request", JSON, &full),    // user 3: no slot
        ("404 Not Found", JSON, &gone),      // user 4: no row
        done,
        ("412 Precondition Failed", JSON, &again), // user 5: held the role already
        ("429 Too Many Requests", "Retry-After: 11", &error("0x80072322", "x")), // user 6
        ("500 Internal Server Error", "", ""),     // user 7: landed all the same
        done,                                      // user 8: not in the answer
        (
            "200 OK",
            JSON,
            &rows(&[
                moved,
                row(2, 4, &[]),
                row(3, 0, &[]),
                row(5, 4, &[role(5)]),
                row(6, 0, &[]),
                row(7, 4, &[]),
            ]),
        ),
    ])]);
    let mut first = change(1, &[role(1)]);
    first.business_unit = Some(unit(7));
    let changes = [
        first,
        change(2, &[role(2)]),
        change(3, &[]),
        change(4, &[]),
        change(5, &[role(5)]),
        change(6, &[]),
        change(7, &[]),
        change(8, &[]),
    ];
    let members = dataverse.make_non_interactive(&changes).await.unwrap();
    let seen: Vec<_> = members.iter().map(|it| it.as_ref().map(|user| user.id).map_err(said)).collect();
    let wait = Verdict::Throttled { retry_after: Some(Duration::from_secs(11)) };
    assert_eq!(
        seen,
        [
            Ok(row_id(1)),
            Err((Code::DataverseRoleRefused, Verdict::Refused)),
            Err((Code::DataverseNoSlot, Verdict::Refused)),
            Err((Code::DataverseUserMissing, Verdict::Absent)),
            Ok(row_id(5)),
            Err((Code::RemoteThrottled, wait)),
            Ok(row_id(7)),
            Err((Code::RemoteUncertain, UNCERTAIN)),
        ]
    );
    let sent = stage.script.sent();
    let body = &sent[0].body;
    let patch = format!(
        "PATCH /api/data/v9.2/systemusers({}) HTTP/1.1\r\nAccept: application/json\r\nIf-Match: *\r\nContent-Type: application/json\r\n\r\n{{\"accessmode\":4,\"businessunitid@odata.bind\":\"/businessunits({})\"}}\r\n",
        row_id(1),
        unit(7)
    );
    let give = format!(
        "POST /api/data/v9.2/systemusers({})/systemuserroles_association/$ref HTTP/1.1\r\nAccept: application/json\r\nContent-Type: application/json\r\n\r\n{{\"@odata.id\":\"https://org.crm4.dynamics.com/api/data/v9.2/roles({})\"}}\r\n",
        row_id(1),
        role(1)
    );
    // Moving drops the roles, so they come after.
    assert!(body.find(&patch).unwrap() < body.find(&give).unwrap(), "{body}");
    assert_eq!(body.matches("If-Match: *").count(), 8);
    assert_eq!(body.matches("GET ").count(), 1);
}

#[tokio::test]
async fn a_change_whose_result_cannot_be_read_is_uncertain() {
    let done = ("204 No Content", "", "");
    for (reply, outer) in [
        (multipart(&[done, ("503 Service Unavailable", "Retry-After: 5", "")]), false),
        (multipart(&[done, ("200 OK", JSON, "<html>")]), false),
        (multipart(&[done]), true),
        (multipart(&[done, done, done]), true),
        (answer(200, "<html>"), true),
        (lost(), true),
        (answer(502, ""), true),
    ] {
        let (stage, dataverse) = environment();
        stage.script.says([reply]);
        let failure = match dataverse.make_non_interactive(&[change(1, &[])]).await {
            Ok(mut members) => {
                assert!(!outer);
                members.pop().unwrap().unwrap_err()
            }
            Err(failure) => {
                assert!(outer);
                failure
            }
        };
        assert!(matches!(failure.verdict, Verdict::Uncertain { .. }), "{failure:?}");
    }
    // What was read back is handed on as it is: whether it is enough is for the caller to say.
    let (stage, dataverse) = environment();
    stage.script.says([multipart(&[done, ("200 OK", JSON, &rows(&[row(1, 0, &[])]))])]);
    let members = dataverse.make_non_interactive(&[change(1, &[])]).await.unwrap();
    assert_eq!(members[0].as_ref().unwrap().access_mode, AccessMode::ReadWrite);
}

#[tokio::test]
async fn a_hundred_users_go_at_a_time() {
    let (stage, dataverse) = environment();
    let part = |count: u128, from: u128| {
        let all = rows(&(from..from + count).map(|number| row(number, 4, &[])).collect::<Vec<_>>());
        let mut parts = vec![("204 No Content", "", ""); usize::try_from(count).unwrap()];
        parts.push(("200 OK", JSON, all.as_str()));
        multipart(&parts)
    };
    stage.script.says([part(100, 0), part(20, 100)]);
    let changes: Vec<AccessChange> = (0..120).map(|number| change(number, &[])).collect();
    let members = dataverse.make_non_interactive(&changes).await.unwrap();
    assert!(members.iter().enumerate().all(|(place, it)| it.as_ref().unwrap().id == row_id(place as u128)));
    stage.script.says([part(100, 0), lost()]);
    let members = dataverse.make_non_interactive(&changes).await.unwrap();
    assert!(members[99].is_ok() && members[100..].iter().all(Result::is_err));
}

#[tokio::test]
async fn calling_in_a_users_name_tells_whether_the_user_is_there() {
    for (reply, expected) in [
        (
            answer(200, WHO),
            Ok(Impersonation::Present("3f0b0000-0000-0000-0000-000000000001".parse().unwrap())),
        ),
        (
            answer(403, &error("0x80042f09", "not been assigned any roles")),
            Ok(Impersonation::PresentWithoutRole),
        ),
        (
            answer(403, &error("0x80072560", "The user is not a member of the organization.")),
            Ok(Impersonation::NotMember),
        ),
        (
            answer(403, &error("0x80040220", "missing prvActOnBehalfOfAnotherUser privilege")),
            Err(Code::DataversePrivilegeMissing),
        ),
        (answer(200, "{}"), Err(Code::RemoteUnreadable)),
        (lost(), Err(Code::RemoteUnavailable)),
    ] {
        let (stage, dataverse) = environment();
        stage.script.says([reply]);
        let seen = dataverse.who_am_i_as(object(1)).await;
        assert_eq!(seen.map_err(|it| it.failure.code), expected);
        let sent = stage.script.sent();
        assert_eq!(sent[0].headers["callerobjectid"], object(1).to_string().as_str());
        assert_eq!(sent[0].uri, "https://org.crm4.dynamics.com/api/data/v9.2/WhoAmI");
    }
}
