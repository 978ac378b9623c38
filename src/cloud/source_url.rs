//! The address of something on our own platform that vouches for us.

use super::OriginError;
use super::origin::is_loopback;
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

/// An address that hands out tokens about us: `https`, or plain `http` where it stays on this host (loopback, and the
/// link-local addresses at which clouds keep their metadata). `Debug` shows no query.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(Url);

impl SourceUrl {
    /// The address with these parameters behind those that it has.
    pub(super) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }

    /// The same address with another path.
    pub(super) fn at(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        Self(url)
    }
}

impl FromStr for SourceUrl {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(OriginError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        let host = url.host().ok_or(OriginError::Malformed)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) || is_link_local(&host) => {}
            "http" => return Err(OriginError::PlainHttp),
            _ => return Err(OriginError::Scheme),
        }
        if url.fragment().is_some() {
            return Err(OriginError::Trailing);
        }
        Ok(Self(url))
    }
}

fn is_link_local(host: &Host<String>) -> bool {
    matches!(host, Host::Ipv4(address) if address.is_link_local())
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}
