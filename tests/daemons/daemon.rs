//! A daemon as a process, started by whoever watches over it.

use super::patience::{until, within};
use super::place::Place;
use rustix::process::{Pid, Signal, kill_process};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// One start of a daemon. It ends with the test, however that ends.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

fn seatless(place: &Place, daemon: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatless"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEATLESS")) {
        command.env_remove(name);
    }
    command.arg("--config").arg(place.config(daemon)).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Submits so many users through the first daemon's config.
pub(crate) async fn submit(place: &Place, users: usize) {
    let mut command = seatless(place, 0);
    command.arg("submit").arg(place.list(users));
    let output = within("the submission", 60, command.output()).await.expect("a process");
    assert!(output.status.success(), "{output:?}");
}

impl Daemon {
    /// Starts it; whether it comes up is for the caller to see.
    pub(crate) fn spawn(place: &Place, daemon: usize, start: usize) -> Self {
        let log = place.folder().join(format!("daemon-{daemon}-{start}.log"));
        let file = std::fs::File::create(&log).expect("a log");
        let child = seatless(place, daemon).arg("run").stdout(Stdio::null()).stderr(file).spawn();
        Self { child: child.expect("a process"), log }
    }

    /// Starts it and waits until it works.
    pub(crate) async fn start(place: &Place, daemon: usize) -> Self {
        let mut started = Self::spawn(place, daemon, 0);
        until("the daemon", 30, async || {
            assert!(started.is_running(), "the daemon ended: {}", started.log());
            started.has_come_up().then_some(())
        })
        .await;
        started
    }

    pub(crate) fn has_come_up(&self) -> bool {
        self.log().contains("seatless is running")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("a running process"), signal).expect("our own child");
    }

    /// Kills it and waits for its end.
    pub(crate) async fn kill(&mut self) {
        within("the daemon", 10, self.child.kill()).await.expect("our own child");
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) {
        self.signal(Signal::TERM);
        let status = within("the daemon", 40, self.child.wait()).await.expect("a process");
        assert!(status.success(), "{}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}
