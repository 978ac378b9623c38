//! The JSON that travels over the socket.

use crate::app::{Sighting, SubmissionError};
use crate::domain::{BatchId, Failure, Instant, NewRequest, RequestId, State, Status, UserId};
use crate::store::{Actor, Batch, Member, StageFault, StageReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    /// The program's version.
    pub version: String,
    /// Its process id.
    pub process_id: u32,
    /// Since when it runs.
    pub since: Instant,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OpenBatch {
    pub(super) batch: BatchId,
    pub(super) source: String,
    pub(super) actor: Actor,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) request: NewRequest,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Staged {
    added: u64,
    existing: u64,
    batches: BTreeSet<BatchId>,
    faults: Vec<Fault>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Fault {
    Different { line: u64, stored: RequestId },
    SiblingDiffers { line: u64, stored: UserId },
    InProgress { line: u64 },
}

impl From<StageReport> for Staged {
    fn from(report: StageReport) -> Self {
        let faults = report
            .faults
            .into_iter()
            .map(|fault| match fault {
                StageFault::Different { line, stored } => Fault::Different { line, stored },
                StageFault::SiblingDiffers { line, stored } => Fault::SiblingDiffers { line, stored },
                StageFault::InProgress { line } => Fault::InProgress { line },
            })
            .collect();
        Self { added: report.added, existing: report.existing, batches: report.batches, faults }
    }
}

impl From<Staged> for StageReport {
    fn from(staged: Staged) -> Self {
        let faults = staged
            .faults
            .into_iter()
            .map(|fault| match fault {
                Fault::Different { line, stored } => StageFault::Different { line, stored },
                Fault::SiblingDiffers { line, stored } => StageFault::SiblingDiffers { line, stored },
                Fault::InProgress { line } => StageFault::InProgress { line },
            })
            .collect();
        Self { added: staged.added, existing: staged.existing, batches: staged.batches, faults }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Accepted {
    id: BatchId,
    source: String,
    actor: Actor,
    requests: u64,
    opened_at: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Instant>,
}

impl From<Batch> for Accepted {
    fn from(batch: Batch) -> Self {
        let Batch { id, source, actor, requests, opened_at, accepted_at } = batch;
        Self { id, source, actor, requests, opened_at, accepted_at }
    }
}

impl From<Accepted> for Batch {
    fn from(accepted: Accepted) -> Self {
        let Accepted { id, source, actor, requests, opened_at, accepted_at } = accepted;
        Self { id, source, actor, requests, opened_at, accepted_at }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) actor: Actor,
}

/// What a person's looks at finished accounts showed.
#[derive(Serialize, Deserialize)]
pub(super) struct Sightings {
    pub(super) actor: Actor,
    pub(super) sightings: Vec<Sighting>,
}

/// A person's word that what the sweeps listed is ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Confirmation {
    /// Who says it.
    pub by: Actor,
    /// When the last sweep ended that this person has seen.
    pub shown_at: Instant,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SweepOrder {
    /// If somebody says that what was listed is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) confirmed: Option<Confirmation>,
}

/// How a request stands after an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) id: RequestId,
    pub(super) state: State,
    pub(super) status: Status,
}

impl From<&Member> for Standing {
    fn from(member: &Member) -> Self {
        let request = &member.request;
        Self { id: request.id, state: request.progress.state, status: request.progress.status() }
    }
}

/// What went wrong, as the product says it everywhere.
#[derive(Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: Failure,
}

impl From<SubmissionError> for Refusal {
    fn from(error: SubmissionError) -> Self {
        let error = match error {
            SubmissionError::Failed(failure) => failure,
            faults @ SubmissionError::Faults(_) => {
                Failure::new(crate::domain::Code::IntakeInvalid, faults.to_string())
            }
        };
        Self { error }
    }
}
