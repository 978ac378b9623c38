//! A simulated cloud on a real port, a database on the server of the tests, and a config for each daemon. Each daemon signs
//! in as an application of its own, so that the cloud's ledger tells who has called.

use super::cluster::cluster;
use super::patience::within;
use seatless::domain::Policy;
use seatless::simulator::{Delays, Faults, Listening, Simulator, TokioSpawn, WallClock, World, listen};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// How many times faster than life everything is.
const SPEED: f64 = 240.0;

/// One place at a time: what is tested needs the whole machine, and one test stops the server.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What differs between the tests.
pub(crate) struct Plan {
    pub(crate) daemons: usize,
    pub(crate) environments: usize,
    pub(crate) seats: u32,
    /// How long a call takes.
    pub(crate) latency: Duration,
    pub(crate) lease: f64,
    pub(crate) call_deadline: f64,
}

/// Where the daemons live.
pub(crate) struct Place {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) plan: Plan,
    pub(crate) url: String,
    port: u16,
    listening: Listening,
    folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// The application that a daemon signs in as.
pub(crate) fn app(daemon: usize) -> String {
    format!("a2000000-0000-4000-8000-{:012}", daemon + 1)
}

pub(crate) fn environment(number: usize) -> String {
    format!("env-{number}")
}

impl Place {
    pub(crate) async fn new(plan: Plan) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let alone = ALONE.lock().await;
        let world = World::from_toml(&world_text(&plan)).expect("a sound world");
        let simulated = plan.latency.as_secs_f64() * SPEED;
        let delays =
            Delays { speed: SPEED, latency_min: simulated, latency_max: simulated, ..Delays::default() };
        let simulator = Simulator::new(&world, delays, Faults::default(), 1, Arc::new(WallClock));
        let simulator = Arc::new(simulator.expect("a sound world"));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = listen(Arc::clone(&simulator), Some(any), None, TokioSpawn).await.expect("a port");
        let port = listening.http.expect("an address").port();
        let name = format!("daemons_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut bare = PgConnection::connect(&cluster().url("postgres")).await.expect("a server");
        let make = format!("CREATE DATABASE {name} TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut bare).await.expect("a database");
        let folder = tempfile::tempdir().expect("a folder");
        let url = cluster().url(&name);
        let place = Self { simulator, plan, url, port, listening, folder, _alone: alone };
        for daemon in 0..place.plan.daemons {
            std::fs::write(place.config(daemon), place.config_text(daemon)).expect("a config");
        }
        place
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self, daemon: usize) -> PathBuf {
        self.folder().join(format!("daemon-{daemon}.toml"))
    }

    pub(crate) fn socket(&self, daemon: usize) -> PathBuf {
        self.folder().join(format!("daemon-{daemon}.sock"))
    }

    /// A list of so many users, one account each, spread over the environments.
    pub(crate) fn list(&self, users: usize) -> PathBuf {
        let mut text = "user_principal_name,environment,security_roles\n".to_owned();
        for user in 0..users {
            let environment = environment(user % self.plan.environments);
            let _ = writeln!(text, "svc-{user}@contoso.example,{environment},Writer");
        }
        let path = self.folder().join("list.csv");
        std::fs::write(&path, text).expect("a list");
        path
    }

    /// One number, by a plain query past the product; nothing while the server is away.
    pub(crate) async fn number(&self, query: &'static str) -> Option<i64> {
        let mut bare = PgConnection::connect(&self.url).await.ok()?;
        let row = sqlx::query(query).fetch_one(&mut bare).await.ok()?;
        bare.close().await.ok()?;
        Some(row.get(0))
    }

    /// Whether every request has ended or is blocked.
    pub(crate) async fn is_over(&self) -> bool {
        self.number("SELECT count(*) FROM requests WHERE status = 'active'").await == Some(0)
    }

    /// Whether no seat is held or rests any more, nor any claim or work is left.
    pub(crate) async fn is_at_rest(&self) -> bool {
        self.is_over().await
            && self.number("SELECT coalesce(sum(held), 0)::bigint FROM pools WHERE kind = 'seat'").await
                == Some(0)
    }

    pub(crate) async fn close(self) {
        within("the cloud", 10, self.listening.stop()).await;
    }

    fn config_text(&self, daemon: usize) -> String {
        let (port, url, socket) = (self.port, &self.url, self.socket(daemon));
        let mut text = format!(
            r#"
[store]
url = "{url}"
[daemon]
socket = "{}"
[clouds.simulator]
sign_in_url = "http://login.localhost:{port}"
graph_url = "http://graph.localhost:{port}"
power_platform_url = "http://bap.localhost:{port}"
[tenants.contoso]
id = "a1000000-0000-4000-8000-000000000001"
cloud = "simulator"
usage_location = "GB"
[tenants.contoso.sign_in]
client_id = "{}"
client_secret = "canary-client-secret-Zq7"
"#,
            socket.display(),
            app(daemon),
        );
        for number in 0..self.plan.environments {
            let name = environment(number);
            let _ = write!(
                text,
                "[environments.{name}]\ntenant = \"contoso\"\nurl = \"http://{name}.crm.localhost:{port}\"\n\
                 id = \"a4000000-0000-4000-8000-{number:012}\"\nlicense = \"DYN365_ENTERPRISE_SALES\"\n"
            );
        }
        let _ = write!(
            text,
            "[policy]\nclaims_max = 1000\nattempts_max = 1000\nlevel_check_seconds = 1\nlease_seconds = {}\n\
             call_deadline_seconds = {}\nconnect_seconds = {}\n",
            self.plan.lease, self.plan.call_deadline, self.plan.call_deadline
        );
        for (name, duration) in durations() {
            let _ = writeln!(text, "{name}_seconds = {:.6}", duration.as_secs_f64() / SPEED);
        }
        text
    }
}

fn world_text(plan: &Plan) -> String {
    let mut text = "[[tenants]]\nname = \"contoso\"\nid = \"a1000000-0000-4000-8000-000000000001\"\n\
                    domains = [\"contoso.example\"]\n"
        .to_owned();
    for daemon in 0..plan.daemons {
        let client = app(daemon);
        let _ = write!(
            text,
            "[[tenants.apps]]\nclient_id = \"{client}\"\nclient_secret = \"canary-client-secret-Zq7\"\n"
        );
    }
    let _ = write!(
        text,
        "[[tenants.skus]]\npart_number = \"DYN365_ENTERPRISE_SALES\"\n\
         sku_id = \"1e1a282c-9c54-43a2-9310-98ef728faace\"\nenabled = {}\n",
        plan.seats
    );
    for number in 0..plan.environments {
        let name = environment(number);
        let _ = write!(
            text,
            "[[tenants.environments]]\nname = \"{name}\"\nid = \"a4000000-0000-4000-8000-{number:012}\"\n\
             organization_id = \"a5000000-0000-4000-8000-{number:012}\"\nhost = \"{name}\"\n\
             non_interactive_max = 1000\nroles = [\"Writer\"]\n"
        );
    }
    text
}

fn durations() -> [(&'static str, Duration); 19] {
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
        ("sweep", policy.sweep),
    ]
}
