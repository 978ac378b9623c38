//! Addresses that a token may be sent to.

use crate::domain::Fault;
use url::{Host, Url};

/// The longest name that DNS knows; it also bounds the scopes that are made from an origin.
const HOST_LENGTH_MAX: usize = 253;

/// Reads an origin: `https://host` with an optional port and nothing else; `http` only for this very machine.
pub(super) fn origin(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|error| {
        Fault::new(format!("it must be a URL such as https://contoso.crm4.dynamics.com ({error})"))
    })?;
    let Some(host) = url.host() else {
        return Err(Fault::new("it must be a URL such as https://contoso.crm4.dynamics.com"));
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&host) => {}
        "http" => {
            return Err(Fault::new("it must start with https://; http is only for this machine (localhost)"));
        }
        _ => return Err(Fault::new("it must start with https://")),
    }
    if url.host_str().is_some_and(|host| host.len() > HOST_LENGTH_MAX) {
        return Err(Fault::new("its host is longer than 253 characters"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new("it must not hold a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(Fault::new("it must end with the host, without a path or anything behind"));
    }
    Ok(url)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// An origin without the slash at its end, as it stands in `Pinned` and in scopes.
pub(super) fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Reads a GUID.
pub(super) fn guid(text: &str) -> Result<uuid::Uuid, Fault> {
    uuid::Uuid::parse_str(text)
        .ok()
        .filter(|id| !id.is_nil())
        .ok_or_else(|| Fault::new("it must be a GUID such as 6f1f9a4e-3c1d-4a76-9a0b-2f6f2f0f7a11"))
}
