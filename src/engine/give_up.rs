//! Giving up what nobody has acted on, if the policy does not wait for ever.

use super::{Chore, Engine, Steps};
use crate::domain::Input;
use crate::store::{Commit, Learned, RowFate, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How many requests one commit gives up at the most; the next one follows at once.
const ROWS_MAX: u32 = 500;

/// The longest time between two looks for requests that nobody has acted on.
const PACE_MAX: Duration = Duration::from_secs(60);

/// Gives up requests that were blocked for as long as the policy waits for a person.
pub struct GivingUp<S>(pub Arc<Engine<S>>);

impl<S: Steps> Engine<S> {
    /// Turns back at most 500 requests that were blocked for as long as the policy waits; says how many.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_up(&self) -> Result<usize, StoreError> {
        let Some(patience) = self.policy.give_up else { return Ok(0) };
        let now = self.clock.now();
        let members = self.store.blocked_since(now - patience, ROWS_MAX).await?;
        if members.is_empty() {
            return Ok(0);
        }
        let rows = members
            .iter()
            .map(|member| {
                let mut row = self.decide_input(member, Input::GivenUp, Learned::default());
                // It is taken from whoever takes its license back at the moment.
                row.holder = None;
                row
            })
            .collect();
        let commit = Commit {
            now,
            actor: self.actor(),
            rows,
            lane: None,
            seat_rest: self.policy.seat_cool_down,
            tallies: Vec::new(),
        };
        let fates = self.steadfast("give up", || self.store.commit(commit.clone())).await?;
        Ok(fates.into_iter().filter(|fate| *fate == RowFate::Written).count())
    }
}

#[async_trait]
impl<S: Steps> Chore for GivingUp<S> {
    fn name(&self) -> &'static str {
        "giving up"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        let given_up = self.0.give_up().await?;
        Ok(if given_up as u64 == u64::from(ROWS_MAX) { Duration::ZERO } else { PACE_MAX })
    }
}
