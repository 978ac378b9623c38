//! Servers that are stopped, and backends that are killed, while a batch is worked on.

use super::stand::{DATABASE, Stand, rule, scene, server};
use crate::cluster::{Cluster, How};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::app::TokioTimer;
use seatless::engine::Timer;
use std::cell::Cell;
use std::time::Duration;

/// Does something to the server again and again, at moments that a seed draws, until the batch is done; then it must have
/// been done often enough.
async fn done_in_spite_of(
    server: &Cluster,
    pause_ms: u64,
    times_min: u32,
    mut strike: impl AsyncFnMut(&Cluster),
) {
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(12), &url, &url).await;
    let strikes = Cell::new(0);
    let work = async {
        while strikes.get() < times_min && stand.submit().await {
            stand.run_to_rest().await;
        }
    };
    let chaos = async {
        let mut chance = StdRng::seed_from_u64(7);
        loop {
            TokioTimer.sleep(Duration::from_millis(chance.random_range(pause_ms / 3..pause_ms))).await;
            strike(server).await;
            strikes.set(strikes.get() + 1);
        }
    };
    tokio::select! {
        () = work => {}
        () = chaos => {}
    }
    assert!(strikes.get() >= times_min, "it was over after {} strikes", strikes.get());
    stand.run_to_rest().await;
}

#[tokio::test]
async fn a_batch_ends_right_on_a_server_that_stops_every_moment() {
    let server = server(How::default()).await;
    done_in_spite_of(&server, 900, 8, async |server| {
        server.stop_at_once();
        server.start_again();
    })
    .await;
}

#[tokio::test]
async fn what_an_outage_has_made_too_late_to_begin_is_given_back() {
    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(1), &url, &url).await;
    stand.submit().await;
    for _ in 0..20 {
        let worker = &stand.workers[0];
        let groups = worker.engine.claim(99).await.expect("a claim");
        // As if no sign of life could be given for a while.
        rule(&server, DATABASE, "UPDATE workers SET begins_until = clock_timestamp() - interval '1 second'")
            .await;
        for group in groups {
            worker.engine.run(group).await.expect("a commit");
        }
        assert_eq!(worker.engine.claim(99).await.expect("no claim"), [], "it could begin nothing of it");
        stand.turn().await.expect("a turn");
    }
    stand.run_to_rest().await;
}

#[tokio::test]
async fn a_batch_ends_right_while_its_sessions_are_killed() {
    let server = server(How::default()).await;
    done_in_spite_of(&server, 60, 60, async |server| {
        rule(
            server,
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM
                (SELECT pid FROM pg_stat_activity WHERE application_name = 'seatless' ORDER BY random() LIMIT 3) AS chosen",
        )
        .await;
    })
    .await;
}
