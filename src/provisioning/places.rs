//! Where the config says that tenants and environments are.

use crate::cloud::{Dataverse, Origin, TenantClient};
use crate::domain::{Code, Failure, SkuId, Term};
use crate::store::Request;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// The tenants and environments that the config names.
#[derive(Clone, Default)]
pub struct Places {
    /// Tenants by name.
    pub tenants: HashMap<String, TenantPlace>,
    /// Environments by name.
    pub environments: HashMap<String, EnvironmentPlace>,
}

/// A tenant and the way into it.
#[derive(Clone)]
pub struct TenantPlace {
    /// Its id in Microsoft Entra.
    pub id: Uuid,
    /// Its services.
    pub client: TenantClient,
    /// The licenses that the config names for it.
    pub licenses: BTreeSet<SkuId>,
    /// At most so many units of a license may be ours at a time.
    pub seats_max: HashMap<SkuId, u32>,
}

/// An environment and the way into it.
#[derive(Clone)]
pub struct EnvironmentPlace {
    /// Its tenant's name.
    pub tenant: String,
    /// Its id in Power Platform.
    pub id: Uuid,
    /// Where its Dataverse is.
    pub origin: Origin,
    /// How many non-interactive users it may have, if the config overrules the environment.
    pub slots_max: Option<u32>,
    /// What is done about the group that guards it.
    pub security_group: GroupRule,
}

/// What is done about an environment's security group, whose direct members alone get in
/// (power-platform, admin/control-user-access).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupRule {
    /// Whoever is no member is told, before a license is taken.
    #[default]
    Check,
    /// Accounts are made members, and stay members.
    Join,
    /// Nothing: it is not even looked at.
    Ignore,
}

impl TenantPlace {
    /// The same place for writes that are begun within `term`.
    pub(super) fn within(&self, term: &Term) -> Self {
        Self { client: self.client.within(term), ..self.clone() }
    }
}

impl Places {
    /// The tenant of this name.
    ///
    /// # Errors
    /// A failure that blocks whoever asks: the config has lost the name since the submission.
    pub fn tenant(&self, name: &str) -> Result<&TenantPlace, Failure> {
        self.tenants.get(name).ok_or_else(|| {
            Failure::new(
                Code::MachinePinnedElsewhere,
                format!("The config names no tenant {name:?} any more."),
            )
        })
    }

    /// The environment of this name, with its tenant.
    ///
    /// # Errors
    /// A failure that blocks whoever asks: the config has lost the name since the submission.
    pub fn environment(&self, name: &str) -> Result<(&EnvironmentPlace, &TenantPlace), Failure> {
        let place = self.environments.get(name).ok_or_else(|| {
            Failure::new(
                Code::MachinePinnedElsewhere,
                format!("The config names no environment {name:?} any more."),
            )
        })?;
        Ok((place, self.tenant(&place.tenant)?))
    }

    /// The environment's Dataverse.
    ///
    /// # Errors
    /// As [`Places::environment`].
    pub fn dataverse(&self, name: &str) -> Result<Dataverse, Failure> {
        let (place, tenant) = self.environment(name)?;
        Ok(tenant.client.dataverse(place.origin.clone()))
    }

    /// Whether the names in a request still mean what they meant when it was submitted.
    ///
    /// # Errors
    /// A failure that names what has moved.
    pub fn confirm_pins(&self, request: &Request) -> Result<(), Failure> {
        let asked = &request.asked;
        let (place, tenant) = self.environment(&asked.environment)?;
        let moved = |what: &str, now: String, then: String| {
            Err(Failure::new(
                Code::MachinePinnedElsewhere,
                format!("The {what} of {:?} was {then} at submission and is {now} now.", asked.environment),
            ))
        };
        if place.tenant != asked.tenant || tenant.id != asked.pinned.tenant_id {
            return moved("tenant", tenant.id.to_string(), asked.pinned.tenant_id.to_string());
        }
        if place.id != asked.pinned.environment_id {
            return moved("id", place.id.to_string(), asked.pinned.environment_id.to_string());
        }
        let origin = place.origin.to_string();
        if origin != asked.pinned.dataverse_origin {
            return moved("url", origin, asked.pinned.dataverse_origin.clone());
        }
        Ok(())
    }
}
