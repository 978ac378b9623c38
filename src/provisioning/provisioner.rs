//! Who implements the engine's steps: finds the place, and hands over to the step's file.

use super::places::{EnvironmentPlace, Places, TenantPlace};
use super::subscriptions::Subscriptions;
use super::surroundings::Surroundings;
use super::verdicts::blocked;
use super::{
    PasswordPolicy, Work, assign_license, await_propagation, capacity, check_environment, create_user,
    remove_license, retire_user, set_non_interactive, verify,
};
use crate::domain::{Chance, Clock, Code, Failure, Ids, Policy, Step, Term};
use crate::engine::{Capacity, Need, Report, Seen, Steps, WholeFailure};
use crate::store::{Group, Pool, Store};
use async_trait::async_trait;
use std::sync::Arc;

/// Makes accounts: implements every step of the machine against Microsoft's services.
pub struct Provisioner {
    pub(super) store: Arc<dyn Store>,
    pub(super) places: Places,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) policy: Policy,
    pub(super) passwords: PasswordPolicy,
    pub(super) subscriptions: Subscriptions,
    pub(super) surroundings: Surroundings,
}

/// What a [`Provisioner`] is made of.
pub struct ProvisionerParts {
    /// Where slots and seats are counted.
    pub store: Arc<dyn Store>,
    /// Where tenants and environments are.
    pub places: Places,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for passwords.
    pub chance: Arc<dyn Chance>,
    /// Identities, for intents.
    pub ids: Arc<dyn Ids>,
    /// How patient to be.
    pub policy: Policy,
    /// What becomes of initial passwords.
    pub passwords: PasswordPolicy,
}

/// One group at its place: what a step's file works with.
pub(super) struct Site<'a> {
    pub(super) tenant: &'a TenantPlace,
    pub(super) environment: Option<&'a EnvironmentPlace>,
    pub(super) group: &'a Group,
}

impl Provisioner {
    /// A provisioner of these parts.
    pub fn new(parts: ProvisionerParts) -> Self {
        let ProvisionerParts { store, places, clock, chance, ids, policy, passwords } = parts;
        let subscriptions = Subscriptions::new(Arc::clone(&clock), policy.capacity_read);
        let surroundings = Surroundings::new(Arc::clone(&clock), policy.capacity_read);
        Self { store, places, clock, chance, ids, policy, passwords, subscriptions, surroundings }
    }

    fn site<'a>(&'a self, group: &'a Group) -> Result<Site<'a>, Failure> {
        match &group.environment {
            Some(name) => {
                let (environment, tenant) = self.places.environment(name)?;
                Ok(Site { tenant, environment: Some(environment), group })
            }
            None => Ok(Site { tenant: self.places.tenant(&group.tenant)?, environment: None, group }),
        }
    }

    async fn look_at(&self, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
        match site.group.step {
            Step::CheckEnvironment => check_environment::look(self, site).await,
            Step::CreateUser => create_user::look(self, site).await,
            Step::AssignLicense => assign_license::look(self, site).await,
            Step::AwaitPropagation => await_propagation::look(self, site).await,
            Step::SetNonInteractive => set_non_interactive::look(self, site).await,
            Step::RemoveLicense => remove_license::look(self, site).await,
            Step::Verify => verify::look(self, site).await,
            Step::DeleteUser | Step::DisableUser => retire_user::look(self, site).await,
        }
    }
}

impl Site<'_> {
    /// The environment's Dataverse; only steps whose lane is an environment's may ask.
    pub(super) fn dataverse(&self) -> Result<crate::cloud::Dataverse, WholeFailure> {
        let environment = self.environment()?;
        Ok(self.tenant.client.dataverse(environment.origin.clone()))
    }

    /// The environment, likewise.
    pub(super) fn environment(&self) -> Result<&EnvironmentPlace, WholeFailure> {
        self.environment.ok_or_else(|| WholeFailure {
            failure: Failure::new(Code::MachinePinnedElsewhere, "The lane names no environment."),
            kind: crate::engine::WholeKind::Rejected,
        })
    }
}

#[async_trait]
impl Steps for Provisioner {
    type Work = Work;

    async fn look(&self, group: &Group) -> Result<Vec<Seen<Work>>, WholeFailure> {
        let pins: Vec<Result<(), Failure>> =
            group.members.iter().map(|member| self.places.confirm_pins(&member.request)).collect();
        let site = match self.site(group) {
            Ok(site) => site,
            Err(failure) => return Ok(group.members.iter().map(|_| blocked(failure.clone())).collect()),
        };
        if pins.iter().all(Result::is_ok) {
            return self.look_at(&site).await;
        }
        // Those whose names have moved are set aside; nothing of theirs may reach the wrong cloud.
        let mut sound = group.clone();
        let mut keep = pins.iter().map(Result::is_ok);
        sound.members.retain(|_| keep.next().unwrap_or(false));
        let seen = if sound.members.is_empty() {
            Vec::new()
        } else {
            self.look_at(&Site { group: &sound, ..site }).await?
        };
        let mut seen = seen.into_iter();
        Ok(pins
            .into_iter()
            .filter_map(|pin| match pin {
                Ok(()) => seen.next(),
                Err(failure) => Some(blocked(failure)),
            })
            .collect())
    }

    async fn act(
        &self,
        group: &Group,
        needs: Vec<(usize, Need<Work>)>,
        term: &Term,
    ) -> Result<Vec<Report>, WholeFailure> {
        let site = match self.site(group) {
            Ok(site) => site,
            Err(failure) => {
                let outcome = crate::domain::Outcome::Blocked { failure };
                return Ok(needs.iter().map(|_| Report::of(outcome.clone())).collect());
            }
        };
        let tenant = site.tenant.within(term);
        let site = Site { tenant: &tenant, ..site };
        match group.step {
            Step::CreateUser => create_user::act(self, &site, &needs).await,
            Step::AssignLicense => assign_license::act(self, &site, &needs).await,
            Step::AwaitPropagation => await_propagation::act(self, &site, &needs).await,
            Step::SetNonInteractive => set_non_interactive::act(&site, &needs).await,
            Step::RemoveLicense => remove_license::act(&site, &needs).await,
            Step::DeleteUser | Step::DisableUser => retire_user::act(&site, &needs).await,
            // Both only look; they never ask for a write.
            Step::CheckEnvironment | Step::Verify => Ok(Vec::new()),
        }
    }

    async fn measure(&self, pool: &Pool) -> Result<Capacity, Failure> {
        capacity::measure(self, pool).await
    }
}
