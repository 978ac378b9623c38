//! The writer: one loop that takes whatever is queued, applies all of it in one transaction, and answers everybody.
//!
//! It never lingers: an operation that finds the writer idle is written at once, and a crowd shares one fsync. The
//! order of operations that are queued at the same moment is free, since nobody has been answered yet; so equal kinds
//! are brought together and applied set-wise.

use super::incarnation::{self, HeadKeeper};
use super::lock::OwnerLock;
use super::pen::Pen;
use super::{begin, commit};
use crate::domain::{HolderId, Instant};
use crate::store::{Begin, BeginFate, Commit, RowFate, StoreError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

/// How much may go into one transaction, in rows touched: about 50 ms of work.
const WEIGHT_MAX: usize = 2_000;

/// What the writer has done since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Transactions that wrote something: each is one fsync of the log.
    pub commits: u64,
    /// Statements, those that begin and end transactions included.
    pub statements: u64,
    /// Operations that were answered.
    pub operations: u64,
}

/// The running counts behind [`WriterStats`].
#[derive(Default)]
pub(super) struct Odometer {
    commits: AtomicU64,
    statements: AtomicU64,
    operations: AtomicU64,
}

impl Odometer {
    pub(super) fn read(&self) -> WriterStats {
        WriterStats {
            commits: self.commits.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            operations: self.operations.load(Ordering::Relaxed),
        }
    }
}

/// What an operation comes to, some time later.
pub(super) type Applied<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// An operation of which there is no use in applying several at once.
pub(super) trait Verb: Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Applies it within the running transaction.
    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Self::Answer>;

    /// How many rows it touches, roughly.
    fn weight(&self) -> usize {
        1
    }
}

/// The intents of one caller.
pub(super) struct BeginOrder {
    pub(super) holder: HolderId,
    pub(super) begins: Vec<Begin>,
    pub(super) now: Instant,
}

/// An order with the place its answer goes to.
pub(super) struct Ticket<O, T> {
    order: O,
    reply: oneshot::Sender<Result<T, StoreError>>,
    answer: Option<T>,
}

impl<O, T> Ticket<O, T> {
    pub(super) fn new(order: O) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, receiver) = oneshot::channel();
        (Self { order, reply, answer: None }, receiver)
    }

    /// Answers; a caller that no longer listens misses it, and the operation stands all the same.
    fn settle(self, outcome: Result<(), StoreError>) {
        let answer = outcome.and_then(|()| self.answer.ok_or_else(never_applied));
        let _ = self.reply.send(answer);
    }
}

fn never_applied() -> StoreError {
    StoreError::Failed("the operation was not applied".to_owned())
}

/// Any [`Verb`] with its ticket.
pub(super) trait Single: Send {
    fn apply<'a>(&'a mut self, pen: &'a mut Pen) -> Applied<'a, ()>;
    fn weight(&self) -> usize;
    fn settle(self: Box<Self>, outcome: Result<(), StoreError>);
}

impl<V: Verb> Single for Ticket<V, V::Answer> {
    fn apply<'a>(&'a mut self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            self.answer = Some(self.order.apply(pen).await?);
            Ok(())
        })
    }

    fn weight(&self) -> usize {
        self.order.weight()
    }

    fn settle(self: Box<Self>, outcome: Result<(), StoreError>) {
        Ticket::settle(*self, outcome);
    }
}

/// One queued operation.
pub(super) enum Job {
    /// Applied before all others: it makes things known.
    First(Box<dyn Single>),
    /// Transitions; all queued ones are applied together.
    Commit(Ticket<Commit, Vec<RowFate>>),
    /// Intents; all queued ones are applied together.
    Begin(Ticket<BeginOrder, Vec<BeginFate>>),
    /// Applied after all others: it takes what they made due.
    Last(Box<dyn Single>),
    /// Ends the writer.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Job {
    fn weight(&self) -> usize {
        match self {
            Self::First(single) | Self::Last(single) => single.weight(),
            Self::Commit(ticket) => ticket.order.rows.len().max(1),
            Self::Begin(ticket) => ticket.order.begins.len().max(1),
            Self::Close(_) => 0,
        }
    }

    fn settle(self, outcome: Result<(), StoreError>) {
        match self {
            Self::First(single) | Self::Last(single) => single.settle(outcome),
            Self::Commit(ticket) => ticket.settle(outcome),
            Self::Begin(ticket) => ticket.settle(outcome),
            Self::Close(reply) => {
                let _ = reply.send(outcome);
            }
        }
    }
}

