//! Opening and closing a database.

use super::incarnation::Settle;
use super::options::{PostgresOptions, Rest};
use super::probe::probe;
use super::readers::Readers;
use super::receipts::Receipts;
use super::rights::Check;
use super::schema::{Migrate, Read};
use super::transact::Writer;
use crate::domain::StoreId;
use crate::store::{Mode, OwnerCard, Spawn, StoreError};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Connects to a server, and looks at nothing yet. `process` is drawn anew by each start.
pub(super) async fn reach(
    url: &str,
    connections_max: u32,
    connect_max: Duration,
    process: Uuid,
    spawn: Spawn,
    rest: Rest,
) -> Result<Writer, StoreError> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Unreadable(format!("store.url is not acceptable: {error}")))?
        .application_name("seatless")
        .disable_statement_logging();
    // No idle timeout and no life time: the pool then needs no task of its own. Nothing is asked before a connection is
    // used either; one that has died is noticed by using it.
    let pool = PgPoolOptions::new()
        .max_connections(connections_max.max(1))
        .acquire_timeout(connect_max)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(connect.clone());
    // The first connection tells what is wrong with the address.
    probe(&connect, &rest).await?;
    Ok(Writer { pool, spawn, rest, receipts: Receipts::of(process), lanes: Arc::default() })
}

/// A PostgreSQL database as a store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct PostgresStore {
    pub(super) store: StoreId,
    pub(super) readers: Readers,
    pub(super) writer: Option<Writer>,
    pub(super) abandoned_after: Duration,
}

impl PostgresStore {
    /// Opens a database. An owner, of which there may be several, brings the schema up to date and looks whether it is
    /// still the database that it was.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] if the server does not answer, [`StoreError::Unreadable`] if it is too old, a standby,
    /// forgetful, or denies a right (the text spells out the missing grants), [`StoreError::SchemaNewer`] as it says.
    pub async fn open(options: PostgresOptions, spawn: Spawn, rest: Rest) -> Result<Self, StoreError> {
        let PostgresOptions { url, connections_max, connect_max, .. } = &options;
        let process = match &options.mode {
            Mode::Owner(card) => card.new_incarnation,
            // It only looks.
            Mode::Reader => Uuid::nil(),
        };
        let writer = reach(url, *connections_max, *connect_max, process, spawn, Arc::clone(&rest)).await?;
        let readers = Readers { pool: writer.pool.clone(), rest };
        let opened = match &options.mode {
            Mode::Owner(card) => Self::own(&writer, card).await,
            Mode::Reader => Self::look(&writer).await,
        };
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                readers.pool.close().await;
                return Err(error);
            }
        };
        let writer = matches!(options.mode, Mode::Owner(_)).then_some(writer);
        Ok(Self { store, readers, writer, abandoned_after: options.abandoned_after })
    }

    /// Ends every connection, each after what it is doing. Later verbs fail.
    pub async fn close(&self) {
        self.readers.pool.close().await;
    }

    async fn own(writer: &Writer, card: &OwnerCard) -> Result<StoreId, StoreError> {
        writer.tell(Check { writes: true }).await?;
        let store = writer.tell(Migrate { new_store: card.new_store }).await?;
        writer.tell(Settle { new_incarnation: card.new_incarnation, now: card.since }).await?;
        Ok(store)
    }

    async fn look(writer: &Writer) -> Result<StoreId, StoreError> {
        writer.tell(Check { writes: false }).await?;
        let Some(birth) = writer.tell(Read).await? else {
            return Err(StoreError::Unreadable("the database holds nothing of Seatless yet".to_owned()));
        };
        birth.check_reader()?;
        Ok(birth.store)
    }
}
