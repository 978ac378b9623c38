//! The way to a server, on which connections are cut, answers vanish, and behind which another server may stand one day.

use seatless::app::TokioSpawner;
use seatless::engine::Spawner;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// The server never hears of it.
    CutBefore,
    /// The server carries it out, and nobody hears of that.
    CutAfter,
}

type Decide = Box<dyn FnMut() -> Fate + Send>;

/// A socket that passes everything on, or does not.
pub struct Way {
    folder: TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    server: Mutex<PathBuf>,
    decide: Mutex<Decide>,
    is_mute: watch::Sender<bool>,
}

impl Way {
    /// A way to the server whose socket lies in `folder`.
    pub fn to(folder: &Path, decide: impl FnMut() -> Fate + Send + 'static) -> Self {
        let own = tempfile::tempdir().expect("a directory can be made");
        let listener = UnixListener::bind(own.path().join(".s.PGSQL.5432")).expect("a socket");
        let shared = Arc::new(Shared {
            server: Mutex::new(folder.to_owned()),
            decide: Mutex::new(Box::new(decide)),
            is_mute: watch::Sender::new(false),
        });
        let way = Arc::clone(&shared);
        TokioSpawner.spawn(Box::pin(async move {
            while let Ok((client, _)) = listener.accept().await {
                TokioSpawner.spawn(Box::pin(Arc::clone(&way).pass_on(client)));
            }
        }));
        Self { folder: own, shared }
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://seatless@localhost/{database}?host={}", self.folder.path().display())
    }

    /// Whoever connects from now on finds another server.
    pub fn leads_to(&self, folder: &Path) {
        *self.shared.server.lock().unwrap_or_else(PoisonError::into_inner) = folder.to_owned();
    }

    /// Nothing is passed on any more, and no connection ends: as if the machine had vanished.
    pub fn mute(&self, is_mute: bool) {
        self.shared.is_mute.send_replace(is_mute);
    }
}

impl Shared {
    async fn pass_on(self: Arc<Self>, mut client: UnixStream) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).join(".s.PGSQL.5432");
        let Ok(mut server) = UnixStream::connect(server).await else { return };
        let mut is_mute = self.is_mute.subscribe();
        let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            if is_mute.wait_for(|mute| !mute).await.is_err() {
                return;
            }
            tokio::select! {
                read = client.read(&mut asked) => {
                    let Ok(count @ 1..) = read else { return };
                    let is_commit = asked[..count].windows(6).any(|word| word == b"COMMIT");
                    let fate = if is_commit { self.fate() } else { Fate::Pass };
                    if fate == Fate::CutBefore || server.write_all(&asked[..count]).await.is_err() {
                        return;
                    }
                    if fate == Fate::CutAfter {
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
                () = async { drop(is_mute.wait_for(|mute| *mute).await) } => {}
            }
        }
    }

    fn fate(&self) -> Fate {
        (self.decide.lock().unwrap_or_else(PoisonError::into_inner))()
    }
}
