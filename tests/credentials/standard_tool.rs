//! A sealed password opens with the `age` tool (github.com/FiloSottile/age), which none of us has written.

use super::place::{Place, mode, print_of};
use rustix::process::Signal;
use std::process::Command;

/// The tool; `SEATLESS_AGE` names another one.
fn tool() -> String {
    std::env::var("SEATLESS_AGE").unwrap_or_else(|_| "age".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_password_opens_with_the_standard_tool() {
    let version = Command::new(tool()).arg("--version").output().unwrap_or_else(|error| {
        panic!(
            "this test needs the age tool, and {:?} cannot be run ({error}): `apt-get install age`, or any build of \
             github.com/FiloSottile/age named by SEATLESS_AGE",
            tool()
        )
    });
    assert!(version.status.success(), "{version:?}");
    let place = Place::new().await;
    let mut daemon = place.daemon_with(&["svc-1", "svc-2"]).await;
    place.exits(0, "credentials take --all --out-folder FOLDER/sealed").await;
    assert_eq!(mode(&place.path("sealed")), 0o700);
    for name in ["svc-1", "svc-2"] {
        let file = place.path(&format!("sealed/{name}@contoso.example.age"));
        assert_eq!(mode(&file), 0o600);
        assert!(std::fs::read(&file).expect("a file").starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
        let opened = Command::new(tool())
            .arg("--decrypt")
            .arg("--identity")
            .arg(place.path("key.txt"))
            .arg(&file)
            .output()
            .expect("the tool runs");
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        let text = String::from_utf8(opened.stdout).expect("a text");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(&*format!("user_principal_name: {name}@contoso.example")));
        assert!(lines.next().is_some_and(|line| line.starts_with("intent: ")), "{}", text.lines().count());
        let password = lines.next().and_then(|line| line.strip_prefix("password: ")).expect("a password");
        assert_eq!(print_of(password), place.password_print(name), "it is the one that the user has");
    }
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success());
}
