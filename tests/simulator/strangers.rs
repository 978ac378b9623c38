//! What clients ask that are neither ours nor among those that the tests run: by hand, from PowerShell, Go or .NET, by
//! Terraform. Each test names the page that it was read from.

use crate::lab::{APP, Answer, DEV, Lab, TENANT};
use serde_json::{Value, json};

const NOBODY: &str = "99999999-9999-4999-8999-999999999999";

async fn sign_in(lab: &Lab, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    lab.send("POST", &format!("https://login.localhost/{path}"), &[], form).await.unwrap()
}

/// azuread-dev/v1-oauth2-client-creds-grant-flow: the endpoint of ADAL and of Power Platform's older scripts.
#[tokio::test]
async fn the_older_token_endpoint_takes_a_resource_and_writes_numbers_as_text() {
    let lab = Lab::calm();
    let dev = "https://contoso-dev.crm.localhost/";
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("client_secret", "s~cret+1"),
        ("resource", dev),
    ];
    let body = sign_in(&lab, &format!("{TENANT}/oauth2/token"), &fields).await.expect(200).json();
    assert_eq!((&body["expires_in"], &body["resource"]), (&json!("3599"), &json!(dev)));
    assert!(body["expires_on"].as_str().is_some_and(|text| text.parse::<i64>().is_ok()), "{body}");
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let url = format!("{dev}api/data/v9.2/WhoAmI");
    lab.send("GET", &url, &[("authorization", &bearer)], "").await.unwrap().expect(200);
    let without = sign_in(&lab, &format!("{TENANT}/oauth2/token"), &fields[..3]).await.expect(400).json();
    assert_eq!(without["error_codes"], json!([900_144]));
}

