//! A PostgreSQL server of the bench's own, with the settings of a real one: nothing that was answered is lost.

#[allow(unreachable_pub, reason = "it is the suite's own")]
#[path = "../../tests/store/postgres/cluster.rs"]
mod cluster;

use cluster::{Cluster, How};
use seatless::app::{SystemIds, TokioSpawner, TokioTimer, host_name};
use seatless::domain::{Clock, Ids, StoreId};
use seatless::engine::{Spawner, Timer};
use seatless::store::{OwnerCard, PostgresOptions, PostgresStore, Rest};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::sync::Arc;

/// As it is installed, but with shared memory of a size that a small server has, and with its statements counted.
const SETTINGS: &str = "shared_buffers = 256MB\nmax_wal_size = 4GB\n\
    shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track = all";

/// The server.
pub(crate) struct Server(Cluster);

impl Server {
    pub(crate) fn start() -> Self {
        Self(Cluster::start(How { settings: Some(SETTINGS), ..How::default() }))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        self.0.url(database)
    }

    /// Makes a database in which statements are counted.
    pub(crate) async fn make(&self, database: &str) {
        let mut bare = self.bare("postgres").await;
        rule(&mut bare, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
        rule(&mut bare, &format!("CREATE DATABASE {database} TEMPLATE template0")).await;
        rule(&mut bare, "CHECKPOINT").await;
        bare.close().await.expect("a closed connection");
        rule(&mut self.bare(database).await, "CREATE EXTENSION pg_stat_statements").await;
    }

    /// Opens a database as one of its owners.
    pub(crate) async fn open(&self, database: &str, clock: &dyn Clock) -> PostgresStore {
        let card = OwnerCard {
            new_store: StoreId(SystemIds.fresh()),
            new_incarnation: SystemIds.fresh(),
            host: host_name(),
            since: clock.now(),
            program: "bench".to_owned(),
        };
        let rest: Rest = Arc::new(|time| TokioTimer.sleep(time));
        let spawn = Arc::new(|task| TokioSpawner.spawn(task));
        PostgresStore::open(PostgresOptions::owner(self.url(database), card), spawn, rest)
            .await
            .expect("a database")
    }

    /// A connection that knows nothing of the product.
    pub(crate) async fn bare(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.url(database)).await.expect("a connection")
    }
}

/// Runs statements.
pub(crate) async fn rule(bare: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(bare).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Rows of a question.
pub(crate) async fn rows(bare: &mut PgConnection, sql: &str) -> Vec<PgRow> {
    sqlx::query(AssertSqlSafe(sql)).fetch_all(bare).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// One number.
pub(crate) async fn number(bare: &mut PgConnection, sql: &str) -> f64 {
    let query = sqlx::query_scalar(AssertSqlSafe(format!("SELECT ({sql})::double precision")));
    query.fetch_one(bare).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}
