//! A standby that lags behind, and takes over.

use super::stand::{DATABASE, Stand, ask, rule, scene, server, wait_for};
use super::way::{Fate, Way};
use crate::bed::submission::person;
use crate::bed::wire::Kind;
use crate::cluster::{Cluster, How};
use seatless::domain::Clock;
use seatless::store::{Doubt, Standing, StoreError, Trust};

#[tokio::test]
async fn a_standby_that_takes_over_is_an_older_state() {
    let primary = server(How::default()).await;
    let way = Way::to(&primary.folder, || Fate::Pass);
    let mut stand = Stand::start(scene(1), &primary.url(DATABASE), &way.url(DATABASE)).await;
    stand.submit().await;
    let given = |stand: &Stand| stand.wire.deeds().iter().filter(|deed| deed.kind == Kind::Assign).count();
    while given(&stand) < 3 {
        stand.run_until(|| true).await;
        step_on(&stand).await;
    }

    let standby = Cluster::start(How { follows: Some(&primary.folder), ..How::default() });
    let there = ask(&primary, "SELECT pg_current_wal_lsn()::text").await.expect("a place in the log");
    wait_for(&standby, &format!("pg_last_wal_replay_lsn() >= '{there}'")).await;
    rule(&standby, "postgres", "ALTER SYSTEM SET primary_conninfo = ''").await;
    rule(&standby, "postgres", "SELECT pg_reload_conf()").await;
    wait_for(&standby, "NOT EXISTS (SELECT FROM pg_stat_wal_receiver)").await;

    // The cloud goes on, and the standby hears nothing of it.
    let before = stand.wire.deeds().len();
    while stand.wire.deeds().len() < before + 12 {
        stand.run_until(|| true).await;
        step_on(&stand).await;
    }
    stand.forget().await;
    primary.stop_at_once();
    rule(&standby, "postgres", "SELECT pg_promote()").await;
    way.leads_to(&standby.folder);

    // Whoever works finds it out before anything is sent, whether or not it is time for a sign of life.
    let sent = stand.wire.deeds().len();
    let mut ended = 0;
    for _ in 0..50 {
        for worker in &stand.workers {
            match worker.engine.turn().await {
                Ok(_) => {}
                Err(StoreError::Replaced) => ended += 1,
                Err(error) => panic!("{error}"),
            }
        }
        step_on_at(&stand, &standby).await;
    }
    assert!(ended > 0, "nobody noticed");
    assert_eq!(stand.wire.deeds().len(), sent, "something was sent by an older state");
    assert!(matches!(stand.turn().await, Err(StoreError::Replaced)), "a sign of life tells it as well");

    stand.fail_over(&way.url(DATABASE)).await;
    let standing = stand.store.standing().await.expect("a standing");
    assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Restored, .. }), "{standing:?}");
    stand.sweeper().sweep_now().await.expect("a sweep");
    assert_eq!(stand.wire.deeds().len(), sent, "a sweep that only reports has sent something");
    stand.hire(&way.url(DATABASE)).await;
    stand.run_to_rest().await;
    let sweeper = stand.sweeper();
    sweeper.sweep_now().await.expect("a sweep");
    sweeper.confirm(person(), Clock::now(&*stand.clock)).await.expect("a confirmation");
    assert_eq!(stand.store.standing().await.expect("a standing"), Standing::Trusted);
    stand.run_to_rest().await;
}

/// Lets time pass to what is due next.
async fn step_on(stand: &Stand) {
    if let Some(at) = stand.next_instant().await {
        stand.clock.move_to(at);
    }
}

/// The same by what another server knows.
async fn step_on_at(stand: &Stand, server: &Cluster) {
    use seatless::store::Work;
    let reader = open_reader(stand, server).await;
    if let Some(at) = reader.next_wake().await.expect("it can be read") {
        stand.clock.move_to(at);
    }
    reader.close().await;
}

async fn open_reader(_stand: &Stand, server: &Cluster) -> seatless::store::PostgresStore {
    let options = seatless::store::PostgresOptions::reader(server.url(DATABASE));
    super::stand::open_as(options, super::stand::rest(1)).await.expect("it can be read")
}
