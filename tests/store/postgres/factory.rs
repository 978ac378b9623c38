//! PostgreSQL databases, each made from a template that has the tables.

use super::cluster::{Cluster, cluster};
use crate::suite::sqlite::factory::{card, spawn};
use crate::suite::world::{Database, Later};
use seatless::app::TokioTimer;
use seatless::engine::Timer;
use seatless::store::{POSTGRES_MIGRATIONS, PostgresOptions, PostgresStore, Rest, Spawn, Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// What every database of the tests is made from.
const TEMPLATE: &str = "seatless_template";

/// The databases of tests that are over. They are dropped by whoever makes the next one, since a `drop` cannot wait.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A database of its own.
pub struct Served {
    pub name: String,
    pub connections_max: u32,
    made: OnceCell<()>,
    open: Mutex<Option<PostgresStore>>,
}

/// A fresh one.
pub fn fresh() -> Served {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("case_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    Served { name, connections_max: 4, made: OnceCell::new(), open: Mutex::new(None) }
}

impl Served {
    /// Its address.
    pub fn url(&self) -> String {
        cluster().url(&self.name)
    }

    /// Makes it, the first time.
    pub async fn make(&self) {
        let make = async {
            static MADE: OnceCell<()> = OnceCell::const_new();
            MADE.get_or_init(|| make_template(cluster())).await;
            let over = std::mem::take(&mut *OVER.lock().unwrap_or_else(PoisonError::into_inner));
            for name in over {
                rule(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
            rule(&format!("CREATE DATABASE {} TEMPLATE {TEMPLATE}", self.name)).await;
        };
        self.made.get_or_init(|| make).await;
    }

    /// Opens it as one of its owners.
    pub async fn own(&self) -> Result<PostgresStore, StoreError> {
        self.own_at(&self.url()).await
    }

    /// The same by way of another address.
    pub async fn own_at(&self, url: &str) -> Result<PostgresStore, StoreError> {
        self.make().await;
        let options = PostgresOptions {
            connections_max: self.connections_max,
            // Nobody but the test itself submits anything.
            abandoned_after: Duration::ZERO,
            ..PostgresOptions::owner(url, card())
        };
        PostgresStore::open(options, spawner(), rest()).await
    }

    /// Opens it for reading.
    pub async fn read(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(PostgresOptions::reader(self.url()), spawner(), rest()).await
    }

    /// A connection that knows nothing of Seatless.
    pub async fn bare(&self) -> PgConnection {
        self.make().await;
        connect(&self.name).await
    }

    fn dump(&self) -> PathBuf {
        std::env::temp_dir().join(format!("seatless-{}-{}.dump", std::process::id(), self.name))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.dump());
        if self.made.initialized() {
            OVER.lock().unwrap_or_else(PoisonError::into_inner).push(self.name.clone());
        }
    }
}

impl Database for Served {
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
                store.close().await;
            }
        })
    }

    fn save(&self) -> Later<'_, ()> {
        Box::pin(async {
            let mut dump = cluster().program("pg_dump");
            dump.args(["--format=custom", "--file"]).arg(self.dump()).arg(&self.name);
            assert!(dump.status().expect("pg_dump runs").success());
        })
    }

    fn put_back(&self) -> Later<'_, ()> {
        Box::pin(async {
            rule(&format!("DROP DATABASE {}", self.name)).await;
            rule(&format!("CREATE DATABASE {} TEMPLATE template0", self.name)).await;
            let mut restore = cluster().program("pg_restore");
            restore.args(["--dbname", &self.name]).arg(self.dump());
            assert!(restore.status().expect("pg_restore runs").success());
        })
    }
}

/// Runs tasks where the test runs.
pub fn spawner() -> Spawn {
    Arc::new(spawn)
}

/// Waits by the real clock; only an outage of the server is waited for.
pub fn rest() -> Rest {
    Arc::new(|time| Box::pin(TokioTimer.sleep(time)))
}

async fn connect(database: &str) -> PgConnection {
    PgConnection::connect(&cluster().url(database)).await.expect("the server takes a connection")
}

/// Rules over the server's databases.
pub async fn rule(sql: &str) {
    let mut bare = connect("postgres").await;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut bare)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    bare.close().await.expect("a connection can be closed");
}

/// Makes the template, with a collation that is not byte by byte where the server has one: what is ordered has to say so.
async fn make_template(cluster: &Cluster) {
    let mut bare = connect("postgres").await;
    let version: i32 = sqlx::query("SELECT current_setting('server_version_num')::int")
        .fetch_one(&mut bare)
        .await
        .expect("the server has a version")
        .get(0);
    bare.close().await.expect("a connection can be closed");
    let collation = if version >= 150_000 { "LOCALE_PROVIDER icu ICU_LOCALE 'en'" } else { "" };
    rule(&format!("CREATE DATABASE {TEMPLATE} TEMPLATE template0 {collation}")).await;
    let mut bare = PgConnection::connect(&cluster.url(TEMPLATE)).await.expect("the template is there");
    for (_, _, text) in POSTGRES_MIGRATIONS {
        sqlx::raw_sql(*text).execute(&mut bare).await.expect("a migration runs");
    }
    let (version, ..) = POSTGRES_MIGRATIONS.last().expect("there are migrations");
    sqlx::query(
        "INSERT INTO meta (one, store_id, schema_version, reader_version_min) VALUES (TRUE, $1, $2, 1)",
    )
    .bind(card().new_store.0)
    .bind(version)
    .execute(&mut bare)
    .await
    .expect("the template is born");
    bare.close().await.expect("a connection can be closed");
}

impl Database for Arc<Served> {
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
