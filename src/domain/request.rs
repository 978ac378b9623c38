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
