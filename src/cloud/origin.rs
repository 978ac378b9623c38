//! Where a token may be sent: scheme, host and port, and nothing else.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// One service's address: scheme, host and port. `https`, or plain `http` on this very machine.
///
/// Two origins are equal when a browser would call them the same (RFC 6454 §5); hosts are compared parsed, never as prefixes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: &'static str,
    host: Host<String>,
    port: u16,
}

/// Why a text is no origin. Names the rule, not the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not an absolute URL.
    #[error("it is not a URL such as https://contoso.crm4.dynamics.com")]
    Malformed,
    /// Neither `https` nor `http`.
    #[error("its scheme is not https")]
    Scheme,
    /// Plain `http` to another machine.
    #[error("plain http is only allowed to this machine (localhost, *.localhost, 127.0.0.0/8, ::1)")]
    PlainHttp,
    /// A user name or password before the host.
    #[error("it holds a user name or password")]
    UserInfo,
    /// A path other than `/`, a query or a fragment.
    #[error("it has a path, query or fragment after the host")]
    Trailing,
}

impl Origin {
    /// The host as it stands in a URL, without port: lower case, an IPv6 address in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// Whether the origin is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The address of `path_and_query` (which begins with `/`) at this origin.
    pub(crate) fn at(&self, path_and_query: &str) -> String {
        debug_assert!(path_and_query.starts_with('/'), "else the text could extend the host");
        format!("{self}{path_and_query}")
    }

    /// The path and query of `link`, or `None` when it leads away from this origin. A relative link stays.
    ///
    /// Services give such links for the next page; following one elsewhere would hand our token to a stranger.
    pub(crate) fn path_of(&self, link: &str) -> Option<String> {
        let base = Url::parse(&self.to_string()).ok()?;
        let url = base.join(link).ok()?;
        if from_url(&url).ok()? != *self || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        Some(match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        })
    }
}

/// Whether `host` certainly names this machine: RFC 6761 §6.3 reserves `localhost` and everything under it.
pub(crate) fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => is_localhost_name(name),
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// Whether `name` is `localhost` or ends in `.localhost`.
pub(crate) fn is_localhost_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn from_url(url: &Url) -> Result<Origin, OriginError> {
    let host = match url.host().ok_or(OriginError::Malformed)? {
        // "graph.microsoft.com." is the same machine under another name: two texts for one origin invite mistakes.
        Host::Domain(name) if name.ends_with('.') => return Err(OriginError::Malformed),
        host => host.to_owned(),
    };
    let scheme = match url.scheme() {
        "https" => "https",
        "http" if is_loopback(&host) => "http",
        "http" => return Err(OriginError::PlainHttp),
        _ => return Err(OriginError::Scheme),
    };
    let port = url.port_or_known_default().ok_or(OriginError::Malformed)?;
    Ok(Origin { scheme, host, port })
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A URL parser mends these silently (it drops tabs, and reads a backslash as a slash); a config should say what it means.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(OriginError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo);
        }
        let origin = from_url(&url)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::Trailing);
        }
        Ok(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme, self.port) {
            ("https", 443) | ("http", 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
