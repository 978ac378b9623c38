//! What can go wrong between Seatless and its database.

use crate::domain::{Code, Failure};

/// Why a store operation did not happen. Nothing of it was written, except where [`StoreError::Failed`] says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the database; the text names it (process id, host, since when).
    #[error("{0}")]
    Locked(String),
    /// Another program holds a lock on the database for longer than we wait.
    #[error("the database is locked by another program")]
    Busy,
    /// The disk, or the database's size limit, is full.
    #[error("there is no room for the database to grow")]
    Full,
    /// The database cannot be opened or written; the text says why.
    #[error("{0}")]
    Unreadable(String),
    /// A newer Seatless has written the database.
    #[error("the database needs a reader of schema version {needed} or later, this is version {known}")]
    SchemaNewer {
        /// The minimum reader version that the database asks for.
        needed: i64,
        /// The version this binary knows.
        known: i64,
    },
    /// The SQLite library linked into this binary has the bug of <https://sqlite.org/wal.html#walresetbug>.
    #[error("SQLite {0} can corrupt a database in WAL mode")]
    LibraryUnsafe(String),
    /// A stored row contradicts the rules of the machine; the text names the row and the rule.
    #[error("{0}")]
    Corrupt(String),
    /// The database server is away, or takes no writes at the moment; the text says what was noticed.
    #[error("{0}")]
    Unreachable(String),
    /// Another server, or an older state, has taken the place of the database that was opened.
    #[error("another server, or an older state of the database, has taken its place")]
    Replaced,
    /// The database was copied to another one, which is in use instead.
    #[error("it was moved to {to}, and nothing is written to it any more")]
    Moved {
        /// The address of the other one.
        to: String,
    },
    /// Anything else the database said.
    #[error("{0}")]
    Failed(String),
}

impl StoreError {
    /// Whether it may pass by itself, so that the same call is worth another try: nothing of it was written.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Full | Self::Unreachable(_) => true,
            Self::Locked(_)
            | Self::Unreadable(_)
            | Self::SchemaNewer { .. }
            | Self::LibraryUnsafe(_)
            | Self::Corrupt(_)
            | Self::Replaced
            | Self::Moved { .. }
            | Self::Failed(_) => false,
        }
    }

    /// The failure a person is shown.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::Locked(_) => Code::StoreLocked,
            Self::Busy => Code::StoreBusy,
            Self::Full => Code::StoreFull,
            Self::Unreadable(_) => Code::StoreUnreadable,
            Self::SchemaNewer { .. } => Code::StoreSchemaNewer,
            Self::LibraryUnsafe(_) => Code::StoreLibraryUnsafe,
            Self::Corrupt(_) => Code::StoreCorrupt,
            Self::Unreachable(_) => Code::StoreUnreachable,
            Self::Replaced => Code::StoreReplaced,
            Self::Moved { .. } => Code::StoreMoved,
            Self::Failed(_) => Code::StoreFailed,
        };
        match self {
            // The code's sentence says it all.
            Self::Busy | Self::Full | Self::Replaced => Failure::new(code, ""),
            Self::Locked(_)
            | Self::Unreadable(_)
            | Self::SchemaNewer { .. }
            | Self::LibraryUnsafe(_)
            | Self::Corrupt(_)
            | Self::Unreachable(_)
            | Self::Moved { .. }
            | Self::Failed(_) => Failure::new(code, self.to_string()),
        }
    }
}
