//! The database of a command: a file, or one on a server.

use crate::store::{PostgresStore, SqliteStore, Store, StoreError};
use std::ops::Deref;
use std::sync::Arc;

/// An open database.
#[derive(Clone)]
pub(super) enum Database {
    /// A file; whoever owns it owns it alone.
    File(SqliteStore),
    /// One on a server, which any number of processes may write to.
    Server(PostgresStore),
}

impl Deref for Database {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::File(store) => store,
            Self::Server(store) => store,
        }
    }
}

impl Database {
    /// The same for whoever has to keep it.
    pub(super) fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => Arc::new(store.clone()),
            Self::Server(store) => Arc::new(store.clone()),
        }
    }

    /// Ends it after everything that was asked of it.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::File(store) => store.close().await,
            Self::Server(store) => {
                store.close().await;
                Ok(())
            }
        }
    }
}
