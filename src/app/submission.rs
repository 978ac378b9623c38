//! Submitting a list: refused as a whole or accepted as a whole, in chunks that keep memory flat.

use super::intake::{Faults, Requests, RowFault};
use super::promote_all;
use crate::domain::{BatchId, Clock, Code, Failure, Ids, NewRequest, RequestId, UserId};
use crate::store::{Actor, Batch, BatchDraft, StageFault, StageReport, StagedRequest, Store, StoreError};
use async_trait::async_trait;
use futures_util::future::join;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many requests are staged at a time: so few that whoever else writes hardly waits.
const CHUNK: usize = 500;

/// Where requests are taken in: a store that we own, or the daemon that owns it.
#[async_trait]
pub trait IntakeTarget: Send + Sync {
    /// Opens a batch that nobody sees yet.
    async fn open(&self, batch: BatchId, source: &str, actor: &Actor) -> Result<(), SubmissionError>;

    /// Stages requests, each with its line.
    async fn stage(
        &self,
        batch: BatchId,
        rows: Vec<(u64, NewRequest)>,
    ) -> Result<StageReport, SubmissionError>;

    /// Accepts the batch and hands it to the lanes.
    async fn accept(&self, batch: BatchId) -> Result<Batch, SubmissionError>;

    /// Removes a batch that was not accepted.
    async fn discard(&self, batch: BatchId) -> Result<(), SubmissionError>;
}

/// Why a submission did not happen.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionError {
    /// The list is at fault; nothing of it was stored.
    #[error("{} fault(s) in the list; nothing of it was stored", .0.total())]
    Faults(Box<Faults>),
    /// The store or the daemon is at fault; nothing was accepted.
    #[error("{0}")]
    Failed(Failure),
}

impl From<StoreError> for SubmissionError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.failure())
    }
}

/// What a submission came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The batch; absent when every request was there already.
    pub batch: Option<Batch>,
    /// How many requests were new.
    pub added: u64,
    /// How many were stored already with the same content.
    pub existing: u64,
    /// The earlier batches that those are in.
    pub earlier: BTreeSet<BatchId>,
}

/// One list on its way in.
pub struct Submission<'a> {
    /// Where the list comes from, such as a file's name.
    pub source: &'a str,
    /// Who submits it.
    pub actor: Actor,
    /// The id the batch gets.
    pub batch: BatchId,
    /// Told after each chunk how many requests were read.
    pub progress: &'a (dyn Fn(u64) + Send + Sync),
}

/// Submits a list. The same list again adds nothing.
///
/// # Errors
/// Everything that is wrong with the list (the first hundred faults), or what kept it from being stored.
pub async fn submit(
    target: &dyn IntakeTarget,
    submission: Submission<'_>,
    mut rows: Requests<'_>,
) -> Result<Submitted, SubmissionError> {
    let batch = submission.batch;
    target.open(batch, submission.source, &submission.actor).await?;
    match stage_all(target, &submission, &mut rows).await {
        Ok(Staged { added, existing, mut earlier }) if added > 0 => {
            earlier.remove(&batch);
            let batch = target.accept(batch).await?;
            Ok(Submitted { batch: Some(batch), added, existing, earlier })
        }
        Ok(Staged { existing, earlier, .. }) => {
            target.discard(batch).await?;
            Ok(Submitted { batch: None, added: 0, existing, earlier })
        }
        Err(error) => {
            // The first error is the one that matters; what stays behind unseen is cleared at the next start.
            let _ = target.discard(batch).await;
            Err(error)
        }
    }
}

/// What staging a whole list came to.
#[derive(Default)]
struct Staged {
    added: u64,
    existing: u64,
    earlier: BTreeSet<BatchId>,
}

