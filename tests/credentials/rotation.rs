//! New passwords: what they need, what stops them, and what is known when an answer is lost.

use super::patience::until;
use super::place::{Manner, Place, print_of};
use super::process::{Daemon, text};
use rustix::process::Signal;
use seatless::simulator::Act;

async fn stop(mut daemon: Daemon) {
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());
}

const ROTATE: &str = "credentials rotate svc-1@contoso.example";

async fn take(place: &Place, file: &str) -> Vec<String> {
    place.exits(0, &format!("credentials take --all --identity FOLDER/key.txt --out FOLDER/{file}")).await;
    place.opened(file).iter().map(|one| one["password"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_sets_a_password_that_can_be_taken_and_destroys_the_old_one() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let first = take(&place, "first.json").await;
    place.exits(0, ROTATE).await;
    let second = take(&place, "second.json").await;
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(print_of(&second[0]), place.password_print("svc-1"));
    assert!(place.wiretap.has_sent("\"forceChangePasswordNextSignIn\":false"));
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wide_selection_is_shown_before_it_is_rotated() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1", "svc-2"]).await;
    let before = place.password_print("svc-1");
    let said = place.exits(2, "credentials rotate --tenant contoso").await;
    assert!(said.out.contains("svc-2@contoso.example") && said.err.contains("--yes"), "{said:?}");
    assert_eq!(place.password_print("svc-1"), before);
    place.exits(0, "credentials rotate --tenant contoso --yes").await;
    assert_ne!(place.password_print("svc-1"), before);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_permission_everything_stays_as_it_was() {
    let place = Place::with(Manner { may_set_passwords: false, ..Manner::default() }).await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    let before = place.password_print("svc-1");
    let said = place.exits(1, ROTATE).await;
    assert!(said.err.contains("graph.password-forbidden"), "{}", said.err);
    assert!(said.err.contains("User-PasswordProfile.ReadWrite.All"), "{}", said.err);
    assert_eq!(place.password_print("svc-1"), before);
    assert_eq!(place.standing("svc-1").await, "waiting");
    assert_eq!(print_of(&take(&place, "out.json").await[0]), before, "the old one is still the right one");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_and_a_stranger_keep_their_passwords() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1", "svc-2"]).await;
    let user = |name: &str| format!("{name}@contoso.example");
    let administrator =
        Act::SetAdministrator { tenant: "contoso".into(), user: user("svc-1"), administrator: true };
    place.simulator.act(administrator).expect("a possible act");
    let marker = Some("seatless:01890000-0000-7000-8000-000000000000:01890000-0000-7000-8000-000000000001:01890000-0000-7000-8000-000000000002".to_owned());
    let stranger = Act::SetMarker { tenant: "contoso".into(), user: user("svc-2"), marker };
    place.simulator.act(stranger).expect("a possible act");
    let before = ["svc-1", "svc-2"].map(|name| place.password_print(name));
    let sent = place.wiretap.passwords().len();
    let said = place.exits(1, "credentials rotate --all --yes").await;
    assert_eq!(place.wiretap.passwords().len(), sent, "nothing was even tried");
    assert!(said.err.contains("graph.password-forbidden"), "{}", said.err);
    assert!(said.err.contains("credentials.not-ours"), "{}", said.err);
    assert_eq!(["svc-1", "svc-2"].map(|name| place.password_print(name)), before);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_answer_is_lost_both_are_kept_until_the_next_rotation() {
    let place = Place::new().await;
    let daemon = place.daemon_with(&["svc-1"]).await;
    place.wiretap.cut_answers_to_password_changes(true);
    let said = place.exits(1, ROTATE).await;
    assert!(said.err.contains("credentials.rotation-uncertain"), "{}", said.err);
    assert_eq!(place.standing("svc-1").await, "uncertain");
    let both = take(&place, "both.json").await;
    assert_eq!(both.len(), 2);
    assert!(place.opened("both.json").iter().all(|one| one["certain"] == false));
    assert!(both.iter().any(|one| print_of(one) == place.password_print("svc-1")), "one of them is right");
    place.wiretap.cut_answers_to_password_changes(false);
    until("the next rotation", 20, async || place.run(ROTATE).await.status.success().then_some(())).await;
    let after = take(&place, "after.json").await;
    assert_eq!(after.len(), 1);
    assert_eq!(print_of(&after[0]), place.password_print("svc-1"));
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_leaves_both() {
    let place = Place::new().await;
    let mut daemon = place.daemon_with(&["svc-1"]).await;
    place.wiretap.cut_answers_to_password_changes(true);
    let sent = place.wiretap.passwords().len();
    let rotation = place.run(ROTATE);
    let killed = async {
        until("the new password on the wire", 20, async || {
            (place.wiretap.passwords().len() > sent).then_some(())
        })
        .await;
        daemon.signal(Signal::KILL);
        daemon.end(10).await;
    };
    let (said, ()) = tokio::join!(rotation, killed);
    assert!(!said.status.success(), "{said:?}");
    let daemon = Daemon::start(&place).await;
    assert_eq!(place.standing("svc-1").await, "uncertain");
    let both = take(&place, "both.json").await;
    assert_eq!(both.len(), 2);
    assert!(both.iter().any(|one| print_of(one) == place.password_print("svc-1")));
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroyed_password_is_not_in_the_file_any_more() {
    let place = Place::new().await;
    stop(place.daemon_with(&["svc-1"]).await).await;
    let sealed = hex(&text(&place.database(), "SELECT hex(sealed) FROM sealed_passwords").await);
    let holds = |name: &str| {
        let bytes = std::fs::read(place.path(name)).unwrap_or_default();
        // Even a part of it: overwriting must not stop at the first bytes.
        sealed.chunks(32).any(|part| part.len() == 32 && bytes.windows(32).any(|window| window == part))
    };
    assert!(holds("seatless.db"), "the place to look at is the right one");
    take(&place, "out.json").await;
    place.exits(0, "credentials acknowledge --all").await;
    for file in ["seatless.db", "seatless.db-wal"] {
        assert!(!holds(file), "{file}");
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex")).collect()
}
