//! The simulator on a port: HTTP/1.1, with and without TLS.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::{Authority as UriAuthority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::certificate::Authority;
use super::service::{Dropped, Simulator};

/// A task to run in the background.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts tasks; an argument, so that no task starts unseen.
pub trait Spawn: Clone + Send + Sync + 'static {
    /// Runs a task in the background.
    fn spawn(&self, task: Task);
}

/// Why the simulator cannot listen.
#[derive(Debug)]
pub struct ListenError {
    address: SocketAddr,
    error: std::io::Error,
}

impl std::fmt::Display for ListenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the simulator cannot listen on {}: {}", self.address, self.error)
    }
}

impl std::error::Error for ListenError {}

/// A simulator that listens, until it is stopped or dropped.
pub struct Listening {
    /// Where it answers without TLS.
    pub http: Option<SocketAddr>,
    /// Where it answers with TLS.
    pub https: Option<SocketAddr>,
    stop: watch::Sender<bool>,
}

impl Listening {
    /// Takes no new connections, lets calls under way end, and returns when the last connection is closed.
    pub async fn stop(self) {
        // A send fails only when no task is left, and then there is nothing to wait for.
        let _ = self.stop.send(true);
        self.stop.closed().await;
    }
}

/// Listens for HTTP on one address and for HTTPS on another; port 0 picks a free one.
///
/// # Errors
/// When an address cannot be bound.
pub async fn listen<S: Spawn>(
    simulator: Arc<Simulator>,
    http: Option<SocketAddr>,
    https: Option<(SocketAddr, &Authority)>,
    spawn: S,
) -> Result<Listening, ListenError> {
    let (stop, stopped) = watch::channel(false);
    let mut listening = Listening { http: None, https: None, stop };
    if let Some(address) = http {
        let listener = bind(address).await?;
        listening.http = listener.local_addr().ok();
        spawn.spawn(Box::pin(accept(listener, None, simulator.clone(), stopped.clone(), spawn.clone())));
    }
    if let Some((address, authority)) = https {
        let listener = bind(address).await?;
        listening.https = listener.local_addr().ok();
        let tls = TlsAcceptor::from(Arc::new(authority.tls.clone()));
        spawn.spawn(Box::pin(accept(listener, Some(tls), simulator, stopped, spawn.clone())));
    }
    Ok(listening)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| ListenError { address, error })
}

async fn accept<S: Spawn>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    simulator: Arc<Simulator>,
    mut stopped: watch::Receiver<bool>,
    spawn: S,
) {
    loop {
        let stream = tokio::select! {
            () = ended(&mut stopped) => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of descriptors, or the peer is gone already: the next one may do better.
                Err(_) => continue,
            },
        };
        let (tls, simulator, stopped) = (tls.clone(), simulator.clone(), stopped.clone());
        spawn.spawn(Box::pin(async move {
            // Answers are small; waiting for more to send would only add latency. A failure here is the peer's loss.
            let _ = stream.set_nodelay(true);
            match tls {
                None => serve(stream, "http", simulator, stopped).await,
                Some(tls) => secured(tls, stream, simulator, stopped).await,
            }
        }));
    }
}

async fn secured(
    tls: TlsAcceptor,
    stream: TcpStream,
    simulator: Arc<Simulator>,
    mut stopped: watch::Receiver<bool>,
) {
    // A client that does not trust our authority ends here, which is its right; a silent one must not hold up the stop.
    let handshake = tokio::select! {
        handshake = tls.accept(stream) => handshake,
        () = ended(&mut stopped) => return,
    };
    if let Ok(stream) = handshake {
        serve(stream, "https", simulator, stopped).await;
    }
}

async fn serve<IO>(
    io: IO,
    scheme: &'static str,
    simulator: Arc<Simulator>,
    mut stopped: watch::Receiver<bool>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(simulator.clone(), scheme, request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    let mut connection = std::pin::pin!(connection);
    // An error means that the client left or that a fault dropped the connection; both are no concern of ours.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = ended(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Completes when the simulator is stopped, or its [`Listening`] is gone. The guard of the value must not live on.
async fn ended(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await.is_ok();
}

/// One request. An error makes hyper close the connection without an answer, which is what [`Dropped`] means.
async fn answer(
    simulator: Arc<Simulator>,
    scheme: &str,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    if let Some(uri) = absolute(scheme, &parts) {
        parts.uri = uri;
    }
    let response = simulator.respond(Request::from_parts(parts, body)).await?;
    Ok(response.map(Full::new))
}

/// The URI with the scheme and host the client used, which audiences and links need.
fn absolute(scheme: &str, parts: &http::request::Parts) -> Option<Uri> {
    let host = parts.headers.get(http::header::HOST)?.to_str().ok()?;
    let mut uri = parts.uri.clone().into_parts();
    uri.scheme = Some(Scheme::try_from(scheme).ok()?);
    uri.authority = Some(UriAuthority::try_from(host).ok()?);
    Uri::from_parts(uri).ok()
}
