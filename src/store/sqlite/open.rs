//! Opening and closing a database.

use super::head::SideCar;
use super::incarnation::{self, HeadKeeper};
use super::library::has_wal_reset_bug;
use super::lock::OwnerLock;
use super::options::{Mode, OpenOptions, OwnerCard, Spawn};
use super::pen::Pen;
use super::readers::Readers;
use super::schema::Moved;
use super::verdict::said;
use super::writer::{self, Job, Odometer, WriterStats};
use super::{private_file, schema};
use crate::domain::StoreId;
use crate::store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// A SQLite database as a store. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct SqliteStore {
    pub(super) store: StoreId,
    pub(super) readers: Readers,
    pub(super) writer: Option<Writer>,
    moved: Option<Moved>,
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Writer {
    queue: UnboundedSender<Job>,
    odometer: Arc<Odometer>,
    head: Arc<HeadKeeper>,
}

impl Writer {
    pub(super) fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.queue.send(job).map_err(|_| closed())
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Failed("the database is closed".to_owned())
}

impl SqliteStore {
    /// Opens a database. As an owner it creates the file (readable by its owner only), takes the lock beside it, brings
    /// the schema up to date, and has `spawn` run the writer until the store is closed or its last clone is dropped.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process owns it, [`StoreError::Unreadable`] if it is not there (for a reader)
    /// or cannot be opened, [`StoreError::Moved`] (for an owner), [`StoreError::SchemaNewer`] and
    /// [`StoreError::LibraryUnsafe`] as they say.
    pub async fn open(options: OpenOptions, spawn: Spawn) -> Result<Self, StoreError> {
        match options.mode.clone() {
            Mode::Owner(card) => Self::open_owner(options, card, spawn).await,
            Mode::Reader => Self::open_reader(options).await,
        }
    }

    /// Ends the writer after everything that is queued, folds the log into the file, and gives the lock back. Later
    /// verbs fail.
    ///
    /// # Errors
    /// What SQLite says when it cannot close the file; everything that was answered is stored all the same.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let Some(writer) = &self.writer else { return Ok(()) };
        let (reply, answer) = oneshot::channel();
        match writer.submit(Job::Close(reply)) {
            Ok(()) => answer.await.unwrap_or(Ok(())),
            // It was closed before.
            Err(_) => Ok(()),
        }
    }

    /// Where the database's content has gone, if it has: then this one tells how things stood when it went.
    pub fn moved(&self) -> Option<&Moved> {
        self.moved.as_ref()
    }

    /// Writes down beside the database how far its history has come, if it has come further since the last time; an older
    /// state of the database that is put in its place is noticed by that. Does nothing for a reader.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Unreadable`]: what was written down before stands.
    pub async fn keep_head(&self) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let sequence = match self.readers.row(sqlx::query(incarnation::LAST_EVENT)).await? {
            Some(row) => row.try_get(0).map_err(said)?,
            None => 0,
        };
        writer.head.keep(sequence)
    }

    /// What the writer has done since the database was opened; zeros for a reader.
    pub fn writer_stats(&self) -> WriterStats {
        self.writer.as_ref().map(|writer| writer.odometer.read()).unwrap_or_default()
    }

    /// How many statements have read beside the writer since the database was opened.
    pub fn reading_statements(&self) -> u64 {
        self.readers.statements()
    }

    async fn open_owner(options: OpenOptions, card: OwnerCard, spawn: Spawn) -> Result<Self, StoreError> {
        let path = resolved(&options.path)?;
        let options = OpenOptions { path, ..options };
        let lock = OwnerLock::take(&options.path, &card)?;
        let side_car = SideCar::read(&options.path)?;
        side_car.as_ref().map_or(Ok(()), SideCar::check_stayed)?;
        if !options.path.exists() {
            incarnation::refuse_to_forget(&options.path, side_car.as_ref())?;
        }
        private_file::open_or_create(&options.path).map_err(|error| {
            StoreError::Unreadable(format!(
                "{} cannot be opened for writing: {error}",
                options.path.display()
            ))
        })?;
        // Looked at before anything is set: even the journal's mode is written into the file.
        let mut first_look = connect(base(&options)).await?;
        check_library(&mut first_look).await?;
        match schema::read_birth(&mut first_look).await? {
            Some(birth) => birth.check_writer()?,
            None => {
                incarnation::refuse_to_forget(&options.path, side_car.as_ref())?;
                schema::refuse_foreign(&mut first_look).await?;
            }
        }
        first_look.close().await.map_err(said)?;
        let mut connection = connect(writing(&options)).await?;
        let store = schema::migrate(&mut connection, card.new_store).await?;
        let mut pen = Pen::new(connection);
        schema::read_back(&mut pen).await?;
        let head = Arc::new(incarnation::settle(&mut pen, &options.path, &card, side_car).await?);
        let readers = Readers::new(pool(&options).await?);
        let (queue, jobs) = unbounded_channel();
        let odometer = Arc::new(Odometer::default());
        spawn(Box::pin(writer::write(pen, jobs, Arc::clone(&odometer), Arc::clone(&head), lock)));
        Ok(Self { store, readers, writer: Some(Writer { queue, odometer, head }), moved: None })
    }

    async fn open_reader(options: OpenOptions) -> Result<Self, StoreError> {
        let path = &options.path;
        if !path.exists() {
            return Err(StoreError::Unreadable(format!("there is no database at {}", path.display())));
        }
        let mut connection = connect(reading(&options)).await?;
        check_library(&mut connection).await?;
        let birth = schema::read_birth(&mut connection).await?;
        let Some(birth) = birth else {
            return Err(StoreError::Unreadable(format!("{} holds no Seatless database", path.display())));
        };
        birth.check_reader()?;
        connection.close().await.map_err(said)?;
        let readers = Readers::new(pool(&options).await?);
        Ok(Self { store: birth.store, readers, writer: None, moved: birth.moved })
    }
}

