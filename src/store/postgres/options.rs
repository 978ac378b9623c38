//! How a database is opened.

use crate::store::{Mode, OwnerCard};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Ends after a time; the caller decides by which clock.
pub type Rest = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Where the database is, and how to open it.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Its address, such as `postgres://user@host/database`. A password does not belong into it: the driver takes it from
    /// `PGPASSWORD` or the file that `PGPASSFILE` names.
    pub url: String,
    /// What for. Unlike a file, a database may have any number of owners at the same time.
    pub mode: Mode,
    /// How many connections there may be at the same time; at least 1.
    pub connections_max: u32,
    /// How long a verb waits for one of them to become free, or to be made.
    pub connect_max: Duration,
    /// After what time without another chunk a submission counts as one whose process has ended.
    pub abandoned_after: Duration,
}

impl PostgresOptions {
    /// Opens for everything.
    pub fn owner(url: impl Into<String>, card: OwnerCard) -> Self {
        Self::with(url.into(), Mode::Owner(card))
    }

    /// Opens for reading.
    pub fn reader(url: impl Into<String>) -> Self {
        Self::with(url.into(), Mode::Reader)
    }

    /// Whether a `store.url` names a PostgreSQL database.
    pub fn is_meant_by(url: &str) -> bool {
        ["postgres://", "postgresql://"].iter().any(|prefix| url.starts_with(prefix))
    }

    fn with(url: String, mode: Mode) -> Self {
        let (connect_max, abandoned_after) = (Duration::from_secs(10), Duration::from_secs(3_600));
        Self { url, mode, connections_max: 16, connect_max, abandoned_after }
    }
}

impl fmt::Debug for PostgresOptions {
    /// Leaves the address out, in case somebody has put a password into it all the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("mode", &self.mode).finish_non_exhaustive()
    }
}
