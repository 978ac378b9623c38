//! Every route that Microsoft describes, asked and refused, beside its description; and every route that has none.

use crate::contracts::{Contracts, Exchange, listed};
use crate::lab::{APP, DEV, GROUP, Lab, SALES, TENANT, new_user};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

/// Calls that are kept with their answers.
struct Tour {
    lab: Lab,
    exchanges: Vec<Exchange>,
}

const NOBODY: &str = "99999999-9999-4999-8999-999999999999";

impl Tour {
    async fn call(
        &mut self,
        status: u16,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Value {
        let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let mut request = Request::builder().method(method).uri(url.replace(' ', "%20").replace('\'', "%27"));
        request = request.header("authorization", format!("Bearer {}", self.lab.token(&origin).await));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = request.body(body).unwrap();
        let answer = self.lab.simulator.respond(request.clone()).await.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), status, "{method} {url}: {text}");
        self.exchanges.push(Exchange::new(&request, &answer));
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn graph(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        self.call(status, method, &format!("https://graph.localhost/v1.0{path}"), &[], body).await
    }

    async fn dev(
        &mut self,
        status: u16,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Value {
        let url = format!("https://contoso-dev.crm.localhost/api/data/v9.2/{path}");
        self.call(status, method, &url, headers, body).await
    }
}

/// Every property of a user that the description names, which is what Terraform's provider selects.
const EVERY_PROPERTY: &str = "id,deletedDateTime,signInActivity,accountEnabled,ageGroup,authorizationInfo,city,companyName,\
    consentProvidedForMinor,country,createdDateTime,creationType,customSecurityAttributes,department,displayName,\
    employeeHireDate,employeeId,employeeLeaveDateTime,employeeOrgData,employeeType,externalUserState,\
    externalUserStateChangeDateTime,faxNumber,givenName,isResourceAccount,jobTitle,lastPasswordChangeDateTime,\
    legalAgeGroupClassification,mail,mailNickname,mobilePhone,officeLocation,onPremisesDistinguishedName,\
    onPremisesDomainName,onPremisesExtensionAttributes,onPremisesImmutableId,onPremisesLastSyncDateTime,\
    onPremisesSamAccountName,onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,\
    passwordPolicies,passwordProfile,postalCode,preferredDataLocation,preferredLanguage,securityIdentifier,\
    showInAddressList,signInSessionsValidFromDateTime,state,streetAddress,surname,usageLocation,userPrincipalName,userType,\
    assignedLicenses,assignedPlans,businessPhones,identities,imAddresses,licenseAssignmentStates,\
    onPremisesProvisioningErrors,otherMails,provisionedPlans,proxyAddresses,serviceProvisioningErrors";

#[tokio::test]
async fn every_described_route_answers_and_refuses_as_it_is_described() {
    let Some(contracts) = Contracts::at_hand() else { return };
    let mut tour = Tour { lab: Lab::calm(), exchanges: Vec::new() };
    let user = graph_described(&mut tour).await;
    dataverse_described(&mut tour, &user).await;
    graph_deletions(&mut tour, &user).await;

    let findings = contracts.judge(tour.exchanges);
    assert!(findings.faults.is_empty(), "{}", findings.faults.join("\n"));
    let unlisted: Vec<_> = findings.undescribed.difference(&listed()).cloned().collect();
    assert!(unlisted.is_empty(), "neither described nor listed in docs/simulator.md: {unlisted:#?}");
    let untried: Vec<_> =
        contracts.routes().into_iter().filter(|route| !findings.used.contains_key(route)).collect();
    assert!(untried.is_empty(), "{untried:?}");
}

async fn graph_described(tour: &mut Tour) -> String {
    let made = tour.graph(201, "POST", "/users", new_user("svc-tour")).await;
    let user = made["id"].as_str().unwrap().to_owned();
    tour.graph(400, "POST", "/users", new_user("svc-tour")).await;
    let mut weak = new_user("svc-weak");
    weak["passwordProfile"]["password"] = json!("weak");
    tour.graph(400, "POST", "/users", weak).await;
    let license = |add: &[&str], remove: &[&str]| {
        let add: Vec<Value> = add.iter().map(|sku| json!({"skuId": sku, "disabledPlans": []})).collect();
        json!({"addLicenses": add, "removeLicenses": remove})
    };
    tour.graph(200, "POST", &format!("/users/{user}/assignLicense"), license(&[SALES], &[])).await;
    tour.graph(400, "POST", &format!("/users/{user}/assignLicense"), license(&[NOBODY], &[])).await;
    tour.graph(200, "GET", "/users?$top=2&$select=id,userPrincipalName", Value::Null).await;
    tour.graph(200, "GET", &format!("/users?$select={EVERY_PROPERTY}"), Value::Null).await;
    tour.graph(400, "GET", "/users?$filter=city like 'x'", Value::Null).await;
    tour.graph(200, "GET", &format!("/users/{user}"), Value::Null).await;
    tour.graph(200, "GET", &format!("/users/{user}?$select={EVERY_PROPERTY}"), Value::Null).await;
    tour.graph(404, "GET", &format!("/users/{NOBODY}"), Value::Null).await;
    tour.graph(204, "PATCH", &format!("/users/{user}"), json!({"jobTitle": "Service"})).await;
    tour.graph(404, "PATCH", &format!("/users/{NOBODY}"), json!({"jobTitle": "Service"})).await;
    tour.graph(200, "GET", "/subscribedSkus", Value::Null).await;
    let twice = json!({"id": "1", "method": "GET", "url": "/users"});
    tour.graph(400, "POST", "/$batch", json!({"requests": [twice, twice]})).await;
    let requests = json!([
        {"id": "1", "method": "GET", "url": format!("/users/{user}")},
        {"id": "2", "method": "GET", "url": format!("/users/{NOBODY}")},
    ]);
    tour.graph(200, "POST", "/$batch", json!({"requests": requests})).await;
    user
}

async fn graph_deletions(tour: &mut Tour, user: &str) {
    let deleted = format!("/directory/deletedItems/{user}");
    tour.graph(404, "GET", &deleted, Value::Null).await;
    tour.graph(204, "DELETE", &format!("/users/{user}"), Value::Null).await;
    tour.graph(404, "DELETE", &format!("/users/{user}"), Value::Null).await;
    tour.graph(200, "GET", &deleted, Value::Null).await;
    tour.graph(200, "POST", &format!("{deleted}/restore"), Value::Null).await;
    tour.graph(404, "POST", &format!("{deleted}/restore"), Value::Null).await;
    tour.graph(204, "DELETE", &format!("/users/{user}"), Value::Null).await;
    tour.graph(204, "DELETE", &deleted, Value::Null).await;
    tour.graph(404, "DELETE", &deleted, Value::Null).await;
}

async fn dataverse_described(tour: &mut Tour, user: &str) {
    tour.lab.add_user(DEV, user).await.expect(200);
    let all = [("prefer", "odata.include-annotations=\"*\"")];
    let page = [("prefer", "odata.maxpagesize=1")];
    let representation = [("prefer", "return=representation"), ("if-match", "*")];
    for set in ["systemusers", "roles", "businessunits"] {
        tour.dev(200, "GET", set, &[], Value::Null).await;
        tour.dev(200, "GET", &format!("{set}?$top=1&$count=true"), &all, Value::Null).await;
        tour.dev(400, "GET", &format!("{set}?$filter=nonsense eq 1"), &all, Value::Null).await;
    }
    tour.dev(200, "GET", "systemusers", &page, Value::Null).await;
    let filter = format!("systemusers?$filter=azureactivedirectoryobjectid eq {user}");
    let expand = "$expand=systemuserroles_association($select=name,roleid)";
    let found = tour.dev(200, "GET", &format!("{filter}&{expand}"), &[], Value::Null).await;
    let row = format!("systemusers({})", found["value"][0]["systemuserid"].as_str().unwrap());
    let roles = tour.dev(200, "GET", "roles?$filter=name eq 'Writer'", &[], Value::Null).await;
    let role = roles["value"][0]["roleid"].as_str().unwrap().to_owned();
    tour.dev(200, "GET", &format!("roles({role})"), &all, Value::Null).await;
    tour.dev(404, "GET", &format!("roles({NOBODY})"), &all, Value::Null).await;
    tour.dev(200, "GET", &format!("{row}?{expand}"), &all, Value::Null).await;
    tour.dev(404, "GET", &format!("systemusers({NOBODY})"), &[], Value::Null).await;
    tour.dev(204, "PATCH", &row, &[("if-match", "*")], json!({"firstname": "svc"})).await;
    tour.dev(200, "PATCH", &row, &representation, json!({"firstname": "svc"})).await;
    tour.dev(404, "PATCH", &format!("systemusers({NOBODY})"), &representation, json!({"firstname": "svc"}))
        .await;
    tour.dev(412, "PATCH", &row, &[("if-match", "W/\"0\"")], json!({"firstname": "svc"})).await;
    let reference =
        json!({"@odata.id": format!("https://contoso-dev.crm.localhost/api/data/v9.2/roles({role})")});
    tour.dev(204, "POST", &format!("{row}/systemuserroles_association/$ref"), &[], reference).await;
    tour.dev(200, "GET", &format!("{row}/systemuserroles_association"), &[], Value::Null).await;
    tour.dev(404, "GET", &format!("systemusers({NOBODY})/systemuserroles_association"), &[], Value::Null)
        .await;
    let application = json!({"ownerid": "88888888-8888-4888-8888-888888888888", "applicationid": "22222222-2222-4222-8222-222222222229"});
    tour.dev(201, "POST", "systemusers", &[("prefer", "return=representation")], application.clone()).await;
    tour.dev(400, "POST", "systemusers", &[], application).await;
    tour.dev(200, "GET", "WhoAmI", &[], Value::Null).await;
    tour.dev(200, "GET", "WhoAmI()", &[], Value::Null).await;
    tour.dev(403, "GET", "WhoAmI", &[("callerobjectid", NOBODY)], Value::Null).await;
}

#[tokio::test]
async fn every_listed_route_without_a_description_is_answered() {
    let lab = Lab::calm();
    let (user, row) = lab.propagated("svc-listed").await;
    let one = |value: Value, name: &str| value["value"][0][name].as_str().unwrap().to_owned();
    let role = one(lab.dev("GET", "roles?$filter=name eq 'Writer'", Value::Null).await.json(), "roleid");
    let unit = one(lab.dev("GET", "businessunits", Value::Null).await.json(), "businessunitid");
    let gaps = [
        ("{tenant}", TENANT),
        ("{user}", &user),
        ("{sku}", &format!("{TENANT}_{SALES}")),
        ("{group}", GROUP),
        ("{app}", APP),
        ("{environment}", DEV),
        ("{row}", &row),
        ("{role}", &role),
        ("{unit}", &unit),
    ];
    let text = include_str!("../../docs/simulator.md");
    let routes: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let listed: Vec<&str> = routes.iter().filter(|route| route.contains(" /")).copied().collect();
    assert!(listed.len() > 50, "{listed:?}");
    for route in listed {
        let filled = gaps.iter().fold(route.to_owned(), |route, (gap, value)| route.replace(gap, value));
        let (method, path) = filled.split_once(' ').unwrap();
        let host = match path {
            _ if path.starts_with("/v1.0") => "graph.localhost",
            _ if path.starts_with("/api/data") => "contoso-dev.crm.localhost",
            _ if path.starts_with("/providers") => "bap.localhost",
            _ => "login.localhost",
        };
        let query = if host == "bap.localhost" { "?api-version=2023-06-01" } else { "" };
        let url = format!("https://{host}{path}{query}");
        let answer = match host {
            "login.localhost" => lab.send(method, &url, &[], "").await.unwrap(),
            _ => lab.call(method, &url, &[], json!({})).await,
        };
        let text = answer.text();
        let signs =
            ["not found for the segment", "No HTTP resource", "<html>", "\"ResourceNotFound\"", "No service"];
        let nothing_there = answer.status == 405 || signs.iter().any(|sign| text.contains(sign));
        assert!(!nothing_there && answer.status < 500, "{route}: {} {text}", answer.status);
    }
}
