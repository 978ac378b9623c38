//! What the shells and the pager are given.

use super::{folder, run_in};
use std::io::Write;
use std::process::{Command, Stdio};

/// Every command that `--help` lists.
fn commands() -> Vec<String> {
    let help = run_in(folder(), "--help").out;
    let (_, listed) = help.split_once("Commands:\n").expect("a list of commands");
    // What has no room in its line goes on further to the right.
    let begins = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let lines = listed.lines().take_while(|line| !line.is_empty()).filter(begins);
    let names = lines.filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

#[test]
fn each_shell_completes_each_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let told = run_in(folder(), &format!("completions {shell}"));
        assert_eq!((told.code, &*told.err), (0, ""), "{shell}");
        for command in commands() {
            assert!(told.out.contains(&command), "{shell} knows nothing of {command}");
        }
        assert!(told.out.contains("environment"), "{shell} completes options too");
    }
    let unknown = run_in(folder(), "completions tcsh");
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("possible values: bash, zsh, fish, powershell"), "{}", unknown.err);
}

#[test]
fn bash_completes_what_was_begun() {
    let script = run_in(folder(), "completions bash").out;
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let asks = "\nCOMP_WORDS=(seatless cred); COMP_CWORD=1; _seatless seatless cred seatless; echo \"${COMPREPLY[@]}\"\n";
    bash.stdin.take().expect("a pipe").write_all(format!("{script}{asks}").as_bytes()).expect("bash reads");
    let told = bash.wait_with_output().expect("bash ends");
    assert_eq!(String::from_utf8_lossy(&told.stdout), "credentials\n");
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let told = run_in(folder.path(), "man pages/man1");
    assert_eq!((told.code, &*told.out), (0, ""), "{}", told.err);
    for command in commands() {
        let page = folder.path().join(format!("pages/man1/seatless-{command}.1"));
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(folder.path().join("pages/man1/seatless.1").exists());
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let refused = run_in(folder.path(), "man taken");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("taken: "), "{}", refused.err);
}
