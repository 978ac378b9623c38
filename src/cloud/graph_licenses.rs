//! Licenses in Microsoft Graph: what the tenant owns, who gets it, who gives it back (API notes §2.6, 2.7).

use super::answer::Answer;
use super::exchange::Call;
use super::failures::{Already, holds};
use super::graph::{Graph, done};
use super::graph_batch::Item;
use super::verdict::{CallFailure, Effect, Members};
use crate::domain::{ObjectId, SkuId};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// What became of a license that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It was removed.
    Removed,
    /// The user did not hold it. A success once a look has confirmed it.
    WasNotThere,
}

/// A product that the tenant has subscribed to (graph resources/subscribedsku.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedSku {
    /// The product.
    pub sku: SkuId,
    /// Microsoft's name for it, such as `DYN365_ENTERPRISE_SALES`.
    pub part_number: String,
    /// Whether the subscription is in force.
    pub capability: Capability,
    /// Units that are paid for.
    pub enabled: i64,
    /// Units in their grace period; whether they take new users is not settled.
    pub warning: i64,
    /// Units that users hold; may exceed the others, and lags behind removals by minutes.
    pub consumed: i64,
}

/// Whether a subscription is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capability {
    /// In force.
    Enabled,
    /// Expired, in its grace period.
    Warning,
    /// Not in force.
    Suspended,
    /// Gone.
    Deleted,
    /// Not in force.
    LockedOut,
    /// A status that Microsoft has added since.
    Other(String),
}

impl From<String> for Capability {
    fn from(text: String) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "enabled" => Self::Enabled,
            "warning" => Self::Warning,
            "suspended" => Self::Suspended,
            "deleted" => Self::Deleted,
            "lockedout" => Self::LockedOut,
            _ => Self::Other(text),
        }
    }
}

#[derive(Deserialize)]
struct SkuPage {
    value: Vec<SkuRow>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SkuRow {
    sku_id: SkuId,
    sku_part_number: String,
    capability_status: String,
    consumed_units: i64,
    prepaid_units: PrepaidUnits,
}

#[derive(Deserialize)]
struct PrepaidUnits {
    enabled: i64,
    #[serde(default)]
    warning: i64,
}

impl From<SkuRow> for SubscribedSku {
    fn from(row: SkuRow) -> Self {
        Self {
            sku: row.sku_id,
            part_number: row.sku_part_number,
            capability: row.capability_status.into(),
            enabled: row.prepaid_units.enabled,
            warning: row.prepaid_units.warning,
            consumed: row.consumed_units,
        }
    }
}

/// More pages than any answer of ours has; a server that never ends its list must not hold us for ever.
pub(super) const PAGES_MAX: usize = 100;

impl Graph {
    /// Gives each user a license directly. A user who holds it keeps it, and that is a success.
    ///
    /// # Errors
    /// Per member: [`GraphNoSeat`](crate::domain::Code::GraphNoSeat) and the other refusals of `assignLicense`; absent right
    /// after the user was made.
    pub async fn assign_license(&self, members: &[(ObjectId, SkuId)]) -> Members<()> {
        let item = |(id, sku): &(ObjectId, SkuId)| {
            license_item(*id, &[json!({ "skuId": sku, "disabledPlans": [] })], &[])
        };
        self.each_once(members, |(id, _)| *id, item, |(id, _), answer| done(*id, answer)).await
    }

    /// Takes a directly assigned license from each user.
    ///
    /// # Errors
    /// Per member: [`GraphLicenseInherited`](crate::domain::Code::GraphLicenseInherited) and the other refusals.
    pub async fn remove_license(&self, members: &[(ObjectId, SkuId)]) -> Members<Removal> {
        let item = |(id, sku): &(ObjectId, SkuId)| license_item(*id, &[], &[json!(sku)]);
        self.each_once(members, |(id, _)| *id, item, |(id, _), answer| removed(*id, answer)).await
    }

    /// All products that the tenant has subscribed to, usable or not.
    ///
    /// # Errors
    /// As every read.
    pub async fn subscribed_skus(&self) -> Result<Vec<SubscribedSku>, CallFailure> {
        let mut path = "/v1.0/subscribedSkus".to_owned();
        let mut skus = Vec::new();
        for _ in 0..PAGES_MAX {
            let answer = self.exchange.call(&Call::get(path)).await?;
            let page: SkuPage = answer.json(Effect::Read)?;
            skus.extend(page.value.into_iter().map(SubscribedSku::from));
            match page.next_link {
                Some(link) => path = self.exchange.next_path(&answer, &link)?,
                None => return Ok(skus),
            }
        }
        Err(super::failures::unreadable(Effect::Read, "The list of subscriptions does not end.", &[]))
    }
}

/// Both lists are mandatory, though one is empty (graph api/user-assignlicense.md).
fn license_item(id: ObjectId, add: &[Value], remove: &[Value]) -> Item {
    Item {
        method: Method::POST,
        url: format!("/users/{id}/assignLicense"),
        headers: &[],
        body: Some(json!({ "addLicenses": add, "removeLicenses": remove })),
    }
}

fn removed(id: ObjectId, answer: &Answer) -> Option<Result<Removal, CallFailure>> {
    match done(id, answer) {
        Some(result) => Some(result.map(|()| Removal::Removed)),
        None => holds(answer, Already::LicenseGone).then_some(Ok(Removal::WasNotThere)),
    }
}
