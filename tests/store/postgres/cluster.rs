//! A PostgreSQL server of the test process's own, started when it is first asked for, on a socket in a temporary folder.
//!
//! It cannot outlive the process: a small shell program starts it, waits for the end of a pipe that only this process
//! holds open, stops the server and removes the folder. However the process ends, the pipe ends with it.
#![allow(dead_code, reason = "each test binary that includes it uses its own part of it")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// What has to lie in one folder for a server to be started.
const PROGRAMS: [&str; 5] = ["initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore"];

/// What installs them where they are missing.
const INSTALL: &str = "apt-get install -y postgresql";

/// What a server of the tests is started with, a line each. `fsync` is off: what is tested here is what a statement means,
/// and a machine that loses its power takes the test with it.
const FORGETFUL: &str = "fsync = off\nfull_page_writes = off\nshared_buffers = 64MB\nautovacuum = off";

/// Starts a server for as long as standard input stays open.
const KEEPER: &str = r#"
set -e
trap '' INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/seatless-postgres.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if [ -n "$2" ]; then
  "$1/pg_basebackup" -h "$2" -U seatless -D data -R -c fast --no-sync >log 2>&1 || { cat log >&2; exit 1; }
else
  "$1/initdb" -D data -U seatless -A trust -E UTF8 --locale=C --no-sync >log 2>&1 || { cat log >&2; exit 1; }
fi
if [ -n "$4" ]; then mkdir /mnt/space; fi
cat >>data/postgresql.conf <<CONF
unix_socket_directories = '$folder'
listen_addresses = ''
max_connections = $3
$5
CONF
"$1/pg_ctl" -D data -l log -w -t 60 start >start 2>&1 || { cat start log >&2; exit 1; }
echo "$folder"
read -r _ || true
"$1/pg_ctl" -D data -m immediate -w stop >stop 2>&1 || true
"#;

/// A running server.
pub struct Cluster {
    /// Where its socket lies.
    pub folder: PathBuf,
    /// Where its programs lie.
    pub programs: PathBuf,
    keeper: Child,
    lifeline: Option<ChildStdin>,
}

/// How a server is started.
#[derive(Clone, Copy, Default)]
pub struct How<'a> {
    /// The folder of the server that it follows as a standby.
    pub follows: Option<&'a Path>,
    /// At most so many connections, if not plenty.
    pub connections_max: Option<u32>,
    /// Whether it finds a small file system at `/mnt`, which nobody else sees.
    pub small_disk: bool,
    /// Its settings, a line each, if not those of the tests.
    pub settings: Option<&'a str>,
}

const CONNECTIONS_MAX: u32 = 300;

/// Mounts the small file system, for whatever is started then.
const MOUNTER: &str = r#"mount -t tmpfs -o size=24m,mode=1777 tmpfs /mnt && exec "$@""#;

/// The server of this process.
///
/// # Panics
/// Where there is no PostgreSQL, with what installs it: a test that needs one is never passed over in silence.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(How::default()))
}

/// Whether a file system can be mounted by whoever runs the tests.
pub fn can_mount() -> bool {
    let mut mounter = Command::new("unshare");
    mounter.args(["--mount", "sh", "-c", MOUNTER, "mounter", "true"]).stderr(Stdio::null());
    mounter.status().is_ok_and(|status| status.success())
}

impl Cluster {
    /// A server of its own. It ends with the value.
    pub fn start(how: How<'_>) -> Self {
        let programs = find_programs().unwrap_or_else(install);
        let mut command = unprivileged("sh");
        if how.small_disk {
            let inner = command;
            command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", MOUNTER, "mounter"]).arg(inner.get_program());
            command.args(inner.get_args());
        }
        let mut keeper = command
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(how.follows.unwrap_or(Path::new("")))
            .arg(how.connections_max.unwrap_or(CONNECTIONS_MAX).to_string())
            .arg(if how.small_disk { "small" } else { "" })
            .arg(how.settings.unwrap_or(FORGETFUL))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let lifeline = keeper.stdin.take().expect("its input is a pipe");
        let mut folder = String::new();
        let answer = keeper.stdout.take().expect("its output is a pipe");
        BufReader::new(answer).read_line(&mut folder).expect("its output can be read");
        assert!(!folder.is_empty(), "the PostgreSQL server of the tests does not start; see above");
        let folder = PathBuf::from(folder.trim_end());
        Self { folder, programs, keeper, lifeline: Some(lifeline) }
    }

    /// Ends the server as if it were killed.
    pub fn stop_at_once(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again.
    pub fn start_again(&self) {
        self.control(&["-l", "log", "-t", "60", "start"]);
    }

    fn control(&self, what: &[&str]) {
        let mut command = unprivileged(self.programs.join("pg_ctl").to_str().expect("a path"));
        command.args(["-D", "data", "-s", "-w"]).args(what).current_dir(&self.folder);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("pg_ctl runs");
        assert!(status.success(), "pg_ctl {what:?}: {status}");
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://seatless@localhost/{database}?host={}", self.folder.display())
    }

    /// One of its programs, about to be run against it.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PGHOST", &self.folder).env("PGUSER", "seatless");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The keeper reads the end of the pipe, stops the server and removes the folder.
        drop(self.lifeline.take());
        let _ = self.keeper.wait();
    }
}

/// A command as somebody that the server's programs accept: they refuse to run as root.
fn unprivileged(program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let exists = |user: &&str| Command::new("id").arg(user).output().is_ok_and(|id| id.status.success());
    let user = ["postgres", "nobody"].into_iter().find(exists).expect("root can become somebody else");
    let group = Command::new("id").args(["-g", user]).output().expect("every user has a group");
    let group = String::from_utf8(group.stdout).expect("a number");
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={}", group.trim()), "--clear-groups", "--"]);
    command.arg(program);
    command
}

/// The folder of the server's programs: on the path, where `pg_config` says, or where Debian puts them, the latest first.
fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let config = Command::new("pg_config").arg("--bindir").output().ok();
    let config = config.and_then(|said| String::from_utf8(said.stdout).ok());
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    debian.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    std::env::split_paths(&path)
        .chain(config.map(|folder| PathBuf::from(folder.trim())))
        .chain(debian.into_iter().map(|(_, folder)| folder))
        .find(|folder| PROGRAMS.iter().all(|program| is_file(&folder.join(program))))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

/// Installs a server where that is possible without asking anybody.
fn install() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        let mut loud = std::io::stderr().lock();
        let _ = writeln!(loud, "the tests need a PostgreSQL server and find none; installing it: {INSTALL}");
        for command in [INSTALL, "apt-get update", INSTALL] {
            let mut words = command.split(' ');
            let program = words.next().expect("a command has a name");
            let ran = Command::new(program).args(words).env("DEBIAN_FRONTEND", "noninteractive").status();
            if ran.is_ok_and(|status| status.success())
                && let Some(programs) = find_programs()
            {
                return programs;
            }
        }
    }
    panic!("the tests need a PostgreSQL server (version 13 or later) and find none. Install it: {INSTALL}");
}
