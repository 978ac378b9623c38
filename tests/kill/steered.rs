//! Orders for many requests, through the daemon and over its death.

use super::patience::until;
use super::place::Place;
use super::process::{Daemon, number, run};
use rustix::process::Signal;
use seatless::app::{SystemClock, SystemIds, TokioSpawner, host_name};
use seatless::domain::{Clock, Ids, OperationId, RequestId, Steering, StoreId};
use seatless::engine::Spawner;
use seatless::store::{
    Actor, Filter, OpenOptions, OperationDraft, Operations, Origin, OwnerCard, Page, Requests, SqliteStore,
};
use std::path::Path;
use std::sync::Arc;

/// Opens a pause of every request and ends without carrying any of it out, as a process that is killed there does.
async fn open_and_end(database: &Path) {
    let card = OwnerCard {
        new_store: StoreId(SystemIds.fresh()),
        new_incarnation: SystemIds.fresh(),
        host: host_name(),
        since: SystemClock.now(),
        program: "test".to_owned(),
    };
    let spawn = Arc::new(|task| TokioSpawner.spawn(task));
    let store = SqliteStore::open(OpenOptions::owner(database, card), spawn).await.expect("a database");
    let page = Page { after: None, rows_max: 10 };
    let members = store.requests(Filter::default(), page).await.expect("requests");
    let requests: Vec<RequestId> = members.iter().map(|member| member.request.id).collect();
    assert_eq!(requests.len(), 3);
    let draft = OperationDraft {
        id: OperationId(SystemIds.fresh()),
        verb: Steering::Pause,
        selection: "all requests".to_owned(),
        reason: None,
        actor: Actor { name: "grace".to_owned(), origin: Origin::Cli },
        at: SystemClock.now(),
    };
    store.open_operation(draft, requests).await.expect("an operation");
    store.close().await.expect("a database");
}

const PAUSED: &str = "SELECT count(*) FROM requests WHERE paused = 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_was_cut_short_is_in_force_and_finished_by_the_daemon() {
    let place = Place::new().await;
    let list = place.list("list.csv", (1..=3).map(|n| (format!("svc-{n}"), "dev")));
    let said = run(&place.config(), &["submit", &list.display().to_string()]).await;
    assert!(said.status.success(), "{said:?}");
    let database = place.database();
    open_and_end(&database).await;

    let mut daemon = Daemon::start(&place).await;
    until("the pause", 20, async || (number(&database, PAUSED).await == 3).then_some(())).await;
    assert_eq!(number(&database, "SELECT count(*) FROM events WHERE kind = 'begun'").await, 0);
    assert_eq!(number(&database, "SELECT count(*) FROM operations WHERE done = 3").await, 1);

    let resumed = run(&place.config(), &["resume", "--all", "--yes", "--reason", "over"]).await;
    assert!(resumed.status.success(), "{resumed:?}");
    assert!(resumed.out.contains(": 3 of 3 done, 0 refused, 0 dropped"), "{}", resumed.out);
    let succeeded = "SELECT count(*) FROM requests WHERE status = 'succeeded'";
    until("the end", 90, async || (number(&database, succeeded).await == 3).then_some(())).await;
    daemon.signal(Signal::TERM);
    daemon.end(20).await;
    place.close().await;
}
