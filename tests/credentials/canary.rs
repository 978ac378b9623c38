//! The canary: a whole run with faults, kills and an abort, and then every secret of it is searched for in everything that
//! was left behind, the last words of crashes among it: the database, its log and side files, the daemon's log, events, what commands printed, the command line
//! and the environment of the daemon.
//!
//! The client secret comes from a file. Who gives it by an environment variable has put it into the environment by choice:
//! that is the limit of this promise.

use super::patience::until;
use super::place::{CLIENT_SECRET, Manner, Place};
use super::process::Daemon;
use super::searcher::{Searcher, forms};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use seatless::domain::{State, Status};
use seatless::http::DaemonClient;
use seatless::simulator::Faults;
use secrecy::ExposeSecret;
use std::os::unix::process::ExitStatusExt;
use std::sync::PoisonError;
use std::time::Duration;

/// What lies in the folder because a person has put it there, or asked for it there.
const HAND_MADE: [&str; 3] = ["secret", "key.txt", "opened.json"];

/// Places and what they hold.
type Hay = Vec<(String, Vec<u8>)>;

/// All files of the folder, and what the system shows of the daemon.
fn left_behind(place: &Place, daemon: Option<&Daemon>) -> Hay {
    let mut hay = Hay::new();
    let mut folders = vec![place.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() && !HAND_MADE.contains(&name.as_str()) {
                // A log of the database may go while we look.
                hay.extend(std::fs::read(&path).ok().map(|bytes| (name, bytes)));
            }
        }
    }
    for file in daemon.map(|_| ["cmdline", "environ", "comm", "status"]).into_iter().flatten() {
        let path = format!("/proc/{}/{file}", daemon.map(Daemon::id).unwrap_or_default());
        match std::fs::read(&path) {
            Ok(bytes) => hay.push((path, bytes)),
            // Since the daemon lets nobody look into it, the system shows its environment to root only.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{path}: {error}"),
        }
    }
    hay
}

/// Everything of this run that must stay secret.
fn secrets(place: &Place) -> Searcher {
    let mut searcher = Searcher::default();
    let passwords = place.wiretap.passwords();
    assert!(passwords.len() >= 5, "the passwords are known");
    for (number, password) in passwords.iter().enumerate() {
        searcher.add(&format!("password {number}"), password);
    }
    let tokens = place.wiretap.tokens();
    assert!(tokens.len() >= 3, "the tokens are known");
    for (number, token) in tokens.iter().enumerate() {
        searcher.add(&format!("token {number}"), token);
    }
    searcher.add("the client secret", CLIENT_SECRET);
    // What every private key begins with is no secret, and stands in hints.
    let key = place.key.to_string();
    searcher.add("the private key", key.expose_secret().trim_start_matches("AGE-SECRET-KEY-1"));
    searcher
}

fn leaks(searcher: &Searcher, hay: &Hay) -> Vec<String> {
    hay.iter()
        .flat_map(|(place, bytes)| {
            searcher.found_in(bytes).into_iter().map(move |what| format!("{place}: {what}"))
        })
        .collect()
}

async fn is_over(place: &Place) -> bool {
    place.members().await.iter().all(|member| member.request.progress.status() != Status::Active)
}

/// The daemon dies of a signal, and another one takes its place.
async fn die(place: &Place, mut daemon: Daemon, signal: Signal, hay: &mut Hay) -> Daemon {
    daemon.signal(signal);
    let status = daemon.end(20).await;
    assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
    hay.extend(left_behind(place, None));
    Daemon::start(place).await
}

/// The daemon gets no more memory in the middle of its work, and then too little to start with: it ends in its own words, or
/// is ended.
async fn starve(place: &Place, mut daemon: Daemon, hay: &mut Hay) -> Daemon {
    let before = daemon.log().len();
    let id = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw).expect("a process id");
    prlimit(Some(id), Resource::As, Rlimit { current: Some(1), maximum: None }).expect("our own child");
    // Work makes it ask for memory: a rotation reaches every part that knows a secret.
    place.run("credentials rotate svc-1@contoso.example").await;
    if daemon.is_running() {
        daemon.signal(Signal::KILL);
    }
    daemon.end(20).await;
    let mut kibibytes = 16_000_u64;
    while !starts_with(place, kibibytes).await {
        kibibytes += kibibytes / 8;
    }
    let log = std::fs::read(place.path("daemon.log")).expect("a log");
    let words = String::from_utf8_lossy(&log[before..]).into_owned();
    assert!(["panicked at", "memory allocation of"].iter().any(|sign| words.contains(sign)), "{words}");
    hay.extend(left_behind(place, None));
    Daemon::start(place).await
}

