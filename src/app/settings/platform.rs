//! What the platform says by variables that everybody knows: the `AZURE_*` names, and where a job or an app gets its tokens.

use super::fault::{OriginKind, SettingFault};
use super::layers::{Entry, Layers};
use super::path::KeyPath;
use super::sign_in::SignInKind;
use super::value::Value;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// Where App Service and Container Apps hand out tokens.
pub(super) const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
/// What one must say there.
pub(super) const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
/// Where a job of GitHub Actions gets its token.
pub(super) const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
/// What it must show for that.
pub(super) const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// Why nobody's password is taken.
pub(super) const NO_PASSWORDS: &str = "Seatless signs in as an application, never with a person's user name and password: \
    multifactor authentication forbids those, and they hold more rights than it needs; register an application and give \
    it a certificate or a client secret";

/// The names that Azure's own tools read, and the keys of a tenant that they stand for (azure-identity,
/// EnvironmentCredential and WorkloadIdentityCredential), those of a credential with its kind.
const AZURE: [(&str, &str, Option<SignInKind>); 6] = [
    ("AZURE_CLIENT_ID", "client_id", None),
    ("AZURE_CLIENT_SECRET", "client_secret", Some(SignInKind::ClientSecret)),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "certificate_file", Some(SignInKind::Certificate)),
    ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "send_chain", Some(SignInKind::Certificate)),
    ("AZURE_FEDERATED_TOKEN_FILE", "token_file", Some(SignInKind::WorkloadIdentity)),
    // Azure's tools read it only to refuse what they cannot decrypt; so do we.
    ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "", Some(SignInKind::Certificate)),
];

/// The variables, of all those given, that are about the platform; empty ones count as unset.
pub(super) fn variables(environment: &BTreeMap<String, String>) -> BTreeMap<String, SecretString> {
    let known = [IDENTITY_ENDPOINT, IDENTITY_HEADER, REQUEST_URL, REQUEST_TOKEN];
    let about = |name: &str| known.contains(&name) || name.starts_with("AZURE_");
    let named = environment.iter().filter(|(name, value)| about(name) && !value.is_empty());
    named.map(|(name, value)| (name.clone(), SecretString::from(value.clone()))).collect()
}

/// Fills in what the `AZURE_*` variables say, weaker than everything else that somebody says.
///
/// They speak of one tenant: the one with the id in `AZURE_TENANT_ID`, or the only one of the config.
pub(super) fn fill(layers: &mut Layers, environment: &BTreeMap<String, String>) {
    let said = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let Some(tenant) = meant(layers, said("AZURE_TENANT_ID")) else { return };
    let section = KeyPath::of(&["tenants", &tenant, "sign_in"]);
    let add = |layers: &mut Layers, key: KeyPath, name: &str, value: &str| {
        let entry =
            Entry { value: Value::Loose(value.to_owned()), origin: OriginKind::Environment(name.to_owned()) };
        layers.entries.entry(key).or_insert(entry);
    };
    if let Some(id) = said("AZURE_TENANT_ID") {
        add(layers, KeyPath::of(&["tenants", &tenant, "id"]), "AZURE_TENANT_ID", id);
    }
    if let Some(authority) = said("AZURE_AUTHORITY_HOST") {
        let cloud = layers.entries.get(&KeyPath::of(&["tenants", &tenant, "cloud"]));
        let cloud = cloud.map_or_else(|| "public".to_owned(), |entry| entry.value.shown());
        add(layers, KeyPath::of(&["clouds", &cloud, "sign_in_url"]), "AZURE_AUTHORITY_HOST", authority);
    }
    let own = own_kind(layers, &section);
    let named = AZURE.iter().filter(|(name, ..)| said(name).is_some());
    // Azure's own order: a secret, else a certificate, else a federated token.
    let kind = own.or_else(|| named.clone().find_map(|(.., kind)| *kind));
    if own.is_none() {
        match kind {
            Some(kind) => {
                let name = named.clone().find(|(.., of)| *of == Some(kind)).map_or("", |(name, ..)| name);
                add(layers, section.child("kind"), name, kind.name());
            }
            None if said("AZURE_USERNAME").is_some() || said("AZURE_PASSWORD").is_some() => {
                layers.faults.push(SettingFault {
                    origin: OriginKind::Environment("AZURE_USERNAME".to_owned()),
                    key: Some(section.to_string()),
                    value: None,
                    message: NO_PASSWORDS.to_owned(),
                    hint: None,
                });
            }
            None => {}
        }
    }
    for (name, key, _) in named.filter(|(.., of)| of.is_none() || *of == kind) {
        if *key == "client_id" && kind == Some(SignInKind::AzureCli) {
            continue;
        }
        if key.is_empty() {
            layers.faults.push(SettingFault {
                origin: OriginKind::Environment((*name).to_owned()),
                key: None,
                value: None,
                message: "a certificate with a password is not read".to_owned(),
                hint: Some("take the password off: openssl pkey -in FILE.pem -out KEY.pem".to_owned()),
            });
        } else if let Some(value) = said(name).filter(|_| !is_said_otherwise(layers, &section, key)) {
            add(layers, section.child(key), name, value);
        }
    }
}

/// The tenant that the variables speak of.
fn meant(layers: &Layers, id: Option<&String>) -> Option<String> {
    let names: Vec<&String> =
        layers.names.keys().filter(|(section, _)| section == "tenants").map(|(_, name)| name).collect();
    let id_of = |name: &str| {
        let entry = layers.entries.get(&KeyPath::of(&["tenants", name, "id"]))?;
        Some(entry.value.shown().trim().to_ascii_lowercase())
    };
    let only = names.len() == 1;
    let is_meant = |name: &&&String| match (id_of(name), id) {
        (Some(own), Some(id)) => own == id.trim().to_ascii_lowercase(),
        (Some(_), None) | (None, _) => only,
    };
    names.iter().find(is_meant).map(|name| (*name).clone())
}

/// The kind that the config itself names, or shows by its keys.
fn own_kind(layers: &Layers, section: &KeyPath) -> Option<SignInKind> {
    let is_set = |key: &str| layers.entries.contains_key(&section.child(key));
    if let Some(entry) = layers.entries.get(&section.child("kind")) {
        let text = entry.value.shown();
        // A name that is none is told by whoever reads it.
        let named = SignInKind::ALL.iter().find(|(_, name, _)| *name == text.trim()).map(|(kind, ..)| *kind);
        return Some(named.unwrap_or(SignInKind::AzureCli));
    }
    SignInKind::ALL.iter().find(|(.., keys)| keys.iter().any(|key| is_set(key))).map(|(kind, ..)| *kind)
}

/// Whether a stronger source says the same by another key.
fn is_said_otherwise(layers: &Layers, section: &KeyPath, key: &str) -> bool {
    key == "client_secret" && layers.entries.contains_key(&section.child("client_secret_file"))
}
