//! What an operator sees of an outage: in the log of a daemon, and from commands.

use super::stand::{DATABASE, LEASE, Stand, open_as, options, rest, scene, server};
use super::way::{Fate, Way};
use crate::cluster::How;
use seatless::app::{TokioSpawner, TokioTimer};
use seatless::domain::{Clock, HolderId, Ids};
use seatless::engine::{Heartbeat, Hints, Pump, PumpLimits, Spawner, Stop, TakeOver, Timer};
use seatless::store::{Admission, Batches};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// A log that is read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self, with: &str) -> Vec<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        text.lines().filter(|line| line.contains(with)).map(str::to_owned).collect()
    }

    async fn shows(&self, with: &str, times: usize) {
        while self.lines(with).len() < times {
            TokioTimer.sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_outage_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("sqlx=error,info,seatless=debug"))
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let _reading = tracing::subscriber::set_default(subscriber.finish());

    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(1), &url, &url).await;
    stand.submit().await;
    let hasty = options(&url, &stand.ids, &stand.clock);
    let store = open_as(hasty, rest(200)).await.expect("it can be opened");
    let parts = stand.parts(&store);
    let engine = Arc::new(parts.engine_of(parts.provisioner(), HolderId(stand.ids.fresh())));
    engine.sign_on(LEASE).await.expect("a sign of life");
    let every = Duration::from_millis(20);
    let (hints, stop) = (Hints::default(), Stop::default());
    let pump = Pump {
        engine: Arc::clone(&engine),
        spawner: Arc::new(TokioSpawner),
        timer: Arc::new(TokioTimer),
        hints: hints.clone(),
        chores: vec![
            Arc::new(parts.sweeper()),
            Arc::new(Heartbeat { engine: Arc::clone(&engine), lease: LEASE, every }),
            Arc::new(TakeOver { engine: Arc::clone(&engine), hints, every }),
        ],
        pulse: Arc::new(()),
        limits: PumpLimits { groups_max: 8, level_check: every, drain: Duration::from_secs(9) },
    };
    let (ended, end) = tokio::sync::oneshot::channel();
    let stopping = stop.clone();
    TokioSpawner.spawn(Box::pin(async move {
        let _ = ended.send(pump.run(stopping).await);
    }));
    for outage in 1..=2 {
        server.stop_at_once();
        log.shows("tried again", outage * 10).await;
        server.start_again();
        log.shows("the database is back", outage).await;
    }
    stop.drain();
    end.await.expect("the daemon runs").expect("an outage ends no daemon");
    assert_eq!(log.lines("ERROR").len(), 2, "{:#?}", log.lines("ERROR"));
    assert!(log.lines("ERROR")[0].contains("store.unreachable"), "{:#?}", log.lines("ERROR"));
    let mut warnings = log.lines("WARN");
    // The servers of the tests are told not to wait for their disks.
    warnings.retain(|line| !line.contains("fsync is off"));
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(log.lines("the database is back").len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for_for_ever() {
    let server = server(How::default()).await;
    let way = Way::to(&server.folder, || Fate::Pass);
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(1), &url, &url).await;
    let mut hasty = options(&way.url(DATABASE), &stand.ids, &stand.clock);
    hasty.connect_max = Duration::from_millis(300);
    let store = open_as(hasty.clone(), rest(100)).await.expect("it can be opened");
    way.mute(true);
    let error = store.batches(1).await.expect_err("nobody answers");
    assert!(error.is_passing() && error.to_string().contains("has not answered for 20 seconds"), "{error}");
    let error = store.end_rests(Clock::now(&*stand.clock)).await.expect_err("nobody answers");
    assert!(error.is_passing(), "{error}");
    let error = open_as(hasty, rest(100)).await.err().expect("nobody answers");
    assert!(error.to_string().contains("does not answer within 5 seconds"), "{error}");
    way.mute(false);
    store.batches(1).await.expect("it answers again");
    stand.submit().await;
    stand.run_to_rest().await;
}

#[tokio::test]
async fn commands_say_where_they_found_no_server() {
    let server = server(How::default()).await;
    let url = server.url(DATABASE);
    Stand::start(scene(1), &url, &url).await;
    server.stop_at_once();
    let folder = tempfile::tempdir().expect("a directory can be made");
    for command in [&["list"][..], &["stats"], &["show", "x"], &["cancel", "x"]] {
        let mut seatless = assert_cmd::Command::cargo_bin("seatless").expect("the binary is built");
        let done = seatless.current_dir(&folder).args(["--store", &url]).args(command).assert().code(1);
        let told = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(told.contains("store.unreachable") && told.contains("hint: "), "{command:?}: {told}");
        assert!(told.contains(&*server.folder.to_string_lossy()), "{command:?}: {told}");
        assert!(done.get_output().stdout.is_empty(), "{command:?}");
    }
    server.start_again();
}
