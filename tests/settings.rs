//! The settings through their public face: precedence, messages, and the commented config.

use seatless::app::settings::{
    BUILT_IN, CloudSettings, CredentialPolicy, KEYS, OriginKind, Settings, SettingsError, SignInKind,
    Sources, TEMPLATE,
};
use seatless::cloud::{Credential, FederatedSource, IdentityEndpoint};
use seatless::domain::{Code, Policy};
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TENANT: &str = r#"
[tenants.contoso]
id = "11111111-2222-3333-4444-555555555555"
usage_location = "gb"
[tenants.contoso.sign_in]
client_id = "66666666-7777-8888-9999-000000000000"
client_secret = "s3cr3t-value"
"#;

const ENVIRONMENT: &str = r#"
[environments.contoso-dev]
tenant = "contoso"
url = "https://contoso-dev.crm4.dynamics.com"
id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
license = "sales"
[licenses.sales]
sku = "DYN365_ENTERPRISE_SALES"
seats_max = 25
"#;

struct Case {
    folder: tempfile::TempDir,
    file: Option<PathBuf>,
    environment: Vec<(String, String)>,
    overrides: Vec<(String, String)>,
}

fn config(text: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seatless.toml");
    std::fs::write(&file, text).unwrap();
    Case { folder, file: Some(file), environment: Vec::new(), overrides: Vec::new() }
}

impl Case {
    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Settings, SettingsError> {
        Settings::load(Sources {
            file: self.file.clone(),
            environment: self.environment.clone(),
            overrides: self.overrides.clone(),
        })
    }

