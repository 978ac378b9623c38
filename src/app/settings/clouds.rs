//! `[clouds.NAME]`: where Microsoft's services, or stand-ins for them, answer.

use super::address::{origin, without_slash};
use super::path::KeyPath;
use super::reader::Reader;
use crate::domain::{Fault, plain_text};
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::Url;

/// The addresses of one cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudSettings {
    /// The origin that issues tokens.
    pub sign_in_url: Url,
    /// The origin of Microsoft Graph.
    pub graph_url: Url,
    /// The origin of the Power Platform administration API.
    pub power_platform_url: Url,
    /// The scope of tokens for Microsoft Graph.
    pub graph_scope: String,
    /// The scope of tokens for the Power Platform administration API.
    pub power_platform_scope: String,
    /// What the hosts of its environments end in, where that is known; another end is worth a warning.
    pub dataverse_domain: Option<String>,
    /// A file of PEM certificates trusted beside the system's, such as a proxy's.
    pub ca_file: Option<PathBuf>,
}

/// A cloud of Microsoft's: what holds when the config says nothing else. Each cell has a key of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInCloud {
    /// Its name in `tenants.NAME.cloud`: the words of Microsoft's Power Platform provider for Terraform.
    pub name: &'static str,
    /// The origin that issues tokens.
    pub sign_in_url: &'static str,
    /// The origin of Microsoft Graph.
    pub graph_url: &'static str,
    /// The origin of the Power Platform administration API.
    pub power_platform_url: &'static str,
    /// The scope of tokens for Microsoft Graph.
    pub graph_scope: &'static str,
    /// The scope of tokens for the administration API, which is not its address.
    pub power_platform_scope: &'static str,
    /// Another scope that a source of Microsoft's names instead; to be tried where the first is refused.
    pub power_platform_scope_instead: Option<&'static str>,
    /// What the hosts of its environments end in.
    pub dataverse_domain: &'static str,
}

/// Microsoft's clouds.
///
/// Sign-in and Graph: microsoft-graph-docs, concepts/deployments.md. Power Platform: internal/constants/constants.go of
/// microsoft/terraform-provider-power-platform; where the module Microsoft.PowerApps.Administration.PowerShell names another
/// scope, that one is `power_platform_scope_instead`. Environments: power-platform/admin/new-datacenter-regions.md.
pub const BUILT_IN: [BuiltInCloud; 5] = [
    BuiltInCloud {
        name: "public",
        sign_in_url: "https://login.microsoftonline.com",
        graph_url: "https://graph.microsoft.com",
        power_platform_url: "https://api.bap.microsoft.com",
        graph_scope: "https://graph.microsoft.com/.default",
        power_platform_scope: "https://service.powerapps.com/.default",
        power_platform_scope_instead: None,
        dataverse_domain: "dynamics.com",
    },
    BuiltInCloud {
        name: "gcc",
        sign_in_url: "https://login.microsoftonline.com",
        graph_url: "https://graph.microsoft.com",
        power_platform_url: "https://gov.api.bap.microsoft.us",
        graph_scope: "https://graph.microsoft.com/.default",
        power_platform_scope: "https://service.powerapps.us/.default",
        power_platform_scope_instead: Some("https://gov.service.powerapps.us/.default"),
        dataverse_domain: "crm9.dynamics.com",
    },
    BuiltInCloud {
        name: "gcchigh",
        sign_in_url: "https://login.microsoftonline.us",
        graph_url: "https://graph.microsoft.us",
        power_platform_url: "https://high.api.bap.microsoft.us",
        graph_scope: "https://graph.microsoft.us/.default",
        power_platform_scope: "https://high.service.apps.appsplatform.us/.default",
        power_platform_scope_instead: Some("https://high.service.powerapps.us/.default"),
        dataverse_domain: "crm.microsoftdynamics.us",
    },
    BuiltInCloud {
        name: "dod",
        sign_in_url: "https://login.microsoftonline.us",
        graph_url: "https://dod-graph.microsoft.us",
        power_platform_url: "https://api.bap.appsplatform.us",
        graph_scope: "https://dod-graph.microsoft.us/.default",
        power_platform_scope: "https://service.apps.appsplatform.us/.default",
        power_platform_scope_instead: None,
        dataverse_domain: "crm.appsplatform.us",
    },
    BuiltInCloud {
        name: "china",
        sign_in_url: "https://login.chinacloudapi.cn",
        graph_url: "https://microsoftgraph.chinacloudapi.cn",
        power_platform_url: "https://api.bap.partner.microsoftonline.cn",
        graph_scope: "https://microsoftgraph.chinacloudapi.cn/.default",
        power_platform_scope: "https://service.powerapps.cn/.default",
        power_platform_scope_instead: None,
        dataverse_domain: "crm.dynamics.cn",
    },
];

