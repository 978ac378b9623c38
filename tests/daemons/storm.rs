//! Everything at once: a large batch on three daemons, of which one after the other is killed while the server is stopped and
//! started.

use super::cluster::cluster;
use super::daemon::{Daemon, submit};
use super::judge::Record;
use super::patience::{for_a_while, until};
use super::place::{Place, Plan};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::Duration;

const DAEMONS: usize = 3;
const KILLS_MIN: usize = 8;
const CRASHES_MIN: usize = 4;

/// Stops the server as a crash of it would be (an immediate shutdown), and starts it again a little later.
async fn crash_the_server() {
    let data = cluster().folder.join("data");
    let file = std::fs::read_to_string(data.join("postmaster.pid")).expect("a running server");
    let id = file.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
    kill_process(id.expect("a process id"), Signal::QUIT).expect("the server of the tests");
    until("the end of the server", 30, async || (!data.join("postmaster.pid").exists()).then_some(())).await;
    for_a_while(Duration::from_millis(500)).await;
    let program = cluster().programs.join("pg_ctl");
    let mut command = if rustix::process::geteuid().is_root() {
        let owner = data.metadata().expect("the server's data");
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={}", owner.uid()), format!("--regid={}", owner.gid())]);
        command.args(["--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A restart of a server that does not run starts it as it was started before.
    command.current_dir(&cluster().folder).args(["-D", "data", "-l", "log", "-w", "-t", "60", "restart"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = tokio::process::Command::from(command).status().await;
    assert!(ended.expect("pg_ctl runs").success());
}

/// The daemons with what any service manager does: whoever has ended is started again.
struct Watched {
    daemons: Vec<Daemon>,
    starts: usize,
    /// What those said that ended by themselves after they had come up.
    deserted: Vec<String>,
}

impl Watched {
    fn start_the_dead(&mut self, place: &Place) {
        for (number, daemon) in self.daemons.iter_mut().enumerate() {
            if daemon.is_running() {
                continue;
            }
            if daemon.has_come_up() {
                self.deserted.push(daemon.log());
            }
            self.starts += 1;
            *daemon = Daemon::spawn(place, number, self.starts);
        }
    }

    async fn kill(&mut self, place: &Place, number: usize) {
        self.daemons[number].kill().await;
        self.starts += 1;
        self.daemons[number] = Daemon::spawn(place, number, self.starts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_hundred_accounts_survive_kills_of_daemons_and_crashes_of_the_server() {
    let (users, environments) = (600, 100);
    let latency = Duration::from_millis(5);
    let plan = Plan { daemons: DAEMONS, environments, seats: 200, latency, lease: 3.0, call_deadline: 2.0 };
    let place = Place::new(plan).await;
    let mut watched = Watched { daemons: Vec::new(), starts: 0, deserted: Vec::new() };
    for number in 0..DAEMONS {
        watched.daemons.push(Daemon::start(&place, number).await);
    }
    submit(&place, users).await;
    let (mut kills, mut crashes) = (0, 0);
    while kills < KILLS_MIN || crashes < CRASHES_MIN || !place.is_over().await {
        assert!(kills < 60, "it does not come to an end");
        for_a_while(Duration::from_millis(1_500)).await;
        watched.kill(&place, kills % DAEMONS).await;
        kills += 1;
        if kills % 2 == 0 {
            crash_the_server().await;
            crashes += 1;
        }
        watched.start_the_dead(&place);
        let enough = kills >= KILLS_MIN && crashes >= CRASHES_MIN;
        assert!(enough || !place.is_over().await, "the work was over before the storm was");
    }
    until("the last seats", 60, async || {
        watched.start_the_dead(&place);
        place.is_at_rest().await.then_some(())
    })
    .await;
    until("all daemons", 60, async || {
        watched.start_the_dead(&place);
        watched.daemons.iter().all(Daemon::has_come_up).then_some(())
    })
    .await;
    for daemon in watched.daemons {
        daemon.end().await;
    }
    assert!(watched.deserted.is_empty(), "ended by itself: {}", watched.deserted.join("\n"));
    let faults = Record::of(&place).await.faults(users, environments);
    assert!(faults.is_empty(), "after {kills} kills and {crashes} crashes:\n  {}", faults.join("\n  "));
    place.close().await;
}