    /// The settings of a config that must be good.
    fn good(&self) -> Settings {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// All messages of a config that must be bad, without the folder's name.
    fn bad(&self) -> Vec<String> {
        let error = self.load().expect_err("the config should be refused");
        assert_eq!(error.failure().code, Code::ConfigInvalid);
        let folder = format!("{}/", self.folder.path().display());
        error.to_string().lines().map(|line| line.replace(&folder, "")).collect()
    }
}

/// The client secret of a tenant.
fn secret_of(settings: &Settings, tenant: &str) -> String {
    match &settings.tenants[tenant].sign_in.credential {
        Some(Credential::ClientSecret { secret, .. }) => secret.expose_secret().to_owned(),
        other => panic!("it is {other:?}"),
    }
}

fn nothing() -> Settings {
    Settings::load(Sources { file: None, environment: [], overrides: Vec::new() }).unwrap()
}

#[test]
fn without_any_source_everything_has_its_default() {
    let settings = nothing();
    assert_eq!(settings.store.url, "sqlite:seatless.db");
    assert_eq!(settings.daemon.socket, Path::new("seatless.sock"));
    assert_eq!(settings.daemon.drain, Duration::from_secs(30));
    assert_eq!(settings.policy, Policy::default());
    assert_eq!(settings.calls.deadline, Duration::from_secs(30));
    assert_eq!(settings.calls.connect, Duration::from_secs(10));
    assert_eq!(settings.calls.answer_bytes_max, 4_194_304);
    assert_eq!(settings.level_check, Duration::from_secs(5));
    assert_eq!(settings.credentials.policy, CredentialPolicy::Discard);
    let public = &settings.clouds["public"];
    assert_eq!(public.sign_in_url.as_str(), "https://login.microsoftonline.com/");
    assert_eq!(public.power_platform_scope, "https://service.powerapps.com/.default");
    assert!(settings.origins().iter().all(|origin| origin.origin == OriginKind::Default));
    let keys: Vec<&str> = settings.origins().iter().map(|origin| origin.key.as_str()).collect();
    assert!(keys.is_sorted_by(|one, next| one < next), "each is shown once: {keys:?}");
}

#[test]
fn the_stronger_source_wins() {
    let case = config("[daemon]\nlog = 'warn'\ndrain_seconds = 1.5\n[policy]\nattempts_max = 3")
        .variable("SEATLESS_DAEMON__LOG", "debug")
        .variable("SEATLESS_POLICY__ATTEMPTS_MAX", "4")
        .variable("SEATLESS_CONFIG", "belongs to the command line")
        .variable("SEATLESS_DAEMON__LISTEN", "")
        .variable("PATH", "/bin")
        .flag("policy.attempts_max", "5");
    let settings = case.good();
    assert_eq!(settings.daemon.drain, Duration::from_millis(1_500));
    assert_eq!(settings.daemon.log, "debug");
    assert_eq!(settings.policy.attempts_max, 5);
    let origin = |key: &str| {
        let found = settings.origins().iter().find(|origin| origin.key == key).unwrap();
        (found.value_shown.clone(), found.origin.clone())
    };
    let file = OriginKind::File { path: case.file.clone().unwrap(), line: Some(3) };
    assert_eq!(origin("daemon.drain_seconds"), ("1.5".to_owned(), file));
    let variable = OriginKind::Environment("SEATLESS_DAEMON__LOG".to_owned());
    assert_eq!(origin("daemon.log"), ("debug".to_owned(), variable));
    assert_eq!(origin("policy.attempts_max"), ("5".to_owned(), OriginKind::Flag));
    assert_eq!(origin("policy.claims_max"), ("25".to_owned(), OriginKind::Default));
}

#[test]
fn a_tenant_and_its_environment_are_read() {
    let case = config(&format!("{TENANT}{ENVIRONMENT}"));
    let settings = case.good();
    let tenant = &settings.tenants["contoso"];
    assert_eq!(tenant.usage_location.as_deref(), Some("GB"));
    assert_eq!(tenant.cloud, "public");
    assert_eq!(tenant.weight, 1);
    let heavier = format!("{}{ENVIRONMENT}", TENANT.replace("usage_location", "weight = 7\nusage_location"));
    assert_eq!(config(&heavier).good().tenants["contoso"].weight, 7);
    assert_eq!(secret_of(&settings, "contoso"), "s3cr3t-value");
    let environment = &settings.environments["contoso-dev"];
    assert_eq!(environment.origin(), "https://contoso-dev.crm4.dynamics.com");
    assert_eq!(environment.slots_max, None);
    assert_eq!(environment.license, settings.license("DYN365_ENTERPRISE_SALES"));
    assert_eq!(settings.license("Sales"), environment.license);
    assert_eq!(settings.license("no such license"), None);
    settings.require_secrets().unwrap();
}

#[test]
fn no_secret_is_shown_anywhere() {
    let settings = config(TENANT).good();
    let secret = settings.origins().iter().find(|origin| origin.key.ends_with("client_secret")).unwrap();
    assert_eq!(secret.value_shown, "(set)");
    assert!(!format!("{settings:?}").contains("s3cr3t-value"));
    let wrong_type = config(&TENANT.replace("\"s3cr3t-value\"", "[\"s3cr3t-value\"]")).bad();
    assert_eq!(
        wrong_type,
        ["seatless.toml:7: tenants.contoso.sign_in.client_secret: it must be text in quotes"]
    );
    let in_url = config("[store]\nurl = 'postgres://me:s3cr3t-value@host/db'").bad();
    assert_eq!(
        in_url,
        ["seatless.toml:2: store.url: \"postgres://…@host/db\" is not acceptable: \
          it must hold no password, since it is shown and logged; put that into the file that PGPASSFILE names, or into \
          PGPASSWORD"]
    );
    let key = config("[credentials]\nrecipients = ['AGE-SECRET-KEY-1XYZ']").bad();
    assert!(key[0].contains("(a private key)") && !key[0].contains("XYZ"), "{key:?}");
}

#[test]
fn a_database_on_a_server_is_named_by_user_host_and_name() {
    let url = "postgres://seatless@db.example.org/seatless?sslmode=verify-full";
    let settings = config(&format!("[store]\nurl = '{url}'")).good();
    assert_eq!((settings.store.url.as_str(), settings.store.path.clone()), (url, None));
    for (url, what) in [
        ("postgres://db.example.org/seatless", "name the user"),
        ("postgres://seatless@db.example.org", "name the database"),
        ("postgres://seatless@db.example.org/seatless?password=x", "hold no password"),
        ("postgres://seatless@db.example.org/seatless?colour=red", "colour is no option"),
        ("mysql://seatless@db.example.org/seatless", "sqlite: and the path of a file"),
    ] {
        let faults = config(&format!("[store]\nurl = '{url}'")).bad();
        assert!(faults[0].contains(what), "{faults:?}");
    }
}

#[test]
fn a_variable_finds_the_name_it_cannot_spell() {
    let without =
        TENANT.replace("client_secret = \"s3cr3t-value\"\n", "").replace("contoso", "\"contoso-uk.1\"");
    let case = config(&without).variable("SEATLESS_TENANTS__CONTOSO_UK_1__SIGN_IN__CLIENT_SECRET", "v");
    let settings = case.good();
    assert_eq!(secret_of(&settings, "contoso-uk.1"), "v");
    let key = "tenants.\"contoso-uk.1\".sign_in.client_secret";
    assert!(settings.origins().iter().any(|origin| origin.key == key));
    // The same name under a flag needs its quotes.
    assert_eq!(
        config(&without).flag("tenants.\"contoso-uk.1\".usage_location", "fr").good().tenants["contoso-uk.1"]
            .usage_location
            .as_deref(),
        Some("FR")
    );
}

#[test]
fn a_missing_secret_stops_only_who_signs_in() {
    let without = TENANT.replace("client_secret = \"s3cr3t-value\"\n", "");
    let settings = config(&without).good();
    assert_eq!(
        settings.require_secrets().unwrap_err().faults[0].message,
        "it is required for signing in, but missing"
    );
    let case = config(&without.replace("client_id", "client_secret_file = 'gone'\nclient_id"));
    let error = case.good().require_secrets().unwrap_err().to_string();
    assert!(
        error.contains("client_secret_file: its file cannot be read: ") && !error.contains("gone"),
        "{error}"
    );
}

#[test]
fn a_secret_file_lies_beside_the_config_and_loses_one_newline() {
    let text = TENANT.replace("client_secret = \"s3cr3t-value\"", "client_secret_file = \"secret\"");
    let case = config(&text);
    let file = case.folder.path().join("secret");
    for (content, secret) in [("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" abc", " abc")] {
        std::fs::write(&file, content).unwrap();
        let settings = case.good();
        assert_eq!(secret_of(&settings, "contoso"), secret);
    }
    std::fs::write(&file, "\n").unwrap();
    assert!(case.good().require_secrets().unwrap_err().to_string().ends_with("is empty"));
    // A stronger source replaces the file.
    let stronger = config(&text).variable("SEATLESS_TENANTS__CONTOSO__SIGN_IN__CLIENT_SECRET", "other");
    let settings = stronger.good();
    assert_eq!(secret_of(&settings, "contoso"), "other");
    settings.require_secrets().unwrap();
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_may_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let case = config(&TENANT.replace("client_secret = \"s3cr3t-value\"", "client_secret_file = \"secret\""));
    let file = case.folder.path().join("secret");
    std::fs::write(&file, "abc").unwrap();
    for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(case.good().warnings.len(), warnings, "{mode:o}");
    }
}

#[test]
fn paths_start_where_they_were_said() {
    let case = config("[store]\nurl = 'sqlite:50%/x.db'");
    assert_eq!(case.bad().len(), 1);
    let case = config("[store]\nurl = 'sqlite:deep/x.db'");
    let settings = case.good();
    let expected = case.folder.path().join("deep/x.db");
    assert_eq!(settings.store.path.as_deref(), Some(expected.as_path()));
    assert_eq!(settings.store.url, format!("sqlite:{}", expected.display()));
    assert_eq!(settings.daemon.socket, case.folder.path().join("deep/seatless.sock"));
    let from_variable = case.variable("SEATLESS_STORE__URL", "sqlite:deep/x.db").good();
    assert_eq!(from_variable.store.url, "sqlite:deep/x.db");
    let memory = config("[store]\nurl = 'sqlite::memory:'").good();
    assert_eq!((memory.store.url.as_str(), memory.store.path), ("sqlite::memory:", None));
}

#[test]
fn microsofts_clouds_are_there_and_each_cell_can_be_changed() {
    let keys = [
        "sign_in_url",
        "graph_url",
        "power_platform_url",
        "graph_scope",
        "power_platform_scope",
        "dataverse_domain",
    ];
    let cells = |cloud: &CloudSettings| {
        let url = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
        let domain = cloud.dataverse_domain.clone().unwrap_or_default();
        [
            url(&cloud.sign_in_url),
            url(&cloud.graph_url),
            url(&cloud.power_platform_url),
            cloud.graph_scope.clone(),
            cloud.power_platform_scope.clone(),
            domain,
        ]
    };
    assert_eq!(BUILT_IN.map(|cloud| cloud.name), ["public", "gcc", "gcchigh", "dod", "china"]);
    for known in BUILT_IN {
        let name = known.name;
        let table = [
            known.sign_in_url,
            known.graph_url,
            known.power_platform_url,
            known.graph_scope,
            known.power_platform_scope,
            known.dataverse_domain,
        ];
        let tenant = TENANT.replace("usage_location", &format!("cloud = '{name}'\nusage_location"));
        let settings = config(&tenant).good();
        assert_eq!(cells(&settings.clouds[name]), table);
        // The table of a cloud in use is shown, each value with where it comes from; of one that nobody is in, it is not.
        let shown = |name: &str| {
            let start = format!("clouds.{name}.");
            settings.origins().iter().filter(|origin| origin.key.starts_with(&start)).count()
        };
        assert_eq!(shown(name), keys.len(), "{name}");
        assert_eq!(shown("dod"), if name == "dod" { keys.len() } else { 0 });
        // One cell after the other.
        for (index, key) in keys.iter().enumerate() {
            let other = match *key {
                "dataverse_domain" => "dynamics.example".to_owned(),
                _ => format!("https://{index}.example"),
            };
            let changed = config(&tenant).flag(&format!("clouds.{name}.{key}"), &other).good();
            let found = cells(&changed.clouds[name]);
            assert_eq!(found[index], other);
            let follows = |at: usize| (index, at) == (1, 3) || (index, at) == (2, 4);
            for at in (0..keys.len()).filter(|at| *at != index) {
                let expected = if follows(at) { format!("{other}/.default") } else { table[at].to_owned() };
                assert_eq!(found[at], expected, "{name}.{} after {key}", keys[at]);
            }
        }
    }
    // An environment that looks like another cloud's.
    let lost =
        format!("{TENANT}{ENVIRONMENT}").replace("usage_location", "cloud = 'gcchigh'\nusage_location");
    assert_eq!(
        config(&lost).good().warnings,
        [
            "environments.contoso-dev.url does not end in crm.microsoftdynamics.us, as environments of clouds.gcchigh do"
        ]
    );
    assert_eq!(config(&format!("{TENANT}{ENVIRONMENT}")).good().warnings, [""; 0]);
}

/// A tenant without any credential.
const BARE: &str = "[tenants.contoso]\nid = '11111111-2222-3333-4444-555555555555'\n";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const CERTIFICATE: &str = include_str!("cloud/keys/certificate.pem");
const KEY: &str = include_str!("cloud/keys/key.pem");

fn signing_in(text: &str) -> Case {
    let case = config(&format!("{BARE}[tenants.contoso.sign_in]\nclient_id = '{CLIENT}'\n{text}"));
    for (name, content) in [
        ("both.pem", format!("{CERTIFICATE}{KEY}")),
        ("own.pem", CERTIFICATE.to_owned()),
        ("key.pem", KEY.to_owned()),
    ] {
        std::fs::write(case.folder.path().join(name), content).unwrap();
    }
    case
}

fn credential(case: &Case) -> Credential {
    let settings = case.good();
    settings.require_secrets().unwrap();
    settings.tenants["contoso"].sign_in.credential.clone().unwrap()
}

#[test]
fn each_way_to_sign_in_is_read_and_names_its_kind_by_its_keys() {
    for text in
        ["certificate_file = 'both.pem'", "certificate_file = 'own.pem'\nprivate_key_file = 'key.pem'"]
    {
        let case = signing_in(text);
        assert!(matches!(credential(&case), Credential::Certificate { .. }), "{text}");
        assert_eq!(case.good().tenants["contoso"].sign_in.kind, SignInKind::Certificate);
    }
    let case = signing_in("token_file = 'token'");
    let expected = case.folder.path().join("token");
    let Credential::Federated { source: FederatedSource::File(file), .. } = credential(&case) else {
        panic!("it is another kind")
    };
    assert_eq!(file, expected);
    let job = signing_in("kind = 'github_actions'")
        .variable("ACTIONS_ID_TOKEN_REQUEST_URL", "https://pipelines.example/x?api-version=2.0")
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary");
    assert!(matches!(
        credential(&job),
        Credential::Federated { source: FederatedSource::GitHubActions { .. }, .. }
    ));
    assert!(!format!("{:?}", job.good()).contains("canary"));
    let machine = signing_in("kind = 'managed_identity'");
    assert!(matches!(
        credential(&machine),
        Credential::ManagedIdentity { client_id: Some(_), endpoint: IdentityEndpoint::Metadata(_) }
    ));
    let app = config(&format!("{BARE}sign_in.kind = 'managed_identity'"))
        .variable("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token")
        .variable("IDENTITY_HEADER", "canary");
    assert!(matches!(
        credential(&app),
        Credential::ManagedIdentity { client_id: None, endpoint: IdentityEndpoint::AppService { .. } }
    ));
    assert!(!format!("{:?}", app.good()).contains("canary"));
    let laptop = config(&format!("{BARE}sign_in.kind = 'azure_cli'"));
    assert!(matches!(credential(&laptop), Credential::AzureCli { .. }));
}

#[test]
fn what_a_sign_in_lacks_is_told_and_stops_only_who_signs_in() {
    for (case, key, message) in [
        (signing_in("kind = 'certificate'"), "certificate_file", "required for signing in, but missing"),
        (signing_in("certificate_file = 'gone.pem'"), "certificate_file", "its file cannot be read"),
        (signing_in("certificate_file = 'own.pem'"), "certificate_file", "it holds no PEM private key"),
        (signing_in("certificate_file = 'seatless.toml'"), "certificate_file", "it holds no PEM certificate"),
        (signing_in("kind = 'workload_identity'"), "token_file", "required for signing in, but missing"),
        (signing_in("kind = 'github_actions'"), "kind", "this is no job of GitHub Actions"),
        (
            signing_in("kind = 'managed_identity'").variable("IDENTITY_ENDPOINT", "http://localhost:1/x"),
            "kind",
            "Azure Arc",
        ),
        (
            signing_in("kind = 'managed_identity'")
                .variable("IDENTITY_ENDPOINT", "http://evil.example/canary")
                .variable("IDENTITY_HEADER", "canary"),
            "kind",
            "IDENTITY_ENDPOINT is no address to be used: plain http",
        ),
    ] {
        let error = case.good().require_secrets().unwrap_err().to_string();
        let wanted = format!("tenants.contoso.sign_in.{key}: ");
        assert!(error.contains(&wanted) && error.contains(message), "{message}: {error}");
        assert!(!error.contains("canary") && !error.contains("gone.pem"), "{error}");
    }
}

#[test]
fn a_secret_at_the_wrong_key_is_not_repeated() {
    let secret = "Zq7~canary-secret";
    for key in ["client_id", "kind", "send_chain", "metadata_url", "certificate_file", "client_secret_file"] {
        let kind = match key {
            "metadata_url" => "kind = 'managed_identity'\n",
            "send_chain" => "kind = 'certificate'\n",
            _ => "",
        };
        let id = if key == "client_id" { String::new() } else { format!("client_id = '{CLIENT}'\n") };
        let case = config(&format!("{BARE}[tenants.contoso.sign_in]\n{kind}{id}{key} = '{secret}'"));
        let told = match case.load() {
            Err(error) => error.to_string(),
            Ok(settings) => settings.require_secrets().unwrap_err().to_string(),
        };
        assert!(told.contains(&format!("sign_in.{key}: ")) && !told.contains("canary"), "{told}");
    }
}

#[test]
fn the_names_of_azures_tools_fill_in_what_nobody_else_says() {
    let id = "11111111-2222-3333-4444-555555555555";
    let azure = |text: &str| {
        config(text)
            .variable("AZURE_TENANT_ID", id)
            .variable("AZURE_CLIENT_ID", CLIENT)
            .variable("AZURE_AUTHORITY_HOST", "https://login.example/")
    };
    // The only tenant need not say anything.
    let case = azure("[tenants.contoso]").variable("AZURE_CLIENT_SECRET", "canary");
    assert_eq!(secret_of(&case.good(), "contoso"), "canary");
    assert_eq!(case.good().clouds["public"].sign_in_url.as_str(), "https://login.example/");
    let shown = |case: &Case, key: &str| {
        let settings = case.good();
        let found = settings.origins().iter().find(|origin| origin.key == key).unwrap().clone();
        (found.value_shown, found.origin.to_string())
    };
    let variable = |name: &str| format!("environment variable {name}");
    assert_eq!(
        shown(&case, "tenants.contoso.sign_in.client_secret"),
        ("(set)".to_owned(), variable("AZURE_CLIENT_SECRET"))
    );
    assert_eq!(shown(&case, "tenants.contoso.id"), (id.to_owned(), variable("AZURE_TENANT_ID")));
    // A cluster with workload identity; and a certificate, which Azure's tools prefer to it.
    let cluster = azure("[tenants.contoso]").variable("AZURE_FEDERATED_TOKEN_FILE", "/token");
    assert!(matches!(credential(&cluster), Credential::Federated { .. }));
    let file = cluster.folder.path().join("both.pem");
    std::fs::write(&file, format!("{CERTIFICATE}{KEY}")).unwrap();
    let preferred = cluster
        .variable("AZURE_CLIENT_CERTIFICATE_PATH", file.to_str().unwrap())
        .variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "1");
    assert!(matches!(credential(&preferred), Credential::Certificate { .. }));
    // What the config says is stronger, by whatever key; and other tenants are not meant.
    let own = azure(TENANT).variable("AZURE_CLIENT_SECRET", "x").variable("AZURE_FEDERATED_TOKEN_FILE", "/x");
    assert_eq!(secret_of(&own.good(), "contoso"), "s3cr3t-value");
    let other = TENANT.replace("11111111", "22222222").replace("client_secret = \"s3cr3t-value\"", "");
    let other = azure(&other).variable("AZURE_CLIENT_SECRET", "x").good();
    assert!(other.tenants["contoso"].sign_in.credential.is_none());
    let two = format!("{TENANT}[tenants.fabrikam]\nid = 'aaaaaaaa-2222-3333-4444-555555555555'");
    let faults = azure(&two).bad();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("tenants.fabrikam.sign_in.client_id: it is required"), "{faults:?}");
}

