//! `[credentials]`: what becomes of the passwords.

use super::path::KeyPath;
use super::reader::Reader;
use crate::domain::Fault;

/// What becomes of an account's first password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialPolicy {
    /// It is sealed to the recipients before the account is made, and handed over on demand.
    Seal,
    /// It is thrown away once the account is made.
    Discard,
    /// It is thrown away, and the first hand-over makes a new one, sealed to the recipients.
    Reset,
}

/// What becomes of the passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSettings {
    /// The `age` public keys (`age1...`) of those who may read the passwords.
    pub recipients: Vec<String>,
    /// What becomes of a password.
    pub policy: CredentialPolicy,
}

impl CredentialSettings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let recipients_key = KeyPath::of(&["credentials", "recipients"]);
        let recipients = reader.or_default(&recipients_key, "", |value| recipients(&value.texts()?));
        let policy_key = KeyPath::of(&["credentials", "policy"]);
        let default = if recipients.is_empty() { "discard" } else { "seal" };
        let policy = reader.or_default(&policy_key, default, |value| match value.text()? {
            "seal" => Ok(CredentialPolicy::Seal),
            "discard" => Ok(CredentialPolicy::Discard),
            "reset" => Ok(CredentialPolicy::Reset),
            _ => Err(Fault::new("it must be seal, reset or discard")),
        });
        let seals = match policy {
            CredentialPolicy::Seal | CredentialPolicy::Reset => true,
            CredentialPolicy::Discard => false,
        };
        if seals && recipients.is_empty() && reader.is_set(&policy_key) {
            reader.fault(&policy_key, "sealing needs at least one key in credentials.recipients", None);
        }
        Self { recipients, policy }
    }
}

fn recipients(keys: &[String]) -> Result<Vec<String>, Fault> {
    keys.iter()
        .map(|key| {
            let key = key.trim();
            match key.parse::<age::x25519::Recipient>() {
                Ok(recipient) => Ok(recipient.to_string()),
                Err(_) => Err(Fault::new("each must be an age public key: age1 and 58 letters and digits")),
            }
        })
        .collect()
}
