//! Sealing passwords to the operators' keys, and opening them with a key that only they have.
//!
//! The format is age-encryption.org/v1, so that the standard tools open it. Inside stand the password and what it is for:
//! who could exchange two sealed passwords in the database would be noticed when they are opened.

use crate::domain::{IntentId, UserPrincipalName};
use age::armor::{ArmoredWriter, Format};
use secrecy::{ExposeSecret, SecretString};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// More than any sealed password holds, in bytes; a longer content is none.
const CONTENT_MAX: u64 = 4_096;

/// The public keys of those who may read passwords.
#[derive(Clone, Default)]
pub struct Recipients(Vec<age::x25519::Recipient>);

/// A text that is no `age` recipient, by its number, counted from 1. The text itself is not shown: it may be a private key
/// that was put in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number {0} is no age recipient; it must look like age1… (the public key that age-keygen prints)")]
pub struct RecipientError(pub usize);

impl Recipients {
    /// Reads public keys (`age1…`).
    ///
    /// # Errors
    /// The first text that is none.
    pub fn parse(texts: &[String]) -> Result<Self, RecipientError> {
        let parse =
            |(number, text): (usize, &String)| text.trim().parse().map_err(|_| RecipientError(number));
        Ok(Self((1..).zip(texts).map(parse).collect::<Result<_, _>>()?))
    }

    /// Whether there is nobody to seal to.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Seals a password together with what it is for: an `age` file in its binary form.
    pub(super) fn seal(
        &self,
        password: &SecretString,
        name: &UserPrincipalName,
        intent: IntentId,
    ) -> Result<Vec<u8>, age::EncryptError> {
        let content = Zeroizing::new(format!(
            "user_principal_name: {name}\nintent: {intent}\npassword: {}\n",
            password.expose_secret()
        ));
        let keys = self.0.iter().map(|key| key as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(keys)?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(content.as_bytes())?;
        writer.finish()?;
        Ok(sealed)
    }
}

/// A sealed password as text: the armored form of the same `age` file.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn armored(sealed: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    writer.write_all(sealed)?;
    writer.finish()
}

/// Private keys that may open sealed passwords. They print nothing.
pub struct OpeningKeys(Vec<Box<dyn age::Identity + Send + Sync>>);

/// Why a sealed password was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// The keys are others than it was sealed to.
    #[error("it was sealed to another key")]
    AnotherKey,
    /// The bytes are damaged, or were never made by Seatless.
    #[error("it cannot be read: it is damaged, or no sealed password of Seatless")]
    Damaged,
    /// It is another user's, or another write's: somebody has exchanged it.
    #[error("it is not the password that it stands for: somebody has exchanged it in the database")]
    Exchanged,
}

impl OpeningKeys {
    /// Reads the text of a key file as `age-keygen` writes it: `AGE-SECRET-KEY-1…` on lines of their own, and comments.
    ///
    /// # Errors
    /// What is wrong with the file, without its content.
    pub fn parse(text: &SecretString) -> Result<Self, &'static str> {
        let mut keys: Vec<Box<dyn age::Identity + Send + Sync>> = Vec::new();
        for line in text.expose_secret().lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with("-----BEGIN AGE") || line.starts_with("age-encryption.org/") {
                return Err("it is encrypted itself; open it with `age --decrypt` first");
            }
            let key = line.parse::<age::x25519::Identity>();
            keys.push(Box::new(key.map_err(|_| "a line is no age private key (AGE-SECRET-KEY-1…)")?));
        }
        if keys.is_empty() {
            Err("it holds no age private key (AGE-SECRET-KEY-1…)")
        } else {
            Ok(Self(keys))
        }
    }

    /// Opens a sealed password, and makes sure that it is the one that is asked for.
    ///
    /// # Errors
    /// As [`OpeningError`] says.
    pub fn open(
        &self,
        sealed: &[u8],
        name: &UserPrincipalName,
        intent: IntentId,
    ) -> Result<SecretString, OpeningError> {
        let decryptor = age::Decryptor::new(sealed).map_err(|_| OpeningError::Damaged)?;
        let keys = self.0.iter().map(|key| &**key as &dyn age::Identity);
        let reader = decryptor.decrypt(keys).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => OpeningError::AnotherKey,
            _ => OpeningError::Damaged,
        })?;
        let mut content = Zeroizing::new(String::with_capacity(1_024));
        reader.take(CONTENT_MAX).read_to_string(&mut content).map_err(|_| OpeningError::Damaged)?;
        let head = format!("user_principal_name: {name}\nintent: {intent}\npassword: ");
        let Some(password) = content.strip_prefix(&head) else {
            let is_ours = content.starts_with("user_principal_name: ");
            return Err(if is_ours { OpeningError::Exchanged } else { OpeningError::Damaged });
        };
        let password = password.strip_suffix('\n').filter(|text| !text.is_empty() && !text.contains('\n'));
        password.map(SecretString::from).ok_or(OpeningError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn name(local: &str) -> UserPrincipalName {
        UserPrincipalName::parse(&format!("{local}@contoso.com")).unwrap()
    }

    fn keys(of: &age::x25519::Identity) -> OpeningKeys {
        let text = format!("# created: today\n\n{}\n", of.to_string().expose_secret());
        OpeningKeys::parse(&SecretString::from(text)).unwrap_or_else(|why| panic!("{why}"))
    }

    fn sealed_to(key: &age::x25519::Identity) -> Vec<u8> {
        let recipients = Recipients::parse(&[key.to_public().to_string()]).unwrap();
        recipients.seal(&SecretString::from("s3cret"), &name("svc"), IntentId(Uuid::from_u128(7))).unwrap()
    }

    #[test]
    fn a_sealed_password_opens_with_its_key_and_hides_it_without() {
        let key = age::x25519::Identity::generate();
        let sealed = sealed_to(&key);
        assert!(!sealed.windows(6).any(|window| window == b"s3cret"));
        let intent = IntentId(Uuid::from_u128(7));
        let opened = keys(&key).open(&sealed, &name("svc"), intent).unwrap();
        assert_eq!(opened.expose_secret(), "s3cret");
        let other = keys(&age::x25519::Identity::generate()).open(&sealed, &name("svc"), intent);
        assert_eq!(other.map(drop), Err(OpeningError::AnotherKey));
    }

    #[test]
    fn one_that_was_exchanged_or_damaged_is_noticed() {
        let key = age::x25519::Identity::generate();
        let (mut sealed, intent) = (sealed_to(&key), IntentId(Uuid::from_u128(7)));
        let open = |sealed: &[u8], name, intent| keys(&key).open(sealed, &name, intent).map(drop);
        assert_eq!(open(&sealed, name("other"), intent), Err(OpeningError::Exchanged));
        assert_eq!(open(&sealed, name("svc"), IntentId(Uuid::nil())), Err(OpeningError::Exchanged));
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(open(&sealed, name("svc"), intent), Err(OpeningError::Damaged));
        assert_eq!(open(b"nonsense", name("svc"), intent), Err(OpeningError::Damaged));
    }

    #[test]
    fn a_file_without_a_usable_key_is_refused_in_words() {
        for text in ["", "# only a comment", "AGE-SECRET-KEY-1NONSENSE", "-----BEGIN AGE ENCRYPTED FILE-----"]
        {
            assert!(OpeningKeys::parse(&SecretString::from(text)).is_err(), "{text}");
        }
    }
}
