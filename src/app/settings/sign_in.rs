//! `[tenants.NAME.sign_in]`: how Seatless signs in to a tenant.

use super::address::guid;
use super::fault::{OriginKind, SettingFault};
use super::path::KeyPath;
use super::platform;
use super::reader::Reader;
use super::secret_file;
use super::value::Value;
use crate::cloud::{ClientCertificate, Credential, FederatedSource, IdentityEndpoint, SourceUrl};
use crate::domain::Fault;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long the Azure CLI may take.
const CLI_DEADLINE: Duration = Duration::from_secs(30);

/// How Seatless signs in to a tenant.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The kind of credential.
    pub kind: SignInKind,
    /// The credential; absent where only commands run that do not sign in. `Settings::require_secrets` says why.
    pub credential: Option<Credential>,
}

/// The kinds of credentials, by the names that the config has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInKind {
    /// A password of the application.
    ClientSecret,
    /// A certificate of the application.
    Certificate,
    /// A token file of another issuer, such as Kubernetes.
    WorkloadIdentity,
    /// The job of GitHub Actions in which Seatless runs.
    GitHubActions,
    /// The identity of the Azure resource on which Seatless runs.
    ManagedIdentity,
    /// Whoever is signed in to the Azure CLI.
    AzureCli,
}

impl SignInKind {
    /// Every kind with its name in the config, and with the keys that it alone takes.
    pub(super) const ALL: [(Self, &'static str, &'static [&'static str]); 6] = [
        (Self::ClientSecret, "client_secret", &["client_secret", "client_secret_file"]),
        (Self::Certificate, "certificate", &["certificate_file", "private_key_file", "send_chain"]),
        (Self::WorkloadIdentity, "workload_identity", &["token_file"]),
        (Self::GitHubActions, "github_actions", &[]),
        (Self::ManagedIdentity, "managed_identity", &["metadata_url"]),
        (Self::AzureCli, "azure_cli", &["az_program"]),
    ];

    /// Its name in the config.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| *name)
    }

    fn parse(value: &Value) -> Result<Self, Fault> {
        let text = value.text()?;
        if ["password", "username_password", "user", "ropc"].contains(&text) {
            return Err(Fault::new(platform::NO_PASSWORDS));
        }
        let found = Self::ALL.iter().find(|(_, name, _)| *name == text).map(|(kind, ..)| *kind);
        found.ok_or_else(|| {
            Fault::new(format!("it must be one of {}", Self::ALL.map(|kind| kind.1).join(", ")))
        })
    }

    /// The kind whose keys somebody sets, where nobody names one.
    fn implied(reader: &Reader, section: &KeyPath) -> Self {
        let implied =
            Self::ALL.iter().find(|(.., keys)| keys.iter().any(|key| reader.is_set(&section.child(key))));
        implied.map_or(Self::ClientSecret, |(kind, ..)| *kind)
    }
}

/// What reading a secret leaves to say.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// Why a tenant's secret is absent.
    pub(super) absent_secrets: Vec<SettingFault>,
    /// Not wrong, but dangerous.
    pub(super) warnings: Vec<String>,
}

impl Remarks {
    fn absent(&mut self, reader: &Reader, key: &KeyPath, message: impl Into<String>, hint: Option<&str>) {
        let origin = if reader.is_set(key) { reader.origin(key) } else { reader.place_of(key) };
        let (key, hint) = (Some(key.to_string()), hint.map(str::to_owned));
        self.absent_secrets.push(SettingFault { origin, key, value: None, message: message.into(), hint });
    }
}

