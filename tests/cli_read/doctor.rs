//! `doctor` against a simulated cloud, with each thing broken once.

use crate::{Ran, finish};
use seatless::simulator::{
    Act, Clock, Delays, Faults, Listening, ManualClock, Simulator, TokioSpawn, WallClock, World, listen,
};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

const APP: Uuid = Uuid::from_u128(0xb1);
const NEEDED: [&str; 3] = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"];

const WORLD: &str = r#"
[[tenants]]
name = "contoso"
id = "00000000-0000-0000-0000-0000000000a1"
domains = ["contoso.example"]
[[tenants.apps]]
client_id = "00000000-0000-0000-0000-0000000000b1"
client_secret = "secret-canary"
roles = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"]
[[tenants.skus]]
part_number = "DYN365_ENTERPRISE_SALES"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faace"
enabled = 3
used_by_others = 1
[[tenants.groups]]
id = "00000000-0000-0000-0000-0000000000c1"
[[tenants.environments]]
name = "dev"
id = "00000000-0000-0000-0000-0000000000d1"
organization_id = "00000000-0000-0000-0000-0000000000e1"
host = "contoso-dev"
non_interactive_max = 3
non_interactive_others = 2
roles = ["Writer"]
[[tenants.environments]]
name = "guarded"
id = "00000000-0000-0000-0000-0000000000d2"
organization_id = "00000000-0000-0000-0000-0000000000e2"
host = "contoso-guarded"
security_group = "00000000-0000-0000-0000-0000000000c1"
"#;

/// A cloud, and a config that leads there.
struct Clinic {
    simulator: Arc<Simulator>,
    clock: Arc<ManualClock>,
    listening: Listening,
    folder: tempfile::TempDir,
}

impl Clinic {
    async fn open() -> Self {
        let world = World::from_toml(WORLD).unwrap();
        let clock = Arc::new(ManualClock::new(WallClock.now()));
        let simulator = Simulator::new(&world, Delays::none(), Faults::default(), 1, clock.clone()).unwrap();
        let simulator = Arc::new(simulator);
        let any = "127.0.0.1:0".parse().unwrap();
        let listening = listen(simulator.clone(), Some(any), None, TokioSpawn).await.unwrap();
        let clinic = Self { simulator, clock, listening, folder: tempfile::tempdir().unwrap() };
        std::fs::write(clinic.folder.path().join("secret"), "secret-canary").unwrap();
        clinic.configure("", "", "");
        clinic
    }

    /// Writes the config; with more about the tenant, the sign-in, and the environment `dev`.
    fn configure(&self, tenant: &str, sign_in: &str, dev: &str) {
        let port = self.listening.http.unwrap().port();
        let sign_in = if sign_in.is_empty() {
            format!("client_id = \"{APP}\"\nclient_secret_file = \"secret\"")
        } else {
            sign_in.to_owned()
        };
        let text = format!(
            r#"
[clouds.simulator]
sign_in_url = "http://login.localhost:{port}"
graph_url = "http://graph.localhost:{port}"
power_platform_url = "http://bap.localhost:{port}"
[tenants.contoso]
id = "00000000-0000-0000-0000-0000000000a1"
cloud = "simulator"
{tenant}
[tenants.contoso.sign_in]
{sign_in}
[environments.dev]
tenant = "contoso"
url = "http://contoso-dev.crm.localhost:{port}"
id = "00000000-0000-0000-0000-0000000000d1"
license = "DYN365_ENTERPRISE_SALES"
security_roles = ["writer"]
{dev}
[environments.guarded]
tenant = "contoso"
url = "http://contoso-guarded.crm.localhost:{port}"
id = "00000000-0000-0000-0000-0000000000d2"
"#
        );
        std::fs::write(self.folder.path().join("seatless.toml"), text).unwrap();
    }