/// Writes until the store is closed or forgotten; the lock on the database ends after its last write.
pub(super) async fn write(
    mut pen: Pen,
    mut queue: UnboundedReceiver<Job>,
    odometer: Arc<Odometer>,
    head: Arc<HeadKeeper>,
    lock: OwnerLock,
) {
    let mut closers = Vec::new();
    let mut left_over = None;
    while closers.is_empty() {
        let next = match left_over.take() {
            Some(job) => Some(job),
            None => queue.recv().await,
        };
        let Some(next) = next else { break };
        // Callers that are ready to run queue their operations first; without any, this costs nothing.
        tokio::task::yield_now().await;
        let mut jobs = Vec::new();
        let mut weight = 0;
        let mut next = Some(next);
        while let Some(job) = next {
            if let Job::Close(reply) = job {
                closers.push(reply);
                break;
            }
            if !jobs.is_empty() && weight + job.weight() > WEIGHT_MAX {
                left_over = Some(job);
                break;
            }
            weight += job.weight();
            jobs.push(job);
            next = queue.try_recv().ok();
        }
        turn(&mut pen, jobs, &odometer).await;
        odometer.statements.store(pen.statements, Ordering::Relaxed);
    }
    // The side-car may stay behind: then an older state is noticed only if it is older still.
    let last = incarnation::last_event(&mut pen).await;
    let closed = pen.close().await;
    let _ = last.and_then(|last| head.keep(last));
    drop(lock);
    for reply in closers {
        let _ = reply.send(closed.clone());
    }
}

/// One transaction for all jobs; if it fails, one for each, so that only the guilty one fails.
async fn turn(pen: &mut Pen, jobs: Vec<Job>, odometer: &Odometer) {
    if jobs.is_empty() {
        return;
    }
    let mut group = Group::of(jobs);
    odometer.operations.fetch_add(group.len() as u64, Ordering::Relaxed);
    match transact(pen, &mut group, odometer).await {
        Ok(()) => group.settle(Ok(())),
        Err(error) if group.len() == 1 || error.is_everybodys => group.settle(Err(error.error)),
        Err(_) => {
            for job in group.into_jobs() {
                let mut alone = Group::of(vec![job]);
                let outcome = transact(pen, &mut alone, odometer).await.map_err(|error| error.error);
                alone.settle(outcome);
            }
        }
    }
}

/// Why a transaction failed.
struct Refusal {
    error: StoreError,
    /// It would fail for each operation alone as well.
    is_everybodys: bool,
}

async fn transact(pen: &mut Pen, group: &mut Group, odometer: &Odometer) -> Result<(), Refusal> {
    if pen.disk_failed {
        let error = StoreError::Failed("the disk failed; the database must be opened again".to_owned());
        return Err(Refusal { error, is_everybodys: true });
    }
    pen.begin().await.map_err(|error| Refusal { error, is_everybodys: true })?;
    let changed_before = pen.changed;
    let result = match group.apply(pen).await {
        Ok(()) => pen.commit().await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => {
            if pen.changed > changed_before {
                odometer.commits.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }
        Err(error) => {
            pen.roll_back().await;
            Err(Refusal { error, is_everybodys: pen.disk_failed })
        }
    }
}

/// The jobs of one transaction, by kind.
#[derive(Default)]
struct Group {
    first: Vec<Box<dyn Single>>,
    commits: Vec<Ticket<Commit, Vec<RowFate>>>,
    begins: Vec<Ticket<BeginOrder, Vec<BeginFate>>>,
    last: Vec<Box<dyn Single>>,
}

impl Group {
    fn of(jobs: Vec<Job>) -> Self {
        let mut group = Self::default();
        for job in jobs {
            match job {
                Job::First(single) => group.first.push(single),
                Job::Commit(ticket) => group.commits.push(ticket),
                Job::Begin(ticket) => group.begins.push(ticket),
                Job::Last(single) => group.last.push(single),
                // The loop keeps these to itself.
                Job::Close(_) => {}
            }
        }
        group
    }

    fn len(&self) -> usize {
        self.first.len() + self.commits.len() + self.begins.len() + self.last.len()
    }

    async fn apply(&mut self, pen: &mut Pen) -> Result<(), StoreError> {
        for single in &mut self.first {
            single.apply(pen).await?;
        }
        if !self.commits.is_empty() {
            let orders: Vec<&Commit> = self.commits.iter().map(|ticket| &ticket.order).collect();
            let fates = commit::apply(pen, &orders).await?;
            for (ticket, fates) in self.commits.iter_mut().zip(fates) {
                ticket.answer = Some(fates);
            }
        }
        if !self.begins.is_empty() {
            let orders: Vec<&BeginOrder> = self.begins.iter().map(|ticket| &ticket.order).collect();
            let fates = begin::apply(pen, &orders).await?;
            for (ticket, fates) in self.begins.iter_mut().zip(fates) {
                ticket.answer = Some(fates);
            }
        }
        for single in &mut self.last {
            single.apply(pen).await?;
        }
        Ok(())
    }

    fn into_jobs(self) -> impl Iterator<Item = Job> {
        let first = self.first.into_iter().map(Job::First);
        let commits = self.commits.into_iter().map(Job::Commit);
        let begins = self.begins.into_iter().map(Job::Begin);
        first.chain(commits).chain(begins).chain(self.last.into_iter().map(Job::Last))
    }

    fn settle(self, outcome: Result<(), StoreError>) {
        for job in self.into_jobs() {
            job.settle(outcome.clone());
        }
    }
}