/// identity-platform/v2-protocols-oidc; reference-error-codes (AADSTS50059).
#[tokio::test]
async fn a_tenant_that_nobody_named_has_a_document_and_no_token() {
    let lab = Lab::calm();
    for tenant in ["common", "organizations"] {
        let url = format!("https://localhost:7443/{tenant}/v2.0/.well-known/openid-configuration");
        let body = lab.send("GET", &url, &[], "").await.unwrap().expect(200).json();
        assert_eq!(body["issuer"], "https://localhost:7443/{tenantid}/v2.0");
        let fields =
            [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s~cret+1")];
        let refused = sign_in(&lab, &format!("{tenant}/oauth2/v2.0/token"), &fields).await.expect(400).json();
        assert_eq!(refused["error_codes"], json!([50_059]));
    }
    let older = format!("https://localhost:7443/{TENANT}/.well-known/openid-configuration");
    let body = lab.send("GET", &older, &[], "").await.unwrap().expect(200).json();
    assert_eq!(body["token_endpoint"], format!("https://localhost:7443/{TENANT}/oauth2/token"));
}

/// hashicorp/go-azure-sdk, environments: `{ARM_METADATA_HOSTNAME}/metadata/endpoints`.
#[tokio::test]
async fn terraform_finds_the_services() {
    let lab = Lab::calm();
    let url = "https://localhost:7443/metadata/endpoints?api-version=2022-09-01";
    let cloud = lab.send("GET", url, &[], "").await.unwrap().expect(200).json();
    assert_eq!(cloud["authentication"]["loginEndpoint"], "https://localhost:7443");
    assert_eq!(cloud["microsoftGraphResourceId"], "https://localhost:7443");
    let url = "https://login.localhost:7443/metadata/endpoints?api-version=2019-05-01";
    let clouds = lab.send("GET", url, &[], "").await.unwrap().expect(200).json();
    assert_eq!(clouds[0]["microsoftGraphResourceId"], "https://graph.localhost:7443");
}

/// concepts/use-the-api, "Resource" and "Version"; api-reference/v1.0/api/user-assignlicense.
#[tokio::test]
async fn graph_reads_its_words_in_any_case_and_answers_in_both_versions() {
    let lab = Lab::calm();
    let user = lab.user("svc-case").await;
    for path in [
        format!("/Users/{user}"),
        format!("/users('{user}')"),
        format!("/USERS/{user}/"),
        format!("/users({user})"),
    ] {
        assert_eq!(lab.graph("GET", &path, Value::Null).await.expect(200).json()["id"], user, "{path}");
    }
    let beta = format!("https://graph.localhost/beta/users/{user}");
    let body = lab.call("GET", &beta, &[], Value::Null).await.expect(200).json();
    assert_eq!(body["@odata.context"], "https://graph.localhost/beta/$metadata#users/$entity");
    let licenses = json!({"addLicenses": [], "removeLicenses": []});
    let path = format!("/users/{user}/microsoft.graph.assignlicense");
    assert_eq!(lab.graph("POST", &path, licenses).await.expect(400).message(), "No license changes provided");
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": format!("/Users/{user}")}]});
    let url = "https://graph.localhost/beta/$Batch";
    let answer = lab.call("POST", url, &[], batch).await.expect(200).json();
    assert_eq!(answer["responses"][0]["status"], 200, "{answer}");
}

/// microsoft-graph-docs issues 119 and 13985 (405), msgraph-beta-sdk-python issue 764 (segment); concepts/errors.
#[tokio::test]
async fn graph_refuses_what_is_not_there_in_its_own_words() {
    let lab = Lab::calm();
    let id = [("client-request-id", "0d0e0000-0000-4000-8000-000000000001")];
    for (method, path, status, code, message) in [
        ("GET", "/nonsense", 400, "BadRequest", "Resource not found for the segment 'nonsense'."),
        ("GET", "/users/x/nonsense", 400, "BadRequest", "Resource not found for the segment 'nonsense'."),
        (
            "PUT",
            "/users",
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
        (
            "GET",
            "/users/x/assignLicense",
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
        ("GET", "/me", 400, "BadRequest", "/me request is only valid with delegated authentication flow."),
        ("GET", "/users?$skip=1", 400, "Request_BadRequest", "'$skip' is not supported by the service."),
        (
            "GET",
            "/users?$search=\"displayName:svc\"",
            400,
            "Request_UnsupportedQuery",
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ),
    ] {
        let url = format!("https://graph.localhost/v1.0{}", path.replace('"', "%22"));
        let answer = lab.call(method, &url, &id, Value::Null).await.expect(status);
        assert_eq!((answer.code().as_str(), answer.message().as_str()), (code, message), "{method} {path}");
        let inner = answer.json()["error"]["innerError"].clone();
        assert_eq!(inner["client-request-id"], id[0].1);
        assert_eq!(inner["request-id"], answer.header("request-id").unwrap());
        assert_eq!(answer.header("client-request-id"), Some(id[0].1));
        assert!(inner["date"].as_str().is_some_and(|date| date.len() == 19), "{inner}");
    }
    let answer = lab.send("GET", "https://graph.localhost/v1.0/users", &[], "").await.unwrap().expect(401);
    assert_eq!(answer.code(), "InvalidAuthenticationToken");
    assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer realm=\"\"")));
}

