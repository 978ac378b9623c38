//! Connections that end in the middle of a commit.

use super::cluster::cluster;
use super::factory::fresh;
use crate::suite::build::ask;
use crate::suite::sqlite::factory::spawn;
use crate::suite::world::World;
use seatless::domain::{EventKind, Outcome};
use seatless::store::{Events, RowFate, Work};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before the server hears of the commit.
    Before,
    /// When it has carried it out, and before anybody hears of that.
    After,
}

/// A way to the server on which the next commit is cut off.
struct Cutter {
    folder: TempDir,
    next: Arc<Mutex<Option<When>>>,
}

impl Cutter {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory can be made");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        let next: Arc<Mutex<Option<When>>> = Arc::default();
        let armed = Arc::clone(&next);
        spawn(Box::pin(async move {
            while let Ok((client, _)) = listener.accept().await {
                spawn(Box::pin(pass_on(client, Arc::clone(&armed))));
            }
        }));
        Self { folder, next }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://seatless@localhost/{database}?host={}", self.folder.path().display())
    }

    fn cut(&self, when: When) {
        *self.next.lock().expect("no test panics while it holds this") = Some(when);
    }

    fn is_armed(&self) -> bool {
        self.next.lock().expect("no test panics while it holds this").is_some()
    }
}

/// Passes everything on, until the commit that is to be cut off.
async fn pass_on(mut client: UnixStream, next: Arc<Mutex<Option<When>>>) {
    let server = UnixStream::connect(cluster().folder.join(".s.PGSQL.5432")).await;
    let mut server = server.expect("the server takes a connection");
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                let asks_for_commit = asked[..count].windows(6).any(|word| word == b"COMMIT");
                let cut = next.lock().expect("no test panics while it holds this").take_if(|_| asks_for_commit);
                if cut == Some(When::Before) || server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
                if cut == Some(When::After) {
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_written_once() {
    for when in [When::After, When::Before] {
        let served = Arc::new(fresh());
        let cutter = Cutter::start();
        let world = World::of(Box::new(Arc::clone(&served))).await;
        let ids = world.submit(&[ask("ada"), ask("bob")]).await;
        world.offer_slots("dev", 9).await;
        let group = world.claim_one().await;
        let store = served.own_at(&cutter.url(&served.name)).await.expect("it can be opened");
        let rows =
            group.members.iter().map(|member| world.row(member, world.report(member, Outcome::Advanced)));
        let commit = world.commit_of(rows.collect(), Some(&group));
        cutter.cut(when);
        let fates = store.commit(commit.clone()).await.expect("what became of it can be found out");
        assert!(!cutter.is_armed(), "the connection was cut {when:?}");
        assert_eq!(fates, [RowFate::Written, RowFate::Written], "{when:?}");
        for id in ids {
            let kinds: Vec<_> =
                store.history(id, 0, 9).await.unwrap().iter().map(|event| event.kind).collect();
            assert_eq!(kinds, [EventKind::Submitted, EventKind::Checked], "{when:?}");
        }
        world.recount().await;
        assert_eq!(store.commit(commit).await.unwrap(), [RowFate::Lost, RowFate::Lost]);
        store.close().await;
    }
}
