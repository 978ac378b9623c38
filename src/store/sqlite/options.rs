//! How a database is opened.

use crate::domain::{Instant, StoreId};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// Runs a future to its end in the background; the caller decides where.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// What the opener may do with the database.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Everything: it creates the file where it is missing, brings the schema up to date, and owns the database for as
    /// long as the process lives.
    Owner(OwnerCard),
    /// Read what is there, beside an owner or without one.
    Reader,
}

/// What an owner writes beside the database, so that whoever finds it locked knows by whom.
#[derive(Clone, Debug)]
pub struct OwnerCard {
    /// The id that a new database gets; an existing one keeps its own.
    pub new_store: StoreId,
    /// The id that an incarnation gets if one begins: a new database's, or one that was put back or copied.
    pub new_incarnation: Uuid,
    /// The name of this machine.
    pub host: String,
    /// Now.
    pub since: Instant,
    /// The program and its version, such as `seatless 0.1.0`.
    pub program: String,
}

/// Where the database is, and how to open it.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The file.
    pub path: PathBuf,
    /// What for.
    pub mode: Mode,
    /// How many connections read at the same time; at least 1.
    pub readers_max: u32,
    /// The largest size of the file, in pages of 4 KiB; absent: what the disk has room for.
    pub pages_max: Option<u32>,
    /// How long a lock of another program is waited for, in milliseconds.
    pub busy_wait_ms: u32,
}

impl OpenOptions {
    /// Opens for everything.
    pub fn owner(path: impl Into<PathBuf>, card: OwnerCard) -> Self {
        Self::with(path.into(), Mode::Owner(card))
    }

    /// Opens for reading.
    pub fn reader(path: impl Into<PathBuf>) -> Self {
        Self::with(path.into(), Mode::Reader)
    }

    /// The file that a `store.url` such as `sqlite:seatless.db` names; none if it names no SQLite file.
    pub fn path_of_url(url: &str) -> Option<PathBuf> {
        let rest = url.strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    }

    fn with(path: PathBuf, mode: Mode) -> Self {
        Self { path, mode, readers_max: 4, pages_max: None, busy_wait_ms: 5_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::OpenOptions;
    use std::path::PathBuf;

    #[test]
    fn a_url_names_a_file() {
        for (url, path) in [
            ("sqlite:seatless.db", Some("seatless.db")),
            ("sqlite:/var/lib/seatless/seatless.db", Some("/var/lib/seatless/seatless.db")),
            ("sqlite:///var/lib/seatless.db", Some("/var/lib/seatless.db")),
            ("sqlite::memory:", None),
            ("sqlite:", None),
            ("postgres://seatless@host/db", None),
        ] {
            assert_eq!(OpenOptions::path_of_url(url), path.map(PathBuf::from), "{url}");
        }
    }
}
