//! The life of a batch: opened, accepted, or discarded.

use super::cells::{Cells, micros};
use super::pen::Pen;
use super::writer::{Applied, Verb};
use crate::domain::{BatchId, Instant};
use crate::store::sql::readings;
use crate::store::{Batch, BatchDraft, StoreError};

pub(super) const OPEN: &str = "
    INSERT INTO batches (id, source, actor, origin, opened_at) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const ACCEPT: &str = "
    UPDATE batches SET accepted_at = ?2 WHERE id = ?1 AND accepted_at IS NULL AND faulty = 0";

pub(super) const ONE: &str = "
    SELECT id, source, actor, origin, requests, opened_at, accepted_at
    FROM batches WHERE id = ?1 AND accepted_at IS NOT NULL";

pub(super) const LATEST: &str = "
    SELECT id, source, actor, origin, requests, opened_at, accepted_at
    FROM batches WHERE accepted_at IS NOT NULL ORDER BY id DESC LIMIT ?1";

pub(super) const UNACCEPTED: &str = "
    SELECT id FROM batches INDEXED BY batches_unfinished
    WHERE promoted = 0 AND accepted_at IS NULL AND (?1 IS NULL OR id = ?1) ORDER BY id LIMIT 1";

pub(super) const DISCARD_REQUESTS: &str = "
    DELETE FROM requests
    WHERE id IN (SELECT id FROM requests INDEXED BY requests_by_batch WHERE batch = ?1 ORDER BY id LIMIT ?2)
      AND staged = 1
    RETURNING lower(hex(user))";

pub(super) const DISCARD_USERS: &str = "
    DELETE FROM users
    WHERE id IN (SELECT unhex(value) FROM json_each(?1))
      AND object_id IS NULL AND seat = 'none' AND license_hold = 'none'
      AND NOT EXISTS (SELECT 1 FROM requests AS r INDEXED BY requests_by_user WHERE r.user = users.id)
      AND NOT EXISTS (SELECT 1 FROM sealed_passwords AS s WHERE s.user = users.id)";

pub(super) const DISCARD_BATCH: &str = "
    DELETE FROM batches WHERE id = ?1 AND accepted_at IS NULL";

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
}

/// Removes a part of what was staged and not accepted.
pub(super) struct Discard {
    pub(super) batch: Option<BatchId>,
    pub(super) rows_max: u32,
}

impl Verb for Discard {
    type Answer = bool;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, bool> {
        Box::pin(async move {
            let named = self.batch.map(|batch| batch.0);
            let Some(row) = pen.row(sqlx::query(UNACCEPTED).bind(named)).await? else {
                return Ok(false);
            };
            let batch = Cells::of(&row).id()?;
            let query = sqlx::query(DISCARD_REQUESTS).bind(batch).bind(self.rows_max);
            let users = pen.returning(query).await?;
            if users.is_empty() {
                pen.run(sqlx::query(DISCARD_BATCH).bind(batch)).await?;
                return Ok(pen.row(sqlx::query(UNACCEPTED).bind(named)).await?.is_some());
            }
            let users: Vec<&str> =
                users.iter().map(|row| Cells::of(row).text()).collect::<Result<_, StoreError>>()?;
            let users =
                serde_json::to_string(&users).map_err(|error| StoreError::Failed(error.to_string()))?;
            pen.run(sqlx::query(DISCARD_USERS).bind(users)).await?;
            Ok(true)
        })
    }

    fn weight(&self) -> usize {
        self.rows_max as usize
    }
}
