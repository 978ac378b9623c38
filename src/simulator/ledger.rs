//! Every call that was made, without a secret in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The four services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Microsoft Entra's token endpoint.
    Entra,
    /// Microsoft Graph.
    Graph,
    /// Dataverse.
    Dataverse,
    /// The Power Platform admin service.
    PowerPlatform,
}

/// One call, or one item inside a batch call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Number of the call, from 1 on.
    pub sequence: u64,
    /// The sequence of the `$batch` this was an item of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub batch: Option<u64>,
    /// Simulated instant.
    pub simulated_at: DateTime<Utc>,
    /// The clock's instant.
    pub at: DateTime<Utc>,
    /// The service called; absent when the host or path belongs to none.
    pub service: Option<Service>,
    /// Name of the tenant, as far as the call tells it.
    pub tenant: Option<String>,
    /// Name of the environment.
    pub environment: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path; no query.
    pub path: String,
    /// The bearer's application, or the client that asked for a token.
    pub app: Option<Uuid>,
    /// Whether it was a write.
    pub write: bool,
    /// The status answered, or that would have been answered.
    pub status: u16,
    /// Whether the write changed the cloud.
    pub applied: bool,
    /// Whether the answer was lost.
    pub dropped: bool,
    /// The fault that struck.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<String>,
    /// Simulated instant at which a late write landed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub landed_at: Option<DateTime<Utc>>,
    /// Ids of the objects read or written.
    pub touched: Vec<Uuid>,
}

/// The calls in order, and counts of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    entries: Vec<LedgerEntry>,
}

impl Ledger {
    /// The number the next entry gets.
    pub(crate) fn next(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// Appends an entry under the next number and returns it.
    pub(crate) fn append(&mut self, mut entry: LedgerEntry) -> u64 {
        entry.sequence = self.next();
        self.entries.push(entry);
        self.entries.len() as u64
    }

    /// An entry by number.
    pub(crate) fn entry(&mut self, sequence: u64) -> Option<&mut LedgerEntry> {
        let index = usize::try_from(sequence.checked_sub(1)?).ok()?;
        self.entries.get_mut(index)
    }

    /// Entries after a number.
    pub(crate) fn after(&self, sequence: u64) -> &[LedgerEntry] {
        let from = usize::try_from(sequence).unwrap_or(usize::MAX).min(self.entries.len());
        &self.entries[from..]
    }

    /// HTTP calls by service and `METHOD path-shape`; items of batches are counted apart under `item …`.
    pub(crate) fn counts(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for entry in &self.entries {
            let service = match entry.service {
                Some(Service::Entra) => "entra",
                Some(Service::Graph) => "graph",
                Some(Service::Dataverse) => "dataverse",
                Some(Service::PowerPlatform) => "power_platform",
                None => "none",
            };
            let item = if entry.batch.is_some() { "item " } else { "" };
            let kind = format!("{item}{} {}", entry.method, shape(&entry.path));
            *counts.entry(service.to_owned()).or_default().entry(kind).or_default() += 1;
        }
        counts
    }
}

/// A path with its ids taken out, so that calls of one kind count together.
fn shape(path: &str) -> String {
    let shaped = path.split('/').map(|segment| {
        let id = |text: &str| Uuid::try_parse(text).is_ok() || text.contains('@') || text.contains("%40");
        match segment.split_once('(') {
            Some((set, key)) if !key.starts_with(')') => {
                format!("{set}({{}}){}", key.split_once(')').map_or("", |p| p.1))
            }
            Some(_) => segment.to_owned(),
            None if id(segment) => "{}".to_owned(),
            None => segment.to_owned(),
        }
    });
    shaped.collect::<Vec<_>>().join("/")
}
