//! Who waits for whom. SQLite has one writer; here every order that two transactions could lock the same rows in has to be
//! the same, or they would wait for each other.
//!
//! A transaction locks, as far as it needs them: **users, requests, pools, counters, lanes**, each kind in the order of its
//! key. A user's lock stands for its household: nobody changes what siblings share without it. Lanes come last, since they
//! are what the most transactions share, and right before the commit. A claim is the exception: it goes from the lanes to
//! the requests, and therefore waits for neither; it passes over what is locked, and finds it the next time.
//!
//! What is one line for everybody is a queue of its own: an advisory lock that ends with the transaction, so that it works
//! through a pooler.

use super::pen::Pen;
use super::verdict::corrupt;
use crate::store::StoreError;
use crate::store::sql::cells::Cells;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) const QUEUE: &str = "SELECT pg_advisory_xact_lock($1)";

pub(super) const USERS: &str = "SELECT id FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

pub(super) const USERS_OF: &str = "
    SELECT u.id FROM users AS u
    WHERE u.id = ANY(ARRAY(SELECT r.user FROM requests AS r WHERE r.id = ANY($1))) ORDER BY u.id FOR NO KEY UPDATE";

pub(super) const LANES: &str = "SELECT id FROM lanes WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// What there is one line for.
#[derive(Clone, Copy)]
pub(super) enum Queue {
    /// Claims: the turns of the tenants are read and written by each, and no two may look at a household at once.
    Claims,
    /// Submissions: whether a request is new is seen and written by each chunk.
    Intake,
    /// Openings: the schema is brought up to date once, and an incarnation begins once.
    Openings,
}

impl Queue {
    /// Any numbers that nobody else is likely to have chosen.
    const fn key(self) -> i64 {
        match self {
            Self::Claims => 0x5ea7_1e55_0001,
            Self::Intake => 0x5ea7_1e55_0002,
            Self::Openings => 0x5ea7_1e55_0003,
        }
    }
}

/// Waits for one's turn; it lasts until the end of the transaction.
pub(super) async fn queue(pen: &mut Pen, queue: Queue) -> Result<(), StoreError> {
    pen.run(sqlx::query(QUEUE).bind(queue.key())).await.map(drop)
}

/// Locks users. What is read of their households from the next statement on stands until the end.
pub(super) async fn users(pen: &mut Pen, ids: &[Uuid]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    pen.rows(sqlx::query(USERS).bind(ids)).await.map(drop)
}

/// Locks the users of requests; a request never changes its user.
pub(super) async fn users_of(pen: &mut Pen, requests: &[Uuid]) -> Result<(), StoreError> {
    if requests.is_empty() {
        return Ok(());
    }
    pen.rows(sqlx::query(USERS_OF).bind(requests)).await.map(drop)
}

/// Locks lanes.
pub(super) async fn lanes(pen: &mut Pen, lanes: &BTreeSet<i64>) -> Result<(), StoreError> {
    let ids: Vec<i64> = lanes.iter().copied().collect();
    let locked = pen.rows(sqlx::query(LANES).bind(&ids)).await?;
    for row in &locked {
        let id = Cells::of(row).int()?;
        if !lanes.contains(&id) {
            return Err(corrupt(format!("lane {id}"), "it was not asked for"));
        }
    }
    Ok(())
}