impl CloudSettings {
    /// Reads the clouds of the config; Microsoft's are always there.
    pub(super) fn read_all(reader: &mut Reader) -> BTreeMap<String, Self> {
        reader
            .names("clouds")
            .into_iter()
            .filter_map(|name| {
                let section = KeyPath::of(&["clouds", &name]);
                let built_in = BUILT_IN.iter().find(|cloud| cloud.name == name);
                Some((name, Self::read(reader, &section, built_in)?))
            })
            .collect()
    }

    fn read(reader: &mut Reader, section: &KeyPath, built_in: Option<&BuiltInCloud>) -> Option<Self> {
        let mut url = |name: &str, default: Option<&'static str>| {
            let key = section.child(name);
            match default {
                Some(default) => Some(reader.or_default(&key, default, |value| origin(value.text()?))),
                None => reader.required(&key, |value| origin(value.text()?)),
            }
        };
        let sign_in_url = url("sign_in_url", built_in.map(|known| known.sign_in_url));
        let graph_url = url("graph_url", built_in.map(|known| known.graph_url));
        let power_platform_url = url("power_platform_url", built_in.map(|known| known.power_platform_url));
        let mut scope = |name: &str, url: &Option<Url>, known: Option<(&str, &str)>| {
            // A scope of Microsoft's must not be asked of a stand-in: it follows the address.
            let default = match (url, known) {
                (Some(url), Some((address, scope))) if without_slash(url) == address => scope.to_owned(),
                (Some(url), _) => format!("{}/.default", without_slash(url)),
                (None, _) => "unknown".to_owned(),
            };
            reader.or_default(&section.child(name), &default, |value| scope_text(value.text()?))
        };
        let graph_scope =
            scope("graph_scope", &graph_url, built_in.map(|known| (known.graph_url, known.graph_scope)));
        let power_platform_scope = scope(
            "power_platform_scope",
            &power_platform_url,
            built_in.map(|known| (known.power_platform_url, known.power_platform_scope)),
        );
        let domain_key = section.child("dataverse_domain");
        let dataverse_domain = match built_in {
            Some(known) => {
                Some(reader.or_default(&domain_key, known.dataverse_domain, |value| domain(value.text()?)))
            }
            None => reader.optional(&domain_key, |value| domain(value.text()?)),
        };
        let ca_key = section.child("ca_file");
        let ca_file = reader.optional(&ca_key, |value| value.text().map(PathBuf::from));
        Some(Self {
            sign_in_url: sign_in_url?,
            graph_url: graph_url?,
            power_platform_url: power_platform_url?,
            graph_scope,
            power_platform_scope,
            dataverse_domain,
            ca_file: ca_file.map(|path| reader.folder(&reader.origin(&ca_key)).join(path)),
        })
    }

    /// Whether an environment at `url` looks like one of this cloud's.
    pub fn may_host(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.dataverse_domain.as_ref().is_none_or(|domain| host.ends_with(&format!(".{domain}")))
    }
}

fn scope_text(text: &str) -> Result<String, Fault> {
    if text.contains(char::is_whitespace) {
        return Err(Fault::new("it must be one scope, such as https://graph.microsoft.com/.default"));
    }
    // An origin's host has at most 253 characters, so that each default made from one fits.
    plain_text(text, 512)
}

/// Reads what hosts may end in, such as `crm9.dynamics.com`.
fn domain(text: &str) -> Result<String, Fault> {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if text.len() > 253 || !text.split('.').all(is_label) {
        return Err(Fault::new("it must be the end of a host's name, such as crm9.dynamics.com"));
    }
    Ok(text.to_ascii_lowercase())
}
