//! Which service a request is for.

use super::call::Call;
use super::cloud::Cloud;
use super::ledger::Service;

/// A service, and the path as that service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The token endpoint.
    Entra,
    /// Microsoft Graph.
    Graph,
    /// The Power Platform admin service.
    PowerPlatform,
    /// Dataverse; without an environment where the host names none.
    Dataverse(Option<usize>),
    /// A Dataverse host that no environment has.
    UnknownEnvironment,
    /// The simulator's own routes.
    Control,
    /// Nothing answers here.
    Nowhere,
}

impl Target {
    /// The service, for the ledger.
    pub(crate) fn service(&self) -> Option<Service> {
        match self {
            Self::Entra => Some(Service::Entra),
            Self::Graph => Some(Service::Graph),
            Self::PowerPlatform => Some(Service::PowerPlatform),
            Self::Dataverse(_) | Self::UnknownEnvironment => Some(Service::Dataverse),
            Self::Control | Self::Nowhere => None,
        }
    }
}

/// Routes by host, and by path where the host is bare.
pub(crate) fn target(cloud: &Cloud, call: &Call) -> Target {
    let host = call.host();
    if is_bare(host) {
        return by_path(call);
    }
    if let Some(label) = dataverse_label(host) {
        return match cloud.environment_index(label) {
            Some(index) => Target::Dataverse(Some(index)),
            None => Target::UnknownEnvironment,
        };
    }
    match host.split('.').next().unwrap_or_default() {
        "login" => Target::Entra,
        "graph" => Target::Graph,
        "bap" => Target::PowerPlatform,
        "api" if host.starts_with("api.bap.") => Target::PowerPlatform,
        "control" => Target::Control,
        _ => Target::Nowhere,
    }
}

/// A host that names no service.
pub(crate) fn is_bare(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// The label of `<label>.crm….…` and `<label>.api.crm….…`.
pub(crate) fn dataverse_label(host: &str) -> Option<&str> {
    let (label, rest) = host.split_once('.')?;
    let rest = rest.strip_prefix("api.").unwrap_or(rest);
    let region = rest.split('.').next()?.strip_prefix("crm")?;
    region.chars().all(|digit| digit.is_ascii_digit()).then_some(label)
}

/// Whether a segment is this word; neither service minds the case of what leads to it.
pub(crate) fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

fn by_path(call: &Call) -> Target {
    let route = call.route();
    match route.as_slice() {
        ["_simulator", ..] => Target::Control,
        ["v1.0" | "beta", ..] => Target::Graph,
        [first, second, ..] if is(first, "providers") && is(second, "Microsoft.BusinessAppPlatform") => {
            Target::PowerPlatform
        }
        [first, second, ..] if is(first, "api") && is(second, "data") => Target::Dataverse(None),
        ["metadata", "identity" | "endpoints", ..] | ["msi", "token"] | ["actions", "token"] => Target::Entra,
        [_, "oauth2" | "v2.0" | ".well-known" | "discovery", ..] | ["common", ..] => Target::Entra,
        _ => Target::Nowhere,
    }
}
