//! Signals, and two daemons that want the same.

use super::patience::until;
use super::place::Place;
use super::process::{Daemon, number, run};
use rustix::process::Signal;
use std::time::Duration;

async fn submit_three(place: &Place) {
    let list = place.list("list.csv", (1..=3).map(|n| (format!("svc-{n}"), "dev")));
    let said = run(&place.config(), &["submit", &list.display().to_string()]).await;
    assert!(said.status.success(), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_termination_lets_the_work_in_flight_end_and_exits_with_0() {
    let place = Place::with_latency(Duration::from_millis(400)).await;
    let mut daemon = Daemon::start(&place).await;
    submit_three(&place).await;
    until("a call", 20, async || (place.tripwire.calls() > 0).then_some(())).await;
    daemon.signal(Signal::TERM);
    let status = daemon.end(20).await;
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(daemon.log().contains("letting the work in flight finish"), "{}", daemon.log());
    let database = place.database();
    assert_eq!(number(&database, "SELECT count(*) FROM requests WHERE holder IS NOT NULL").await, 0);
    assert_eq!(number(&database, "SELECT count(*) FROM lanes WHERE claimed_by IS NOT NULL").await, 0);
    assert!(!place.socket().exists(), "the socket is gone");
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_interrupt_stops_at_once() {
    // The first call takes longer than the drain may last.
    let place = Place::with_latency(Duration::from_secs(20)).await;
    let mut daemon = Daemon::start(&place).await;
    submit_three(&place).await;
    until("a call", 20, async || (place.tripwire.calls() > 0).then_some(())).await;
    daemon.signal(Signal::INT);
    until("the first notice", 10, async || daemon.log().contains("letting the work in flight").then_some(()))
        .await;
    assert!(daemon.is_running(), "the first interrupt only asks");
    daemon.signal(Signal::INT);
    let status = daemon.end(5).await;
    assert_eq!(status.code(), Some(0), "it ended in its own way: {}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_on_the_same_database_is_told_who_owns_it() {
    let place = Place::new().await;
    let daemon = Daemon::start(&place).await;
    let config = place.another_config("seatless.db", "another.sock");
    let said = run(&config, &["run"]).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.err.contains(&format!("is owned by process {} on host", daemon.id())), "{}", said.err);
    assert!(said.err.contains("store.locked"), "{}", said.err);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_on_the_same_socket_is_refused_and_leaves_it_alone() {
    let place = Place::new().await;
    let mut daemon = Daemon::start(&place).await;
    let config = place.another_config("another.db", "seatless.sock");
    let said = run(&config, &["run"]).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.err.contains("another process listens on"), "{}", said.err);
    assert!(place.socket().exists(), "the first one's socket is still there");
    submit_three(&place).await;
    assert!(daemon.is_running());
    assert_eq!(
        number(&place.database(), "SELECT count(*) FROM requests").await,
        3,
        "the first one took it in"
    );
    place.close().await;
}
