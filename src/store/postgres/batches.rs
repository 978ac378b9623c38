//! The life of a batch: opened, accepted, or discarded.

use super::locks::{self, Queue};
use super::pen::Pen;
use super::transact::{Applied, Verb};
use crate::domain::{BatchId, Instant};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::readings;
use crate::store::{Batch, BatchDraft, StoreError};
use std::time::Duration;
use uuid::Uuid;

pub(super) const OPEN: &str = "
    INSERT INTO batches (id, source, actor, origin, opened_at) VALUES ($1, $2, $3, $4, $5)";

pub(super) const ACCEPT: &str = "
    UPDATE batches SET accepted_at = $2 WHERE id = $1 AND accepted_at IS NULL AND NOT faulty";

pub(super) const ONE: &str = "
    SELECT id, source, actor, origin, requests, opened_at, accepted_at
    FROM batches WHERE id = $1 AND accepted_at IS NOT NULL";

pub(super) const LATEST: &str = "
    SELECT id, source, actor, origin, requests, opened_at, accepted_at
    FROM batches WHERE accepted_at IS NOT NULL ORDER BY id DESC LIMIT $1";

/// Differs because: another process may be submitting. A batch that nobody names is one that has not been touched for long.
pub(super) const UNACCEPTED: &str = "
    SELECT id FROM batches
    WHERE NOT promoted AND accepted_at IS NULL
      AND (id = $1 OR ($1 IS NULL AND touched_at <= clock_timestamp() - $2::double precision * interval '1 second'))
    ORDER BY id LIMIT 1 FOR UPDATE";

pub(super) const DISCARD_REQUESTS: &str = r#"
    DELETE FROM requests
    WHERE id IN (SELECT id FROM requests WHERE batch = $1 ORDER BY id LIMIT $2) AND staged
    RETURNING "user""#;

pub(super) const DISCARD_USERS: &str = "
    DELETE FROM users
    WHERE id = ANY($1)
      AND object_id IS NULL AND seat = 'none' AND license_hold = 'none'
      AND NOT EXISTS (SELECT 1 FROM requests AS r WHERE r.user = users.id)
      AND NOT EXISTS (SELECT 1 FROM sealed_passwords AS s WHERE s.user = users.id)";

pub(super) const DISCARD_BATCH: &str = "
    DELETE FROM batches WHERE id = $1 AND accepted_at IS NULL";

/// Opens a batch.
pub(super) struct OpenBatch(pub(super) BatchDraft);

impl Verb for OpenBatch {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            let draft = &self.0;
            let query = sqlx::query(OPEN)
                .bind(draft.id.0)
                .bind(draft.source.as_str())
                .bind(draft.actor.name.as_str())
                .bind(draft.actor.origin.as_str())
                .bind(micros(draft.at));
            pen.run(query).await.map(drop)
        })
    }
}

/// Accepts a batch; accepting it again answers the same.
pub(super) struct Accept {
    pub(super) batch: BatchId,
    pub(super) now: Instant,
}

impl Verb for Accept {
    type Answer = Batch;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Batch> {
        Box::pin(async move {
            pen.run(sqlx::query(ACCEPT).bind(self.batch.0).bind(micros(self.now))).await?;
            match pen.row(sqlx::query(ONE).bind(self.batch.0)).await? {
                Some(row) => readings::batch(&row),
                None => Err(StoreError::Failed(format!(
                    "batch {} cannot be accepted: it is unknown or has faults",
                    self.batch
                ))),
            }
        })
    }

    fn is_news(&self) -> bool {
        true
    }
}

/// Removes a part of what was staged and not accepted.
pub(super) struct Discard {
    pub(super) batch: Option<BatchId>,
    pub(super) rows_max: u32,
    pub(super) abandoned_after: Duration,
}

impl Discard {
    async fn next(&self, pen: &mut Pen) -> Result<Option<Uuid>, StoreError> {
        let query = sqlx::query(UNACCEPTED)
            .bind(self.batch.map(|batch| batch.0))
            .bind(self.abandoned_after.as_secs_f64());
        pen.row(query).await?.map(|row| Cells::of(&row).id()).transpose()
    }
}

impl Verb for Discard {
    type Answer = bool;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, bool> {
        Box::pin(async move {
            locks::queue(pen, Queue::Intake).await?;
            let Some(batch) = self.next(pen).await? else { return Ok(false) };
            let query = sqlx::query(DISCARD_REQUESTS).bind(batch).bind(i64::from(self.rows_max));
            let users = pen.rows(query).await?;
            if users.is_empty() {
                pen.run(sqlx::query(DISCARD_BATCH).bind(batch)).await?;
                return Ok(self.next(pen).await?.is_some());
            }
            let users: Vec<Uuid> =
                users.iter().map(|row| Cells::of(row).id()).collect::<Result<_, StoreError>>()?;
            pen.run(sqlx::query(DISCARD_USERS).bind(&users)).await?;
            Ok(true)
        })
    }
}
