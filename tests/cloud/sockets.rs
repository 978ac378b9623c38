//! The real transport against sockets of this machine.

use bytes::Bytes;
use seatless::app::SystemClock;
use seatless::cloud::{HttpsSettings, HttpsSettingsError, HttpsTransport, Transport, TransportError};
use seatless::domain::{Clock, Instant, Term};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// A clock that stands still for so many looks, and then has gone on for an hour: a process that was stopped.
struct Stopped {
    looks: AtomicU64,
    after: u64,
}

impl Clock for Stopped {
    fn now(&self) -> Instant {
        Instant::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        let hours = u64::from(self.looks.fetch_add(1, Ordering::Relaxed) >= self.after);
        Duration::from_secs(hours * 3_600)
    }
}

type Reply = Result<http::Response<Bytes>, TransportError>;

fn get(address: SocketAddr) -> http::Request<Bytes> {
    http::Request::get(format!("http://org.crm4.localhost:{}/x?upn=ann@contoso.com", address.port()))
        .body(Bytes::new())
        .unwrap()
}

/// Reads one request's head and gives it back.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Sends one request to a server that answers with `raw` and closes; gives the answer and the request's head.
async fn against(settings: &HttpsSettings, raw: &[u8]) -> (Reply, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport = HttpsTransport::new(settings, clock()).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = head(&mut stream).await;
        // The client may hang up as soon as it has read too much.
        let _ = stream.write_all(raw).await;
        let _ = stream.shutdown().await;
        head
    };
    tokio::join!(transport.send(get(listener.local_addr().unwrap())), serve)
}

fn small() -> HttpsSettings {
    HttpsSettings { answer_bytes_max: 1000, ..HttpsSettings::default() }
}

fn reason(reply: Reply) -> (bool, String) {
    match reply.unwrap_err() {
        TransportError::NotSent { reason } => (true, reason),
        TransportError::Lost { reason } => (false, reason),
    }
}

#[tokio::test]
async fn a_name_under_localhost_is_this_machine() {
    let (reply, head) =
        against(&small(), b"HTTP/1.1 201 Created\r\nrequest-id: r\r\ncontent-length: 2\r\n\r\nok").await;
    let reply = reply.unwrap();
    assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (201, b"ok".as_slice()));
    assert_eq!(reply.headers()["request-id"], "r");
    assert!(head.contains("user-agent: seatless/"), "{head}");
    assert!(head.contains("accept-encoding: gzip\r\n"), "{head}");
}

#[tokio::test]
async fn a_redirect_is_given_back_and_not_followed() {
    let canary = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let location = format!("http://127.0.0.1:{}/", canary.local_addr().unwrap().port());
    let raw = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let (reply, _) = against(&small(), raw.as_bytes()).await;
    assert_eq!(reply.unwrap().status(), 307);
    let came = canary.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(came, Err(std::io::ErrorKind::WouldBlock), "somebody came");
}

#[tokio::test]
async fn an_answer_has_a_bound_that_counts_what_it_unpacks_to() {
    let fits = [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".as_slice(), &[b'a'; 1000]].concat();
    assert_eq!(against(&small(), &fits).await.0.unwrap().body().len(), 1000);
    let over = [b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".as_slice(), &[b'a'; 1001]].concat();
    assert!(!reason(against(&small(), &over).await.0).0);
    // gzip of 100,000 times "a": 133 bytes.
    let packed = packed();
    assert!(packed.len() < 1000);
    let header =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let (not_sent, why) = reason(against(&small(), &[header.as_bytes(), &packed].concat()).await.0);
    assert!(!not_sent && why.contains("1000"), "{why}");
    let roomy = HttpsSettings { answer_bytes_max: 100_000, ..HttpsSettings::default() };
    assert_eq!(
        against(&roomy, &[header.as_bytes(), &packed].concat()).await.0.unwrap().body().len(),
        100_000
    );
}

fn packed() -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(include_str!("gzip-bomb.b64").trim()).unwrap()
}

#[tokio::test]
async fn an_answer_that_is_cut_or_garbled_is_lost() {
    for raw in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let (not_sent, why) = reason(against(&small(), raw).await.0);
        assert!(!not_sent, "{why}");
        assert!(!why.contains("ann@") && !why.contains("crm4"), "{why}");
    }
}

