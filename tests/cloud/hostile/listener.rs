//! A listener of this machine that answers as it is told, byte by byte.

use crate::cloud_on_a_port::{Counted, origins};
use crate::script::{access, token_body, token_with};
use seatless::app::SystemClock;
use seatless::cloud::{HttpsSettings, HttpsTransport, Limits, TenantAccess, TenantClient};
use seatless::domain::{Clock, Instant};
use seatless::simulator::{Spawn, TokioSpawn};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is said to one request.
#[derive(Clone)]
pub(crate) enum Say {
    /// These bytes, and then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, and the connection stays open for more.
    Keep(Vec<u8>),
    /// The first, then the second over and over.
    Endless(Vec<u8>, Vec<u8>),
    /// The same, one byte after the other, with a pause before each.
    Drip(Vec<u8>, Duration),
    /// Nothing; the connection stays open.
    Silence,
    /// The connection is reset.
    Reset,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) host: String,
    pub(crate) head: String,
}

impl Asked {
    pub(crate) fn is_for_token(&self) -> bool {
        self.line.contains("/oauth2/v2.0/token")
    }
}

type Rule = Box<dyn Fn(&Asked) -> Say + Send + Sync>;

/// A listener with its own port.
pub(crate) struct Listener {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    written: Arc<AtomicUsize>,
}

impl Listener {
    /// Says `rule` to everything but requests for tokens, which are answered as they should be.
    pub(crate) async fn saying(rule: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let token = whole(200, JSON, &token_body(&token_with("{}", 1)));
        let both =
            move |asked: &Asked| if asked.is_for_token() { Say::Keep(token.clone()) } else { rule(asked) };
        Self::saying_all(both).await
    }

    /// Says `rule` to everything.
    pub(crate) async fn saying_all(rule: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let rule: Arc<Rule> = Arc::new(Box::new(rule));
        let (asked, written) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (noted, counted) = (asked.clone(), written.clone());
        TokioSpawn.spawn(Box::pin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serve = serve(stream, rule.clone(), noted.clone(), counted.clone());
                TokioSpawn.spawn(Box::pin(serve));
            }
        }));
        Self { port, asked, written }
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many bytes the other side, or the buffers between, have taken.
    pub(crate) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// A client whose whole cloud is this listener.
    pub(crate) fn client(&self, transport: &HttpsTransport) -> TenantClient {
        self.client_at(transport, Hour::default())
    }

    /// The same on a host with this clock.
    pub(crate) fn client_at(&self, transport: &HttpsTransport, hour: Hour) -> TenantClient {
        let ids = Arc::new(Counted(AtomicU64::new(1)));
        let access = TenantAccess { cloud: origins("http", self.port), ..access() };
        TenantClient::new(Arc::new(transport.clone()), Arc::new(hour), ids, access, Limits::default())
    }

    pub(crate) fn environment(&self) -> seatless::cloud::Origin {
        format!("http://uat.crm4.localhost:{}", self.port).parse().unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    rule: Arc<Rule>,
    noted: Arc<Mutex<Vec<Asked>>>,
    written: Arc<AtomicUsize>,
) {
    while let Some(asked) = request(&mut stream).await {
        noted.lock().unwrap().push(asked.clone());
        let mut write = async |bytes: &[u8]| {
            let done = stream.write_all(bytes).await.is_ok();
            written.fetch_add(bytes.len(), Ordering::Relaxed);
            done
        };
        match rule(&asked) {
            Say::Keep(bytes) => {
                if !write(&bytes).await {
                    return;
                }
            }
            Say::Bytes(bytes) => {
                write(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Say::Endless(first, again) => {
                let mut goes_on = write(&first).await;
                while goes_on {
                    goes_on = write(&again).await;
                }
                return;
            }
            Say::Drip(bytes, pause) => {
                for byte in bytes {
                    #[expect(clippy::disallowed_methods, reason = "slowness itself is what is tested")]
                    tokio::time::sleep(pause).await;
                    if !write(&[byte]).await {
                        return;
                    }
                }
                return;
            }
            Say::Silence => {
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return;
            }
            Say::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

/// Reads one request whole; none when the other side has gone.
async fn request(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let value = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: usize = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    let line = head.lines().next().unwrap_or_default().to_owned();
    Some(Asked { line, host: value("host").unwrap_or_default(), head })
}

pub(crate) const JSON: &str = "content-type: application/json";

/// A response as it should be.
pub(crate) fn whole(status: u16, headers: &str, body: &str) -> Vec<u8> {
    with_length(status, headers, body.as_bytes(), body.len())
}

/// A response that says how long its body is, truly or not.
pub(crate) fn with_length(status: u16, headers: &str, body: &[u8], length: usize) -> Vec<u8> {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The product's transport. Making one takes a moment, so the cases of a test share it; each has a port of its own.
pub(crate) fn transport() -> HttpsTransport {
    HttpsTransport::new(&HttpsSettings::default(), Arc::new(SystemClock)).unwrap()
}

/// A transport that does not wait for long.
pub(crate) fn impatient() -> HttpsTransport {
    let call_max = Duration::from_millis(150);
    HttpsTransport::new(&HttpsSettings { call_max, ..HttpsSettings::default() }, Arc::new(SystemClock))
        .unwrap()
}

/// The host's clock, right or wrong; stands still.
pub(crate) struct Hour(pub(crate) Instant);

impl Default for Hour {
    fn default() -> Self {
        Self("2026-01-01T00:00:00Z".parse().unwrap())
    }
}

impl Clock for Hour {
    fn now(&self) -> Instant {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(1000)
    }
}