#[test]
fn nobodys_password_is_taken() {
    let person = |text: &str| {
        config(text).variable("AZURE_USERNAME", "ann@contoso.com").variable("AZURE_PASSWORD", "canary")
    };
    let faults = person(&format!("{BARE}sign_in.client_id = '{CLIENT}'")).bad();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("never with a person's user name and password: multifactor"), "{faults:?}");
    assert!(!faults[0].contains("canary") && !faults[0].contains("ann@"), "{faults:?}");
    // Beside a credential they are somebody else's business.
    assert_eq!(secret_of(&person(TENANT).good(), "contoso"), "s3cr3t-value");
    for key in ["username", "password"] {
        let faults = signing_in(&format!("{key} = 'canary'")).bad();
        assert!(
            faults[0].contains("never with a person's user name") && !faults[0].contains("canary"),
            "{faults:?}"
        );
    }
    let locked = config(BARE)
        .variable("AZURE_CLIENT_ID", CLIENT)
        .variable("AZURE_CLIENT_CERTIFICATE_PATH", "/x.pem")
        .variable("AZURE_CLIENT_CERTIFICATE_PASSWORD", "canary");
    assert!(locked.bad()[0].contains("a certificate with a password is not read"));
}

#[test]
fn a_cloud_of_ones_own_has_scopes_of_its_own() {
    let text = "[clouds.sim]\nsign_in_url = 'http://127.0.0.1:7100'\ngraph_url = 'http://graph.localhost:7100'\n\
                power_platform_url = 'https://bap.example'\nca_file = 'ca.pem'\n\
                [clouds.public]\ngraph_url = 'https://graph.example'";
    let case = config(text);
    let settings = case.good();
    let sim = &settings.clouds["sim"];
    assert_eq!(sim.graph_scope, "http://graph.localhost:7100/.default");
    assert_eq!(sim.power_platform_scope, "https://bap.example/.default");
    assert_eq!(sim.ca_file.as_deref(), Some(case.folder.path().join("ca.pem").as_path()));
    // Whoever moves the public Graph elsewhere does not ask Microsoft's scope of it.
    assert_eq!(settings.clouds["public"].graph_scope, "https://graph.example/.default");
    assert_eq!(settings.clouds["public"].power_platform_scope, "https://service.powerapps.com/.default");
}

