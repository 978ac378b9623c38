//! A folder with a config, a pair of age keys and a list; and a simulated cloud behind a wiretap that the config leads to.

use super::patience::until;
use super::process::{Daemon, Said, reader, run};
use super::wiretap::Wiretap;
use seatless::domain::{Policy, State};
use seatless::simulator::{Delays, Faults, Listening, Simulator, TokioSpawn, WallClock, World, listen};
use seatless::store::{Filter, Member, Page, Requests};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(crate) const CLIENT_SECRET: &str = "canary~client.secret/Zq7+with\\odd=signs";

/// How many times faster than life everything is.
const SPEED: f64 = 240.0;

const USUAL: &str = "\"User.ReadWrite.All\", \"LicenseAssignment.ReadWrite.All\", \"Organization.Read.All\"";
const PASSWORDS: &str = ", \"User-PasswordProfile.ReadWrite.All\"";

/// Where a daemon lives.
pub(crate) struct Place {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) wiretap: Arc<Wiretap>,
    pub(crate) key: age::x25519::Identity,
    /// Everything that commands have written, for whoever looks for secrets in it.
    pub(crate) written: Mutex<Vec<(String, String)>>,
    port: u16,
    _listening: Listening,
    folder: tempfile::TempDir,
}

/// What a place is like.
pub(crate) struct Manner {
    pub(crate) policy: &'static str,
    pub(crate) may_set_passwords: bool,
    pub(crate) log: &'static str,
}

impl Default for Manner {
    fn default() -> Self {
        Self { policy: "seal", may_set_passwords: true, log: "info" }
    }
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(Manner::default()).await
    }

    pub(crate) async fn with(manner: Manner) -> Self {
        let world = World::from_toml(&world(manner.may_set_passwords)).expect("a sound world");
        let delays = Delays { speed: SPEED, latency_min: 0.02, latency_max: 0.02, ..Delays::default() };
        let simulator = Simulator::new(&world, delays, Faults::default(), 1, Arc::new(WallClock));
        let simulator = Arc::new(simulator.expect("a sound world"));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = listen(Arc::clone(&simulator), Some(any), None, TokioSpawn).await.expect("a port");
        let (wiretap, port) = Wiretap::start(listening.http.expect("an address")).await;
        let place = Self {
            simulator,
            wiretap,
            key: age::x25519::Identity::generate(),
            written: Mutex::default(),
            port,
            _listening: listening,
            folder: tempfile::tempdir().expect("a folder"),
        };
        place.write("secret", CLIENT_SECRET);
        place.write("key.txt", &format!("# a key\n{}\n", place.key.to_string().expose_secret()));
        place.write("seatless.toml", &place.config_text(&manner));
        place
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("seatless.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("seatless.db")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("seatless.sock")
    }

    /// Runs a command, `FOLDER/` in its arguments standing for this folder.
    pub(crate) async fn run(&self, line: &str) -> Said {
        let folder = format!("{}/", self.folder().display());
        let args: Vec<String> = line.split_whitespace().map(|arg| arg.replace("FOLDER/", &folder)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = run(&self.config(), &args).await;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push((format!("what `{line}` printed"), format!("{}{}", said.out, said.err)));
        said
    }

    /// Runs a command that must end with this exit code.
    pub(crate) async fn exits(&self, code: i32, line: &str) -> Said {
        let said = self.run(line).await;
        assert_eq!(said.status.code(), Some(code), "{line}: {said:?}");
        said
    }

    /// A daemon with requests for these names (with `/environment` behind one that is not for `dev`), each user made and
    /// shown by the directory.
    pub(crate) async fn daemon_with(&self, names: &[&str]) -> Daemon {
        let daemon = Daemon::start(self).await;
        self.submit(names).await;
        self.until_all_are(State::Licensed).await;
        daemon
    }

    pub(crate) async fn submit(&self, names: &[&str]) {
        let mut text = "user_principal_name,environment,security_roles\n".to_owned();
        for name in names {
            let (name, environment) = name.split_once('/').unwrap_or((name, "dev"));
            let _ = writeln!(text, "{name}@contoso.example,{environment},Writer");
        }
        self.write("list.csv", &text);
        self.exits(0, "submit FOLDER/list.csv").await;
    }

    pub(crate) async fn members(&self) -> Vec<Member> {
        let store = reader(&self.database()).await;
        let page = Page { after: None, rows_max: 1_000 };
        let members = store.requests(Filter::default(), page).await.expect("the store can be read");
        store.close().await.expect("a reader can be closed");
        members
    }

    pub(crate) async fn until_all_are(&self, state: State) {
        until(state.as_str(), 90, async || {
            let all = self.members().await;
            let there = |member: &Member| member.request.progress.state >= state;
            (!all.is_empty() && all.iter().all(there)).then_some(())
        })
        .await;
    }

    /// SHA-256 of the password that a user has in the cloud.
    pub(crate) fn password_print(&self, name: &str) -> String {
        let state = self.simulator.state();
        let upn = format!("{name}@contoso.example");
        let users = state["tenants"][0]["users"].as_array().cloned().unwrap_or_default();
        let user = users.iter().find(|user| user["user_principal_name"] == *upn && user["deleted"] == false);
        user.and_then(|user| user["password_sha256"].as_str()).unwrap_or_default().to_owned()
    }

    /// The standing of a user's password, as `credentials list` tells it.
    pub(crate) async fn standing(&self, name: &str) -> String {
        let said = self.exits(0, &format!("credentials list {name}@contoso.example -o json")).await;
        let value: Value = serde_json::from_str(&said.out).expect("JSON");
        value["credentials"][0]["standing"].as_str().unwrap_or_default().to_owned()
    }

    /// The passwords in an opened JSON file.
    pub(crate) fn opened(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(file)).expect("a file");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        value["passwords"].as_array().cloned().expect("a list")
    }

    fn config_text(&self, manner: &Manner) -> String {
        let port = self.port;
        let recipient = self.key.to_public();
        let Manner { policy, log, .. } = manner;
        let mut text = format!(
            r#"
[store]
url = "sqlite:seatless.db"
[daemon]
socket = "seatless.sock"
log = "{log}"
[clouds.simulator]
sign_in_url = "http://login.localhost:{port}"
graph_url = "http://graph.localhost:{port}"
power_platform_url = "http://bap.localhost:{port}"
[tenants.contoso]
id = "a1000000-0000-4000-8000-000000000001"
cloud = "simulator"
usage_location = "GB"
[tenants.contoso.sign_in]
client_id = "a2000000-0000-4000-8000-000000000001"
client_secret_file = "secret"
[environments.dev]
tenant = "contoso"
url = "http://contoso-dev.crm.localhost:{port}"
id = "a4000000-0000-4000-8000-000000000001"
license = "DYN365_ENTERPRISE_SALES"
[environments.test]
tenant = "contoso"
url = "http://contoso-test.crm.localhost:{port}"
id = "a4000000-0000-4000-8000-000000000002"
license = "DYN365_ENTERPRISE_SALES"
[credentials]
policy = "{policy}"
recipients = ["{recipient}"]
[policy]
claims_max = 1000
call_deadline_seconds = 2
connect_seconds = 2
"#
        );
        let policy = Policy::default();
        for (name, duration) in [
            ("retry_first", policy.retry_first),
            ("retry_last", Duration::from_secs(60)),
            ("retry_after_min", policy.retry_after_min),
            ("retry_after_max", Duration::from_secs(120)),
            ("absence_window", policy.absence_window),
            ("sync_first", policy.sync_first),
            ("sync_later", policy.sync_later),
            ("poll_first", policy.poll_first),
            ("poll_last", policy.poll_last),
            ("settle", policy.settle),
            ("capacity_read", policy.capacity_read),
            ("seat_cool_down", policy.seat_cool_down),
            ("replication", policy.replication),
        ] {
            let _ = writeln!(text, "{name}_seconds = {:.6}", duration.as_secs_f64() / SPEED);
        }
        text
    }
}