    fn run(&self, line: &str) -> Ran {
        let mut command = crate::command(self.folder.path(), line);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AZURE_")) {
            command.env_remove(name);
        }
        let ran = finish(command);
        assert!(!ran.out.contains("canary") && !ran.err.contains("canary"), "{}{}", ran.out, ran.err);
        ran
    }

    /// How it ended, and each finding that is not well as `place check health`.
    fn examined(&self) -> (i32, Vec<String>) {
        let ran = self.run("doctor -o json");
        let report: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        assert_eq!(report["schema_version"], 1);
        let findings = report["findings"].as_array().unwrap().iter();
        let ill = findings.filter(|finding| finding["health"] != "ok").map(|finding| {
            assert!(finding["remedy"].is_string(), "{finding}");
            let place = finding["environment"].as_str().unwrap_or("-");
            let text = |name: &str| finding[name].as_str().unwrap().to_owned();
            format!("{place} {} {}", text("check"), text("health"))
        });
        (ran.code, ill.filter(|line| line != "guarded security-group note").collect())
    }

    #[track_caller]
    fn finds(&self, code: i32, findings: &[&str]) {
        let (found, ill) = self.examined();
        assert_eq!((found, ill), (code, findings.iter().map(|line| (*line).to_owned()).collect()));
    }

    fn act(&self, act: Act) {
        self.simulator.act(act).unwrap();
    }

    fn roles(&self, roles: &[&str]) {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self.act(Act::SetAppRoles { tenant: "contoso".to_owned(), client_id: APP, roles });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ready_is_told_in_a_line_each() {
    let clinic = Clinic::open().await;
    let ran = clinic.run("doctor");
    let expected = "\
ok contoso clock: This host's clock agrees with Microsoft's.
ok contoso sign-in: Signed in by client_secret.
ok contoso permissions: The application may do what it needs to: User.ReadWrite.All, LicenseAssignment.ReadWrite.All, Organization.Read.All.
ok contoso seats: 2 of 3 units of DYN365_ENTERPRISE_SALES are free.
ok contoso/dev power-platform: The application is registered, and the environment is ready.
ok contoso/dev security-group: No security group guards the environment.
ok contoso/dev application-user: The application is a user there, and may read users, roles and business units.
ok contoso/dev slots: 2 of 3 non-interactive users are there.
ok contoso/guarded power-platform: The application is registered, and the environment is ready.
note contoso/guarded security-group: Only direct members of the group 00000000-0000-0000-0000-0000000000c1 get in. To do: Put the accounts into that group and leave them there (who leaves it is disabled), or set security_group = \"join\".
ok contoso/guarded application-user: The application is a user there, and may read users, roles and business units.
ok contoso/guarded slots: 0 of 7 non-interactive users are there.
";
    assert_eq!((ran.out.as_str(), ran.err.as_str(), ran.code), (expected, "", 0));
    let writes = clinic.simulator.ledger(0).iter().filter(|entry| entry.applied && entry.write).count();
    assert_eq!(writes, 0, "it changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_broken_is_found_alone() {
    let clinic = Clinic::open().await;
    let tenant = || "contoso".to_owned();
    clinic.finds(0, &[]);

    let expired = |expired| Act::SetSecretExpired { tenant: tenant(), client_id: APP, expired };
    clinic.act(expired(true));
    clinic.finds(4, &["- sign-in forbidden"]);
    clinic.act(expired(false));

    clinic.roles(&[
        "User.ReadWrite.All",
        "LicenseAssignment.ReadWrite.All",
        "LicenseAssignment.Read.All",
        "Mail.Send",
    ]);
    clinic.finds(0, &["- permissions note"]);
    clinic.roles(&["LicenseAssignment.ReadWrite.All", "Directory.Read.All"]);
    clinic.finds(4, &["- permissions forbidden"]);
    clinic.roles(&NEEDED);

    let registered = |registered| Act::SetRegistered { tenant: tenant(), client_id: APP, registered };
    clinic.act(registered(false));
    clinic.finds(4, &["dev power-platform forbidden", "guarded power-platform forbidden"]);
    clinic.act(registered(true));

    let users = |enabled| Act::SetAppUsers { environment: "dev".to_owned(), enabled };
    clinic.act(users(false));
    clinic.finds(4, &["dev application-user forbidden"]);
    clinic.act(users(true));

    let seats = |used_by_others| Act::SetSeats {
        tenant: tenant(),
        part_number: "DYN365_ENTERPRISE_SALES".to_owned(),
        enabled: 3,
        used_by_others,
    };
    clinic.act(seats(3));
    clinic.finds(5, &["- seats full"]);
    clinic.act(seats(1));

    clinic.clock.advance(600);
    clinic.finds(1, &["- clock wrong"]);
    clinic.clock.advance(-600);

    for (dev, code, findings) in [
        ("slots_max = 2", 5, vec!["dev slots full"]),
        ("business_unit = \"Nowhere\"", 1, vec!["dev business-unit wrong"]),
    ] {
        clinic.configure("", "", dev);
        clinic.finds(code, &findings);
    }
    // Credentials that are not there, or of another kind.
    clinic.configure("", &format!("client_id = \"{APP}\"\nclient_secret_file = \"gone\""), "");
    clinic.finds(4, &["- sign-in forbidden"]);
    clinic.configure("", "kind = \"azure_cli\"\naz_program = \"./gone\"", "");
    clinic.finds(1, &["- sign-in unseen"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_are_printed_as_a_manifest_without_asking_anybody() {
    let clinic = Clinic::open().await;
    let ran = clinic.run("doctor --permissions -o json");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&str> =
        report["permissions"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, NEEDED);
    let graph = &report["required_resource_access"][0];
    assert_eq!(graph["resourceAppId"], "00000003-0000-0000-c000-000000000000");
    assert_eq!(graph["resourceAccess"][0]["id"], "741f803b-c850-494e-b5df-cde7c675a1ca");
    assert_eq!(graph["resourceAccess"][0]["type"], "Role");
    // Whoever may read passwords may want new ones.
    let config = clinic.folder.path().join("seatless.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    std::fs::write(&config, format!("{text}[credentials]\nrecipients = [\"{key}\"]\n")).unwrap();
    let ran = clinic.run("doctor --permissions");
    assert!(ran.out.contains("User-PasswordProfile.ReadWrite.All"), "{}", ran.out);
    assert!(ran.out.contains("New-PowerAppManagementApp -ApplicationId"), "{}", ran.out);
    assert_eq!((ran.code, clinic.simulator.ledger(0).len()), (0, 0));
}
