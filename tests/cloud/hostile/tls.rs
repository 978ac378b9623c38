//! No trust, no name, no connection: then nothing was sent, and that is certain.

use super::listener::Hour;
use crate::cloud_on_a_port::{Counted, origins};
use crate::script::access;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use seatless::app::SystemClock;
use seatless::cloud::{
    CloudOrigins, HttpsSettings, HttpsTransport, Limits, TenantAccess, TenantClient, Verdict,
};
use seatless::domain::Code;
use seatless::simulator::{Spawn, TokioSpawn};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What stands at the other end of an encrypted connection.
enum End {
    /// A certificate for these names, signed by the authority that we trust, or by none; valid until that year.
    Certificate { names: &'static [&'static str], trusted: bool, until: i32 },
    /// These bytes in place of an encrypted greeting.
    Bytes(&'static [u8]),
    /// Nothing at all.
    Silence,
}

struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

fn authority() -> Authority {
    let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = parameters.self_signed(&key).unwrap().pem();
    Authority { issuer: rcgen::Issuer::new(parameters, key), pem }
}

/// Listens, and counts the bytes that come in the clear or are deciphered.
async fn listen(end: End, authority: &Authority) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let read = Arc::new(AtomicUsize::new(0));
    let counted = read.clone();
    let tls = match &end {
        End::Certificate { names, trusted, until } => {
            let mut parameters = rcgen::CertificateParams::new(
                names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
            )
            .unwrap();
            parameters.not_after = rcgen::date_time_ymd(*until, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = if *trusted {
                parameters.signed_by(&key, &authority.issuer).unwrap()
            } else {
                parameters.self_signed(&key).unwrap()
            };
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let _ = rustls::crypto::ring::default_provider().install_default();
            let config = rustls::ServerConfig::builder()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
            Some(tokio_rustls::TlsAcceptor::from(Arc::new(config)))
        }
        End::Bytes(_) | End::Silence => None,
    };
    TokioSpawn.spawn(Box::pin(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            match (&end, &tls) {
                (_, Some(tls)) => {
                    if let Ok(mut stream) = tls.accept(stream).await {
                        let mut bytes = Vec::new();
                        let _ = stream.read_to_end(&mut bytes).await;
                        counted.fetch_add(bytes.len(), Ordering::Relaxed);
                    }
                }
                (End::Bytes(bytes), None) => {
                    let _ = stream.write_all(bytes).await;
                    let _ = stream.shutdown().await;
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
                (_, None) => {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            }
        }
    }));
    (port, read)
}

fn client(cloud: CloudOrigins, ca_file: Option<&Path>) -> TenantClient {
    let quick = Duration::from_millis(400);
    let settings = HttpsSettings {
        connect_max: quick,
        call_max: Duration::from_secs(10),
        ca_file: ca_file.map(Path::to_owned),
        ..HttpsSettings::default()
    };
    let transport = Arc::new(HttpsTransport::new(&settings, Arc::new(SystemClock)).unwrap());
    let ids = Arc::new(Counted(AtomicU64::new(1)));
    TenantClient::new(
        transport,
        Arc::new(Hour::default()),
        ids,
        TenantAccess { cloud, ..access() },
        Limits::default(),
    )
}

async fn nothing_is_sent(case: &str, client: &TenantClient) {
    let end = client.graph().create_users(&[crate::graph::new_user(super::calls::OUR_NAME)]).await;
    let failure = end.expect_err(case);
    assert_eq!(
        (failure.failure.code, failure.verdict),
        (Code::RemoteUnavailable, Verdict::NotSent),
        "{case}: {failure:?}"
    );
}

#[tokio::test]
async fn without_trust_nothing_is_sent() {
    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, &authority.pem).unwrap();
    let all: &[&str] = &["login.localhost", "graph.localhost"];
    let certificate = |names, trusted, until| End::Certificate { names, trusted, until };
    for (case, end) in [
        ("nobody's certificate", certificate(all, false, 2090)),
        ("somebody else's name", certificate(&["login.localhost.evil.io"], true, 2090)),
        ("a wildcard too far", certificate(&["*.login.localhost"], true, 2090)),
        ("no name", certificate(&[], true, 2090)),
        ("an expired certificate", certificate(all, true, 1999)),
        ("plain HTTP", End::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")),
        ("a broken greeting", End::Bytes(b"\x16\x03\x03\x00\x05\x02")),
        ("an alert", End::Bytes(b"\x15\x03\x03\x00\x02\x02\x28")),
        ("nothing", End::Bytes(b"")),
        ("noise", End::Bytes(&[0xaa; 2000])),
        ("silence", End::Silence),
    ] {
        let (port, read) = listen(end, &authority).await;
        nothing_is_sent(case, &client(origins("https", port), Some(&ca_file))).await;
        assert_eq!(read.load(Ordering::Relaxed), 0, "{case}: something was sent");
    }
    // The same with a good certificate gets as far as sending.
    let (port, _) = listen(certificate(all, true, 2090), &authority).await;
    let trusting = client(origins("https", port), Some(&ca_file));
    let graph = trusting.graph();
    let asked = tokio::time::timeout(Duration::from_millis(300), graph.subscribed_skus()).await;
    assert!(asked.is_err(), "the listener never answers: {asked:?}");
}

#[tokio::test]
async fn without_a_name_or_a_connection_nothing_is_sent() {
    // Bound and not listening: nobody else gets the port meanwhile.
    let vacant = tokio::net::TcpSocket::new_v4().unwrap();
    vacant.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = vacant.local_addr().unwrap().port();
    nothing_is_sent("nobody listens", &client(origins("http", port), None)).await;
    for name in ["seatless.invalid", "a..invalid", "xn--.invalid"] {
        let Ok(origin) = format!("https://{name}").parse::<seatless::cloud::Origin>() else { continue };
        let cloud = CloudOrigins { sign_in: origin, ..origins("http", port) };
        nothing_is_sent(name, &client(cloud, None)).await;
    }
}
