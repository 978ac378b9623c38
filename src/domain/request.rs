//! What a request asks for: the account, and its place in one environment.

use super::{Fault, SkuId, UserPrincipalName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What to do when the user name exists already and the user is not ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExisting {
    /// Leave the user alone and block the request.
    #[default]
    Block,
    /// Make that very user the account. Never an administrator or a synchronized user.
    Adopt,
}

impl OnExisting {
    /// The text in files and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Adopt => "adopt",
        }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text.trim().to_ascii_lowercase().as_str() {
            "block" => Ok(Self::Block),
            "adopt" => Ok(Self::Adopt),
            _ => Err(Fault::new("it must be block or adopt")),
        }
    }
}

/// The directory user that a request asks for; requests for one name in several environments share it and must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The canonical user name.
    pub user_principal_name: UserPrincipalName,
    /// At most 256 characters (Microsoft Graph, user resource).
    pub display_name: String,
    /// At most 64 characters; never empty, since Dataverse shows `#` for an empty first name.
    pub given_name: String,
    /// At most 64 characters; never empty.
    pub surname: String,
    /// ISO 3166 alpha-2, upper case; without it no license can be assigned.
    pub usage_location: String,
    /// The license lent to the user on the way.
    pub license: SkuId,
}

/// What the account shall be in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The name of the business unit; absent: where Dataverse puts the user, the root business unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_unit: Option<String>,
    /// The names of the security roles to give, sorted and without repetition.
    #[serde(default)]
    pub security_roles: Vec<String>,
    /// What to do when the name is taken.
    #[serde(default)]
    pub on_existing: OnExisting,
}

/// What the names of the config meant when the request was submitted; a config that later points them elsewhere blocks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The tenant's id in Microsoft Entra.
    pub tenant_id: Uuid,
    /// The environment's id in Power Platform.
    pub environment_id: Uuid,
    /// The origin of the environment's Dataverse, such as `https://contoso.crm4.dynamics.com`.
    pub dataverse_origin: String,
}

