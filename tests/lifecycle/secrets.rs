//! Canaries: secrets whose bytes are known must be found nowhere.

use crate::bed::rig::{Death, Rig, reason};
use crate::bed::scene::{SECRET, rig};
use crate::bed::wire::Kind;
use seatless::domain::{Clock, Code, EventKind, State, UserPrincipalName};
use seatless::provisioning::OpeningKeys;
use seatless::simulator::Faults;
use seatless::store::{Actor, Origin, PasswordOrder, Passwords};
use secrecy::ExposeSecret;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

thread_local! {
    /// Whether what this thread logs is kept.
    static KEEPS: Cell<bool> = const { Cell::new(false) };
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn finds(bytes: &[u8], canary: &str) -> bool {
    bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
}

/// Every file beside the database, with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file"))).collect()
}

#[tokio::test]
async fn no_secret_is_in_the_database_its_log_or_ours() {
    let kept = Kept::default();
    let log = tracing_subscriber::fmt::layer().with_writer(kept.clone());
    // For the whole process, since interest in a log line is remembered across threads; but only this test's is kept.
    let log = log.with_filter(dynamic_filter_fn(|_, _| KEEPS.get()));
    tracing_subscriber::registry().with(log).try_init().expect("the only log of this process");
    KEEPS.set(true);
    let key = age::x25519::Identity::generate();
    let mut rig = rig()
        .tenant("contoso")
        .environment("dev")
        .requests(&["svc-1", "svc-2"])
        .sealing_to(&key.to_public().to_string())
        .with_faults(Faults { count_max: Some(40), ..Faults::named("storm").expect("a preset") })
        .seeded(1)
        .start()
        .await;
    rig.run_until_all_are(State::Created).await;
    // The log of the database is folded into it in the end, so it is looked at in the middle, too.
    let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
    let folder = rig.database().parent().expect("a folder").to_owned();
    seen.extend(files(&folder));
    rig.run_to_rest().await;
    rig.calm_down_and_retry().await;
    seen.extend(files(&folder));
    let log = kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(finds(&log, "advanced"), "the log was kept");
    seen.push(("the log".to_owned(), log));
    for member in rig.members().await {
        assert_eq!(reason(&member), "succeeded");
        let events = rig.history(member.request.id).await;
        seen.push(("an event".to_owned(), format!("{events:?}{member:?}").into_bytes()));
    }

    let passwords = rig.passwords();
    assert!(passwords.len() >= rig.applied(Kind::Create), "the passwords are known: {}", passwords.len());
    let known = rig.users("svc-1")[0]["password_sha256"].as_str().unwrap_or_default().to_owned();
    assert!(passwords.iter().any(|password| sha256(password) == known), "the canary is what the cloud got");
    let tokens = rig.tokens();
    assert!(!tokens.is_empty(), "the tokens are known");
    let canaries = passwords.iter().chain(&tokens).map(String::as_str).chain([SECRET]);
    for canary in canaries {
        for (place, bytes) in &seen {
            assert!(!finds(bytes, canary), "{place} holds a secret");
        }
    }
    assert!(
        seen.iter().any(|(place, _)| place.ends_with("-wal")),
        "{:?}",
        seen.iter().map(|s| &s.0).collect::<Vec<_>>()
    );
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Of each user exactly one password is kept, and it is the one that the user has, whoever's create made it.
async fn the_kept_ones_are_right(rig: &Rig, key: &age::x25519::Identity, what: &str) {
    let keys = OpeningKeys::parse(&key.to_string()).unwrap_or_else(|why| panic!("{why}"));
    let mut users: Vec<_> = rig.members().await.iter().map(|member| member.user.id).collect();
    users.dedup();
    for password in rig.store.passwords(users).await.expect("the store can be read") {
        let name = &password.user_principal_name;
        assert_eq!(password.kept.len(), 1, "{what}: {name} {password:?}");
        assert!(password.is_certain(), "{what}: {name} {password:?}");
        let actor = Actor { name: "test".to_owned(), origin: Origin::Cli };
        let order = PasswordOrder { users: vec![password.user], actor, now: rig.clock.now() };
        let taken = rig.store.take_passwords(order).await.expect("the store can be written");
        let opened =
            keys.open(&taken[0].sealed, name, taken[0].intent).unwrap_or_else(|why| panic!("{what}: {why}"));
        let user = rig.user(name.local_part());
        assert_eq!(user["password_sha256"], sha256(opened.expose_secret()), "{what}: {name}");
    }
}

#[tokio::test]
async fn whoever_dies_wherever_the_kept_password_is_the_right_one() {
    let key = age::x25519::Identity::generate();
    let scene = |faults: &str, seed| {
        rig()
            .tenant("contoso")
            .environment("dev")
            .requests(&["svc-1", "svc-2"])
            .environment("test")
            .request("svc-1")
            .sealing_to(&key.to_public().to_string())
            .with_faults(Faults { count_max: Some(6), ..Faults::named(faults).expect("a preset") })
            .seeded(seed)
    };
    let mut undisturbed = scene("none", 1).start().await;
    undisturbed.run_until_all_are(State::Created).await;
    let points = undisturbed.fuse.passed();
    the_kept_ones_are_right(&undisturbed, &key, "nobody died").await;
    let mut superseded = 0;
    for (point, faults) in (1..=points).zip(["none", "drop", "late"].into_iter().cycle()) {
        let death = if point % 2 == 0 { Death::Drop } else { Death::Leak };
        let mut rig = scene(faults, point).start().await;
        rig.death = death;
        rig.fuse.set(point);
        rig.run_until_all_are(State::Created).await;
        the_kept_ones_are_right(&rig, &key, &format!("{death:?} at point {point} with {faults}")).await;
        for member in rig.members().await {
            let history = rig.history(member.request.id).await;
            superseded += history.iter().filter(|event| event.kind == EventKind::Destroyed).count();
        }
    }
    assert!(superseded > 0, "no user was ever asked for twice, so there was nothing to choose from");
}

#[tokio::test]
async fn a_rotation_that_may_still_land_is_waited_for() {
    let key = age::x25519::Identity::generate();
    let scene = rig().tenant("contoso").without_lags().environment("dev").request("svc-1");
    let mut scene = scene.sealing_to(&key.to_public().to_string());
    scene.world.tenants[0].apps[0].roles.push("User-PasswordProfile.ReadWrite.All".to_owned());
    let mut rig = scene.start().await;
    rig.run_until_all_are(State::Created).await;
    let user = rig.member("svc-1").await.user.id;
    let actor = Actor { name: "test".to_owned(), origin: Origin::Cli };
    let rotate = async |rig: &Rig| {
        let mut results = rig.rotator().rotate(&[user], &actor).await.expect("the store works");
        results.remove(0).1.map_err(|failure| failure.code)
    };
    // The answer of each change of a user is an error that may have come after the change.
    let faults = Faults { error_before_commit: 1.0, only: vec!["PATCH /".to_owned()], ..Faults::default() };
    rig.simulator.set_faults(faults);
    assert_eq!(rotate(&rig).await, Err(Code::CredentialsRotationUncertain));
    rig.simulator.set_faults(Faults::default());
    rig.clock.advance(Duration::from_secs(59));
    assert_eq!(rotate(&rig).await, Err(Code::CredentialsRotationPending));
    rig.clock.advance(Duration::from_secs(2));
    assert_eq!(rotate(&rig).await, Ok(()));
    the_kept_ones_are_right(&rig, &key, "after the second rotation").await;
}

#[tokio::test]
async fn whoever_dies_wherever_in_a_rotation_the_right_password_is_among_the_kept_ones() {
    let key = age::x25519::Identity::generate();
    let keys = OpeningKeys::parse(&key.to_string()).unwrap_or_else(|why| panic!("{why}"));
    for point in 1.. {
        let scene = rig().tenant("contoso").without_lags().environment("dev").request("svc-1");
        let mut scene = scene.sealing_to(&key.to_public().to_string());
        scene.world.tenants[0].apps[0].roles.push("User-PasswordProfile.ReadWrite.All".to_owned());
        let mut rig = scene.start().await;
        rig.run_until_all_are(State::Created).await;
        let user = rig.member("svc-1").await.user.id;
        let actor = Actor { name: "test".to_owned(), origin: Origin::Cli };
        rig.fuse.set(point);
        let (rotator, users) = (rig.rotator(), [user]);
        let finished = tokio::select! {
            biased;
            results = rotator.rotate(&users, &actor) => {
                assert!(results.expect("the store works")[0].1.is_ok());
                true
            }
            () = rig.fuse.blown() => false,
        };
        let order = PasswordOrder { users: vec![user], actor, now: rig.clock.now() };
        let now = rig.user("svc-1")["password_sha256"].clone();
        let taken = rig.store.take_passwords(order).await.expect("the store can be written");
        let opened = taken.iter().map(|one| {
            let name = UserPrincipalName::parse("svc-1@contoso.example").expect("a name");
            keys.open(&one.sealed, &name, one.intent).unwrap_or_else(|why| panic!("{why}"))
        });
        let right = opened.filter(|one| sha256(one.expose_secret()) == now).count();
        assert_eq!(right, 1, "killed at point {point}");
        if finished {
            assert!(point > 6, "a rotation has more points than {point}");
            assert_eq!(taken.len(), 1);
            return;
        }
    }
}
