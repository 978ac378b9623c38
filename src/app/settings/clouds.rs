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
    /// A file of PEM certificates trusted beside the system's, such as a proxy's.
    pub ca_file: Option<PathBuf>,
}

/// The addresses that a cloud has when the config names no others.
struct BuiltIn {
    sign_in_url: &'static str,
    graph_url: &'static str,
    power_platform_url: &'static str,
    graph_scope: &'static str,
    power_platform_scope: &'static str,
}

/// Microsoft's public cloud. The administration API lives on one host and expects tokens for another.
const PUBLIC: BuiltIn = BuiltIn {
    sign_in_url: "https://login.microsoftonline.com",
    graph_url: "https://graph.microsoft.com",
    power_platform_url: "https://api.bap.microsoft.com",
    graph_scope: "https://graph.microsoft.com/.default",
    power_platform_scope: "https://service.powerapps.com/.default",
};

impl CloudSettings {
    /// Reads the clouds of the config; `public` is always there.
    pub(super) fn read_all(reader: &mut Reader) -> BTreeMap<String, Self> {
        reader
            .names("clouds")
            .into_iter()
            .filter_map(|name| {
                let section = KeyPath::of(&["clouds", &name]);
                let built_in = (name == "public").then_some(PUBLIC);
                Some((name, Self::read(reader, &section, built_in.as_ref())?))
            })
            .collect()
    }

    fn read(reader: &mut Reader, section: &KeyPath, built_in: Option<&BuiltIn>) -> Option<Self> {
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
        let ca_key = section.child("ca_file");
        let ca_file = reader.optional(&ca_key, |value| value.text().map(PathBuf::from));
        Some(Self {
            sign_in_url: sign_in_url?,
            graph_url: graph_url?,
            power_platform_url: power_platform_url?,
            graph_scope,
            power_platform_scope,
            ca_file: ca_file.map(|path| reader.folder(&reader.origin(&ca_key)).join(path)),
        })
    }
}

fn scope_text(text: &str) -> Result<String, Fault> {
    if text.contains(char::is_whitespace) {
        return Err(Fault::new("it must be one scope, such as https://graph.microsoft.com/.default"));
    }
    // An origin's host has at most 253 characters, so that each default made from one fits.
    plain_text(text, 512)
}
