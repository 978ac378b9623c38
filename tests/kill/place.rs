//! A folder with a config and a list, and a simulated cloud on a real port that the config leads to.

use super::tripwire::Tripwire;
use seatless::domain::Policy;
use seatless::simulator::{Delays, Faults, Listening, Simulator, TokioSpawn, World, listen};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SECRET: &str = "canary-client-secret-Zq7";

const WORLD: &str = r#"
[[tenants]]
name = "contoso"
id = "a1000000-0000-4000-8000-000000000001"
domains = ["contoso.example"]
[[tenants.apps]]
client_id = "a2000000-0000-4000-8000-000000000001"
client_secret = "canary-client-secret-Zq7"
[[tenants.skus]]
part_number = "DYN365_ENTERPRISE_SALES"
sku_id = "1e1a282c-9c54-43a2-9310-98ef728faace"
enabled = 8
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
business_units = ["Sales"]
roles = ["Writer"]
[[tenants.environments]]
name = "test"
id = "a4000000-0000-4000-8000-000000000002"
organization_id = "a5000000-0000-4000-8000-000000000002"
host = "contoso-test"
non_interactive_max = 20
business_units = ["Sales"]
roles = ["Writer"]
"#;

/// How many times faster than life everything is.
const SPEED: f64 = 120.0;

/// Where a daemon lives.
pub(crate) struct Place {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) tripwire: Arc<Tripwire>,
    port: u16,
    listening: Listening,
    folder: tempfile::TempDir,
}

impl Place {
    /// A cloud whose calls take as long as a call takes on this machine.
    pub(crate) async fn new() -> Self {
        Self::with_latency(Duration::from_micros(100)).await
    }

    /// A cloud whose calls take so long.
    pub(crate) async fn with_latency(latency: Duration) -> Self {
        let world = World::from_toml(WORLD).expect("a sound world");
        let tripwire = Arc::new(Tripwire::default());
        let simulated = latency.as_secs_f64() * SPEED;
        let delays =
            Delays { speed: SPEED, latency_min: simulated, latency_max: simulated, ..Delays::default() };
        let simulator = Simulator::new(&world, delays, Faults::default(), 1, Arc::clone(&tripwire) as Arc<_>);
        let simulator = Arc::new(simulator.expect("a sound world"));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = listen(Arc::clone(&simulator), Some(any), None, TokioSpawn).await.expect("a port");
        let port = listening.http.expect("an address").port();
        let place =
            Self { simulator, tripwire, port, listening, folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(place.config(), place.config_text("sqlite:seatless.db", "seatless.sock"))
            .expect("a config");
        place
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("seatless.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder().join("seatless.db")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder().join("seatless.sock")
    }

    /// Another config in the same folder, with another database or another socket.
    pub(crate) fn another_config(&self, database: &str, socket: &str) -> PathBuf {
        self.config_at(&format!("sqlite:{database}"), socket)
    }

    /// The same with a database anywhere.
    pub(crate) fn config_at(&self, url: &str, socket: &str) -> PathBuf {
        let path = self.folder().join("another.toml");
        std::fs::write(&path, self.config_text(url, socket)).expect("a config");
        path
    }

    /// A list of so many users in an environment.
    pub(crate) fn list(
        &self,
        name: &str,
        users: impl IntoIterator<Item = (String, &'static str)>,
    ) -> PathBuf {
        let mut text = "user_principal_name,environment,security_roles\n".to_owned();
        for (user, environment) in users {
            let _ = writeln!(text, "{user}@contoso.example,{environment},Writer");
        }
        let path = self.folder().join(name);
        std::fs::write(&path, text).expect("a list");
        path
    }

    /// Everything that lies in the folder, but the configs.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder()).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_file() && path.extension().is_none_or(|kind| kind != "toml"))
            .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file")))
            .collect()
    }

    pub(crate) async fn close(self) {
        self.listening.stop().await;
    }

    fn config_text(&self, url: &str, socket: &str) -> String {
        let port = self.port;
        let mut text = format!(
            r#"
[store]
url = "{url}"
[daemon]
socket = "{socket}"
log = "debug"
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
client_secret = "{SECRET}"
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
[policy]
# The kills of these tests are deliberate, and more than a row that is not to be suspected could survive.
claims_max = 1000
"#
        );
        for (name, duration) in durations() {
            let _ = writeln!(text, "{name}_seconds = {:.6}", duration.as_secs_f64() / SPEED);
        }
        text
    }
}

/// The settle time as the config has it.
pub(crate) fn settle() -> Duration {
    Policy::default().settle.div_f64(SPEED)
}

fn durations() -> [(&'static str, Duration); 18] {
    let policy = Policy::default();
    [
        ("retry_first", policy.retry_first),
        ("retry_last", policy.retry_last),
        ("retry_after_min", policy.retry_after_min),
        ("retry_after_max", policy.retry_after_max),
        ("absence_window", policy.absence_window),
        ("sync_first", policy.sync_first),
        ("sync_eager", policy.sync_eager),
        ("sync_later", policy.sync_later),
        ("poll_first", policy.poll_first),
        ("poll_last", policy.poll_last),
        ("impersonate_after", policy.impersonate_after),
        ("propagation_warn", policy.propagation_warn),
        ("propagation_deadline", policy.propagation_deadline),
        ("parked_seat", policy.parked_seat),
        ("settle", policy.settle),
        ("capacity_read", policy.capacity_read),
        ("seat_cool_down", policy.seat_cool_down),
        ("replication", policy.replication),
    ]
}