#[test]
fn every_fault_is_told_in_the_order_of_the_file() {
    let text = format!(
        "[store]\nurll = 'x'\n[daemon]\nlog = 'x=y=z'\ndrain_seconds = 0\n[polcy]\nattempts_max = 1\n{TENANT}\n\
         [environments.dev]\ntenant = 'contosso'\nurl = 'http://contoso.crm4.dynamics.com'\nid = 'no'\nlicense = 'x'\n"
    );
    let case = config(&text)
        .variable("SEATLESS_POLICY__RETRY_LAST_SECONDS", "1")
        .variable("SEATLESS_STORE_URL", "sqlite:x.db")
        .flag("environments.dev.slots", "1");
    assert_eq!(
        case.bad(),
        [
            "seatless.toml:2: store.urll: there is no such key; did you mean store.url?",
            "seatless.toml:4: daemon.log: \"x=y=z\" is not acceptable: it must be a level (error, warn, info, debug, trace) or directives such as info,seatless::engine=debug",
            "seatless.toml:5: daemon.drain_seconds: \"0\" is not acceptable: it must be a number of seconds above 0 and at most 34560000 (400 days)",
            "seatless.toml:7: polcy.attempts_max: there is no such key; did you mean policy?",
            "seatless.toml:17: environments.dev.tenant: \"contosso\" is not acceptable: there is no such tenant under [tenants]; did you mean contoso?",
            "seatless.toml:18: environments.dev.url: \"http://contoso.crm4.dynamics.com\" is not acceptable: it must start with https://; http is only for this machine (localhost)",
            "seatless.toml:19: environments.dev.id: \"no\" is not acceptable: it must be a GUID such as 6f1f9a4e-3c1d-4a76-9a0b-2f6f2f0f7a11",
            "seatless.toml:20: environments.dev.license: \"x\" is not acceptable: it must be a name under [licenses], a part number that Seatless knows, or a GUID",
            "environment variable SEATLESS_STORE_URL: two underscores separate a section from its key; write SEATLESS_STORE__URL",
            "environment variable SEATLESS_POLICY__RETRY_LAST_SECONDS: policy.retry_last_seconds: \"1\" is not acceptable: it must not be below policy.retry_first_seconds, which is 2",
            "command line: environments.dev.slots: there is no such key; did you mean environments.dev.slots_max?",
        ]
    );
}

