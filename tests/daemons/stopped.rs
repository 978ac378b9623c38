//! Daemons that are stopped for longer than their leases, and go on as if nothing had happened.

use super::daemon::{Daemon, submit};
use super::judge::{Record, Stop, stale_writes};
use super::patience::{for_a_while, until};
use super::place::{Place, Plan};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use seatless::app::SystemClock;
use seatless::domain::Clock;
use std::time::Duration;

const DAEMONS: usize = 4;
const STOPS_EACH: usize = 26;
const LATENCY: Duration = Duration::from_millis(20);

/// Stops a daemon again and again, each time for longer than its lease.
async fn torment(daemon: &Daemon, number: usize) -> Vec<Stop> {
    let mut chance = StdRng::seed_from_u64(number as u64);
    let mut continued = Vec::new();
    let mut stopped = Vec::new();
    for _ in 0..STOPS_EACH {
        for_a_while(Duration::from_millis(chance.random_range(100..600))).await;
        stopped.push(SystemClock.now());
        daemon.signal(Signal::STOP);
        for_a_while(Duration::from_millis(chance.random_range(1_050..1_400))).await;
        continued.push(SystemClock.now());
        daemon.signal(Signal::CONT);
    }
    let ends = stopped.into_iter().skip(1).chain([SystemClock.now()]);
    continued
        .into_iter()
        .zip(ends)
        .map(|(continued_at, until)| Stop { daemon: number, continued_at, until })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_stops_past_the_lease_send_nothing_late() {
    let (users, environments) = (160, 16);
    let plan =
        Plan { daemons: DAEMONS, environments, seats: 24, latency: LATENCY, lease: 1.0, call_deadline: 0.5 };
    let place = Place::new(plan).await;
    let mut daemons = Vec::new();
    for daemon in 0..DAEMONS {
        daemons.push(Daemon::start(&place, daemon).await);
    }
    submit(&place, users).await;
    let torments = daemons.iter().enumerate().map(|(number, daemon)| torment(daemon, number));
    let stops: Vec<Stop> = futures_util::future::join_all(torments).await.into_iter().flatten().collect();
    assert!(stops.len() >= 100, "{}", stops.len());
    let done_early = place.is_over().await;
    until("the end", 120, async || place.is_at_rest().await.then_some(())).await;
    for daemon in daemons {
        daemon.end().await;
    }
    let record = Record::of(&place).await;
    let mut faults = record.faults(users, environments);
    faults.extend(stale_writes(&record, &stops));
    assert!(faults.is_empty(), "after {} stops:\n  {}", stops.len(), faults.join("\n  "));
    assert!(!done_early, "the work was over before the stops were");
    place.close().await;
}
