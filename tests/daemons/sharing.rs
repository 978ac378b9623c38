//! Daemons in peace, and one that dies: who does what.

use super::daemon::{Daemon, submit};
use super::judge::Record;
use super::patience::{in_time, until};
use super::place::{Place, Plan};
use rustix::process::Signal;
use seatless::simulator::LedgerEntry;
use std::time::Duration;

const LATENCY: Duration = Duration::from_millis(40);

async fn share_the_work(daemons: usize) {
    let (users, environments) = (60, 12);
    let plan = Plan { daemons, environments, seats: 30, latency: LATENCY, lease: 45.0, call_deadline: 30.0 };
    let place = Place::new(plan).await;
    let mut running = Vec::new();
    for daemon in 0..daemons {
        running.push(Daemon::start(&place, daemon).await);
    }
    submit(&place, users).await;
    until("the end", 120, async || place.is_at_rest().await.then_some(())).await;
    for daemon in running {
        daemon.end().await;
    }
    let record = Record::of(&place).await;
    let mut faults = record.faults(users, environments);
    faults.extend(record.overlaps(chrono::TimeDelta::from_std(LATENCY).expect("a short time")));
    // Nobody was interrupted, so each write was needed once and sent once.
    let count = |is: &dyn Fn(&LedgerEntry) -> bool| record.ledger.iter().filter(|entry| is(entry)).count();
    let created = count(&|entry| entry.method == "POST" && entry.path.ends_with("/users"));
    let licensed = count(&|entry| entry.path.ends_with("/assignLicense"));
    let switched = count(&|entry| entry.method == "PATCH" && entry.path.contains("systemusers("));
    assert_eq!((created, licensed, switched), (users, 2 * users, users), "{daemons} daemons");
    for daemon in 0..daemons {
        if record.calls(daemon) == 0 {
            faults.push(format!("daemon {daemon} of {daemons} did nothing"));
        }
    }
    assert!(faults.is_empty(), "{daemons} daemons:\n  {}", faults.join("\n  "));
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_two_or_four_daemons_do_the_same_and_ask_the_cloud_once() {
    for daemons in [1, 2, 4] {
        share_the_work(daemons).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_daemon_had_claimed_is_taken_over_within_its_lease_and_five_seconds() {
    let plan = Plan {
        daemons: 2,
        environments: 12,
        seats: 60,
        latency: Duration::from_millis(500),
        lease: 5.0,
        call_deadline: 3.0,
    };
    let place = Place::new(plan).await;
    let mut first = Daemon::start(&place, 0).await;
    submit(&place, 60).await;
    // It is killed while it has something in its hands: looked at when it cannot let go of it.
    until("a claim", 60, async || {
        first.signal(Signal::STOP);
        let claimed = place.number("SELECT count(*) FROM requests WHERE holder IS NOT NULL").await;
        if claimed > Some(0) {
            return Some(());
        }
        first.signal(Signal::CONT);
        None
    })
    .await;
    first.kill().await;
    let second = Daemon::start(&place, 1).await;
    // Everything that is left in the name of the first one, and no other: each start is an owner of its own.
    let stranded = "SELECT count(*) FROM requests AS r WHERE holder IS NOT NULL AND NOT EXISTS
                    (SELECT 1 FROM workers AS w WHERE w.holder = r.holder AND w.lease_until > clock_timestamp())";
    let leased = "SELECT count(*) FROM workers WHERE lease_until > clock_timestamp()";
    let taken = in_time(10, async || {
        place.number(leased).await == Some(1) && place.number(stranded).await == Some(0)
    });
    assert!(taken.await, "{}", second.log());
    until("the end", 120, async || place.is_at_rest().await.then_some(())).await;
    second.end().await;
    let faults = Record::of(&place).await.faults(60, 12);
    assert!(faults.is_empty(), "{}", faults.join("\n  "));
    place.close().await;
}
