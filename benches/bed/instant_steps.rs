//! Steps for which everything works out, at once or after a while; nothing is asked of any cloud.
#![allow(dead_code, reason = "each bench uses its part")]

use async_trait::async_trait;
use seatless::app::{SystemIds, TokioTimer};
use seatless::domain::{Failure, Ids, IntentId, ObjectId, Outcome, Step, SystemUserId, Term};
use seatless::engine::{Capacity, Need, Report, Seen, Steps, Timer, WholeFailure};
use seatless::store::{Group, Learned, Member, Pool, PoolKey, Store, UserOrigin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Whether the steps that write to a cloud in life record an intent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intents {
    /// No: each look settles everything.
    None,
    /// Yes, as in life.
    Recorded,
}

/// The steps.
pub(crate) struct InstantSteps {
    store: Arc<dyn Store>,
    intents: Intents,
    latency: Duration,
    seats: u32,
    slots: u32,
    expected: u64,
    groups: AtomicU64,
    looked: AtomicU64,
    verified: AtomicU64,
    all_verified: Notify,
}

impl InstantSteps {
    /// Steps for so many requests, with so many seats in each pool.
    pub(crate) fn new(store: Arc<dyn Store>, intents: Intents, expected: u32, seats: u32) -> Self {
        Self {
            store,
            intents,
            latency: Duration::ZERO,
            seats,
            slots: 7,
            expected: u64::from(expected),
            groups: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            verified: AtomicU64::new(0),
            all_verified: Notify::new(),
        }
    }

    /// Steps whose looks take as long as a call does in life.
    pub(crate) fn with_latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// Steps that find so many slots in each environment.
    pub(crate) fn with_slots(self, slots: u32) -> Self {
        Self { slots, ..self }
    }

    /// How many requests were looked at so far, at any step.
    pub(crate) fn looked(&self) -> u64 {
        self.looked.load(Ordering::Relaxed)
    }

    /// How many requests a group had, on average.
    pub(crate) fn requests_per_group(&self) -> f64 {
        self.looked() as f64 / self.groups.load(Ordering::Relaxed) as f64
    }

    /// Ends when as many requests as expected were verified; the commit of the last ones may be under way.
    pub(crate) async fn done(&self) {
        self.all_verified.notified().await;
    }

    fn report(&self, step: Step) -> Report {
        let mut learned = Learned::default();
        match step {
            Step::CreateUser => {
                learned.object_id = Some(ObjectId(SystemIds.fresh()));
                learned.origin = Some(UserOrigin::Made);
            }
            Step::AwaitPropagation => learned.system_user = Some(SystemUserId(SystemIds.fresh())),
            _ => {}
        }
        Report { outcome: Outcome::Advanced, learned }
    }

    fn seen(&self, step: Step, member: &Member) -> Seen<()> {
        let writes = matches!(
            step,
            Step::CreateUser | Step::AssignLicense | Step::SetNonInteractive | Step::RemoveLicense
        );
        if self.intents == Intents::None || !writes || member.request.progress.trial.intent.is_some() {
            return Seen::Settled(self.report(step));
        }
        Seen::Needed(Need {
            intent: IntentId(SystemIds.fresh()),
            budgeted: true,
            assigns_license: step == Step::AssignLicense,
            sealed_password: None,
            work: (),
        })
    }
}

#[async_trait]
impl Steps for InstantSteps {
    type Work = ();

    async fn look(&self, group: &Group) -> Result<Vec<Seen<()>>, WholeFailure> {
        if !self.latency.is_zero() {
            TokioTimer.sleep(self.latency).await;
        }
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.looked.fetch_add(group.members.len() as u64, Ordering::Relaxed);
        if group.step == Step::CheckEnvironment {
            let environment = group.environment.clone().expect("an environment's lane");
            let key = PoolKey::Slot { tenant: group.tenant.clone(), environment };
            let now = group.members[0].request.updated_at;
            self.store.observe(key, self.slots, 0, now).await.expect("an observed pool");
        }
        if group.step == Step::Verify {
            let members = group.members.len() as u64;
            if self.verified.fetch_add(members, Ordering::Relaxed) + members >= self.expected {
                self.all_verified.notify_one();
            }
        }
        Ok(group.members.iter().map(|member| self.seen(group.step, member)).collect())
    }

    async fn act(
        &self,
        group: &Group,
        needs: Vec<(usize, Need<()>)>,
        _term: &Term,
    ) -> Result<Vec<Report>, WholeFailure> {
        Ok(needs.iter().map(|_| self.report(group.step)).collect())
    }

    async fn measure(&self, _pool: &Pool) -> Result<Capacity, Failure> {
        Ok(Capacity { capacity: self.seats, others: 0 })
    }
}