/// The database itself, where a link leads to it.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, StoreError> {
    private_file::resolved(path).map_err(|error| {
        StoreError::Unreadable(format!("{} is a link that leads to no file: {error}", path.display()))
    })
}

/// How both kinds of connections are opened.
pub(super) fn base(options: &OpenOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&options.path)
        .busy_timeout(Duration::from_millis(u64::from(options.busy_wait_ms)))
        .statement_cache_capacity(256)
        // Rows cross a channel from SQLite's thread; a short one costs a change of threads every few rows.
        .row_buffer_size(4_096)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory")
        .disable_statement_logging()
}

pub(super) fn writing(options: &OpenOptions) -> SqliteConnectOptions {
    let connect = base(options)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted is overwritten: a sealed password that was destroyed is not to be found in the file.
        .pragma("secure_delete", "on")
        // A checkpoint each 64 MiB of log: seldom enough that a page changed often is copied once, often enough to
        // keep readers and the next start quick.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "134217728");
    match options.pages_max {
        Some(pages_max) => connect.pragma("max_page_count", pages_max.to_string()),
        None => connect,
    }
}

fn reading(options: &OpenOptions) -> SqliteConnectOptions {
    base(options).read_only(true).pragma("query_only", "1")
}

async fn pool(options: &OpenOptions) -> Result<sqlx::SqlitePool, StoreError> {
    // No idle timeout and no life time: the pool then needs no task of its own.
    SqlitePoolOptions::new()
        .max_connections(options.readers_max.max(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(reading(options))
        .await
        .map_err(said)
}

pub(super) async fn connect(options: SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    SqliteConnection::connect_with(&options).await.map_err(|error| match said(error) {
        StoreError::Unreadable(why) => {
            StoreError::Unreadable(format!("{}: {why}", options.get_filename().display()))
        }
        other => other,
    })
}

pub(super) async fn check_library(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT sqlite_version()").fetch_one(connection).await.map_err(said)?;
    let version: String = row.try_get(0).map_err(said)?;
    if has_wal_reset_bug(&version) { Err(StoreError::LibraryUnsafe(version)) } else { Ok(()) }
}
