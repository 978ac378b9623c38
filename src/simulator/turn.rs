//! One call's turn with the cloud.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::call::Call;
use super::cloud::Cloud;
use super::reply::Reply;

/// What a service needs to answer one call. The refusals are answers too, so `?` ends a turn early.
pub(crate) struct Turn<'a> {
    /// The cloud.
    pub(crate) cloud: &'a mut Cloud,
    /// The call.
    pub(crate) call: &'a Call,
    /// Simulated instant.
    pub(crate) now: DateTime<Utc>,
    /// The clock's instant.
    pub(crate) wire: DateTime<Utc>,
    /// The service's id for this call.
    pub(crate) request_id: Uuid,
    /// The ledger's number of this call.
    pub(crate) sequence: u64,
    /// Answer a read of one user with another one.
    pub(crate) swap: bool,
    /// What the ledger will say.
    pub(crate) notes: Notes,
}

/// What a turn leaves for the ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Ids read or written.
    pub(crate) touched: Vec<Uuid>,
    /// The tenant's index.
    pub(crate) tenant: Option<usize>,
    /// The environment's index.
    pub(crate) environment: Option<usize>,
    /// The application.
    pub(crate) app: Option<Uuid>,
    /// Whether the cloud was changed.
    pub(crate) applied: bool,
    /// The fault that struck.
    pub(crate) fault: Option<String>,
}

/// An answer, or a refusal.
pub(crate) type Answer = Result<Reply, Reply>;

impl Turn<'_> {
    /// Notes an object for the ledger.
    pub(crate) fn touch(&mut self, id: Uuid) {
        self.notes.touched.push(id);
    }

    /// Notes that the cloud was changed.
    pub(crate) fn applied(&mut self, id: Uuid) {
        self.notes.touched.push(id);
        self.notes.applied = true;
    }
}
