//! What is looked at before a database is worked on, and what is said where it does not do.

use super::cluster::cluster;
use super::factory::{fresh, rest, rule, spawner};
use crate::suite::build::ask;
use crate::suite::sqlite::factory::card;
use crate::suite::world::World;
use seatless::domain::Failure;
use seatless::store::{
    Doubt, POSTGRES_MIGRATIONS, PostgresOptions, PostgresStore, Standing, Store, StoreError, Trust,
};
use sqlx::{AssertSqlSafe, Connection, Row};

async fn open(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(PostgresOptions::owner(url, card()), spawner(), rest()).await
}

async fn refusal(url: &str) -> String {
    match open(url).await {
        Err(StoreError::Unreadable(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it is not acceptable"),
    }
}

#[tokio::test]
async fn an_empty_database_is_filled_once_however_many_open_it() {
    rule("CREATE DATABASE empty TEMPLATE template0").await;
    let url = cluster().url("empty");
    let opened = futures_util::future::join_all((0..4).map(|_| open(&url))).await;
    let ids: Vec<_> = opened.into_iter().map(|store| store.expect("it can be opened").id()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(open(&url).await.unwrap().standing().await.unwrap(), Standing::Trusted);
}

#[tokio::test]
async fn a_reader_changes_nothing_and_says_what_is_missing() {
    rule("CREATE DATABASE bare TEMPLATE template0").await;
    let reader = PostgresStore::open(PostgresOptions::reader(cluster().url("bare")), spawner(), rest()).await;
    assert!(matches!(reader, Err(StoreError::Unreadable(why)) if why.contains("nothing of Seatless")));
    let served = fresh();
    let world = World::of(Box::new(std::sync::Arc::new(served))).await;
    world.submit(&[ask("ada")]).await;
    let served = fresh();
    served.own().await.unwrap();
    let reader = served.read().await.unwrap();
    let refused = Trust::confirm(&reader, crate::suite::world::grace(), world.now()).await;
    assert!(matches!(refused, Err(StoreError::Failed(why)) if why.contains("reading only")));
}

#[tokio::test]
async fn missing_rights_are_spelled_out() {
    let served = fresh();
    served.own().await.unwrap();
    rule("CREATE ROLE clerk LOGIN").await;
    let url = served.url().replace("seatless@", "clerk@");
    let why = refusal(&url).await;
    assert!(
        why.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON batches, ") && why.contains(" TO \"clerk\";"),
        "{why}"
    );
    assert!(why.len() < Failure::MESSAGE_MAX, "nothing of it is cut off where it is shown: {why}");
    let mut bare = served.bare().await;
    let grants = why.split("tables: ").nth(1).expect("the grants follow").to_owned();
    sqlx::raw_sql(AssertSqlSafe(grants)).execute(&mut bare).await.expect("they are statements");
    let clerk = open(&url).await.expect("with these rights it can be opened");
    // Lanes and events are numbered by sequences, which ask for nothing more.
    let mut world = World::of(Box::new(served)).await;
    world.store = std::sync::Arc::new(clerk);
    world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
}

#[tokio::test]
async fn a_schema_that_is_closed_is_told_from_an_empty_one() {
    let served = fresh();
    served.own().await.unwrap();
    rule("CREATE ROLE visitor LOGIN").await;
    let mut bare = served.bare().await;
    sqlx::raw_sql("REVOKE USAGE, CREATE ON SCHEMA public FROM PUBLIC").execute(&mut bare).await.unwrap();
    let url = served.url().replace("seatless@", "visitor@");
    let why = refusal(&url).await;
    assert!(why.contains("GRANT USAGE ON SCHEMA \"public\" TO \"visitor\"; GRANT SELECT, INSERT"), "{why}");
    assert!(why.len() < Failure::MESSAGE_MAX, "{why}");
    let grants = why.split("tables: ").nth(1).expect("the grants follow").to_owned();
    sqlx::raw_sql(AssertSqlSafe(grants)).execute(&mut bare).await.expect("they are statements");
    open(&url).await.expect("with these rights it can be opened");
}

#[tokio::test]
async fn who_may_make_no_tables_is_told_what_it_takes() {
    rule("CREATE ROLE guest LOGIN").await;
    rule("CREATE DATABASE guarded TEMPLATE template0").await;
    let mut bare = sqlx::PgConnection::connect(&cluster().url("guarded")).await.unwrap();
    sqlx::raw_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC").execute(&mut bare).await.unwrap();
    let why = refusal(&cluster().url("guarded").replace("seatless@", "guest@")).await;
    assert!(why.contains("GRANT CREATE, USAGE ON SCHEMA \"public\" TO \"guest\";"), "{why}");
}

#[tokio::test]
async fn a_forgetful_server_is_refused() {
    let served = fresh();
    served.make().await;
    rule(&format!("ALTER DATABASE {} SET synchronous_commit = off", served.name)).await;
    let why = refusal(&served.url()).await;
    assert!(why.contains("SET synchronous_commit = on;"), "{why}");
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let served = fresh();
    served.own().await.unwrap();
    let mut bare = served.bare().await;
    sqlx::raw_sql("UPDATE meta SET schema_version = 99").execute(&mut bare).await.unwrap();
    let known = POSTGRES_MIGRATIONS.last().unwrap().0;
    let refused = served.own().await;
    assert!(matches!(refused, Err(StoreError::SchemaNewer { needed: 99, known: k }) if k == known));
    served.read().await.expect("it may still be read");
    sqlx::raw_sql("UPDATE meta SET reader_version_min = 98").execute(&mut bare).await.unwrap();
    assert!(matches!(served.read().await, Err(StoreError::SchemaNewer { needed: 98, .. })));
}

#[tokio::test]
async fn a_dump_that_is_loaded_under_another_name_is_a_copy() {
    let served = fresh();
    served.own().await.unwrap().close().await;
    let copy = format!("{}_copy", served.name);
    rule(&format!("CREATE DATABASE {copy} TEMPLATE {}", served.name)).await;
    let store = open(&cluster().url(&copy)).await.unwrap();
    let standing = store.standing().await.unwrap();
    assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Copied, .. }), "{standing:?}");
}

