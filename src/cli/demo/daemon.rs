//! The demo's daemon: this very binary, as a process of its own.

use super::folder::Folder;
use crate::app::TokioTimer;
use crate::cli::trouble::Trouble;
use crate::engine::Timer;
use crate::http::DaemonClient;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How often a starting daemon is asked whether it is there yet.
const ASK: Duration = Duration::from_millis(20);
/// How often at the most: ten seconds in all.
const ASKS_MAX: u32 = 500;

/// The daemon's process. It ends with the demo, whatever happens.
pub(super) struct DaemonProcess {
    child: Child,
    config: PathBuf,
    log: PathBuf,
    socket: PathBuf,
}

impl DaemonProcess {
    pub(super) async fn start(folder: &Folder, socket: &Path) -> Result<Self, Trouble> {
        let (config, log) = (folder.config(), folder.log());
        let child = spawn(&config, &log)?;
        let mut process = Self { child, config, log, socket: socket.to_owned() };
        process.answers().await?;
        Ok(process)
    }

    /// Ends the process as a crash would, and starts it again.
    pub(super) async fn crash(&mut self) -> Result<(), Trouble> {
        self.child.kill().await?;
        self.child = spawn(&self.config, &self.log)?;
        self.answers().await
    }

    /// Asks the process to stop in good order, and waits until it has.
    pub(super) async fn stop(mut self) -> Result<(), Trouble> {
        let Some(id) = self.child.id() else {
            return Ok(());
        };
        let process = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
        match process.map(|process| rustix::process::kill_process(process, rustix::process::Signal::TERM)) {
            Some(Ok(())) => {}
            Some(Err(_)) | None => self.child.kill().await?,
        }
        self.child.wait().await?;
        Ok(())
    }

    async fn answers(&mut self) -> Result<(), Trouble> {
        for _ in 0..ASKS_MAX {
            if let Ok(Some(_)) = DaemonClient::find(&self.socket).await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let said = last_line(&self.log);
                return Err(Trouble::failure(format!("the daemon ended at once ({status}): {said}")));
            }
            TokioTimer.sleep(ASK).await;
        }
        Err(Trouble::failure("the daemon does not answer").hint(format!("see {}", self.log.display())))
    }
}

fn spawn(config: &Path, log: &Path) -> Result<Child, Trouble> {
    let binary = std::env::current_exe()?;
    let log = OpenOptions::new().create(true).append(true).open(log)?;
    let child = Command::new(binary)
        .arg("--config")
        .arg(config)
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.is_empty()).unwrap_or("it said nothing").to_owned()
}
