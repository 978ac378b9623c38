//! Taking and acknowledging, beside a daemon and without one.

use super::place::{Manner, Place, mode, print_of};
use super::process::Daemon;
use rustix::process::Signal;

const TAKE_JSON: &str = "--identity FOLDER/key.txt --out FOLDER/out.json";

async fn stop(mut daemon: Daemon) {
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_is_what_the_user_has_and_is_destroyed_once_acknowledged() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1", "svc-2"]).await;
    assert_eq!(place.standing("svc-1").await, "waiting");
    place.exits(0, &format!("credentials take --all {TAKE_JSON}")).await;
    let opened = place.opened("out.json");
    assert_eq!(opened.len(), 2);
    for (one, name) in opened.iter().zip(["svc-1", "svc-2"]) {
        assert_eq!(one["user_principal_name"], format!("{name}@contoso.example"));
        assert_eq!(one["certain"], true);
        assert_eq!(print_of(one["password"].as_str().expect("a text")), place.password_print(name));
    }
    assert_eq!(mode(&place.path("out.json")), 0o600);
    // What was not acknowledged can be taken again.
    assert_eq!(place.standing("svc-1").await, "taken");
    place.exits(0, "credentials take svc-1@contoso.example --out FOLDER/again.age").await;
    place.exits(0, "credentials acknowledge svc-1@contoso.example").await;
    assert_eq!(place.standing("svc-1").await, "acknowledged");
    let said = place.exits(1, "credentials take svc-1@contoso.example --out FOLDER/third.age").await;
    assert!(said.err.contains("credentials.acknowledged"), "{}", said.err);
    assert!(!place.path("third.age").exists(), "nothing came, so no file stays");
    assert_eq!(place.standing("svc-2").await, "taken");
    let history = place.exits(0, "show svc-1@contoso.example").await;
    assert!(history.out.contains("handed over"), "{}", history.out);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_daemon_it_works_the_same() {
    let place = Place::new().await;
    stop(place.daemon_with(&["svc-1"]).await).await;
    place
        .exits(0, "credentials take svc-1@contoso.example --identity FOLDER/key.txt --out FOLDER/out.csv")
        .await;
    let text = std::fs::read_to_string(place.path("out.csv")).expect("a file");
    let password = text.lines().nth(1).and_then(|line| line.split(',').nth(3)).expect("a cell");
    assert_eq!(print_of(password), place.password_print("svc-1"));
    place.exits(0, "credentials acknowledge --all").await;
    assert_eq!(place.standing("svc-1").await, "acknowledged");
    place.exits(0, "credentials rotate svc-1@contoso.example").await;
    assert_ne!(print_of(password), place.password_print("svc-1"), "the old password is over");
    place.exits(0, &format!("credentials take --all {TAKE_JSON}")).await;
    let now = place.opened("out.json")[0]["password"].as_str().expect("a text").to_owned();
    assert_eq!(print_of(&now), place.password_print("svc-1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn siblings_share_one_password_and_each_can_name_it() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1", "svc-1/test"]).await;
    place.exits(0, &format!("credentials take svc-1@contoso.example {TAKE_JSON}")).await;
    assert_eq!(place.opened("out.json").len(), 1);
    let by_environment =
        place.exits(0, "credentials take -e test --identity FOLDER/key.txt --out FOLDER/test.json").await;
    assert!(by_environment.out.contains("svc-1@contoso.example"), "{}", by_environment.out);
    assert_eq!(place.opened("test.json"), place.opened("out.json"));
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_exists_is_written_to_and_nothing_goes_to_a_stream() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1", "svc-2"]).await;
    std::fs::write(place.path("mine.txt"), "mine").expect("a file");
    std::os::unix::fs::symlink(place.path("mine.txt"), place.path("link.json")).expect("a link");
    for file in ["mine.txt", "link.json"] {
        let line = format!("credentials take --all --identity FOLDER/key.txt --out FOLDER/{file}");
        let said = place.exits(1, &line).await;
        assert!(said.err.contains("exists already"), "{}", said.err);
    }
    assert_eq!(std::fs::read_to_string(place.path("mine.txt")).expect("a file"), "mine");
    place.exits(2, "credentials take --all --identity FOLDER/key.txt --out -").await;
    let several = place.exits(2, "credentials take --all --out FOLDER/one.age").await;
    assert!(several.err.contains("--out-folder"), "{}", several.err);
    place.exits(2, "credentials take --out FOLDER/one.age").await;
    place.exits(2, "credentials take nobody@contoso.example --out FOLDER/one.age").await;
    place.exits(2, "credentials take --all --identity FOLDER/nokey.txt --out FOLDER/one.json").await;
    assert!(!place.path("one.age").exists() && !place.path("one.json").exists());
    assert_eq!(place.standing("svc-1").await, "waiting", "none of these has seen it");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_opens_nothing_and_leaves_no_file() {
    use secrecy::ExposeSecret;
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let key = age::x25519::Identity::generate().to_string();
    std::fs::write(place.path("other.txt"), key.expose_secret()).expect("a file");
    let said =
        place.exits(1, "credentials take --all --identity FOLDER/other.txt --out FOLDER/out.json").await;
    assert!(said.err.contains("sealed to another key"), "{}", said.err);
    assert!(!place.path("out.json").exists());
    assert_eq!(place.standing("svc-1").await, "waiting");
    let nothing = place.exits(0, "credentials acknowledge --all").await;
    assert!(nothing.err.contains("Nothing that was taken"), "{}", nothing.err);
    place.exits(0, &format!("credentials take --all {TAKE_JSON}")).await;
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_took_is_not_destroyed() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let said = place.exits(1, "credentials acknowledge svc-1@contoso.example").await;
    assert!(said.err.contains("credentials.not-taken"), "{}", said.err);
    assert_eq!(place.standing("svc-1").await, "waiting");
    let nothing = place.exits(0, "credentials acknowledge --all").await;
    assert!(nothing.err.contains("Nothing that was taken"), "{}", nothing.err);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_policy_reset_the_hand_over_makes_the_password() {
    let place = Place::with(Manner { policy: "reset", ..Manner::default() }).await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let first = place.password_print("svc-1");
    assert_eq!(place.standing("svc-1").await, "none_kept");
    place.exits(0, &format!("credentials take svc-1@contoso.example {TAKE_JSON}")).await;
    let taken = place.opened("out.json")[0]["password"].as_str().expect("a text").to_owned();
    assert_ne!(place.password_print("svc-1"), first);
    assert_eq!(print_of(&taken), place.password_print("svc-1"));
    place.exits(0, "credentials take --all --identity FOLDER/key.txt --out FOLDER/again.json").await;
    assert_eq!(place.opened("again.json"), place.opened("out.json"), "only the first one makes one");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_policy_discard_only_a_rotation_makes_one() {
    let place = Place::with(Manner { policy: "discard", ..Manner::default() }).await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let said = place.exits(1, &format!("credentials take svc-1@contoso.example {TAKE_JSON}")).await;
    assert!(said.err.contains("credentials.none-kept"), "{}", said.err);
    place.exits(0, "credentials rotate svc-1@contoso.example").await;
    place.exits(0, &format!("credentials take svc-1@contoso.example {TAKE_JSON}")).await;
    let taken = place.opened("out.json")[0]["password"].as_str().expect("a text").to_owned();
    assert_eq!(print_of(&taken), place.password_print("svc-1"));
    stop(daemon).await;
}
