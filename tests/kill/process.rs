//! The binary as a process: the daemon, and commands beside it.

use super::patience::{until, within};
use super::place::Place;
use rustix::process::{Pid, Signal, kill_process};
use seatless::app::TokioSpawner;
use seatless::engine::Spawner;
use seatless::http::DaemonClient;
use seatless::store::{OpenOptions, SqliteStore};
use sqlx::{Connection, Row, SqliteConnection};
use std::fs::OpenOptions as FileOptions;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};

/// A daemon. It ends with the test, however that ends.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn seatless(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatless"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEATLESS")) {
        command.env_remove(name);
    }
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
        command.env_remove(name);
    }
    command.arg("--config").arg(config).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub(crate) async fn run(config: &Path, args: &[&str]) -> Said {
    let output = within("the command", 60, seatless(config).args(args).output()).await.expect("a process");
    Said {
        status: output.status,
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Starts a command and does not wait for it.
pub(crate) fn start(config: &Path, args: &[&str]) -> Child {
    let mut command = seatless(config);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

impl Daemon {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(place: &Place) -> Self {
        Self::start_with(place, &place.config(), &place.socket()).await
    }

    /// The same with another config, which names this socket.
    pub(crate) async fn start_with(place: &Place, config: &Path, socket: &Path) -> Self {
        Self::start_as(place, seatless(config), socket).await
    }

    /// The same as a service: told by its environment where to say how it is, and how often the watchdog wants to hear.
    pub(crate) async fn start_watched(place: &Place, listener: &Path, watchdog: Duration) -> Self {
        let mut command = seatless(&place.config());
        command.env("NOTIFY_SOCKET", listener).env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        Self::start_as(place, command, &place.socket()).await
    }

    async fn start_as(place: &Place, mut command: Command, socket: &Path) -> Self {
        let log = place.folder().join("daemon.log");
        let file = FileOptions::new().create(true).append(true).open(&log).expect("a log");
        let child = command.arg("run").stdout(Stdio::null()).stderr(file).spawn();
        let mut daemon = Self { child: child.expect("a process"), log };
        until("the daemon", 20, async || {
            if let Some(status) = daemon.child.try_wait().expect("a process") {
                // It may be killed on its way up, by whoever counts its calls; that is for the caller to see.
                assert_eq!(status.signal(), Some(9), "the daemon ended: {}", daemon.log());
                return Some(());
            }
            match DaemonClient::find(socket).await {
                Ok(Some((_, health))) if Some(health.process_id) == daemon.child.id() => Some(()),
                Ok(_) | Err(_) => None,
            }
        })
        .await;
        daemon
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("our own child");
    }

    pub(crate) async fn end(&mut self, seconds: u64) -> ExitStatus {
        within("the daemon", seconds, self.child.wait()).await.expect("a process")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// The database, for reading beside whoever owns it.
pub(crate) async fn reader(path: &Path) -> SqliteStore {
    let spawn = Arc::new(|task| TokioSpawner.spawn(task));
    SqliteStore::open(OpenOptions::reader(path), spawn).await.expect("a database")
}

/// One number, by a plain query past the product.
pub(crate) async fn number(path: &Path, query: &'static str) -> i64 {
    row(path, query).await.get(0)
}

/// One text, likewise.
pub(crate) async fn text(path: &Path, query: &'static str) -> String {
    row(path, query).await.get(0)
}

async fn row(path: &Path, query: &'static str) -> sqlx::sqlite::SqliteRow {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    let row = sqlx::query(query).fetch_one(&mut connection).await.expect("a row");
    connection.close().await.expect("a database");
    row
}