#[test]
fn each_bad_value_has_its_sentence() {
    let environment = |line: &str| {
        let base = "tenant = 'contoso'\nurl = 'https://a.crm.dynamics.com'\nid = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'\n";
        let key = line.split(' ').next().unwrap();
        let kept: String = base.lines().filter(|l| !l.starts_with(key)).map(|l| format!("{l}\n")).collect();
        format!("{TENANT}[environments.dev]\n{kept}{line}")
    };
    let url = "it must end with the host, without a path or anything behind";
    for (text, message) in [
        (environment("url = 'https://a.crm.dynamics.com/x'"), url),
        (environment("url = 'https://a.crm.dynamics.com?x'"), url),
        (environment("url = 'https://a.crm.dynamics.com#x'"), url),
        (environment("url = 'https://me:pw@a.crm.dynamics.com'"), "it must not hold a user name or password"),
        (
            environment(&format!("url = 'https://{}com'", "abc.".repeat(70))),
            "its host is longer than 253 characters",
        ),
        (environment("url = 'ftp://a.crm.dynamics.com'"), "it must start with https://"),
        (environment("url = 'http://localhost.evil.io'"), "http is only for this machine"),
        (environment("url = 'a.crm.dynamics.com'"), "it must be a URL such as"),
        (environment("id = '00000000-0000-0000-0000-000000000000'"), "it must be a GUID"),
        (environment("id ="), "string values must be quoted"),
        (environment("slots_max = 0"), "it must be a whole number from 1 to 100000"),
        (environment("slots_max = '7'"), "it must be a whole number from 1 to 100000"),
        (environment("security_roles = 'Basic User'"), "it must be a list of texts"),
        (
            environment("security_roles = ['Basic\\u200bUser']").replace('\'', "\""),
            "the invisible character U+200B",
        ),
        (environment("business_unit = ''"), "it must not be empty"),
        ("[environments.Dev]".to_owned(), "a name must begin with a-z or 0-9"),
        ("[environments.dev]".to_owned(), "environments.dev.tenant: it is required but missing"),
        ("[environments]\ndev = 1".to_owned(), "it is a table, not a value"),
        ("[store.url]\nx = 1".to_owned(), "it must be a value, not a table"),
        ("[sotre]".to_owned(), "there is no such key; did you mean store?"),
        ("[store]\nurl = 'sqlite:a'\nurl = 'sqlite:b'".to_owned(), "duplicate key"),
        ("[daemon]\nlog = 'in=fo=x'".to_owned(), "it must be a level"),
        ("[credentials]\npolicy = 'seal'".to_owned(), "sealing needs at least one key"),
        ("[credentials]\npolicy = 'reset'".to_owned(), "sealing needs at least one key"),
        ("[credentials]\npolicy = 'shred'".to_owned(), "it must be seal, reset or discard"),
        ("[credentials]\nrecipients = ['age1x']".to_owned(), "each must be an age public key"),
        ("[policy]\nsettle_seconds = -1".to_owned(), "it must be a number of seconds above 0"),
        ("[policy]\nsettle_seconds = nan".to_owned(), "it must be a number of seconds above 0"),
        ("[policy]\nsettle_seconds = 1e99".to_owned(), "it must be a number of seconds above 0"),
        (
            "[policy]\nconnect_seconds = 31".to_owned(),
            "it must not be above policy.call_deadline_seconds, which is 30",
        ),
        (
            "[policy]\nlease_seconds = 44.9".to_owned(),
            "it must be at least one and a half times policy.call_deadline_seconds, which makes 45",
        ),
        ("[licenses.a]\nsku = 'nothing'".to_owned(), "it must be a part number that Seatless knows"),
        (TENANT.replace("gb", "gbr"), "it must be a country code of two letters"),
        (
            TENANT.replace("client_id", "kind = 'certificate'\nclient_id"),
            "client_secret: it belongs to kind = \"client_secret\", but the kind is \"certificate\"",
        ),
        (
            TENANT.replace("client_id", "kind = 'x'\nclient_id"),
            "it must be one of client_secret, certificate",
        ),
        (TENANT.replace("client_id", "kind = 'password'\nclient_id"), "never with a person's user name"),
        (TENANT.replace("client_id", "password = 'x'\nclient_id"), "never with a person's user name"),
        (TENANT.replace("client_id", "send_chain = 'yes'\nclient_id"), "send_chain: it belongs to kind"),
        ("[clouds.sim]\ndataverse_domain = 'a..b'".to_owned(), "it must be the end of a host's name"),
        (TENANT.replace("client_id", "client_secret_file = 'x'\nclient_id"), "keep one of the two"),
        (TENANT.replace("usage_location", "cloud = 'publik'\nusage_location"), "did you mean public?"),
    ] {
        let faults = config(&text).bad();
        assert!(faults.iter().any(|fault| fault.contains(message)), "wanted {message:?} in {faults:#?}");
    }
}