/// How long a rotation of which nothing was heard may still be on its way, by the config above.
pub(crate) const LANDING: Duration = Duration::from_millis(2_200);

fn world(may_set_passwords: bool) -> String {
    let roles = format!("{USUAL}{}", if may_set_passwords { PASSWORDS } else { "" });
    let secret = CLIENT_SECRET.replace('\\', "\\\\");
    format!(
        r#"
[[tenants]]
name = "contoso"
id = "a1000000-0000-4000-8000-000000000001"
domains = ["contoso.example"]
[[tenants.apps]]
client_id = "a2000000-0000-4000-8000-000000000001"
client_secret = "{secret}"
roles = [{roles}]
[[tenants.skus]]
part_number = "DYN365_ENTERPRISE_SALES"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faace"
enabled = 12
used_by_others = 3
[[tenants.users]]
upn = "svc-taken@contoso.example"
object_id = "a3000000-0000-4000-8000-000000000001"
usage_location = "GB"
[[tenants.environments]]
name = "dev"
id = "a4000000-0000-4000-8000-000000000001"
organization_id = "a5000000-0000-4000-8000-000000000001"
host = "contoso-dev"
non_interactive_max = 20
roles = ["Writer"]
[[tenants.environments]]
name = "test"
id = "a4000000-0000-4000-8000-000000000002"
organization_id = "a5000000-0000-4000-8000-000000000002"
host = "contoso-test"
non_interactive_max = 20
roles = ["Writer"]
"#
    )
}

/// SHA-256 in hex, as the simulated cloud keeps passwords.
pub(crate) fn print_of(password: &str) -> String {
    format!("{:x}", Sha256::digest(password.as_bytes()))
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}
