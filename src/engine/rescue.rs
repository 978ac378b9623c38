//! Taking over what a process that ended had claimed.

use super::{Engine, Steps};
use crate::domain::Input;
use crate::store::{Commit, Group, LaneRelease, Learned, Member, StoreError};

/// How many requests one commit of a rescue takes over.
const ROWS_MAX: u32 = 1_000;

impl<S: Steps> Engine<S> {
    /// Takes over everything that other holders have claimed and have no lease on; says how many requests that were. What
    /// nobody would look at in a database that was put back becomes due as well. A database without leases must have no
    /// other owner: whoever else still works would lose his claims.
    pub async fn rescue(&self) -> Result<u64, StoreError> {
        let rescued = self.take_requests_over().await?;
        loop {
            let members = self.store.unseen(ROWS_MAX).await?;
            if members.is_empty() {
                break;
            }
            self.give_back(&members, None).await?;
        }
        self.steadfast("free lanes", || self.store.free_lanes(self.holder)).await?;
        Ok(rescued)
    }

    /// The same while others work: says how many requests, and how many lanes that were.
    pub(super) async fn take_over(&self) -> Result<(u64, u64), StoreError> {
        let rescued = self.take_requests_over().await?;
        let freed = self.steadfast("free lanes", || self.store.free_lanes(self.holder)).await?;
        Ok((rescued, freed))
    }

    async fn take_requests_over(&self) -> Result<u64, StoreError> {
        let mut rescued = 0;
        loop {
            let members = self.store.claimed_by_others(self.holder, ROWS_MAX).await?;
            if members.is_empty() {
                return Ok(rescued);
            }
            rescued += members.len() as u64;
            self.give_back(&members, None).await?;
        }
    }

    /// Gives a claimed group back, after the task that worked on it has panicked. The rows are read again: an intent
    /// may have been recorded since the claim, and must not be forgotten.
    pub(super) async fn abandon(&self, group: Group) -> Result<(), StoreError> {
        let mut members = Vec::with_capacity(group.members.len());
        for claimed in &group.members {
            let fresh = self.steadfast("abandon", || self.store.request(claimed.request.id)).await?;
            members.extend(fresh.filter(|member| member.request.holder == Some(self.holder)));
        }
        let lane = LaneRelease {
            lane: group.lane,
            holder: Some(self.holder),
            gate_until: None,
            trouble: group.trouble,
            failure: None,
        };
        self.give_back(&members, Some(lane)).await
    }

    async fn give_back(&self, members: &[Member], lane: Option<LaneRelease>) -> Result<(), StoreError> {
        let rows = members
            .iter()
            .map(|member| self.decide_input(member, Input::Rescued, Learned::default()))
            .collect();
        let commit = Commit {
            now: self.clock.now(),
            actor: self.actor(),
            rows,
            lane,
            seat_rest: self.policy.seat_cool_down,
            tallies: Vec::new(),
        };
        self.steadfast("rescue", || self.store.commit(commit.clone())).await?;
        Ok(())
    }
}
