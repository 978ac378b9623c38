//! Lists that come in with and without a daemon, twice, and while somebody is killed.

use super::patience::until;
use super::place::Place;
use super::process::{Daemon, number, reader, run, start};
use rustix::process::Signal;
use seatless::store::{Batches, Filter, Page, Requests};
use serde_json::{Value, json};
use std::path::Path;

/// How many requests are many: several chunks.
const MANY: u32 = 20_000;

async fn submit(config: &Path, list: &Path) -> Value {
    let said = run(config, &["submit", &list.display().to_string(), "-o", "json"]).await;
    assert!(said.status.success(), "{said:?}");
    let mut answer: Value = serde_json::from_str(&said.out).expect("JSON");
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("batch");
        // Whoever was there already is in a batch that can be named and waited for.
        let earlier = fields.remove("earlier_batches").is_some_and(|batches| batches.as_array().is_some());
        assert_eq!(earlier, fields["existing"] != 0, "{said:?}");
        fields.remove("schema_version");
    }
    answer
}

/// What is stored of each request, without what chance and time have made different.
async fn stored(database: &Path) -> Vec<Value> {
    let store = reader(database).await;
    let page = Page { after: None, rows_max: 1_000 };
    let members = store.requests(Filter::default(), page).await.expect("the store can be read");
    store.close().await.expect("a reader");
    let mut asked: Vec<Value> =
        members.iter().map(|member| serde_json::to_value(&member.request.asked).expect("JSON")).collect();
    asked.sort_by_key(Value::to_string);
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_comes_in_the_same_with_a_daemon_and_without_one_and_twice_adds_nothing() {
    let (with, without) = (Place::new().await, Place::new().await);
    let wanted = || [("svc-1", "dev"), ("svc-1", "test"), ("svc-2", "dev")];
    let mut kept = Vec::new();
    let _daemon = Daemon::start(&with).await;
    for place in [&with, &without] {
        let list = place.list("list.csv", wanted().map(|(name, place)| (name.to_owned(), place)));
        assert_eq!(submit(&place.config(), &list).await, json!({"added": 3, "existing": 0}));
        assert_eq!(submit(&place.config(), &list).await, json!({"added": 0, "existing": 3}));
        let mut asked = stored(&place.database()).await;
        // The ports of the two clouds differ.
        asked.iter_mut().for_each(|request| request["pinned"]["dataverse_origin"] = Value::Null);
        kept.push(asked);
    }
    assert_eq!(kept[0], kept[1]);
    assert_eq!(kept[0].len(), 3);
}

async fn nothing_is_visible(database: &Path) {
    let store = reader(database).await;
    let page = Page { after: None, rows_max: 10 };
    assert!(store.requests(Filter::default(), page).await.expect("the store can be read").is_empty());
    assert!(store.batches(10).await.expect("the store can be read").is_empty());
    assert!(store.counts(None).await.expect("the store can be read").is_empty());
    store.close().await.expect("a reader");
}

async fn nothing_is_left(database: &Path) {
    assert_eq!(number(database, "SELECT count(*) FROM requests").await, 0);
    assert_eq!(number(database, "SELECT count(*) FROM users").await, 0);
    assert_eq!(number(database, "SELECT count(*) FROM batches").await, 0);
}

async fn some_are_staged(database: &Path) {
    let staged = "SELECT count(*) FROM requests WHERE staged = 1";
    until("the first chunk", 30, async || {
        let there = database.exists()
            && std::fs::metadata(database).is_ok_and(|file| file.len() > 0)
            && number(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'requests'").await > 0;
        (there && number(database, staged).await > 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_that_is_killed_leaves_nothing_half_visible() {
    let place = Place::new().await;
    let list = place.list("many.csv", (1..=MANY).map(|n| (format!("svc-{n}"), "dev")));
    let mut submitter = start(&place.config(), &["submit", &list.display().to_string()]);
    some_are_staged(&place.database()).await;
    submitter.kill().await.expect("our own child");
    nothing_is_visible(&place.database()).await;

    let mut daemon = Daemon::start(&place).await;
    nothing_is_visible(&place.database()).await;
    nothing_is_left(&place.database()).await;
    let few = place.list("few.csv", [("svc-1".to_owned(), "dev")]);
    assert_eq!(submit(&place.config(), &few).await, json!({"added": 1, "existing": 0}));
    daemon.signal(Signal::KILL);
    daemon.end(10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_killed_while_it_takes_a_list_in_leaves_nothing_half_visible() {
    let place = Place::new().await;
    let mut daemon = Daemon::start(&place).await;
    let list = place.list("many.csv", (1..=MANY).map(|n| (format!("svc-{n}"), "dev")));
    let mut submitter = start(&place.config(), &["submit", &list.display().to_string()]);
    some_are_staged(&place.database()).await;
    daemon.signal(Signal::KILL);
    daemon.end(10).await;
    let status = super::patience::within("the submission", 30, submitter.wait()).await.expect("a process");
    assert_eq!(status.code(), Some(1), "it says that nothing came of it");
    nothing_is_visible(&place.database()).await;

    let mut daemon = Daemon::start(&place).await;
    nothing_is_left(&place.database()).await;
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success());
}
