//! Granting seats to requests that wait for one.

use super::{Engine, Steps};
use crate::domain::{Failure, Input};
use crate::store::{Commit, Learned, Member, Pool, RowFate, StoreError};

/// How many users one admission grants seats to at the most; the next one follows at once.
const USERS_MAX: u32 = 500;

impl<S: Steps> Engine<S> {
    /// Ends the rest of seats whose time has come and grants what is free, in turns. Says how many
    /// requests were admitted.
    pub async fn admit(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        self.steadfast("end rests", || self.store.end_rests(now)).await?;
        let members = self.store.candidates(USERS_MAX).await?;
        if members.is_empty() {
            return Ok(0);
        }
        let rows = members
            .iter()
            .map(|member: &Member| self.decide_input(member, Input::Admitted, Learned::default()))
            .collect();
        let commit = Commit {
            now: self.clock.now(),
            actor: self.actor(),
            rows,
            lane: None,
            seat_rest: self.policy.seat_cool_down,
            tallies: Vec::new(),
        };
        let fates = self.steadfast("admit", || self.store.commit(commit.clone())).await?;
        Ok(fates.into_iter().filter(|fate| *fate == RowFate::Written).count())
    }

    /// The seat pools whose reading is out of date while somebody waits.
    pub async fn unread_pools(&self) -> Result<Vec<Pool>, StoreError> {
        self.store.pools_to_read(self.clock.now() - self.policy.capacity_read).await
    }

    /// Reads one pool from the cloud. A pool that cannot be read keeps its last reading.
    ///
    /// # Errors
    /// The outer one is the store's, the inner one the cloud's.
    pub async fn measure(&self, pool: &Pool) -> Result<Result<(), Failure>, StoreError> {
        let read = match self.steps.measure(pool).await {
            Ok(read) => read,
            Err(failure) => return Ok(Err(failure)),
        };
        let now = self.clock.now();
        self.steadfast("observe", || self.store.observe(pool.key.clone(), read.capacity, read.others, now))
            .await?;
        Ok(Ok(()))
    }
}
