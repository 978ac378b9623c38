//! `[tenants.NAME.sign_in]`: how Seatless signs in to a tenant.

use super::address::guid;
use super::fault::{OriginKind, SettingFault};
use super::path::KeyPath;
use super::reader::Reader;
use super::secret_file;
use crate::domain::Fault;
use secrecy::SecretString;
use uuid::Uuid;

/// How Seatless signs in to a tenant: the only kind there is today is a client secret.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The id of the application (client).
    pub client_id: Uuid,
    /// The secret; absent where only commands run that do not sign in. `Settings::require_secrets` says why.
    pub client_secret: Option<SecretString>,
}

/// What reading a secret leaves to say.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// Why a tenant's secret is absent.
    pub(super) absent_secrets: Vec<SettingFault>,
    /// Not wrong, but dangerous.
    pub(super) warnings: Vec<String>,
}

impl SignIn {
    /// Reads the sign-in of one tenant; none if it is unusable, which is then a fault.
    pub(super) fn read(reader: &mut Reader, tenant: &KeyPath, remarks: &mut Remarks) -> Option<Self> {
        let section = tenant.child("sign_in");
        reader.or_default(&section.child("kind"), "client_secret", |value| match value.text()? {
            "client_secret" => Ok(()),
            "certificate" | "federated" | "managed_identity" | "workload_identity" => {
                Err(Fault::new("this kind is not supported yet; client_secret is the only one"))
            }
            _ => Err(Fault::new("it must be client_secret")),
        });
        let client_id = reader.required(&section.child("client_id"), |value| guid(value.text()?));
        let client_secret = secret(reader, &section, remarks);
        Some(Self { client_id: client_id?, client_secret })
    }
}

/// The secret from the stronger of its two keys.
fn secret(reader: &mut Reader, section: &KeyPath, remarks: &mut Remarks) -> Option<SecretString> {
    let (inline_key, file_key) = (section.child("client_secret"), section.child("client_secret_file"));
    let inline = reader.optional(&inline_key, |value| value.text().map(SecretString::from));
    let file = reader.optional(&file_key, |value| value.text().map(str::to_owned));
    let strength = |key: &KeyPath| match reader.origin(key) {
        OriginKind::Default => 0,
        OriginKind::File { .. } => 1,
        OriginKind::Environment(_) => 2,
        OriginKind::Flag => 3,
    };
    let (inline_strength, file_strength) = (strength(&inline_key), strength(&file_key));
    let mut absent = |reader: &Reader, key: &KeyPath, message: String, hint: Option<String>| {
        let origin = if reader.is_set(key) { reader.origin(key) } else { reader.place_of(key) };
        let key = Some(key.to_string());
        remarks.absent_secrets.push(SettingFault { origin, key, value: None, message, hint });
    };
    match (inline, file) {
        (Some(_), Some(_)) if inline_strength == file_strength => {
            reader.fault(&file_key, "client_secret stands beside it; keep one of the two", None);
            None
        }
        (Some(secret), Some(_)) if inline_strength > file_strength => Some(secret),
        (Some(secret), None) => Some(secret),
        (_, Some(file)) => {
            let path = reader.folder(&reader.origin(&file_key)).join(file);
            remarks.warnings.extend(secret_file::exposure(&path));
            secret_file::read(&path).map_err(|reason| absent(reader, &file_key, reason, None)).ok()
        }
        (None, None) => {
            let hint = "or client_secret_file, or the environment variable of either".to_owned();
            absent(reader, &inline_key, "it is required for signing in, but missing".to_owned(), Some(hint));
            None
        }
    }
}
