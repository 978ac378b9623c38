//! The transport over the real network.

use super::origin::is_localhost_name;
use super::resolver::HostResolver;
use super::{Transport, TransportError};
use crate::domain::{Clock, Term};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, ClientBuilder, redirect};
use std::error::Error;
use std::future::poll_fn;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Bounds and trust of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsSettings {
    /// How long a whole call may take, from the first look at a name to the last byte of the answer.
    pub call_max: Duration,
    /// How long a connection may take to be made, encryption included.
    pub connect_max: Duration,
    /// How many bytes an answer may have, counted after decompression.
    pub answer_bytes_max: usize,
    /// A PEM file with certificate authorities to trust beside the system's: the simulator's, or an inspecting proxy's.
    pub ca_file: Option<PathBuf>,
}

impl Default for HttpsSettings {
    /// 30 seconds, 10 seconds, 4 MiB, the system's authorities only.
    fn default() -> Self {
        Self {
            call_max: Duration::from_secs(30),
            connect_max: Duration::from_secs(10),
            answer_bytes_max: 4 * 1024 * 1024,
            ca_file: None,
        }
    }
}

/// Why the transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpsSettingsError {
    /// The file of certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {path}")]
    CaUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no certificate, or a broken one.
    #[error("{path} holds no readable PEM certificate")]
    CaMalformed {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library refuses to start, for instance because the system has no certificate authorities.
    #[error("cannot prepare TLS")]
    Tls(#[source] reqwest::Error),
}

/// Sends requests over the network: HTTP/1.1 or 2, gzip, no redirects, no replays, the system's proxy for other machines.
#[derive(Clone)]
pub struct HttpsTransport {
    outside: Client,
    /// For this machine and its metadata service, where a proxy has nothing to do.
    loopback: Client,
    call_max: Duration,
    answer_bytes_max: usize,
    clock: Arc<dyn Clock>,
}

impl HttpsTransport {
    /// A transport with these settings. Reads the file of certificate authorities now.
    ///
    /// # Errors
    /// When that file cannot be read, or TLS cannot be prepared.
    pub fn new(settings: &HttpsSettings, clock: Arc<dyn Clock>) -> Result<Self, HttpsSettingsError> {
        // reqwest without a built-in provider panics without this; a second installation is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorities = authorities(settings)?;
        let build = |builder: ClientBuilder| builder.build().map_err(HttpsSettingsError::Tls);
        Ok(Self {
            outside: build(client(settings, &authorities))?,
            loopback: build(client(settings, &authorities).no_proxy())?,
            call_max: settings.call_max,
            answer_bytes_max: settings.answer_bytes_max,
            clock,
        })
    }

    async fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let client = if is_this_machine(request.uri()) { &self.loopback } else { &self.outside };
        let request = reqwest::Request::try_from(request).map_err(not_sent)?;
        let mut response = client.execute(request).await.map_err(|error| {
            // Everything before a connection stands; after that, nobody knows how much was read at the other end.
            if error.is_connect() || error.is_builder() { not_sent(error) } else { lost(error) }
        })?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > self.answer_bytes_max {
                return Err(TransportError::Lost {
                    reason: format!("it is over {} bytes", self.answer_bytes_max),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = http::Response::new(body.freeze());
        *whole.status_mut() = response.status();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }
}

#[async_trait]
impl Transport for HttpsTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let deadline = self.clock.elapsed() + self.call_max;
        if request.extensions().get::<Term>().is_some_and(|term| !term.covers(deadline)) {
            let reason = "it could be on its way for longer than the lease on what it is for".to_owned();
            return Err(TransportError::NotSent { reason });
        }
        let timed_out = || TransportError::Lost { reason: format!("no answer within {:?}", self.call_max) };
        let exchange = self.until(deadline, self.exchange(request));
        match tokio::time::timeout(self.call_max, exchange).await {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(_) => Err(timed_out()),
        }
    }
}

impl HttpsTransport {
    /// Polls `work` only as long as `deadline` has not passed. A timer alone would not do: after a stop of the process, or a
    /// sleep of the machine, a connection that has come about meanwhile would be used before the timer is looked at.
    async fn until<T>(&self, deadline: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if deadline <= self.clock.elapsed() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}

fn client(settings: &HttpsSettings, authorities: &[Certificate]) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("seatless/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_max)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .gzip(true)
        // Shorter than the four minutes after which Azure's load balancers drop an idle connection without a word.
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_keepalive(Duration::from_secs(30))
        .dns_resolver(Arc::new(HostResolver))
        .tls_certs_merge(authorities.iter().cloned())
}

fn authorities(settings: &HttpsSettings) -> Result<Vec<Certificate>, HttpsSettingsError> {
    let Some(path) = &settings.ca_file else { return Ok(Vec::new()) };
    let pem = std::fs::read(path)
        .map_err(|source| HttpsSettingsError::CaUnreadable { path: path.clone(), source })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(HttpsSettingsError::CaMalformed { path: path.clone() }),
    }
}

fn is_this_machine(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    is_localhost_name(host) || address.is_ok_and(|address| address.is_loopback() || is_link_local(address))
}

/// Where clouds keep their metadata services: one hop away, and never behind a proxy.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_link_local())
}

fn not_sent(error: reqwest::Error) -> TransportError {
    TransportError::NotSent { reason: innermost(error) }
}

fn lost(error: reqwest::Error) -> TransportError {
    TransportError::Lost { reason: innermost(error) }
}

/// The cause at the bottom, without the address, whose query may hold names.
fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
