//! From a host's name to its addresses, with this machine's names kept on this machine.

use super::origin::is_localhost_name;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Resolves `localhost` and everything under it to loopback (RFC 6761 §6.3), whatever a name server says, and no other name
/// to loopback or link-local: the config says where a token goes, and a name server must not turn it to this machine or to
/// a cloud host's metadata service.
pub(super) struct HostResolver;

impl Resolve for HostResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_localhost_name(name.as_str()) {
                let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
                let addresses: Addrs =
                    Box::new(loopback.into_iter().map(|address| SocketAddr::new(address, 0)));
                return Ok(addresses);
            }
            let all = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = all.filter(|address| !is_local(address.ip())).collect();
            if allowed.is_empty() {
                return Err(io::Error::other("the name resolves to nothing but this machine").into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_cannot_turn_a_call_to_this_machine_or_to_a_metadata_service() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "0.0.0.0",
            "::1",
            "::",
            "fe80::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_local(text.parse().unwrap()), "{text}");
        }
        for text in ["20.190.151.9", "10.0.0.7", "2603:1030::1"] {
            assert!(!is_local(text.parse().unwrap()), "{text}");
        }
    }
}
