//! Finding users in Microsoft Graph by what they carry: for the sweep, which looks for what we may have left behind.

use super::directory_user::{DirectoryUser, SELECTED, UserRow};
use super::escape::{odata_text, query_value};
use super::exchange::Call;
use super::failures::unreadable;
use super::graph::Graph;
use super::graph_licenses::PAGES_MAX;
use super::verdict::{CallFailure, Effect};
use crate::domain::SkuId;
use http::HeaderValue;
use serde::Deserialize;

#[derive(Deserialize)]
struct UserPage {
    value: Vec<UserRow>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

/// Microsoft's bound on the users of one page (graph api/user-list.md).
const PAGE_MAX: usize = 999;

impl Graph {
    /// Everybody who holds this license, directly or through a group; lags behind reads by id (API notes §2.3), so a user
    /// found is to be read again before anything is done to it.
    ///
    /// # Errors
    /// As every read; a list of more than about 100,000 users is refused as unreadable.
    pub async fn license_holders(&self, sku: SkuId) -> Result<Vec<DirectoryUser>, CallFailure> {
        self.search(&format!("assignedLicenses/any(l:l/skuId eq {sku})")).await
    }

    /// Everybody whose marker begins with `prefix`; lags behind reads by id, as above.
    ///
    /// # Errors
    /// As [`license_holders`](Self::license_holders).
    pub async fn users_with_marker(&self, prefix: &str) -> Result<Vec<DirectoryUser>, CallFailure> {
        let filter =
            format!("startsWith(onPremisesExtensionAttributes/extensionAttribute15,{})", odata_text(prefix));
        let users = self.search(&filter).await?;
        // A service that does not know the filter must not make strangers look like ours.
        Ok(users
            .into_iter()
            .filter(|user| user.marker.as_deref().is_some_and(|it| it.starts_with(prefix)))
            .collect())
    }

    /// An advanced query (microsoft-graph-docs, concepts/aad-advanced-queries.md): it needs the header and `$count`.
    async fn search(&self, filter: &str) -> Result<Vec<DirectoryUser>, CallFailure> {
        let filter = query_value(filter);
        let mut path = format!("/v1.0/users?$count=true&$top={PAGE_MAX}&$select={SELECTED}&$filter={filter}");
        let mut users = Vec::new();
        for _ in 0..PAGES_MAX {
            let call = Call::get(path).with("consistencylevel", HeaderValue::from_static("eventual"));
            let answer = self.exchange.call(&call).await?;
            let page: UserPage = answer.json(Effect::Read)?;
            users.extend(page.value.into_iter().map(DirectoryUser::from));
            match page.next_link {
                Some(link) => path = self.exchange.next_path(&answer, &link)?,
                None => return Ok(users),
            }
        }
        Err(unreadable(Effect::Read, "The list of users does not end.", &[]))
    }
}
