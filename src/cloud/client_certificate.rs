//! The certificate by which our application proves who it is: read from PEM, checked, and used to sign.

use crate::domain::Instant;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use serde_json::json;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;
use webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
use webpki::{EndEntityCert, KeyUsage};
use zeroize::Zeroizing;

/// How long an assertion is good for; Entra wants 5 to 10 minutes at most (entra-docs, certificate-credentials.md).
const ASSERTION_LIFE: Duration = Duration::from_secs(10 * 60);

/// How long before now an assertion begins, so that a host whose clock is a little ahead is still believed.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// A certificate with its private key, which never leaves it. `Debug` shows the thumbprint only.
pub struct ClientCertificate {
    key: RsaKeyPair,
    thumbprint: String,
    /// The leaf and what is above it, as `x5c` wants them; empty unless the chain is to be sent.
    chain: Vec<String>,
    not_after: Option<Instant>,
}

/// Why a file holds no certificate that Entra would take. Says nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// It is PKCS#12, which has a password of its own and wants another library.
    #[error("it is a PFX (PKCS#12) file; make PEM of it: openssl pkcs12 -in FILE.pfx -nodes -out FILE.pem")]
    Pfx,
    /// No certificate in it.
    #[error("it holds no PEM certificate (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// No key in it.
    #[error("it holds no PEM private key (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// The key has a password.
    #[error("its private key is encrypted; take the password off: openssl pkey -in FILE.pem -out KEY.pem")]
    Encrypted,
    /// The key is of another kind.
    #[error(
        "its private key is not an RSA key of 2048 to 4096 bits, the only kind that Microsoft Entra takes"
    )]
    KeyUnfit,
    /// The two do not belong together.
    #[error("its private key belongs to none of its certificates")]
    Mismatch,
}

impl ClientCertificate {
    /// Reads a certificate and its key from PEM texts; `key_pem` where the key has a file of its own. Further certificates
    /// are the chain, and are sent along if `send_chain` says so; the order does not matter.
    ///
    /// # Errors
    /// When there is no RSA key with a certificate of its own.
    pub fn from_pem(
        pem: &[u8],
        key_pem: Option<&[u8]>,
        send_chain: bool,
    ) -> Result<Self, ClientCertificateError> {
        if is_pfx(pem) || key_pem.is_some_and(is_pfx) {
            return Err(ClientCertificateError::Pfx);
        }
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
        if certificates.is_empty() {
            return Err(ClientCertificateError::NoCertificate);
        }
        let key = private_key(key_pem.unwrap_or(pem))?;
        let probe = sign(&key, b"probe").ok_or(ClientCertificateError::KeyUnfit)?;
        let own = certificates
            .iter()
            .position(|certificate| fits(certificate, b"probe", &probe))
            .ok_or(ClientCertificateError::Mismatch)?;
        let leaf = &certificates[own];
        let mut chain = Vec::new();
        if send_chain {
            let others = certificates.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, other)| other);
            chain = std::iter::once(leaf).chain(others).map(|der| STANDARD.encode(der)).collect();
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, leaf));
        let not_after = not_after(leaf);
        Ok(Self { key, thumbprint, chain, not_after })
    }

    /// The SHA-256 of the certificate, as the header of an assertion names it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// When the certificate ends, as far as it says so.
    pub const fn not_after(&self) -> Option<Instant> {
        self.not_after
    }

    /// A signed statement that we are `client_id`, for `endpoint` alone (entra-docs, certificate-credentials.md).
    /// `None` when the key refuses to sign.
    pub(super) fn assertion(
        &self,
        client_id: Uuid,
        endpoint: &str,
        now: Instant,
        id: Uuid,
    ) -> Option<Zeroizing<String>> {
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        if !self.chain.is_empty() {
            header["x5c"] = json!(self.chain);
        }
        let begins_at = (now - CLOCK_TOLERANCE).timestamp();
        let claims = json!({
            "aud": endpoint, "iss": client_id, "sub": client_id, "jti": id,
            "nbf": begins_at, "iat": begins_at, "exp": begins_at + ASSERTION_LIFE.as_secs() as i64,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut text = Zeroizing::new(format!("{}.{}", encode(&header), encode(&claims)));
        let signature = URL_SAFE_NO_PAD.encode(sign(&self.key, text.as_bytes())?);
        text.push('.');
        text.push_str(&signature);
        Some(text)
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.thumbprint)
    }
}

/// PKCS#12 in DER begins with a sequence whose first member is the version 3 (RFC 7292 §4).
fn is_pfx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x82, _, _, 0x02, 0x01, 0x03, ..] | [0x30, 0x80, 0x02, 0x01, 0x03, ..])
}

fn private_key(pem: &[u8]) -> Result<RsaKeyPair, ClientCertificateError> {
    if pem.windows(9).any(|window| window == b"ENCRYPTED") {
        return Err(ClientCertificateError::Encrypted);
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| ClientCertificateError::NoKey)?;
    let read = match &key {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(ClientCertificateError::KeyUnfit),
    };
    read.map_err(|_| ClientCertificateError::KeyUnfit)
}

/// PS256. The salt comes from ring's own source: a signature decides nothing that anybody would want to repeat.
fn sign(key: &RsaKeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

fn fits(certificate: &CertificateDer<'_>, message: &[u8], signature: &[u8]) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
        certificate.verify_signature(RSA_PSS_2048_8192_SHA256_LEGACY_KEY, message, signature).is_ok()
    })
}

/// The end of a certificate's life: webpki names it when asked whether the certificate is good at the end of time.
fn not_after(certificate: &CertificateDer<'_>) -> Option<Instant> {
    let far = UnixTime::since_unix_epoch(Duration::from_secs(253_402_300_799));
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let verified = certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[],
        &[],
        far,
        KeyUsage::client_auth(),
        None,
        None,
    );
    match verified {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            DateTime::from_timestamp(i64::try_from(not_after.as_secs()).ok()?, 0)
        }
        Ok(_) | Err(_) => None,
    }
}
