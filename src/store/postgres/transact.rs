//! Writing: each verb is one transaction, run to its end whether or not anybody waits for it.
//!
//! A transaction that lost against another one is tried again whole; that is safe, since no call to the cloud is ever part
//! of one. Where the connection ends during COMMIT, the receipt that the transaction signed tells what became of it.

use super::answers::ask;
use super::options::Rest;
use super::patience::{PAUSE, Patience};
use super::pen::{Ended, Pen};
use super::probe::explained;
use super::receipts::{FATE, Receipt, Receipts};
use super::verdict::{is_connection_loss, said};
use crate::store::sql::cells::Cells;
use crate::store::sql::lane_book::LaneBook;
use crate::store::{Answer, Spawn, StoreError};
use sqlx::PgPool;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How often a transaction is tried that others stand in the way of.
const CONFLICTS_MAX: usize = 10;

/// What a verb comes to, some time later.
pub(super) type Applied<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Something that is written in one transaction.
pub(super) trait Verb: Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Applies it within the running transaction; perhaps again, if another one stood in the way.
    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Self::Answer>;

    /// Whether it may simply be done again where nobody knows whether it was done: it only looks, or finds that nothing is
    /// left to do. Only such a one may run while there are no tables yet.
    fn is_idempotent(&self) -> bool {
        false
    }

    /// Whether other processes should hear of it.
    fn is_news(&self) -> bool {
        false
    }
}

/// Writes to the database.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) pool: PgPool,
    pub(super) spawn: Spawn,
    pub(super) rest: Rest,
    pub(super) receipts: Arc<Receipts>,
    /// The lanes that are known to exist. They are never removed.
    pub(super) lanes: Arc<Mutex<Arc<LaneBook>>>,
}

impl Writer {
    /// Runs a verb. Once asked it is applied, whether or not anybody still waits.
    pub(super) fn tell<V: Verb>(&self, verb: V) -> Answer<'static, V::Answer> {
        let (reply, answer) = oneshot::channel();
        let writer = self.clone();
        (self.spawn)(Box::pin(async move {
            let outcome = writer.transact(&verb).await;
            let is_news = outcome.is_ok() && verb.is_news();
            // A caller that no longer listens misses the answer, and the verb stands all the same.
            let _ = reply.send(outcome);
            if is_news {
                writer.give_hint().await;
            }
        }));
        Box::pin(async move {
            answer.await.unwrap_or_else(|_| Err(StoreError::Failed("the database is closed".to_owned())))
        })
    }

    async fn transact<V: Verb>(&self, verb: &V) -> Result<V::Answer, StoreError> {
        let mut patience = Patience::with(&self.pool, &self.rest);
        let mut conflicts = 0;
        loop {
            let mut pen = match Pen::begin(&self.pool, &self.rest, self.known_lanes()).await {
                Ok(pen) => pen,
                Err(error) if is_connection_loss(&error) && patience.bears_another_try(&error).await => {
                    continue;
                }
                Err(error) => return Err(explained(&self.pool, &self.rest, &error).await),
            };
            let receipt = (!verb.is_idempotent()).then(|| self.receipts.next());
            let error = match verb.apply(&mut pen).await {
                Ok(answer) => match pen.commit(receipt.as_ref()).await {
                    (Ended::Committed, lanes) => {
                        self.learn(lanes);
                        return Ok(answer);
                    }
                    (Ended::Unknown(error), lanes) => {
                        match &receipt {
                            Some(receipt) if self.was_committed(receipt).await? => {
                                self.learn(lanes);
                                return Ok(answer);
                            }
                            None if !patience.bears_another_try(&error).await => return Err(said(&error)),
                            Some(_) | None => {}
                        }
                        said(&error)
                    }
                    // The connection ended before COMMIT was sent.
                    (Ended::Refused(error), _)
                        if is_connection_loss(&error) && patience.bears_another_try(&error).await =>
                    {
                        said(&error)
                    }
                    (Ended::Refused(error), _) => return Err(said(&error)),
                },
                Err(error) => {
                    let (conflict, lost) = (pen.conflict, pen.lost.take());
                    pen.roll_back().await;
                    conflicts += usize::from(conflict);
                    let again = match &lost {
                        Some(lost) => patience.bears_another_try(lost).await,
                        None => conflict && conflicts < CONFLICTS_MAX,
                    };
                    if !again {
                        return Err(error);
                    }
                    error
                }
            };
            tracing::debug!("a transaction is tried again: {error}");
        }
    }

    /// What became of a transaction whose connection ended during COMMIT. Nothing may be done before that is known, so it
    /// is asked for as long as the server is away.
    async fn was_committed(&self, receipt: &Receipt) -> Result<bool, StoreError> {
        loop {
            let fate = sqlx::query(FATE).bind(receipt.process()).bind(receipt.place()).bind(receipt.number);
            match ask(&self.pool, &self.rest, fate).await {
                Ok(rows) => {
                    let void = rows.first().map(|row| Cells::of(row).flag()).transpose()?;
                    return void.map(|void| !void).ok_or(StoreError::Replaced);
                }
                Err(error) if is_connection_loss(&error) => {}
                Err(error) => {
                    return Err(StoreError::Failed(format!(
                        "whether a transaction was committed cannot be found out: {error}"
                    )));
                }
            }
            (self.rest)(PAUSE).await;
        }
    }

    fn known_lanes(&self) -> Arc<LaneBook> {
        Arc::clone(&self.lanes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, lanes: Arc<LaneBook>) {
        let mut known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() > known.len() {
            *known = lanes;
        }
    }
}
