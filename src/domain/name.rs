//! User principal names: the one identity of a user that exists before the user does.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A user principal name in canonical form: NFKC, lower case, ASCII before the `@`.
///
/// Microsoft's rules for the characters and lengths: Microsoft Entra documentation, "Username policies"
/// (identity/authentication/concept-sspr-policy): `A-Z a-z 0-9 ' . - _ ! # ^ ~`, no dot directly before `@`,
/// 113 characters in all, 64 before and 48 after the `@`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserPrincipalName(String);

/// Why a text is no acceptable value; a phrase that fits behind "is not acceptable: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// A fault with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl UserPrincipalName {
    /// Brings a text into canonical form, or says what Microsoft would not accept about it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let canonical: String = text.trim().nfkc().collect::<String>().to_lowercase();
        let (local, domain) = canonical
            .split_once('@')
            .filter(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
            .ok_or_else(|| Fault::new("it must look like name@domain"))?;
        for character in local.chars() {
            if !(character.is_ascii_alphanumeric() || "'.-_!#^~".contains(character)) {
                return Err(Fault::new(format!(
                    "the character {} (U+{:04X}) may not stand before the @; allowed are a-z 0-9 ' . - _ ! # ^ ~",
                    character.escape_debug(),
                    u32::from(character)
                )));
            }
        }
        if local.ends_with('.') {
            return Err(Fault::new("no dot may stand directly before the @"));
        }
        // Together with the @ these are the 113.
        if local.len() > 64 || domain.len() > 48 {
            return Err(Fault::new(
                "at most 64 characters before the @, 48 after it and 113 in all are allowed",
            ));
        }
        let label_ok = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if !domain.contains('.') || !domain.split('.').all(label_ok) {
            return Err(Fault::new("the part after the @ must be an ASCII domain name such as contoso.com"));
        }
        Ok(Self(canonical))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// The mail nickname that Microsoft Graph demands at creation: the local part without the characters that only a
    /// user principal name may hold, at most 64 of them.
    pub fn mail_nickname(&self) -> String {
        let kept: String =
            self.local_part().chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
        let trimmed = kept.trim_matches('.');
        if trimmed.is_empty() { "account".to_owned() } else { trimmed.to_owned() }
    }
}

impl fmt::Display for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for UserPrincipalName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_compatibility_forms_meet_in_one_name() {
        let plain = UserPrincipalName::parse("svc-billing@contoso.com").unwrap();
        assert_eq!(UserPrincipalName::parse(" SVC-Billing@Contoso.COM ").unwrap(), plain);
        assert_eq!(UserPrincipalName::parse("ｓｖｃ-billing@contoso.com").unwrap(), plain);
    }

    #[test]
    fn a_homoglyph_is_refused_by_its_code_point() {
        let fault = UserPrincipalName::parse("\u{430}dmin@contoso.com").unwrap_err();
        assert!(fault.0.contains("U+0430"), "{fault}");
    }

    #[test]
    fn lengths_shapes_and_domains_are_checked() {
        let shape = "it must look like name@domain";
        let length = "at most 64 characters before the @, 48 after it and 113 in all are allowed";
        let domain = "the part after the @ must be an ASCII domain name such as contoso.com";
        for (bad, reason) in [
            ("", shape),
            ("@", shape),
            ("a@", shape),
            ("@b.c", shape),
            ("a@@b.c", shape),
            ("a.@b.com", "no dot may stand directly before the @"),
            ("a@localhost", domain),
            ("a@-b.com", domain),
            ("a@b-.com", domain),
            ("a@b..com", domain),
            ("a@b_c.com", domain),
            ("a@caf\u{e9}.com", domain),
            (&format!("{}@b.com", "a".repeat(65)), length),
            (&format!("a@{}.com", "b".repeat(45)), length),
        ] {
            assert_eq!(UserPrincipalName::parse(bad), Err(Fault::new(reason)), "{bad:?}");
        }
        assert!(UserPrincipalName::parse("a b@c.com").unwrap_err().0.contains("U+0020"));
        assert!(UserPrincipalName::parse("o'neil#1@b-c.co.uk").is_ok());
        let longest = format!("{}@{}.com", "a".repeat(64), "b".repeat(44));
        assert_eq!(UserPrincipalName::parse(&longest).unwrap().as_str(), longest);
    }

    #[test]
    fn a_stored_name_is_read_as_it_was_written_and_only_if_it_is_one() {
        let name = UserPrincipalName::parse("svc@contoso.com").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""svc@contoso.com""#);
        assert_eq!(serde_json::from_str::<UserPrincipalName>(r#""SVC@contoso.com""#).unwrap(), name);
        serde_json::from_str::<UserPrincipalName>(r#""svc""#).unwrap_err();
        assert_eq!(
            (format!("{name}"), format!("{name:?}")),
            ("svc@contoso.com".into(), r#""svc@contoso.com""#.into())
        );
    }

    #[test]
    fn a_mail_nickname_has_only_safe_characters() {
        let name = UserPrincipalName::parse("'o'neil#.x@contoso.com").unwrap();
        assert_eq!(name.mail_nickname(), "oneil.x");
        assert_eq!(UserPrincipalName::parse("'#'@contoso.com").unwrap().mail_nickname(), "account");
    }
}
