//! From what was typed to the users that are meant.

use super::args::{ListArgs, Selection};
use crate::app::queries::{Pages, find_batch};
use crate::app::{find_users, passwords_behind};
use crate::cli::trouble::Trouble;
use crate::store::{Filter, Password, Store};

/// The users that are meant.
pub(super) struct Selected {
    pub(super) passwords: Vec<Password>,
    /// Each was named; else a filter selected them, and those that it makes no sense for are passed over in silence.
    pub(super) named: bool,
}

/// What selects users.
pub(super) struct Which<'a> {
    ids: &'a [String],
    batch: Option<&'a str>,
    tenant: Option<&'a String>,
    environment: Option<&'a String>,
}

impl<'a> From<&'a Selection> for Which<'a> {
    fn from(typed: &'a Selection) -> Self {
        Self {
            ids: &typed.ids,
            batch: typed.batch.as_deref(),
            tenant: typed.tenant.as_ref(),
            environment: typed.environment.as_ref(),
        }
    }
}

impl<'a> From<&'a ListArgs> for Which<'a> {
    fn from(typed: &'a ListArgs) -> Self {
        Self {
            ids: &typed.ids,
            batch: typed.batch.as_deref(),
            tenant: typed.tenant.as_ref(),
            environment: typed.environment.as_ref(),
        }
    }
}

/// Finds them, in the order in which they were named or submitted.
pub(super) async fn select(store: &dyn Store, which: Which<'_>) -> Result<Selected, Trouble> {
    if !which.ids.is_empty() {
        let mut users = Vec::with_capacity(which.ids.len());
        for text in which.ids {
            let user = find_users(store, text).await;
            users.push(user.map_err(|error| Trouble::usage(format!("{error}; nothing was done")))?);
        }
        return Ok(Selected { passwords: passwords_behind(store, users).await?, named: true });
    }
    let batch = match which.batch {
        Some(text) => Some(find_batch(store, text).await?.id),
        None => None,
    };
    let filter = Filter {
        batch,
        tenant: which.tenant.cloned(),
        environment: which.environment.cloned(),
        ..Filter::default()
    };
    let mut pages = Pages::new(store, filter, None, None);
    let mut users = Vec::new();
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        users.extend(page.iter().map(|member| member.user.id));
    }
    Ok(Selected { passwords: passwords_behind(store, users).await?, named: false })
}