impl SignIn {
    /// Reads the sign-in of one tenant; none if it is unusable, which is then a fault.
    pub(super) fn read(reader: &mut Reader, tenant: &KeyPath, remarks: &mut Remarks) -> Option<Self> {
        let section = tenant.child("sign_in");
        let implied = SignInKind::implied(reader, &section);
        let kind = reader.or_default(&section.child("kind"), implied.name(), SignInKind::parse);
        for (_, name, keys) in SignInKind::ALL.iter().filter(|(other, ..)| *other != kind) {
            for key in
                keys.iter().map(|key| section.child(key)).filter(|key| reader.is_set(key)).collect::<Vec<_>>()
            {
                let message = format!("it belongs to kind = \"{name}\", but the kind is \"{}\"", kind.name());
                reader.fault(&key, message, None);
            }
        }
        let id_key = section.child("client_id");
        let id = |value: &Value| guid(value.text()?);
        let source = Source { reader, section: &section, remarks };
        match kind {
            SignInKind::AzureCli => {
                let program = source
                    .reader
                    .or_default(&section.child("az_program"), "az", |value| value.text().map(PathBuf::from));
                Some(Self {
                    kind,
                    credential: Some(Credential::AzureCli { program, deadline: CLI_DEADLINE }),
                })
            }
            SignInKind::ManagedIdentity => {
                let client_id = source.reader.optional(&id_key, id);
                let credential = source.managed_identity(client_id);
                Some(Self { kind, credential })
            }
            SignInKind::ClientSecret
            | SignInKind::Certificate
            | SignInKind::WorkloadIdentity
            | SignInKind::GitHubActions => {
                let client_id = source.reader.required(&id_key, id);
                let credential = source.of_application(kind, client_id.unwrap_or_default());
                client_id.map(|_| Self { kind, credential })
            }
        }
    }
}

/// Where the parts of a credential come from.
struct Source<'a> {
    reader: &'a mut Reader,
    section: &'a KeyPath,
    remarks: &'a mut Remarks,
}