/// One request as it is submitted: checked, with all defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRequest {
    /// The tenant's name in the config.
    pub tenant: String,
    /// The environment's name in the config.
    pub environment: String,
    /// What those names meant at submission.
    pub pinned: Pinned,
    /// The user.
    pub account: Account,
    /// Its place in the environment.
    pub membership: Membership,
    /// Larger comes first; 0 unless said otherwise, within ±[`NewRequest::PRIORITY_MAX`].
    #[serde(default)]
    pub priority: i32,
    /// The requester's own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A remark for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl NewRequest {
    /// The bound of [`NewRequest::priority`].
    pub const PRIORITY_MAX: i32 = 1_000;

    /// Identifies the content, so that the same file submitted again is recognized: SHA-256 over every field but the priority.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let roles = self.membership.security_roles.join("\u{1f}");
        let account_print = self.account.fingerprint();
        for part in [
            self.tenant.as_bytes(),
            self.environment.as_bytes(),
            &account_print,
            self.membership.business_unit.as_deref().unwrap_or_default().as_bytes(),
            roles.as_bytes(),
            self.membership.on_existing.as_str().as_bytes(),
            self.external_id.as_deref().unwrap_or_default().as_bytes(),
            self.note.as_deref().unwrap_or_default().as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl Account {
    /// Identifies what siblings must agree on: SHA-256 over every field.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [
            self.user_principal_name.as_str().as_bytes(),
            self.display_name.as_bytes(),
            self.given_name.as_bytes(),
            self.surname.as_bytes(),
            self.usage_location.as_bytes(),
            self.license.0.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// A person's name within Microsoft Graph's bounds: trimmed, no control characters, at most `length_max` characters.
pub fn plain_text(text: &str, length_max: usize) -> Result<String, Fault> {
    let trimmed = text.trim();
    if let Some(bad) = trimmed.chars().find(|c| c.is_control() || is_invisible(*c)) {
        return Err(Fault::new(format!("it holds the invisible character U+{:04X}", u32::from(bad))));
    }
    let length = trimmed.chars().count();
    if length > length_max {
        return Err(Fault::new(format!("it has {length} characters, at most {length_max} are allowed")));
    }
    Ok(trimmed.to_owned())
}

/// Characters that turn, join or hide text, and have no business in a name that a person will read in a console.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// An ISO 3166 alpha-2 country code in upper case.
pub fn usage_location(text: &str) -> Result<String, Fault> {
    let code = text.trim().to_ascii_uppercase();
    if code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(Fault::new("it must be a country code of two letters, such as GB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> NewRequest {
        NewRequest {
            tenant: "contoso".to_owned(),
            environment: "contoso-dev".to_owned(),
            pinned: Pinned {
                tenant_id: Uuid::from_u128(1),
                environment_id: Uuid::from_u128(2),
                dataverse_origin: "https://contoso.crm4.dynamics.com".to_owned(),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse("svc@contoso.com").unwrap(),
                display_name: "Service".to_owned(),
                given_name: "Ser".to_owned(),
                surname: "Vice".to_owned(),
                usage_location: "GB".to_owned(),
                license: SkuId(Uuid::from_u128(3)),
            },
            membership: Membership {
                business_unit: Some("Sales".to_owned()),
                security_roles: vec!["A".to_owned(), "B".to_owned()],
                on_existing: OnExisting::Block,
            },
            priority: 0,
            external_id: Some("7".to_owned()),
            note: Some("Please.".to_owned()),
        }
    }

    fn hex(print: [u8; 32]) -> String {
        print.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is stored is compared with what is submitted later, perhaps by a later version.
    #[test]
    fn a_fingerprint_may_never_change() {
        assert_eq!(
            hex(request().fingerprint()),
            "a356c54077929e49bb7c9cac3f5b1b03753732d787c0d916bc792d531eb6adfb"
        );
        assert_eq!(
            hex(request().account.fingerprint()),
            "9c61fd820d134580d44733549f1e71ff659109af372d1afc13e846228a836c5d"
        );
    }

    #[test]
    fn a_fingerprint_tells_every_field_but_the_priority() {
        let changes: &[fn(&mut NewRequest)] = &[
            |request| request.tenant.push('2'),
            |request| request.environment.push('2'),
            |request| request.membership.business_unit = None,
            |request| request.membership.security_roles = vec!["A".to_owned()],
            |request| request.membership.security_roles = vec!["AB".to_owned()],
            |request| request.membership.on_existing = OnExisting::Adopt,
            |request| request.external_id = None,
            |request| request.note = None,
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut other = request();
            change(&mut other);
            assert_ne!(other.fingerprint(), request().fingerprint(), "{place}");
            assert_eq!(other.account.fingerprint(), request().account.fingerprint(), "{place}");
        }
        let urgent = NewRequest { priority: 9, ..request() };
        assert_eq!(urgent.fingerprint(), request().fingerprint());
    }

    #[test]
    fn what_siblings_must_agree_on_is_told_by_both_fingerprints() {
        let changes: &[fn(&mut Account)] = &[
            |account| account.user_principal_name = UserPrincipalName::parse("svc2@contoso.com").unwrap(),
            |account| account.display_name.push('2'),
            |account| account.given_name.push('2'),
            |account| account.surname.push('2'),
            |account| account.usage_location = "US".to_owned(),
            |account| account.license = SkuId(Uuid::from_u128(4)),
            // The same letters in other fields.
            |account| (account.given_name, account.surname) = ("Serv".to_owned(), "ice".to_owned()),
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut other = request();
            change(&mut other.account);
            assert_ne!(other.account.fingerprint(), request().account.fingerprint(), "{place}");
            assert_ne!(other.fingerprint(), request().fingerprint(), "{place}");
        }
    }

    #[test]
    fn what_to_do_with_an_existing_user_is_read_in_any_case() {
        for (text, read) in [("block", OnExisting::Block), (" Adopt ", OnExisting::Adopt)] {
            assert_eq!(OnExisting::parse(text), Ok(read));
            assert_eq!(read.as_str(), text.trim().to_lowercase());
            assert_eq!(serde_json::to_string(&read).unwrap(), format!("{:?}", read.as_str()));
        }
        assert_eq!(OnExisting::parse("take"), Err(Fault::new("it must be block or adopt")));
    }

    #[test]
    fn a_plain_text_is_trimmed_bounded_and_has_nothing_invisible() {
        assert_eq!(
            plain_text(" \u{c4}da ", 3),
            Ok("\u{c4}da".to_owned()),
            "characters are counted, not bytes"
        );
        let long = Fault::new("it has 4 characters, at most 3 are allowed");
        assert_eq!(plain_text("abcd", 3), Err(long));
        for (text, bad) in [("a\tb", "U+0009"), ("a\u{202e}b", "U+202E")] {
            assert!(plain_text(text, 9).unwrap_err().0.ends_with(bad), "{text:?}");
        }
    }

    #[test]
    fn a_usage_location_is_two_letters() {
        assert_eq!(usage_location(" gb "), Ok("GB".to_owned()));
        for bad in ["", "G", "GBR", "G1", "\u{e9}"] {
            usage_location(bad).unwrap_err();
        }
    }
}
