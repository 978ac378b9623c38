//! A small world, a clock moved by hand, and calls that read like sentences.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request};
use seatless::simulator::{Delays, Dropped, Faults, ManualClock, Simulator, World};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const APP: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const SALES: &str = "1e1a282c-9c54-43a2-9310-98ef728faace";
pub(crate) const DEV: &str = "33333333-3333-4333-8333-333333333333";
pub(crate) const GUARDED: &str = "44444444-4444-4444-8444-444444444444";
pub(crate) const GROUP: &str = "55555555-5555-4555-8555-555555555555";

const WORLD: &str = r#"
[[tenants]]
name = "contoso"
id = "11111111-1111-4111-8111-111111111111"
domains = ["contoso.example"]
[[tenants.apps]]
client_id = "22222222-2222-4222-8222-222222222222"
client_secret = "s~cret+1"
roles = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "GroupMember.ReadWrite.All"]
[[tenants.apps]]
client_id = "22222222-2222-4222-8222-222222222223"
client_secret = "weak"
roles = []
powerplatform_registered = false
[[tenants.skus]]
part_number = "DYN365_ENTERPRISE_SALES"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faace"
enabled = 4
used_by_others = 2
[[tenants.skus]]
part_number = "EXCLUDING"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faacf"
enabled = 9
excludes = ["DYN365_ENTERPRISE_SALES"]
[[tenants.skus]]
part_number = "REQUIRING"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faad0"
enabled = 9
requires = ["DYN365_ENTERPRISE_SALES"]
[[tenants.skus]]
part_number = "GIVEN_BY_GROUP"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faad1"
enabled = 9
[[tenants.users]]
upn = "taken@contoso.example"
object_id = "66666666-6666-4666-8666-666666666666"
[[tenants.users]]
upn = "boss@contoso.example"
admin = true
[[tenants.users]]
upn = "synced@contoso.example"
synchronized_from_on_premises = true
[[tenants.users]]
upn = "member@contoso.example"
usage_location = "GB"
[[tenants.groups]]
id = "55555555-5555-4555-8555-555555555555"
[[tenants.groups]]
id = "55555555-5555-4555-8555-555555555556"
members = ["member@contoso.example"]
licenses = ["GIVEN_BY_GROUP"]
[[tenants.environments]]
name = "dev"
id = "33333333-3333-4333-8333-333333333333"
organization_id = "33333333-3333-4333-8333-333333333334"
host = "contoso-dev"
non_interactive_max = 3
non_interactive_others = 2
business_units = ["Sales"]
roles = ["Writer"]
[[tenants.environments]]
name = "guarded"
id = "44444444-4444-4444-8444-444444444444"
organization_id = "44444444-4444-4444-8444-444444444445"
host = "contoso-guarded"
security_group = "55555555-5555-4555-8555-555555555555"
[[tenants.environments]]
name = "stranger"
id = "44444444-4444-4444-8444-444444444446"
organization_id = "44444444-4444-4444-8444-444444444447"
host = "contoso-stranger"
app_user = false
[[tenants]]
name = "fabrikam"
id = "77777777-7777-4777-8777-777777777777"
domains = ["fabrikam.example"]
[[tenants.environments]]
name = "far"
id = "77777777-7777-4777-8777-777777777778"
organization_id = "77777777-7777-4777-8777-777777777779"
host = "fabrikam-far"
"#;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {:?}", self.bytes))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `code` of an error body.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The `message` of an error body.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A simulator under test.
pub(crate) struct Lab {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a fixed instant")
}

pub(crate) fn world() -> World {
    World::from_toml(WORLD).expect("the world of the tests")
}

impl Lab {
    /// Without lags and faults.
    pub(crate) fn calm() -> Self {
        Self::with(Delays::none(), Faults::default(), 7)
    }

    pub(crate) fn with(delays: Delays, faults: Faults, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(start()));
        let simulator = Simulator::new(&world(), delays, faults, seed, clock.clone()).expect("a sound world");
        Self { simulator: Arc::new(simulator), clock }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Dropped> {
        let mut request = Request::builder().method(method).uri(url.replace(' ', "%20").replace('\'', "%27"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.simulator.respond(request.body(body.into()).expect("a request")).await?;
        let (parts, bytes) = response.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, bytes })
    }

    pub(crate) async fn token_for(&self, app: &str, secret: &str, resource: &str) -> String {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", app)
            .append_pair("client_secret", secret)
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &format!("{resource}/.default"))
            .finish();
        let url = format!("https://login.localhost/{TENANT}/oauth2/v2.0/token");
        let answer =
            self.send("POST", &url, &[], form).await.expect("no faults while signing in").expect(200);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn token(&self, resource: &str) -> String {
        self.token_for(APP, "s~cret+1", resource).await
    }

    /// A call with the right token for its host.
    pub(crate) async fn call(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        self.attempt(method, url, headers, body).await.expect("an answer")
    }

    pub(crate) async fn attempt(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Result<Answer, Dropped> {
        let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let bearer = format!("Bearer {}", self.token(&origin).await);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(method, url, &all, body).await
    }

    pub(crate) async fn graph(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call(method, &format!("https://graph.localhost/v1.0{path}"), &[], body).await
    }

    pub(crate) async fn dev(&self, method: &str, path: &str, body: Value) -> Answer {
        self.dev_with(method, path, &[], body).await
    }

    pub(crate) async fn dev_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let url = format!("https://contoso-dev.crm.localhost/api/data/v9.2/{path}");
        self.call(method, &url, headers, body).await
    }

    pub(crate) async fn add_user(&self, environment: &str, user: &str) -> Answer {
        let url = format!(
            "https://bap.localhost/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/{environment}/addUser?api-version=2023-06-01"
        );
        self.call("POST", &url, &[], json!({"objectId": user})).await
    }

    /// Creates a user and returns its id.
    pub(crate) async fn user(&self, name: &str) -> String {
        let answer = self.graph("POST", "/users", new_user(name)).await.expect(201);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn license(&self, user: &str, add: &[&str], remove: &[&str]) -> Answer {
        let add: Vec<Value> = add.iter().map(|sku| json!({"skuId": sku, "disabledPlans": []})).collect();
        let body = json!({"addLicenses": add, "removeLicenses": remove});
        self.graph("POST", &format!("/users/{user}/assignLicense"), body).await
    }

    /// The row of a user in `dev`.
    pub(crate) async fn row(&self, user: &str) -> Option<Value> {
        let path = format!("systemusers?$filter=azureactivedirectoryobjectid eq {user}");
        self.dev("GET", &path, Value::Null).await.expect(200).json()["value"].get(0).cloned()
    }

    /// A licensed user with a row in `dev`; returns its object id and its row's id.
    pub(crate) async fn propagated(&self, name: &str) -> (String, String) {
        let user = self.user(name).await;
        self.license(&user, &[SALES], &[]).await.expect(200);
        self.add_user(DEV, &user).await.expect(200);
        let row = self.row(&user).await.expect("a row");
        (user, row["systemuserid"].as_str().expect("a key").to_owned())
    }
}

/// The body of a create.
pub(crate) fn new_user(name: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": name, "givenName": "svc", "surname": name, "mailNickname": name,
        "userPrincipalName": format!("{name}@contoso.example"), "usageLocation": "GB",
        "passwordProfile": {"password": "aB3$aB3$aB3$", "forceChangePasswordNextSignIn": false},
        "onPremisesExtensionAttributes": {"extensionAttribute15": format!("seatless:store:{name}:1")},
    })
}
