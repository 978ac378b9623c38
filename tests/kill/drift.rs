//! `seatless verify` as a process: beside a daemon and without one.

use super::place::Place;
use super::process::{Daemon, Said, run};
use rustix::process::Signal;
use seatless::simulator::{Act, EnvironmentState};
use serde_json::Value;

/// A command that must end with this code.
async fn ends(place: &Place, code: i32, args: &[&str]) -> Said {
    let said = run(&place.config(), args).await;
    assert_eq!(said.status.code(), Some(code), "{args:?}: {}\n{}", said.out, said.err);
    said
}

async fn json(place: &Place, code: i32, args: &[&str]) -> Value {
    let said = ends(place, code, args).await;
    serde_json::from_str(&said.out).expect("a document")
}

/// The verdicts, by user.
fn verdicts(accounts: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = accounts["accounts"].as_array().cloned().unwrap_or_default();
    all.iter()
        .map(|account| {
            let drifts = account["drifts"].as_array().cloned().unwrap_or_default();
            let codes = drifts.iter().map(|drift| text(&drift["code"])).collect();
            let name = text(&account["user_principal_name"]).replace("@contoso.example", "");
            (name, text(&account["verdict"]), codes)
        })
        .collect()
}

fn found(name: &str, verdict: &str, codes: &[&str]) -> (String, String, Vec<String>) {
    (name.to_owned(), verdict.to_owned(), codes.iter().map(|code| (*code).to_owned()).collect())
}

fn person(place: &Place, act: Act) {
    place.simulator.act(act).expect("a possible act");
}

fn user(name: &str) -> String {
    format!("{name}@contoso.example")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_is_found_told_and_healed_beside_a_daemon_and_without_one() {
    let place = Place::new().await;
    let list = place.list("list.csv", [("svc-1".to_owned(), "dev"), ("svc-2".to_owned(), "test")]);
    let mut daemon = Daemon::start(&place).await;
    ends(&place, 0, &["submit", list.to_str().expect("a path"), "--wait"]).await;

    let said = ends(&place, 0, &["verify"]).await;
    assert_eq!(said.out, "2 looked at: 2 as delivered, 0 drifted, 0 could not be seen.\n");

    let mode = Act::SetAccessMode { environment: "dev".to_owned(), user: user("svc-1"), accessmode: 1 };
    person(&place, mode);
    let accounts = json(&place, 7, &["verify", "-o", "json"]).await;
    assert_eq!(accounts["schema_version"], 1);
    let drifted = found("svc-1", "drifted", &["drift.access-mode"]);
    assert_eq!(verdicts(&accounts), [drifted.clone(), found("svc-2", "healthy", &[])]);
    assert_eq!(accounts["accounts"][0]["heals_from"], "propagated");
    let page = ends(&place, 7, &["verify", "-e", "dev"]).await.out;
    assert!(page.contains("drift.access-mode") && page.contains("To do (an administrator"), "{page}");
    ends(&place, 0, &["verify", "-e", "test"]).await;

    let listed = json(&place, 0, &["list", "--drifted", "-o", "json"]).await;
    assert_eq!(listed["requests"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["requests"][0]["drifts"][0]["code"], "drift.access-mode");
    let shown = json(&place, 0, &["show", "svc-1@contoso.example", "-o", "json"]).await;
    assert_eq!(shown["watch"]["drifts"][0]["code"], "drift.access-mode");
    let stats = json(&place, 0, &["stats", "-o", "json"]).await;
    assert_eq!(stats["drift"][0]["accounts"], 1);

    daemon.signal(Signal::TERM);
    daemon.end(20).await;
    let accounts = json(&place, 7, &["verify", "svc-1@contoso.example", "-o", "json"]).await;
    assert_eq!(verdicts(&accounts), [drifted]);
    let said = ends(&place, 7, &["verify", "--heal", "-o", "json"]).await;
    assert!(said.err.contains("No daemon runs"), "{}", said.err);
    let said = ends(&place, 2, &["verify", "svc-1@contoso.example"]).await;
    assert!(said.err.contains("is no finished account"), "{}", said.err);

    let _daemon = Daemon::start(&place).await;
    ends(&place, 0, &["wait"]).await;
    let accounts = json(&place, 0, &["verify", "-o", "json"]).await;
    assert_eq!(verdicts(&accounts), [found("svc-1", "healthy", &[]), found("svc-2", "healthy", &[])]);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_is_a_failure_and_who_is_gone_is_looked_for_more_than_once() {
    let place = Place::new().await;
    let list = place.list("list.csv", [("svc-1".to_owned(), "dev"), ("svc-2".to_owned(), "test")]);
    let _daemon = Daemon::start(&place).await;
    ends(&place, 0, &["submit", list.to_str().expect("a path"), "--wait"]).await;

    let state = |state| Act::SetEnvironmentState { environment: "test".to_owned(), state };
    person(&place, state(EnvironmentState::Disabled));
    let accounts = json(&place, 1, &["verify", "-o", "json"]).await;
    assert_eq!(verdicts(&accounts), [found("svc-1", "healthy", &[]), found("svc-2", "unseen", &[])]);
    assert_eq!(accounts["accounts"][1]["failure"]["code"], "dataverse.environment-disabled");

    person(&place, Act::DeleteUser { tenant: "contoso".to_owned(), user: user("svc-1") });
    let said = ends(&place, 7, &["verify", "--heal", "-o", "json"]).await;
    assert!(said.err.contains("not found; looking again"), "{}", said.err);
    let accounts: Value = serde_json::from_str(&said.out).expect("a document");
    let (_, verdict, codes) = &verdicts(&accounts)[0];
    assert_eq!((verdict.as_str(), codes[0].as_str()), ("drifted", "drift.user-deleted"));
    assert_eq!(accounts["accounts"][0]["healing"], false, "only a person can bring it back");
    place.close().await;
}
