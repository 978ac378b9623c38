//! The small trait that whoever knows the cloud implements.

use crate::domain::{Failure, IntentId, Outcome, Term};
use crate::store::{Group, Learned, Pool};
use async_trait::async_trait;
use std::time::Duration;

/// Looks at the cloud and acts on it, for a group of requests at one step.
#[async_trait]
pub trait Steps: Send + Sync + 'static {
    /// What one write is about; travels from the look to the act untouched.
    type Work: Send + Sync;

    /// Reads the cloud where that is needed, and says for each member, in order, what came of it or what is to be
    /// written. Writes nothing.
    async fn look(&self, group: &Group) -> Result<Vec<Seen<Self::Work>>, WholeFailure>;

    /// Sends the writes whose intents are recorded, and reports on each, in order. `needs` pairs each with its
    /// member's place in the group. `term` is the one they were begun in; a write that could outlast it is not sent.
    async fn act(
        &self,
        group: &Group,
        needs: Vec<(usize, Need<Self::Work>)>,
        term: &Term,
    ) -> Result<Vec<Report>, WholeFailure>;

    /// Reads how many license units a seat pool has and how many of them others use.
    async fn measure(&self, pool: &Pool) -> Result<Capacity, Failure>;
}

/// How much there is of something, and how much of it others use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How many there are.
    pub capacity: u32,
    /// How many of them others use.
    pub others: u32,
}

/// What a look showed about one member.
#[derive(Debug)]
pub enum Seen<W> {
    /// Nothing is to be written.
    Settled(Report),
    /// Something is to be written.
    Needed(Need<W>),
}

/// One write that is to be recorded and then sent.
#[derive(Debug)]
pub struct Need<W> {
    /// Its intent, freshly drawn; siblings that share the write share it.
    pub intent: IntentId,
    /// Whether it uses up an attempt.
    pub budgeted: bool,
    /// Whether it assigns the license.
    pub assigns_license: bool,
    /// The initial password, sealed.
    pub sealed_password: Option<Vec<u8>>,
    /// What it is about.
    pub work: W,
}

/// What came of one member.
#[derive(Clone, Debug)]
pub struct Report {
    /// For the machine.
    pub outcome: Outcome,
    /// For the row.
    pub learned: Learned,
}

impl Report {
    /// An outcome that taught nothing else.
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, learned: Learned::default() }
    }
}

/// A call that failed for the whole group. It is charged to the lane, not to the members.
#[derive(Clone, Debug)]
pub struct WholeFailure {
    /// What went wrong.
    pub failure: Failure,
    /// What that means for the writes that were on their way.
    pub kind: WholeKind,
}

/// What the failure of a whole call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeKind {
    /// The service asks us to slow down; nothing was done.
    Throttled {
        /// How long it asked us to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// Nothing was done.
    NotDone {
        /// How long the service asked us to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// Nobody knows what was done.
    Uncertain,
    /// The service refuses the call as a whole; one of the members may be the reason.
    Rejected,
}
