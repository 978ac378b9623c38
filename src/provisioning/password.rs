//! Passwords: made for a machine, and what becomes of the first one.

use super::{RecipientError, Recipients};
use crate::domain::{Chance, IntentId, UserPrincipalName};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// How long a password is, in characters. Microsoft Entra takes 8 to 256 (identity/authentication/concept-sspr-policy).
const LENGTH: usize = 64;
const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"!#$%*+-.=?@^_~";

/// What becomes of initial passwords.
pub enum PasswordPolicy {
    /// Nobody ever learns them: who needs a password has a new one made, by a rotation or, if the config says `reset`, by
    /// the hand-over.
    Discard,
    /// They are sealed to these recipients and kept with the intent.
    Seal(Recipients),
}

impl PasswordPolicy {
    /// Seals to recipients given as text; without any, passwords are discarded.
    ///
    /// # Errors
    /// The first text that is no recipient.
    pub fn seal_to(recipients: &[String]) -> Result<Self, RecipientError> {
        let recipients = Recipients::parse(recipients)?;
        Ok(if recipients.is_empty() { Self::Discard } else { Self::Seal(recipients) })
    }

    /// Seals an initial password together with what it is for, or gives nothing when it is discarded.
    pub(super) fn seal(
        &self,
        password: &SecretString,
        name: &UserPrincipalName,
        intent: IntentId,
    ) -> Result<Option<Vec<u8>>, age::EncryptError> {
        match self {
            Self::Discard => Ok(None),
            Self::Seal(recipients) => recipients.seal(password, name, intent).map(Some),
        }
    }
}

/// Draws a password of 64 characters that holds all four classes. It begins with a letter, so that no spreadsheet takes it
/// for a formula.
pub(super) fn generate(chance: &dyn Chance) -> SecretString {
    let classes = [LOWER, UPPER, DIGITS, SYMBOLS];
    let alphabet: Zeroizing<Vec<u8>> = Zeroizing::new(classes.concat());
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    for place in 0..LENGTH {
        // The first four characters guarantee the classes; their place costs no strength in a text this long.
        let from: &[u8] = classes.get(place).copied().unwrap_or(&alphabet);
        text.push(char::from(draw(chance, from)));
    }
    SecretString::from(text.as_str())
}

/// One of `from`, each equally likely: bytes that would favor the first ones are drawn again.
fn draw(chance: &dyn Chance, from: &[u8]) -> u8 {
    let fair = 256 - 256 % from.len();
    loop {
        let mut byte = Zeroizing::new([0_u8]);
        chance.fill(byte.as_mut_slice());
        let drawn = usize::from(byte[0]);
        if drawn < fair {
            return from[drawn % from.len()];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::sync::atomic::{AtomicU64, Ordering};
    use uuid::Uuid;

    struct Counting(AtomicU64);

    impl Chance for Counting {
        fn fraction(&self) -> f64 {
            0.5
        }
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                *byte = next.to_be_bytes()[0];
            }
        }
    }

    #[test]
    fn a_password_has_its_length_and_all_classes_and_begins_with_a_letter() {
        let chance = Counting(AtomicU64::new(1));
        for _ in 0..100 {
            let password = generate(&chance);
            let text = password.expose_secret();
            assert_eq!(text.len(), LENGTH);
            for class in [LOWER, UPPER, DIGITS, SYMBOLS] {
                assert!(text.bytes().any(|byte| class.contains(&byte)));
            }
            assert!(text.starts_with(|first: char| first.is_ascii_lowercase()));
        }
    }

    #[test]
    fn without_recipients_nothing_is_kept_and_a_wrong_one_is_named() {
        let policy = PasswordPolicy::seal_to(&[]).unwrap();
        let name = UserPrincipalName::parse("svc@contoso.com").unwrap();
        assert_eq!(policy.seal(&SecretString::from("x"), &name, IntentId(Uuid::nil())).unwrap(), None);
        assert!(PasswordPolicy::seal_to(&["age1nonsense".to_owned()]).is_err());
    }
}
