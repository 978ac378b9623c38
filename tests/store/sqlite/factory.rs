//! SQLite databases in a directory of their own.

use crate::suite::world::{Database, Later};
use seatless::domain::StoreId;
use seatless::store::{OpenOptions, OwnerCard, SqliteStore, Store, StoreError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use uuid::Uuid;

/// A database file in a directory that goes with it.
pub struct File {
    pub directory: TempDir,
    pages_max: Option<u32>,
    busy_wait_ms: u32,
    open: Mutex<Option<SqliteStore>>,
}

/// A fresh one.
pub fn fresh() -> File {
    let directory = tempfile::tempdir().expect("a directory can be made");
    File { directory, pages_max: None, busy_wait_ms: 5_000, open: Mutex::new(None) }
}

impl File {
    /// On a disk with room for so many pages.
    pub fn of_pages(self, pages_max: u32) -> Self {
        Self { pages_max: Some(pages_max), ..self }
    }

    /// Whose owner waits so many milliseconds for the locks of others.
    pub fn patient_for(self, busy_wait_ms: u32) -> Self {
        Self { busy_wait_ms, ..self }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("seatless.db")
    }

    /// Where [`Database::save`] puts its copy.
    pub fn copy(&self) -> PathBuf {
        self.directory.path().join("copy.db")
    }

    /// Opens it as its owner.
    pub async fn own(&self) -> Result<SqliteStore, StoreError> {
        self.own_as(self.path()).await
    }

    /// The same by another path.
    pub async fn own_as(&self, path: PathBuf) -> Result<SqliteStore, StoreError> {
        let options = OpenOptions {
            pages_max: self.pages_max,
            busy_wait_ms: self.busy_wait_ms,
            ..OpenOptions::owner(path, card())
        };
        SqliteStore::open(options, Arc::new(spawn)).await
    }

    /// Opens it for a world that has closed it.
    pub async fn opened_again(&self) -> Arc<dyn Store> {
        Database::open(self).await
    }

    /// What the world on it works with.
    pub fn opened(&self) -> SqliteStore {
        self.open.lock().expect("no test panics while it holds this").clone().expect("it is open")
    }

    /// Opens it for reading.
    pub async fn read(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(OpenOptions::reader(self.path()), Arc::new(spawn)).await
    }

    /// What a connection that knows nothing of Seatless does to the file.
    pub async fn meddle(&self, sql: &'static str) {
        let mut bare = self.bare().await;
        // The rules of the tables would not let it.
        let _ = sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut bare).await;
        sqlx::query(sql).execute(&mut bare).await.expect("the statement runs");
        sqlx::Connection::close(bare).await.expect("the connection can be closed");
    }

    /// A connection that knows nothing of Seatless.
    pub async fn bare(&self) -> sqlx::SqliteConnection {
        use sqlx::Connection;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path());
        sqlx::SqliteConnection::connect_with(&options).await.expect("the file can be opened")
    }
}

impl Database for Arc<File> {
    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        Database::open(self.as_ref())
    }

    fn close(&self) -> Later<'_, ()> {
        Database::close(self.as_ref())
    }

    fn save(&self) -> Later<'_, ()> {
        Database::save(self.as_ref())
    }

    fn put_back(&self) -> Later<'_, ()> {
        Database::put_back(self.as_ref())
    }
}

impl Database for File {
    fn open(&self) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async {
            let store = self.own().await.expect("the database can be opened");
            *self.open.lock().expect("no test panics while it holds this") = Some(store.clone());
            let store: Arc<dyn Store> = Arc::new(store);
            store
        })
    }

    fn close(&self) -> Later<'_, ()> {
        Box::pin(async {
            let store = self.open.lock().expect("no test panics while it holds this").take();
            if let Some(store) = store {
                store.close().await.expect("the database can be closed");
            }
        })
    }

    fn save(&self) -> Later<'_, ()> {
        Box::pin(async {
            SqliteStore::back_up(&self.path(), &self.copy()).await.expect("a copy can be made");
        })
    }

    fn put_back(&self) -> Later<'_, ()> {
        Box::pin(async {
            SqliteStore::put_back(&self.path(), &self.copy(), &card()).await.expect("it can be put back");
        })
    }
}

/// Each opening has an id ready that no other one has.
static INCARNATIONS: AtomicU64 = AtomicU64::new(0xa0_0000);

/// Who owns test databases.
pub fn card() -> OwnerCard {
    OwnerCard {
        new_store: StoreId(Uuid::from_u128(0x57043)),
        new_incarnation: Uuid::from_u128(u128::from(INCARNATIONS.fetch_add(1, Ordering::Relaxed))),
        host: "testbed".to_owned(),
        since: chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("within range"),
        program: "seatless 0.1.0".to_owned(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the suite spawns: the store's writer")]
pub fn spawn(future: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
    tokio::spawn(future);
}
