//! The daemon as a service: what the service manager hears (sd_notify(3)). Nothing here waits for anything but datagrams.

use super::patience::within;
use super::place::Place;
use super::process::Daemon;
use rustix::process::Signal;
use std::time::Duration;
use tokio::net::UnixDatagram;

/// Short, so that many signs of life fit into a test.
const WATCHDOG: Duration = Duration::from_millis(200);

/// A service manager that only listens.
struct Manager(UnixDatagram);

impl Manager {
    fn new(place: &Place) -> (Self, std::path::PathBuf) {
        let path = place.folder().join("notify.sock");
        (Self(UnixDatagram::bind(&path).expect("a socket")), path)
    }

    /// The lines of the next message.
    async fn next(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = within("a message", 20, self.0.recv(&mut bytes)).await.expect("a message");
        String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned).collect()
    }

    /// Reads on until one of the next messages has this line; gives that message and those before it.
    async fn until(&self, line: &str) -> Vec<Vec<String>> {
        let mut heard = Vec::new();
        for _ in 0..1_000 {
            heard.push(self.next().await);
            if has(heard.last().expect("the message"), line) {
                return heard;
            }
        }
        panic!("{line} is not said: {heard:?}");
    }
}

fn has(message: &[String], line: &str) -> bool {
    message.iter().any(|said| said == line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let place = Place::new().await;
    let (manager, path) = Manager::new(&place);
    let mut daemon = Daemon::start_watched(&place, &path, WATCHDOG).await;

    let first = manager.next().await;
    assert!(has(&first, "READY=1"), "{first:?}");
    for _ in 0..5 {
        let sign = manager.next().await;
        assert!(has(&sign, "WATCHDOG=1") && !has(&sign, "READY=1"), "{sign:?}");
        assert_eq!(sign.iter().filter(|line| line.starts_with("STATUS=")).count(), 1, "{sign:?}");
    }

    daemon.signal(Signal::TERM);
    let heard = manager.until("STOPPING=1").await;
    assert!(!heard.iter().any(|message| has(message, "READY=1")), "it says so once: {heard:?}");
    assert_eq!(daemon.end(20).await.code(), Some(0), "{}", daemon.log());
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_whose_manager_does_not_listen_works_all_the_same() {
    let place = Place::new().await;
    let nobody = place.folder().join("nobody.sock");
    let mut daemon = Daemon::start_watched(&place, &nobody, WATCHDOG).await;
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end(20).await.code(), Some(0), "{}", daemon.log());
    let warnings = daemon.log().matches("the service manager cannot be told").count();
    assert!(warnings <= 1, "said once: {}", daemon.log());
    place.close().await;
}
