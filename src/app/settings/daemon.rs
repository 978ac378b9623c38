//! `[daemon]`: the running process.

use super::path::KeyPath;
use super::reader::Reader;
use super::store::StoreSettings;
use crate::domain::Fault;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// How the running process is reached, ended and heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSettings {
    /// The local socket through which commands reach the daemon.
    pub socket: PathBuf,
    /// How long work in flight may take to end after the daemon was asked to stop.
    pub drain: Duration,
    /// What is logged: a level, or `tracing` directives such as `info,seatless::engine=debug`.
    pub log: String,
}

impl DaemonSettings {
    pub(super) fn read(reader: &mut Reader, store: &StoreSettings) -> Self {
        let key = |name| KeyPath::of(&["daemon", name]);
        let drain = reader.or_default(&key("drain_seconds"), "30", |value| value.seconds());
        let log = reader.or_default(&key("log"), "info", |value| directives(value.text()?));
        Self { socket: socket(reader, store), drain, log }
    }
}

/// The socket's path; by default next to the database, since there is one daemon for each.
fn socket(reader: &mut Reader, store: &StoreSettings) -> PathBuf {
    let key = KeyPath::of(&["daemon", "socket"]);
    let name = reader.or_default(&key, "seatless.sock", |value| value.text().map(PathBuf::from));
    if reader.is_set(&key) {
        return reader.folder(&reader.origin(&key)).join(name);
    }
    match store.path.as_deref().and_then(Path::parent) {
        Some(folder) => folder.join(name),
        None => name,
    }
}

fn directives(text: &str) -> Result<String, Fault> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(
            "it must be a level (error, warn, info, debug, trace) or directives such as info,seatless::engine=debug",
        )),
    }
}