#[tokio::test]
async fn a_reset_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport = HttpsTransport::new(&small(), clock()).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        // Closing at once with nothing lingering sends a reset.
        stream.set_zero_linger().unwrap();
        drop(stream);
    };
    let (reply, ()) = tokio::join!(transport.send(get(listener.local_addr().unwrap())), serve);
    assert!(!reason(reply).0);
}

#[tokio::test]
async fn silence_is_lost_when_the_time_is_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport =
        HttpsTransport::new(&HttpsSettings { call_max: Duration::from_millis(50), ..small() }, clock())
            .unwrap();
    // However slow this machine is: the server says what it can and never ends its answer.
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
        std::future::pending::<()>().await;
    };
    let reply = tokio::select! {
        reply = transport.send(get(listener.local_addr().unwrap())) => reply,
        () = serve => unreachable!("the server never ends"),
    };
    let (not_sent, why) = reason(reply);
    assert!(!not_sent && why.contains("50ms"), "{why}");
}

#[tokio::test]
async fn what_could_outlast_its_term_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let transport = HttpsTransport::new(&small(), Arc::new(Stopped { looks: 0.into(), after: 9 })).unwrap();
    let mut request = get(listener.local_addr().unwrap());
    // A call may take thirty seconds, and the lease lasts for twenty-nine more.
    request.extensions_mut().insert(Term::until(Duration::from_secs(29)));
    let (not_sent, why) = reason(transport.send(request).await);
    assert!(not_sent && why.contains("lease"), "{why}");
    let came = listener.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(came, Err(std::io::ErrorKind::WouldBlock), "somebody came");
}

#[tokio::test]
async fn a_connection_that_comes_about_after_the_deadline_is_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // It sets out in time; then the process is stopped, and goes on when the connection stands.
    let transport = HttpsTransport::new(&small(), Arc::new(Stopped { looks: 0.into(), after: 2 })).unwrap();
    let mut request = get(listener.local_addr().unwrap());
    request.extensions_mut().insert(Term::until(Duration::from_secs(30)));
    let (reply, stream) = tokio::join!(transport.send(request), listener.accept());
    let (not_sent, why) = reason(reply);
    assert!(!not_sent && why.contains("30s"), "{why}");
    drop(transport);
    let mut sent = Vec::new();
    stream.unwrap().0.read_to_end(&mut sent).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&sent), "");
}

#[tokio::test]
async fn a_refused_connection_and_an_unknown_name_are_not_sent() {
    // Bound and not listening: nobody else gets the port meanwhile.
    let vacant = tokio::net::TcpSocket::new_v4().unwrap();
    vacant.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = vacant.local_addr().unwrap();
    let transport = HttpsTransport::new(&small(), clock()).unwrap();
    let (not_sent, why) = reason(transport.send(get(address)).await);
    assert!(not_sent && why.to_lowercase().contains("refused"), "{why}");
    assert!(!why.contains("ann@"), "{why}");
}

#[tokio::test]
async fn a_stranger_without_tls_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let transport = HttpsTransport::new(&small(), clock()).unwrap();
    let request = http::Request::get(format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port()));
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    };
    let (reply, ()) = tokio::join!(transport.send(request.body(Bytes::new()).unwrap()), serve);
    assert!(reason(reply).0);
}

#[test]
fn authorities_are_read_from_a_file_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let settings = HttpsSettings { ca_file: Some(path.clone()), ..HttpsSettings::default() };
    assert!(matches!(HttpsTransport::new(&settings, clock()), Err(HttpsSettingsError::CaUnreadable { .. })));
    std::fs::write(&path, "not a certificate").unwrap();
    assert!(matches!(HttpsTransport::new(&settings, clock()), Err(HttpsSettingsError::CaMalformed { .. })));
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&path, authority.cert.pem()).unwrap();
    assert!(HttpsTransport::new(&settings, clock()).is_ok());
}
