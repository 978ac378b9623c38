//! The fake cloud as a process.

use crate::finish;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A simulator that runs, and what it said when it began; it ends with this.
struct Running {
    child: Child,
    said: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(folder: &Path, line: &str) -> Running {
    let mut child = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_seatless")))
        .current_dir(folder)
        .args(line.split_whitespace())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("--write-config") {
        said += &(lines.next().unwrap().unwrap() + "\n");
    }
    Running { child, said }
}

#[test]
fn one_that_cannot_listen_leaves_the_authority_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let first = started(folder.path(), "simulate --listen 127.0.0.1:0 --https 127.0.0.1:0 --ca-file ca.pem");
    let port = first.said.split("https://login.localhost:").nth(1).unwrap().split(' ').next().unwrap();
    assert!(first.said.contains(&format!("at https://localhost:{port};")), "{}", first.said);
    let before = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let line = format!("simulate --listen 127.0.0.1:0 --https 127.0.0.1:{port} --ca-file ca.pem");
    let second = finish(crate::command(folder.path(), &line));
    assert_eq!(second.code, 1, "{}", second.err);
    assert!(second.err.contains("cannot listen on"), "{}", second.err);
    assert_eq!(std::fs::read(folder.path().join("ca.pem")).unwrap(), before);
}
