//! A backup made while the daemon works, put back after it has gone on, and a copy that is started elsewhere.

use super::patience::{in_time, until, within};
use super::place::Place;
use super::process::{Daemon, Said, reader, run};
use rustix::process::Signal;
use seatless::domain::{State, Status};
use seatless::simulator::Faults;
use seatless::store::{Filter, Member, Page, Requests};
use serde_json::Value;
use std::path::Path;

async fn members(database: &Path) -> Vec<Member> {
    let store = reader(database).await;
    let page = Page { after: None, rows_max: 1_000 };
    let members = store.requests(Filter::default(), page).await.expect("the store can be read");
    store.close().await.expect("a reader can be closed");
    members
}

/// Waits until each request has ended or is blocked; says how they stand if that takes too long.
async fn until_over(database: &Path) {
    let mut last = Vec::new();
    let over = async || {
        last = members(database).await;
        last.iter().all(|member| member.request.progress.status() != Status::Active)
    };
    let in_time = in_time(120, over).await;
    let stand: Vec<_> = last.iter().map(|member| (&member.request.step, &member.request.progress)).collect();
    assert!(in_time, "it does not end: {stand:#?}");
}

async fn said(config: &Path, args: &[&str]) -> Said {
    let said = run(config, args).await;
    assert!(said.status.success(), "{args:?}: {said:?}");
    said
}

fn made(place: &Place) -> Vec<Value> {
    let state = place.simulator.state();
    let users = state["tenants"][0]["users"].as_array().cloned().unwrap_or_default();
    users.into_iter().filter(|user| user["foreign"] == false).collect()
}

fn creates(place: &Place) -> usize {
    let made = |path: &str| path.trim_end_matches('/').ends_with("/users");
    let entries = place.simulator.ledger(0);
    entries.iter().filter(|entry| entry.method == "POST" && entry.applied && made(&entry.path)).count()
}

fn writes(place: &Place) -> usize {
    place.simulator.ledger(0).iter().filter(|entry| entry.write && entry.applied).count()
}