async fn stage_all(
    target: &dyn IntakeTarget,
    submission: &Submission<'_>,
    rows: &mut Requests<'_>,
) -> Result<Staged, SubmissionError> {
    let mut faults = Faults::default();
    let mut staged = Staged::default();
    let mut chunk = Chunk::read(rows);
    while !chunk.is_empty() {
        (submission.progress)(rows.rows_read());
        let Chunk { requests, faults: of_rows } = chunk;
        of_rows.into_iter().for_each(|fault| faults.push(fault));
        // Once anything is wrong the rest is only checked: it will not be stored.
        if faults.is_empty() {
            // The next chunk is read while this one is stored.
            let (report, next) =
                join(target.stage(submission.batch, requests), async { Chunk::read(rows) }).await;
            let report = report?;
            staged.added += report.added;
            staged.existing += report.existing;
            staged.earlier.extend(report.batches);
            for fault in report.faults {
                faults.push(row_fault(submission.source, fault));
            }
            chunk = next;
        } else {
            chunk = Chunk::read(rows);
        }
    }
    if faults.is_empty() { Ok(staged) } else { Err(SubmissionError::Faults(Box::new(faults))) }
}

/// The next rows of a list.
struct Chunk {
    requests: Vec<(u64, NewRequest)>,
    faults: Vec<RowFault>,
}

impl Chunk {
    fn read(rows: &mut Requests<'_>) -> Self {
        let (mut requests, mut faults) = (Vec::with_capacity(CHUNK), Vec::new());
        while requests.len() < CHUNK {
            match rows.next() {
                Some(Ok(request)) => requests.push((rows.line(), request)),
                Some(Err(fault)) => faults.push(fault),
                None => break,
            }
        }
        Self { requests, faults }
    }

    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.faults.is_empty()
    }
}

fn row_fault(file: &str, fault: StageFault) -> RowFault {
    let (line, code, message) = match fault {
        StageFault::Different { line, stored } => (
            line,
            Code::IntakeConflict,
            format!("The stored one is {stored}, and at least one of its values is another."),
        ),
        StageFault::SiblingDiffers { line, .. } => (
            line,
            Code::IntakeConflict,
            "The same user is stored for another environment with another license, usage location or name."
                .to_owned(),
        ),
        StageFault::InProgress { line } => (line, Code::IntakeInProgress, String::new()),
    };
    RowFault {
        file: file.to_owned(),
        line,
        column: None,
        value: None,
        failure: Failure::new(code, message),
        suggestion: None,
    }
}

/// Takes requests into a store that this process owns.
pub struct StoreIntake {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identities, for requests.
    pub ids: Arc<dyn Ids>,
}

#[async_trait]
impl IntakeTarget for StoreIntake {
    async fn open(&self, batch: BatchId, source: &str, actor: &Actor) -> Result<(), SubmissionError> {
        let draft =
            BatchDraft { id: batch, source: source.to_owned(), actor: actor.clone(), at: self.clock.now() };
        Ok(self.store.open_batch(draft).await?)
    }

    async fn stage(
        &self,
        batch: BatchId,
        rows: Vec<(u64, NewRequest)>,
    ) -> Result<StageReport, SubmissionError> {
        let chunk = rows
            .into_iter()
            .map(|(line, asked)| StagedRequest {
                id: RequestId(self.ids.fresh()),
                user: UserId::of(
                    self.store.id(),
                    &asked.tenant,
                    asked.pinned.tenant_id,
                    &asked.account.user_principal_name,
                ),
                line,
                asked,
            })
            .collect();
        Ok(self.store.stage(batch, chunk, self.clock.now()).await?)
    }

    async fn accept(&self, batch: BatchId) -> Result<Batch, SubmissionError> {
        let accepted = self.store.accept(batch, self.clock.now()).await?;
        promote_all(&*self.store, &*self.clock).await?;
        Ok(accepted)
    }

    async fn discard(&self, batch: BatchId) -> Result<(), SubmissionError> {
        while self.store.discard(Some(batch), u32::try_from(CHUNK).unwrap_or(u32::MAX)).await? {}
        Ok(())
    }
}