/// concepts/query-parameters (`$orderby`, `$expand`, `$top`), concepts/search-query-parameter, concepts/aad-advanced-queries.
#[tokio::test]
async fn graph_orders_searches_expands_and_counts() {
    let lab = Lab::calm();
    for name in ["svc-b", "svc-a", "other"] {
        lab.user(name).await;
    }
    let eventual = [("consistencylevel", "eventual")];
    let names = |answer: Answer| {
        let body = answer.expect(200).json();
        let rows = body["value"].as_array().unwrap().clone();
        rows.iter().map(|row| row["displayName"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let url = "https://graph.localhost/v1.0/users?$filter=startswith(displayName,'svc')&$orderby=displayName";
    assert_eq!(names(lab.call("GET", url, &[], Value::Null).await), ["svc-a", "svc-b"]);
    assert_eq!(names(lab.call("GET", &format!("{url} desc"), &[], Value::Null).await), ["svc-b", "svc-a"]);
    let url = "https://graph.localhost/v1.0/users?$search=%22displayName:svc%22&$count=true&$orderby=displayName&$top=1";
    let answer = lab.call("GET", url, &eventual, Value::Null).await;
    let body = answer.json();
    assert_eq!((&body["@odata.count"], names(answer)), (&json!(2), vec!["svc-a".to_owned()]));
    let next = body["@odata.nextLink"].as_str().unwrap();
    assert_eq!(names(lab.call("GET", next, &eventual, Value::Null).await), ["svc-b"]);
    let path = "/users/member@contoso.example?$select=id&$expand=memberOf";
    let body = lab.graph("GET", path, Value::Null).await.expect(200).json();
    assert_eq!(body["memberOf"][0]["@odata.type"], "#microsoft.graph.group", "{body}");
    let unknown = lab.graph("GET", "/users?$select=nonsense", Value::Null).await.expect(400);
    assert!(
        unknown.message().starts_with(
            "Parsing OData Select and Expand failed: Could not find a property named 'nonsense'"
        )
    );
}

/// concepts/json-batching and OData JSON Format 4.0 §3.1: what the headers say about the body.
#[tokio::test]
async fn graph_tells_the_format_of_its_answers() {
    let lab = Lab::calm();
    let answer = lab.graph("GET", "/organization", Value::Null).await.expect(200);
    assert_eq!(answer.header("odata-version"), Some("4.0"));
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/json;odata.metadata=minimal;"), "{kind}");
    let plain = [("accept", "application/json;odata.metadata=none")];
    let answer = lab.call("GET", "https://graph.localhost/v1.0/users", &plain, Value::Null).await.expect(200);
    assert!(answer.json().get("@odata.context").is_none());
    assert!(answer.header("content-type").unwrap().contains("odata.metadata=none"));
}

/// Terraform's azuread provider: who it is itself, and what a user is whom it has made.
#[tokio::test]
async fn terraform_finds_itself_and_what_it_made() {
    let lab = Lab::calm();
    let filter = format!("/servicePrincipals?$filter=appId eq '{APP}'");
    let found = lab.graph("GET", &filter, Value::Null).await.expect(200).json();
    let principal = found["value"][0]["id"].as_str().unwrap().to_owned();
    let object =
        lab.graph("GET", &format!("/directoryObjects/{principal}"), Value::Null).await.expect(200).json();
    assert_eq!(object["@odata.type"], "#microsoft.graph.servicePrincipal");
    let user = lab.user("svc-tf").await;
    let change =
        json!({"ageGroup": null, "employeeOrgData": {"division": "x"}, "consentProvidedForMinor": null});
    lab.graph("PATCH", &format!("/users/{user}"), change).await.expect(204);
    let read = format!("/users/{user}?$select=ageGroup,employeeOrgData,showInAddressList,securityIdentifier");
    let shown = lab.graph("GET", &read, Value::Null).await.expect(200).json();
    assert_eq!(shown["employeeOrgData"]["division"], "x");
    assert!(shown["securityIdentifier"].as_str().unwrap().starts_with("S-1-12-1-"));
    lab.graph("GET", &format!("/users/{user}/manager"), Value::Null).await.expect(404);
    let groups = json!({"groupIds": [crate::lab::GROUP]});
    let path = format!("/users/{user}/checkMemberGroups");
    assert_eq!(lab.graph("POST", &path, groups).await.expect(200).json()["value"], json!([]));
}

/// dataverse/web-api-client-errors; the status codes of webapi/compose-http-requests-handle-errors.
#[tokio::test]
async fn dataverse_refuses_what_is_not_there_in_its_own_words() {
    let lab = Lab::calm();
    let (_, row) = lab.propagated("svc-w").await;
    let who = "No HTTP resource was found that matches the request URI 'https://contoso-dev.crm.localhost/api/data/v9.2/WhoAmI'.";
    let invalid = "An error occurred while validating input parameters: Microsoft.Crm.CrmException: Invalid property 'AccessMode' was \
                   found in entity 'Microsoft.Dynamics.CRM.systemuser'. ---> Microsoft.OData.ODataException: Does not support \
                   untyped value in non-open type.";
    for (method, path, body, status, code, message) in [
        (
            "GET",
            "SystemUsers".to_owned(),
            Value::Null,
            404,
            "0x8006088a",
            "Resource not found for the segment 'SystemUsers'.",
        ),
        (
            "GET",
            "systemusers?$select=Name".to_owned(),
            Value::Null,
            400,
            "0x0",
            "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.systemuser'.",
        ),
        ("POST", "WhoAmI".to_owned(), Value::Null, 404, "", who),
        ("PATCH", format!("systemusers({row})"), json!({"AccessMode": 4}), 400, "0x0", invalid),
        (
            "DELETE",
            "systemusers".to_owned(),
            Value::Null,
            405,
            "",
            "The requested resource does not support http method 'DELETE'.",
        ),
        (
            "GET",
            "systemusers?fetchXml=<fetch/>".to_owned(),
            Value::Null,
            501,
            "",
            "The query parameter fetchXml is not implemented.",
        ),
    ] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let answer = lab.dev(method, &path, body).await.expect(status);
        assert_eq!((answer.code().as_str(), answer.message().as_str()), (code, message), "{method} {path}");
        assert_eq!(answer.header("odata-version"), Some("4.0"));
        assert!(answer.header("req_id").is_some() && answer.header("x-ms-service-request-id").is_some());
    }
}

/// webapi/compose-http-requests-handle-errors, "Include more details with errors".
#[tokio::test]
async fn dataverse_says_more_of_an_error_when_asked() {
    let lab = Lab::calm();
    let path = format!("systemusers({NOBODY})");
    let all = [("prefer", "odata.include-annotations=\"*\"")];
    let error = lab.dev_with("GET", &path, &all, Value::Null).await.expect(404).json()["error"].clone();
    assert_eq!(error["@Microsoft.PowerApps.CDS.InnerError.Message"], error["message"]);
    let link = error["@Microsoft.PowerApps.CDS.HelpLink"].as_str().unwrap();
    assert!(link.contains("error=Microsoft.Crm.CrmException%3a80040217"), "{link}");
    let some = [("prefer", "odata.include-annotations=\"Microsoft.PowerApps.CDS.Help*\"")];
    let error = lab.dev_with("GET", &path, &some, Value::Null).await.expect(404).json()["error"].clone();
    assert_eq!(error.as_object().unwrap().len(), 3, "{error}");
    let error = lab.dev("GET", &path, Value::Null).await.expect(404).json()["error"].clone();
    assert_eq!(error.as_object().unwrap().len(), 2, "{error}");
}

/// webapi/compose-http-requests-handle-errors, "Request annotations"; webapi/query/order-rows.
#[tokio::test]
async fn dataverse_annotates_and_orders_rows() {
    let lab = Lab::calm();
    let (_, row) = lab.propagated("svc-n").await;
    let all = [("prefer", "odata.include-annotations=\"*\"")];
    let path = "systemusers?$select=fullname,accessmode,_businessunitid_value&$orderby=accessmode desc,fullname&$count=true";
    let answer = lab.dev_with("GET", path, &all, Value::Null).await.expect(200);
    assert_eq!(answer.header("preference-applied"), Some("odata.include-annotations=\"*\""));
    let body = answer.json();
    assert_eq!(body["@Microsoft.Dynamics.CRM.totalrecordcount"], body["@odata.count"]);
    let rows = body["value"].as_array().unwrap();
    let modes: Vec<i64> = rows.iter().map(|row| row["accessmode"].as_i64().unwrap()).collect();
    assert!(
        modes.len() > 2
            && modes.is_sorted_by(|left, right| left >= right)
            && modes[0] > modes[modes.len() - 1],
        "{modes:?}"
    );
    let mine = rows.iter().find(|found| found["systemuserid"] == row.as_str()).unwrap();
    assert_eq!(mine["accessmode@OData.Community.Display.V1.FormattedValue"], "Read-Write");
    assert_eq!(mine["_businessunitid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "businessunit");
    let plain = lab.dev("GET", path, Value::Null).await.expect(200).text();
    assert!(!plain.contains("FormattedValue") && !plain.contains("totalrecordcount"));
}

/// webapi/retrieve-entity-using-web-api ("Retrieve a single property") and update-delete-entities-using-web-api ("Update a single property").
#[tokio::test]
async fn dataverse_reads_and_writes_one_property() {
    let lab = Lab::calm();
    let (_, row) = lab.propagated("svc-p").await;
    let mode = format!("systemusers({row})/accessmode");
    let answer = lab.dev("PUT", &mode, json!({"value": 4})).await.expect(204);
    let address = format!("https://contoso-dev.crm.localhost/api/data/v9.2/systemusers({row})");
    assert_eq!(answer.header("odata-entityid"), Some(address.as_str()));
    assert_eq!(lab.dev("GET", &mode, Value::Null).await.expect(200).json()["value"], 4);
    assert_eq!(lab.dev("GET", &format!("{mode}/$value"), Value::Null).await.expect(200).text(), "4");
    lab.dev("GET", &format!("systemusers({row})/applicationid"), Value::Null).await.expect(204);
    let unit = lab.dev("GET", &format!("systemusers({row})/businessunitid"), Value::Null).await.expect(200);
    assert!(unit.json()["businessunitid"].is_string());
    lab.dev("PUT", &format!("systemusers({NOBODY})/accessmode"), json!({"value": 4})).await.expect(404);
}

/// RFC 9110 §9.3.2 (HEAD); Fetch standard §3.2 and developer/data-platform/oauth-cross-origin-resource-sharing-connect-single-page-application.
#[tokio::test]
async fn a_head_is_an_answer_without_its_body_and_a_browser_may_ask_first() {
    let lab = Lab::calm();
    for url in [
        "https://graph.localhost/v1.0/organization",
        "https://contoso-dev.crm.localhost/api/data/v9.2/WhoAmI",
    ] {
        let full = lab.call("GET", url, &[], Value::Null).await.expect(200);
        let head = lab.call("HEAD", url, &[], Value::Null).await.expect(200);
        assert!(head.bytes.is_empty());
        assert_eq!(head.header("content-length"), Some(full.bytes.len().to_string().as_str()));
        let asks = [
            ("origin", "https://page.example"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization,if-match"),
        ];
        let preflight = lab.send("OPTIONS", url, &asks, "").await.unwrap().expect(200);
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
        assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization,if-match"));
        let read = lab.call("GET", url, &asks[..1], Value::Null).await.expect(200);
        assert_eq!(read.header("access-control-allow-origin"), Some("*"));
    }
}

/// Azure's paths have no case; webapi/compose-http-requests-handle-errors says it of nothing below `api/data/v9.2`.
#[tokio::test]
async fn ways_to_a_service_have_no_case() {
    let lab = Lab::calm();
    let bap = "/PROVIDERS/microsoft.businessappplatform/scopes/Admin/Environments";
    let url = format!("https://bap.localhost{bap}/{DEV}?api-version=2023-06-01");
    assert_eq!(lab.call("GET", &url, &[], Value::Null).await.expect(200).json()["name"], DEV);
    let url = "https://contoso-dev.crm.localhost/API/Data/V9.0/WhoAmI/";
    lab.call("GET", url, &[], Value::Null).await.expect(200);
    let nowhere = lab.send("GET", "https://localhost:7443/nonsense", &[], "").await.unwrap().expect(404);
    assert_eq!(nowhere.code(), "NotFound");
}