#[test]
fn the_lease_outlasts_a_call_by_half_its_deadline_and_follows_it() {
    let calls = |text: &str| config(text).good().calls;
    assert_eq!(calls("").lease, Duration::from_secs(45));
    assert_eq!(calls("[policy]\ncall_deadline_seconds = 60").lease, Duration::from_secs(90));
    assert_eq!(
        calls("[policy]\ncall_deadline_seconds = 12").lease,
        Duration::from_secs(45),
        "a shorter deadline is no wish for a shorter lease"
    );
    let short = "[policy]\ncall_deadline_seconds = 0.5\nconnect_seconds = 0.5\nlease_seconds = 1";
    assert_eq!(calls(short).lease, Duration::from_secs(1));
}

#[test]
fn one_thing_under_two_names_is_refused() {
    let second =
        ENVIRONMENT.replace("contoso-dev]", "contoso-tst]").replace("licenses.sales", "licenses.other");
    let faults = config(&format!("{TENANT}{ENVIRONMENT}{second}")).bad();
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults[1].contains("the environment contoso-dev has the same url"), "{faults:#?}");
    assert!(faults[2].contains("the environment contoso-dev has the same id"), "{faults:#?}");
    assert!(faults[0].contains("is the same product"), "{faults:#?}");
    let twin = TENANT.replace("tenants.contoso", "tenants.fabrikam");
    assert!(config(&format!("{TENANT}{twin}")).bad()[0].contains("the tenant contoso has the same id"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let mut case = config("");
    case.file = Some(case.folder.path().join("gone.toml"));
    assert!(case.bad()[0].starts_with("gone.toml: it cannot be read: "));
    std::fs::write(case.file.as_ref().unwrap(), b"\xff").unwrap();
    assert_eq!(case.bad(), ["gone.toml: it is not UTF-8 text"]);
}

/// The commented config with its settings active; `examples` too, if asked for.
fn uncommented(examples: bool) -> String {
    let line = |line: &str| match (line.strip_prefix("# Example: "), line.strip_prefix('#')) {
        (Some(example), _) if examples => example.to_owned(),
        (None, Some(setting)) if setting.starts_with(|c: char| c.is_ascii_lowercase()) => setting.to_owned(),
        _ => line.to_owned(),
    };
    TEMPLATE.lines().map(|text| line(text) + "\n").collect()
}

/// What the settings are, without where they lie and who said so.
fn essence(case: &Case) -> String {
    let mut settings = case.good();
    let folder = format!("{}/", case.folder.path().display());
    settings.store.path = None;
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        settings.store,
        settings.daemon,
        settings.tenants,
        settings.environments,
        settings.clouds,
        settings.credentials,
        settings.policy,
        settings.calls,
        settings.level_check
    )
    .replace(&folder, "")
}

