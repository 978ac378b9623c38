//! A certificate authority for one run, and a certificate for the simulator's hosts.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why no certificate could be made.
#[derive(Debug)]
pub enum CertificateError {
    /// The certificate could not be made.
    Making(rcgen::Error),
    /// The TLS stack did not take it.
    Tls(rustls::Error),
}

impl std::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Making(error) => write!(f, "the certificate could not be made: {error}"),
            Self::Tls(error) => write!(f, "the TLS stack refused the certificate: {error}"),
        }
    }
}

impl std::error::Error for CertificateError {}

/// An authority made on the spot, and a server certificate under it.
pub struct Authority {
    /// The authority's certificate, for clients to trust (PEM).
    pub ca_pem: String,
    pub(super) tls: ServerConfig,
}

impl Authority {
    /// Makes the keys and certificates for `localhost`, `*.localhost`, `*.crm.localhost`, `*.api.crm.localhost` and 127.0.0.1,
    /// and for `hosts` beside them.
    ///
    /// # Errors
    /// When a host is not a valid name.
    pub fn new(hosts: &[String]) -> Result<Self, CertificateError> {
        let (ca_pem, chain, key) = made(hosts).map_err(CertificateError::Making)?;
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Tls)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(CertificateError::Tls)?;
        Ok(Self { ca_pem, tls })
    }
}

type Made = (String, Vec<rustls::pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>);

fn made(hosts: &[String]) -> Result<Made, rcgen::Error> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "Seatless simulator authority");
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    // The four by name as well: webpki takes no wildcard right above a top-level name such as `localhost`.
    let fixed = [
        "localhost",
        "login.localhost",
        "graph.localhost",
        "bap.localhost",
        "control.localhost",
        "*.localhost",
        "*.crm.localhost",
        "*.api.crm.localhost",
        "127.0.0.1",
    ];
    let names: Vec<String> = fixed.map(str::to_owned).into_iter().chain(hosts.iter().cloned()).collect();
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "Seatless simulator");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    Ok((ca_certificate.pem(), vec![certificate.der().clone()], key))
}
