//! The commands that look at requests, run as processes on a database that was filled through the ports.

mod population;

use population::{ADAS, BOBS, OTHERS, empty, populate};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// What a command left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            populate(&folder.path().join("seatless.db"));
            folder
        })
        .path()
}

fn command(folder: &Path, line: &str) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(PathBuf::from(env!("CARGO_BIN_EXE_seatless")));
    command.current_dir(folder).args(line.split_whitespace());
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "SEATLESS_CONFIG"] {
        command.env_remove(name);
    }
    command
}

fn finish(mut command: assert_cmd::Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn run_in(folder: &Path, line: &str) -> Ran {
    finish(command(folder, line))
}

fn run(line: &str) -> Ran {
    run_in(folder(), line)
}

/// Standard output of a command that must succeed without a word beside it.
fn out(line: &str) -> String {
    let ran = run(line);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
    ran.out
}

fn json(line: &str) -> Value {
    serde_json::from_str(&out(line)).unwrap()
}

#[test]
fn dump() {
    for line in [
        "list", "list --batches", "list -s blocked", "list -o csv", "list --batches -o csv", "list -n 2",
        "list --name ada -o json", "list --name ada -o yaml", "show ada@contoso.com", "show bob@contoso.com",
        "show cleo@contoso.com", "show dora@contoso.com", "show eve@contoso.com", "show 0c00", "show latest", "show 0b00", "stats", "stats -o csv",
        "stats -o json", "watch --once", "wait 0a00", "wait 0b00", "wait latest --timeout 0s", "wait --timeout 0s -o json", "show ada@contoso.com -o csv", "show nobody", "wait beef", "list --after x", "list --state x", "list --code x.y",
    ] {
        let ran = run(line);
        println!("$ seatless {line}   -> {}\n{}{}", ran.code, ran.out, ran.err);
    }
    let _ = (ADAS, BOBS, OTHERS, empty, json);
}