#[test]
fn the_commented_config_equals_the_defaults() {
    let empty = essence(&config(""));
    assert_eq!(essence(&config(TEMPLATE)), empty);
    let active = config(&uncommented(false));
    assert_eq!(essence(&active), empty);
    let set = active.good().origins().iter().filter(|origin| origin.origin != OriginKind::Default).count();
    assert!(set > 25, "only {set} settings are active: the test uncomments nothing");
    let example = config(&uncommented(true)).good();
    assert_eq!(example.environments["contoso-dev"].tenant, "contoso");
    assert_eq!(example.clouds["public"].graph_url, nothing().clouds["public"].graph_url);
}

#[test]
fn the_commented_config_documents_every_key_once_and_no_other() {
    let mut section = String::new();
    let mut documented = Vec::new();
    for line in TEMPLATE.lines() {
        let line =
            line.trim_start_matches("# Example: ").trim_start_matches("# Instead: ").trim_start_matches('#');
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.replace("contoso-dev", "NAME");
            for chosen in ["contoso", "public", "sales"] {
                section = section.replace(&format!(".{chosen}"), ".NAME");
            }
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            documented.push(format!("{section}.{key}"));
        }
    }
    documented.sort();
    let mut known: Vec<_> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    known.sort();
    assert_eq!(documented, known);
}
