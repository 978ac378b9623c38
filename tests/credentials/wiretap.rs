//! A wire between the product and the simulated cloud that keeps a copy of what goes over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What went over the wire, and what is to happen to it.
#[derive(Default)]
pub(crate) struct Wiretap {
    sent: Mutex<Vec<Vec<u8>>>,
    answered: Mutex<Vec<Vec<u8>>>,
    cuts_password_answers: AtomicBool,
}

impl Wiretap {
    /// Listens on a port of its own, and passes on to `cloud`.
    pub(crate) async fn start(cloud: SocketAddr) -> (Arc<Self>, u16) {
        let tap = Arc::new(Self::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::clone(&tap);
        spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let tap = Arc::clone(&shared);
                spawn(async move { tap.pass(client, cloud).await });
            }
        });
        (tap, port)
    }

    /// From now on, the answer to any change of a password is lost, though the change is made.
    pub(crate) fn cut_answers_to_password_changes(&self, cut: bool) {
        self.cuts_password_answers.store(cut, Ordering::SeqCst);
    }

    /// Every password that was sent, in order.
    pub(crate) fn passwords(&self) -> Vec<String> {
        texts_after(&self.sent, "\"password\":\"")
    }

    /// Every token that was issued.
    pub(crate) fn tokens(&self) -> Vec<String> {
        texts_after(&self.answered, "\"access_token\":\"")
    }

    /// Whether a text was sent.
    pub(crate) fn has_sent(&self, text: &str) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().any(|stream| String::from_utf8_lossy(stream).contains(text))
    }

    /// Keeps what was sent; says whether it changes a password.
    fn note_sent(&self, place: usize, bytes: &[u8]) -> bool {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = &mut sent[place];
        let before = stream.len().saturating_sub(20_000);
        stream.extend_from_slice(bytes);
        let recent = String::from_utf8_lossy(&stream[before..]);
        recent.contains("\"method\":\"PATCH\"") && recent.contains("passwordProfile")
    }

    fn note_answered(&self, place: usize, bytes: &[u8]) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered[place].extend_from_slice(bytes);
    }

    async fn pass(&self, client: TcpStream, cloud: SocketAddr) {
        let Ok(server) = TcpStream::connect(cloud).await else { return };
        let place = {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(Vec::new());
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(Vec::new());
            sent.len() - 1
        };
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let changes_password = AtomicBool::new(false);
        let upward = async {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                changes_password.fetch_or(self.note_sent(place, &bytes[..count]), Ordering::SeqCst);
                if to_server.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        };
        let downward = async {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                let cut = self.cuts_password_answers.load(Ordering::SeqCst)
                    && changes_password.load(Ordering::SeqCst);
                if cut {
                    return;
                }
                self.note_answered(place, &bytes[..count]);
                if to_client.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = upward => {}
            () = downward => {}
        }
    }
}

/// What stands between each `key` and the next quote.
fn texts_after(streams: &Mutex<Vec<Vec<u8>>>, key: &str) -> Vec<String> {
    let streams = streams.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = Vec::new();
    for stream in streams.iter() {
        let text = String::from_utf8_lossy(stream);
        for (at, _) in text.match_indices(key) {
            let rest = &text[at + key.len()..];
            if let Some((value, _)) = rest.split_once('"') {
                found.push(value.to_owned());
            }
        }
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "the wire of a test is no part of the product")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}