#[tokio::test]
async fn rows_that_were_loaded_over_the_old_ones_are_noticed() {
    let served = fresh();
    served.own().await.unwrap().close().await;
    let mut bare = served.bare().await;
    // As `pg_restore --clean` or COPY does: the same words in the same place, written by somebody else.
    sqlx::raw_sql(
        "CREATE TEMP TABLE kept AS SELECT * FROM meta; DELETE FROM meta; INSERT INTO meta SELECT * FROM kept",
    )
    .execute(&mut bare)
    .await
    .unwrap();
    let store = served.own().await.unwrap();
    let standing = store.standing().await.unwrap();
    assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Restored, .. }), "{standing:?}");
}

#[tokio::test]
async fn the_tables_that_rights_are_asked_for_are_those_that_there_are() {
    let served = fresh();
    served.own().await.unwrap();
    rule("CREATE ROLE nobody_at_all LOGIN").await;
    let why = refusal(&served.url().replace("seatless@", "nobody_at_all@")).await;
    let rows = sqlx::query(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut served.bare().await)
    .await
    .unwrap();
    for table in rows.iter().map(|row| row.get::<String, _>(0)) {
        let named = |end: &str| why.contains(&format!(" {table}{end}"));
        assert!(named(",") || named(" TO "), "{table}: {why}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_away() {
    let url = "postgres://seatless@localhost/seatless?host=/nowhere/at/all";
    assert!(matches!(open(url).await, Err(StoreError::Unreachable(_))));
    let options = PostgresOptions::reader("postgres://seatless:secret@localhost/seatless");
    assert!(!format!("{options:?}").contains("secret"));
}
