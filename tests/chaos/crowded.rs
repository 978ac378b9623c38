//! Servers on which others hold what we need: connections, locks, snapshots.

use super::stand::{DATABASE, Stand, open_as, options, rest, rule, scene, server, wait_for};
use crate::cluster::How;
use seatless::domain::Clock;
use seatless::store::{Admission, Batches, Intake, StoreError};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// What a call comes to that is expected to be in trouble, as a person reads it.
fn passing<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.expect_err("nothing can be had");
    assert!(error.is_passing(), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_server_without_connections_left_is_named_and_waited_for() {
    let server = server(How { connections_max: Some(20), ..How::default() }).await;
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(1), &url, &url).await;
    stand.submit().await;
    let mut hasty = options(&url, &stand.ids, &stand.clock);
    hasty.connect_max = Duration::from_millis(200);
    let store = open_as(hasty.clone(), rest(20)).await.expect("it can be opened");
    let mut others = Vec::new();
    let mut watcher = PgConnection::connect(&server.url("postgres")).await.expect("a connection");
    sqlx::raw_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'seatless'",
    )
    .execute(&mut watcher)
    .await
    .expect("sessions can be ended");
    while let Ok(other) = PgConnection::connect(&server.url("postgres")).await {
        others.push(other);
    }
    let told = passing(store.batches(1).await);
    assert!(told.contains("too many clients"), "{told}");
    let told = passing(store.end_rests(Clock::now(&*stand.clock)).await);
    assert!(told.contains("too many clients"), "{told}");
    let told = passing(open_as(hasty, rest(20)).await.map(drop));
    assert!(told.contains("too many clients"), "{told}");
    others.clear();
    store.batches(1).await.expect("there is room again");
    stand.run_to_rest().await;
}

#[tokio::test]
async fn a_process_that_uses_all_its_connections_says_so_and_goes_on() {
    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(1), &url, &url).await;
    stand.submit().await;
    let mut hasty = options(&url, &stand.ids, &stand.clock);
    (hasty.connections_max, hasty.connect_max) = (2, Duration::from_millis(200));
    let store = open_as(hasty, rest(20)).await.expect("it can be opened");
    // Somebody holds the table that both of its connections need, and does nothing.
    let mut idler = PgConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql("BEGIN; LOCK TABLE batches").execute(&mut idler).await.expect("a lock");
    let now = Clock::now(&*stand.clock);
    let (one, other) = (store.promote(1, now), store.promote(1, now));
    let third = async {
        tokio::task::yield_now().await;
        passing(store.pools().await)
    };
    let release = async {
        let told = third.await;
        assert!(told.contains("none of the 2 of this process"), "{told}");
        sqlx::raw_sql("COMMIT").execute(&mut idler).await.expect("an end");
    };
    let (one, other, ()) = tokio::join!(one, other, release);
    one.expect("the lock is gone");
    other.expect("the lock is gone");
    store.batches(1).await.expect("there is a connection again");
    stand.run_to_rest().await;
}

#[tokio::test]
async fn a_reader_that_idles_in_a_transaction_holds_nobody_up() {
    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(2), &url, &url).await;
    stand.submit().await;
    let mut idler = PgConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM requests, users, meta, workers LIMIT 1",
    )
    .execute(&mut idler)
    .await
    .expect("a snapshot");
    stand.run_to_rest().await;
    // Others start meanwhile, and submit.
    stand.hire(&url).await;
    stand.submit().await;
    stand.run_to_rest().await;
    sqlx::raw_sql("COMMIT").execute(&mut idler).await.expect("it was never in the way, and is still there");
}

#[tokio::test]
async fn sessions_that_the_server_ends_for_idling_are_made_anew() {
    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    // Version 13 does not know it: there the sessions stay, and this is not shown.
    let told = "DO $$ BEGIN ALTER ROLE seatless SET idle_session_timeout = '200ms';
        EXCEPTION WHEN undefined_object THEN NULL; END $$";
    rule(&server, "postgres", told).await;
    let stand = Stand::start(scene(1), &url, &url).await;
    rule(&server, "postgres", "ALTER ROLE seatless RESET ALL").await;
    wait_for(&server, "current_setting('server_version_num')::int < 140000 OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'seatless')").await;
    stand.store.batches(1).await.expect("another connection");
    stand.turn().await.expect("another connection");
}