/// Whether a daemon with so much memory comes to life; one that does is killed.
async fn starts_with(place: &Place, kibibytes: u64) -> bool {
    let log = std::fs::OpenOptions::new().append(true).open(place.path("daemon.log")).expect("a log");
    let line = format!("ulimit -v {kibibytes} && exec \"$0\" --config \"$1\" run");
    let mut child = tokio::process::Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_seatless")])
        .arg(place.config())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    let end_or_life = until("its end or its life", 60, async || {
        if child.try_wait().expect("a process").is_some() {
            return Some(false);
        }
        matches!(DaemonClient::find(&place.socket()).await, Ok(Some(_))).then_some(true)
    });
    // One that lost only a part of itself may do neither.
    let lives = tokio::time::timeout(Duration::from_secs(15), end_or_life).await;
    let ended = matches!(lives, Ok(false));
    if !ended {
        child.kill().await.expect("our own child");
    }
    matches!(lives, Ok(true))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_left_anywhere() {
    let place = Place::with(Manner { log: "debug,seatless=trace", ..Manner::default() }).await;
    let mut hay = Hay::new();
    let storm = Faults { count_max: Some(40), ..Faults::named("storm").expect("a preset") };
    place.simulator.set_faults(storm);
    let mut daemon = Daemon::start(&place).await;
    place.submit(&["svc-1", "svc-2", "svc-3", "svc-1/test", "svc-taken"]).await;

    // In the middle of the first create, when its password has just been sent.
    until("a password on the wire", 30, async || (!place.wiretap.passwords().is_empty()).then_some(())).await;
    daemon = die(&place, daemon, Signal::KILL, &mut hay).await;
    until("users", 60, async || (place.wiretap.passwords().len() > 3).then_some(())).await;
    hay.extend(left_behind(&place, Some(&daemon)));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.id())).expect("a running process");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "no core is dumped: {cores}");
    daemon = die(&place, daemon, Signal::ABORT, &mut hay).await;
    daemon = starve(&place, daemon, &mut hay).await;
    until("the end of all requests", 120, async || is_over(&place).await.then_some(())).await;
    place.simulator.set_faults(Faults::default());
    for member in place.members().await {
        if member.request.progress.status() == Status::Blocked {
            place.run(&format!("retry {} -vv", member.request.id)).await;
        }
    }
    until("the end of those tried again", 120, async || is_over(&place).await.then_some(())).await;
    let all = place.members().await;
    let succeeded = all.iter().filter(|member| member.request.progress.state == State::Unlicensed).count();
    assert!(succeeded >= 4, "the work was done: {all:#?}");

    // Passwords are looked at, changed (once with a lost answer), looked at again and acknowledged.
    place.run("credentials take svc-1@contoso.example -vv --out FOLDER/sealed.age").await;
    place.run("credentials take --all -vv --identity FOLDER/key.txt --out FOLDER/opened.json").await;
    place.run("credentials rotate svc-2@contoso.example -vv").await;
    place.wiretap.cut_answers_to_password_changes(true);
    place.run("credentials rotate svc-3@contoso.example -vv").await;
    daemon = die(&place, daemon, Signal::KILL, &mut hay).await;
    place.wiretap.cut_answers_to_password_changes(false);
    for line in [
        "credentials take --all --out-folder FOLDER/sealed -vv",
        "credentials take --all --identity FOLDER/key.txt --out FOLDER/opened.json -vv",
        "credentials take --all --identity FOLDER/secret --out FOLDER/none.json -vv",
        "credentials acknowledge svc-1@contoso.example -vv",
        "credentials list --all -vv -o json",
        "config -vv -o json",
        "list -vv -o json",
        "stats -vv -o json",
        "watch --once -vv",
        "run -vv",
    ] {
        place.run(line).await;
    }
    for member in place.members().await {
        place.run(&format!("show {} -vv", member.request.id)).await;
        place.run(&format!("show {} -o json", member.request.id)).await;
    }
    hay.extend(left_behind(&place, Some(&daemon)));
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success());
    hay.extend(left_behind(&place, None));
    let written = place.written.lock().unwrap_or_else(PoisonError::into_inner).clone();
    hay.extend(written.into_iter().map(|(what, text)| (what, text.into_bytes())));

    let searcher = secrets(&place);
    for name in ["seatless.db", "seatless.db-wal", "daemon.log", "seatless.toml", "sealed.age"] {
        assert!(hay.iter().any(|(place, bytes)| place == name && !bytes.is_empty()), "{name} was looked at");
    }
    let log = String::from_utf8_lossy(&std::fs::read(place.path("daemon.log")).expect("a log")).into_owned();
    assert!(log.contains("\"level\":\"DEBUG\""), "the log was chatty");
    assert_eq!(leaks(&searcher, &hay), Vec::<String>::new());

    // And it would have been found, in whatever form: one is planted.
    let password = place.wiretap.passwords().pop().expect("a password");
    for (form, text) in forms(&password) {
        std::fs::write(place.path("planted"), format!("something {text} else")).expect("a file");
        assert!(!leaks(&searcher, &left_behind(&place, None)).is_empty(), "{form}");
    }
}
