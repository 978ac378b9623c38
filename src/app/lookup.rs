//! Finding the request that a person means.

use crate::domain::{RequestId, UserPrincipalName};
use crate::store::{Filter, Member, Page, Requests, StoreError};
use uuid::Uuid;

/// How many characters of an id are enough to be looked for.
const PREFIX_MIN: usize = 4;

/// Why a text names no request.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Nothing is called so.
    #[error("no request is called {0:?}; give its id, the first characters of it, or its user name")]
    Unknown(String),
    /// Several are.
    #[error("{text:?} names several requests: {}", .candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// The store is at fault.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Finds a request by its id, by the first characters of its id, or by its user name (with `/environment` behind it
/// where the user has several).
///
/// # Errors
/// When none or several are meant.
pub async fn find_request(store: &(impl Requests + ?Sized), text: &str) -> Result<Member, LookupError> {
    let text = text.trim();
    if let Ok(id) = text.parse::<RequestId>() {
        return store.request(id).await?.ok_or_else(|| LookupError::Unknown(text.to_owned()));
    }
    let found = if text.contains('@') { by_name(store, text).await? } else { by_prefix(store, text).await? };
    one_of(text, found)
}

fn one_of(text: &str, mut found: Vec<Member>) -> Result<Member, LookupError> {
    match found.len() {
        0 => Err(LookupError::Unknown(text.to_owned())),
        1 => Ok(found.remove(0)),
        _ => {
            let candidates = found
                .iter()
                .map(|member| {
                    let asked = &member.request.asked;
                    format!(
                        "{} ({}/{})",
                        member.request.id, asked.account.user_principal_name, asked.environment
                    )
                })
                .collect();
            Err(LookupError::Ambiguous { text: text.to_owned(), candidates })
        }
    }
}

async fn by_name(store: &(impl Requests + ?Sized), text: &str) -> Result<Vec<Member>, StoreError> {
    let (name, environment) = match text.split_once('/') {
        Some((name, environment)) => (name, Some(environment.to_owned())),
        None => (text, None),
    };
    let Ok(name) = UserPrincipalName::parse(name) else {
        return Ok(Vec::new());
    };
    let filter = Filter { name_prefix: Some(name.to_string()), environment, ..Filter::default() };
    let mut found = store.requests(filter, Page { after: None, rows_max: 100 }).await?;
    found.retain(|member| member.request.asked.account.user_principal_name == name);
    // An ended one is only meant where nothing else is: the name may have been submitted again.
    if found.iter().any(|member| !is_over(member)) {
        found.retain(|member| !is_over(member));
    }
    Ok(found)
}

fn is_over(member: &Member) -> bool {
    use crate::domain::Status;
    match member.request.progress.status() {
        Status::Failed | Status::Cancelled => true,
        Status::Active | Status::Blocked | Status::Succeeded => false,
    }
}

/// Ids sort by their text, so those with a prefix are neighbors.
async fn by_prefix(store: &(impl Requests + ?Sized), text: &str) -> Result<Vec<Member>, StoreError> {
    let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    if digits.len() < PREFIX_MIN || digits.len() > 32 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(Vec::new());
    }
    let Ok(lowest) = u128::from_str_radix(&format!("{digits:0<32}"), 16) else {
        return Ok(Vec::new());
    };
    let after = lowest.checked_sub(1).map(|before| RequestId(Uuid::from_u128(before)));
    let mut found = store.requests(Filter::default(), Page { after, rows_max: 5 }).await?;
    found.retain(|member| member.request.id.0.simple().to_string().starts_with(&digits));
    Ok(found)
}