impl Source<'_> {
    fn of_application(mut self, kind: SignInKind, client_id: Uuid) -> Option<Credential> {
        match kind {
            SignInKind::Certificate => {
                let certificate = Arc::new(self.certificate()?);
                Some(Credential::Certificate { client_id, certificate })
            }
            SignInKind::WorkloadIdentity => {
                let source = FederatedSource::File(self.path("token_file").or_else(|| {
                    let hint = "AZURE_FEDERATED_TOKEN_FILE names it in a cluster with workload identity";
                    self.missing("token_file", Some(hint));
                    None
                })?);
                Some(Credential::Federated { client_id, source })
            }
            SignInKind::GitHubActions => self.github_actions(client_id),
            SignInKind::ClientSecret | SignInKind::ManagedIdentity | SignInKind::AzureCli => {
                let secret = self.secret()?;
                Some(Credential::ClientSecret { client_id, secret })
            }
        }
    }

    /// The path that a key says, from the folder where it was said.
    fn path(&mut self, name: &str) -> Option<PathBuf> {
        let key = self.section.child(name);
        let path = self.reader.optional(&key, |value| value.text().map(PathBuf::from))?;
        Some(self.reader.folder(&self.reader.origin(&key)).join(path))
    }

    fn missing(&mut self, name: &str, hint: Option<&str>) {
        let key = self.section.child(name);
        self.remarks.absent(self.reader, &key, "it is required for signing in, but missing", hint);
    }

    /// The content of the file that a key names; none, and a remark, where it cannot be read.
    fn content(&mut self, name: &str, path: &Path) -> Option<Zeroizing<Vec<u8>>> {
        self.remarks.warnings.extend(secret_file::exposure(path));
        let key = self.section.child(name);
        secret_file::bytes(path).map_err(|reason| self.remarks.absent(self.reader, &key, reason, None)).ok()
    }

    fn certificate(&mut self) -> Option<ClientCertificate> {
        let send_chain = self.reader.or_default(&self.section.child("send_chain"), "false", Value::truth);
        let key_path = self.path("private_key_file");
        let Some(path) = self.path("certificate_file") else {
            self.missing("certificate_file", Some("a PEM file with the certificate and its private key"));
            return None;
        };
        let certificate_key = self.section.child("certificate_file");
        let key = match &key_path {
            Some(path) => Some(self.content("private_key_file", path)?),
            None => None,
        };
        // A certificate alone is no secret.
        let pem = if key_path.is_some() {
            let read = secret_file::bytes(&path);
            read.map_err(|reason| self.remarks.absent(self.reader, &certificate_key, reason, None)).ok()?
        } else {
            self.content("certificate_file", &path)?
        };
        let made = ClientCertificate::from_pem(&pem, key.as_ref().map(|key| key.as_slice()), send_chain);
        made.map_err(|error| self.remarks.absent(self.reader, &certificate_key, error.to_string(), None)).ok()
    }

    fn github_actions(&mut self, client_id: Uuid) -> Option<Credential> {
        let key = self.section.child("kind");
        let hint = Some("give the job `permissions: id-token: write`");
        let (url, token) = match (
            self.reader.platform(platform::REQUEST_URL),
            self.reader.platform(platform::REQUEST_TOKEN),
        ) {
            (Some(url), Some(token)) => (url.clone(), token.clone()),
            _ => {
                let message = "this is no job of GitHub Actions that may ask for a token: \
                               ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set";
                self.remarks.absent(self.reader, &key, message, hint);
                return None;
            }
        };
        let url = self.address(platform::REQUEST_URL, &url)?;
        Some(Credential::Federated { client_id, source: FederatedSource::GitHubActions { url, token } })
    }

    fn managed_identity(mut self, client_id: Option<Uuid>) -> Option<Credential> {
        let key = self.section.child("metadata_url");
        let metadata = self.reader.or_default(&key, "http://169.254.169.254", |value| {
            value.text()?.parse::<SourceUrl>().map_err(|error| Fault::new(error.to_string()))
        });
        let endpoint = self.reader.platform(platform::IDENTITY_ENDPOINT).cloned();
        let endpoint = match (endpoint, self.reader.platform(platform::IDENTITY_HEADER).cloned()) {
            (Some(url), Some(header)) => {
                let url = self.address(platform::IDENTITY_ENDPOINT, &url)?;
                IdentityEndpoint::AppService { url, header }
            }
            (Some(_), None) => {
                let message = "IDENTITY_ENDPOINT is set without IDENTITY_HEADER, as on Azure Arc, which is not supported";
                let hint = Some("a certificate works there as well");
                self.remarks.absent(self.reader, &self.section.child("kind"), message, hint);
                return None;
            }
            (None, _) => IdentityEndpoint::Metadata(metadata),
        };
        Some(Credential::ManagedIdentity { client_id, endpoint })
    }

    /// The address that a variable of the platform says.
    fn address(&mut self, name: &str, text: &SecretString) -> Option<SourceUrl> {
        let parsed = text.expose_secret().parse::<SourceUrl>();
        let absent = |error| {
            let key = self.section.child("kind");
            self.remarks.absent(self.reader, &key, format!("{name} is no address to be used: {error}"), None);
        };
        parsed.map_err(absent).ok()
    }

    /// The secret from the stronger of its two keys.
    fn secret(&mut self) -> Option<SecretString> {
        let (inline_key, file_key) =
            (self.section.child("client_secret"), self.section.child("client_secret_file"));
        let inline = self.reader.optional(&inline_key, |value| value.text().map(SecretString::from));
        let file = self.path("client_secret_file");
        let strength = |key: &KeyPath| match self.reader.origin(key) {
            OriginKind::Default => 0,
            OriginKind::File { .. } => 1,
            OriginKind::Environment(_) => 2,
            OriginKind::Flag => 3,
        };
        let (inline_strength, file_strength) = (strength(&inline_key), strength(&file_key));
        match (inline, file) {
            (Some(_), Some(_)) if inline_strength == file_strength => {
                self.reader.fault(&file_key, "client_secret stands beside it; keep one of the two", None);
                None
            }
            (Some(secret), Some(_)) if inline_strength > file_strength => Some(secret),
            (Some(secret), None) => Some(secret),
            (_, Some(path)) => {
                self.remarks.warnings.extend(secret_file::exposure(&path));
                let absent = |reason: String| self.remarks.absent(self.reader, &file_key, reason, None);
                secret_file::read(&path).map_err(absent).ok()
            }
            (None, None) => {
                let hint = "or client_secret_file, or the environment variable of either";
                self.missing("client_secret", Some(hint));
                None
            }
        }
    }
}