/// Every account as it was asked for, each user once, no license left.
async fn assert_all_is_well(place: &Place, database: &Path, users: usize) {
    for member in members(database).await {
        let name = &member.user.account.user_principal_name;
        assert_eq!(
            member.request.progress.status(),
            Status::Succeeded,
            "{name}: {:?}",
            member.request.progress
        );
    }
    let made = made(place);
    assert_eq!(made.len(), users);
    for user in &made {
        let good = user["licenses"] == Value::Array(Vec::new())
            && user["account_enabled"] == true
            && user["deleted"] == false;
        assert!(good, "{user}");
    }
    assert_eq!(creates(place), users, "nobody was made twice");
    assert!(place.simulator.violations().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_put_back_costs_nothing() {
    let place = Place::new().await;
    let (config, database) = (place.config(), place.database());
    let backup = place.folder().join("backup.db").display().to_string();
    let mut daemon = Daemon::start(&place).await;
    let both =
        (1..=6).map(|n| (format!("svc-{n}"), "dev")).chain((1..=3).map(|n| (format!("svc-{n}"), "test")));
    let early = place.list("early.csv", both).display().to_string();
    said(&config, &["submit", &early]).await;
    until("a license", 30, async || {
        let licensed = |member: &Member| member.request.progress.state >= State::Licensed;
        members(&database).await.iter().any(licensed).then_some(())
    })
    .await;

    let answer: Value =
        serde_json::from_str(&said(&config, &["backup", &backup, "-o", "json"]).await.out).expect("JSON");
    assert_eq!(answer["requests"], 9);
    assert!(answer["last_event"].as_i64() > Some(9) && answer["bytes"].as_u64() > Some(0), "{answer}");
    let again = run(&config, &["backup", &backup]).await;
    assert_eq!(again.status.code(), Some(1), "it overwrites nothing: {again:?}");
    for suffix in ["-wal", "-shm", "-journal"] {
        let log = format!("{}{suffix}", database.display());
        let refused = run(&config, &["backup", &log]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.err.contains("SQLite keeps this name"), "{refused:?}");
    }
    let under_way = run(&config, &["restore", &backup]).await;
    assert_eq!(under_way.status.code(), Some(1), "{under_way:?}");
    assert!(under_way.err.contains("the daemon works on the database"), "{under_way:?}");

    let late = place.list("late.csv", (7..=9).map(|n| (format!("svc-{n}"), "dev"))).display().to_string();
    said(&config, &["submit", &late]).await;
    until_over(&database).await;
    daemon.signal(Signal::KILL);
    daemon.end(10).await;

    let told = said(&config, &["restore", &backup]).await;
    assert!(told.out.contains("9 requests") && told.out.contains("seatless sweep --confirm"), "{told:?}");
    let mut daemon = Daemon::start(&place).await;
    for command in ["list", "stats"] {
        let told = said(&config, &[command]).await;
        assert!(told.err.contains("An older state of this database was put back"), "{command}: {told:?}");
    }
    let told = said(&config, &["submit", &late, "-o", "json"]).await;
    assert!(told.out.contains("\"added\": 3"), "they were lost: {told:?}");
    until_over(&database).await;
    assert_all_is_well(&place, &database, 9).await;

    let report = run(&config, &["sweep", "-o", "json"]).await;
    let report: Value = serde_json::from_str(&report.out).expect("JSON");
    assert_eq!(report["sweeps"][0]["findings"], Value::Array(Vec::new()), "{report}");
    said(&config, &["sweep", "--confirm", "--yes"]).await;
    let told = said(&config, &["list"]).await;
    assert!(!told.err.contains("put back"), "{told:?}");
    assert_all_is_well(&place, &database, 9).await;
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());

    let renamed = std::fs::read_to_string(&config).expect("a config").replace("contoso", "fabrikam");
    std::fs::write(&config, renamed).expect("a config");
    let mut daemon = Daemon::start(&place).await;
    assert!(daemon.log().contains("licenses were lent in a tenant that the config no longer names"));
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());
    within("the cloud", 10, place.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_started_elsewhere_only_reports() {
    let place = Place::new().await;
    let mut original = Daemon::start(&place).await;
    let list = place.list("list.csv", (1..=4).map(|n| (format!("svc-{n}"), "dev"))).display().to_string();
    said(&place.config(), &["submit", &list]).await;
    until("a license", 30, async || {
        let licensed = |member: &Member| member.request.progress.state >= State::Licensed;
        members(&place.database()).await.iter().any(licensed).then_some(())
    })
    .await;
    let elsewhere = place.folder().join("elsewhere.db");
    said(&place.config(), &["backup", &elsewhere.display().to_string()]).await;
    // The original is gone, or so it seems from here.
    original.signal(Signal::KILL);
    original.end(10).await;
    let before = writes(&place);

    let config = place.another_config("elsewhere.db", "elsewhere.sock");
    let mut copy = Daemon::start_with(&place, &config, &place.folder().join("elsewhere.sock")).await;
    assert!(copy.log().contains("This database is a copy"), "{}", copy.log());
    // Everybody is due by now, and a sweep goes all the way through the cloud.
    for _ in 0..3 {
        run(&config, &["sweep"]).await;
    }
    assert_eq!(writes(&place), before, "not a single write: {}", copy.log());
    assert!(members(&elsewhere).await.iter().all(|member| member.request.holder.is_none()), "nobody works");

    place.simulator.set_faults(Faults { error_before_commit: 1.0, ..Faults::default() });
    let unseen = run(&config, &["sweep", "--confirm", "--yes"]).await;
    assert_eq!(unseen.status.code(), Some(1), "{unseen:?}");
    assert!(unseen.err.contains("nothing was confirmed"), "what nobody saw: {unseen:?}");
    place.simulator.set_faults(Faults::default());
    said(&config, &["sweep", "--confirm", "--yes"]).await;
    until_over(&elsewhere).await;
    assert_all_is_well(&place, &elsewhere, 4).await;
    copy.signal(Signal::TERM);
    assert!(copy.end(20).await.success(), "{}", copy.log());
    within("the cloud", 10, place.close()).await;
}
