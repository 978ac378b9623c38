//! From settings to the parts that work: the places with their clients, and the engine.

use super::settings::{CloudSettings, CredentialPolicy, Settings};
use crate::cloud::{
    CloudOrigins, HttpsSettings, HttpsTransport, Limits, Origin, TenantAccess, TenantClient, Transport,
};
use crate::domain::{Chance, Clock, HolderId, Ids, Pinned, Policy};
use crate::engine::{Engine, EngineParts, Timer};
use crate::provisioning::{
    EnvironmentPlace, PasswordPolicy, Places, Provisioner, ProvisionerParts, Recipients, Rotator, Sweeper,
    TenantPlace,
};
use crate::store::Store;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// At most so many requests in a group: five Graph batches, or one Dataverse query.
const MEMBERS_MAX: u32 = 100;

/// What in the settings cannot be put to work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WiringError(pub String);

/// One HTTPS transport per cloud that a tenant uses, since each may trust another certificate authority.
fn transports(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<String, Arc<dyn Transport>>, WiringError> {
    let mut made: BTreeMap<String, Arc<dyn Transport>> = BTreeMap::new();
    for tenant in settings.tenants.values() {
        if made.contains_key(&tenant.cloud) {
            continue;
        }
        let cloud = cloud_of(settings, &tenant.cloud)?;
        let https = HttpsSettings {
            connect_max: settings.calls.connect,
            call_max: settings.calls.deadline,
            answer_bytes_max: settings.calls.answer_bytes_max,
            ca_file: cloud.ca_file.clone(),
        };
        let transport = HttpsTransport::new(&https, Arc::clone(clock))
            .map_err(|error| WiringError(format!("clouds.{}: {error}", tenant.cloud)))?;
        made.insert(tenant.cloud.clone(), Arc::new(transport));
    }
    Ok(made)
}

fn cloud_of<'a>(settings: &'a Settings, name: &str) -> Result<&'a CloudSettings, WiringError> {
    settings.clouds.get(name).ok_or_else(|| WiringError(format!("the config names no cloud {name:?}")))
}

/// The tenants and environments of the config, ready to be called.
///
/// # Errors
/// A certificate file that cannot be read, or a credential that is missing.
pub fn places_for(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> Result<Places, WiringError> {
    let transports = transports(settings, clock)?;
    let mut places = Places::default();
    for (name, tenant) in &settings.tenants {
        let cloud = cloud_of(settings, &tenant.cloud)?;
        let transport = transports
            .get(&tenant.cloud)
            .ok_or_else(|| WiringError(format!("the cloud {:?} has no transport", tenant.cloud)))?;
        let credential = tenant.sign_in.credential.clone().ok_or_else(|| {
            WiringError(format!(
                "tenants.{name}.sign_in is not complete; `seatless config` says what is missing"
            ))
        })?;
        let access = TenantAccess { tenant_id: tenant.id, credential, cloud: origins(cloud)? };
        let limits = Limits {
            retry_after_min: settings.policy.retry_after_min,
            retry_after_max: settings.policy.retry_after_max,
        };
        let client =
            TenantClient::new(Arc::clone(transport), Arc::clone(clock), Arc::clone(ids), access, limits);
        let seats_max: HashMap<_, _> = settings
            .licenses
            .values()
            .filter_map(|license| Some((license.sku, license.seats_max?)))
            .collect();
        let lends = settings.environments.values().filter(|environment| environment.tenant == *name);
        let named = settings.licenses.values().map(|license| license.sku);
        let licenses = lends.filter_map(|environment| environment.license).chain(named).collect();
        places.tenants.insert(name.clone(), TenantPlace { id: tenant.id, client, licenses, seats_max });
    }
    for (name, environment) in &settings.environments {
        let place = EnvironmentPlace {
            tenant: environment.tenant.clone(),
            id: environment.id,
            origin: origin(environment.url.as_str())?,
            slots_max: environment.slots_max,
            security_group: environment.security_group,
        };
        places.environments.insert(name.clone(), place);
    }
    Ok(places)
}

fn origins(cloud: &CloudSettings) -> Result<CloudOrigins, WiringError> {
    Ok(CloudOrigins {
        sign_in: origin(cloud.sign_in_url.as_str())?,
        graph: origin(cloud.graph_url.as_str())?,
        power_platform: origin(cloud.power_platform_url.as_str())?,
        graph_scope: cloud.graph_scope.clone(),
        power_platform_scope: cloud.power_platform_scope.clone(),
    })
}

fn origin(url: &str) -> Result<Origin, WiringError> {
    url.parse().map_err(|error| WiringError(format!("{url}: {error}")))
}

/// The engine of a daemon: settings, places, a store, and the real sources of time, chance and identity.
///
/// # Errors
/// A recipient that is no public key.
pub fn engine_for(
    settings: &Settings,
    places: Places,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    ids: Arc<dyn Ids>,
    timer: Arc<dyn Timer>,
) -> Result<Engine<Provisioner>, WiringError> {
    let passwords = match settings.credentials.policy {
        CredentialPolicy::Discard | CredentialPolicy::Reset => PasswordPolicy::Discard,
        CredentialPolicy::Seal => PasswordPolicy::seal_to(&settings.credentials.recipients)
            .map_err(|error| WiringError(format!("credentials.recipients: {error}")))?,
    };
    let weights = settings.tenants.iter().map(|(name, tenant)| (name.clone(), tenant.weight)).collect();
    let policy = Policy { weights: Arc::new(weights), ..settings.policy.clone() };
    let holder = HolderId(ids.fresh());
    let steps = Provisioner::new(ProvisionerParts {
        store: Arc::clone(&store),
        places,
        clock: Arc::clone(&clock),
        chance: Arc::clone(&chance),
        ids,
        policy: settings.policy.clone(),
        passwords,
    });
    Ok(Engine::new(EngineParts {
        store,
        steps: Arc::new(steps),
        clock,
        chance,
        timer,
        policy,
        holder,
        members_max: MEMBERS_MAX,
    }))
}

/// The sweep of a daemon or of a command, over the same places as its engine.
pub fn sweeper_for(
    settings: &Settings,
    store: Arc<dyn Store>,
    places: Places,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Sweeper {
    Sweeper::new(store, places, clock, ids, settings.policy.clone())
}

/// Whoever makes new passwords in the tenants of `places`.
///
/// # Errors
/// A recipient that is no public key.
pub fn rotator_for(
    settings: &Settings,
    places: Places,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    ids: Arc<dyn Ids>,
) -> Result<Rotator, WiringError> {
    let recipients = Recipients::parse(&settings.credentials.recipients)
        .map_err(|error| WiringError(format!("credentials.recipients: {error}")))?;
    let landing_max = settings.calls.deadline + settings.policy.absence_window;
    Ok(Rotator { store, places, recipients, clock, chance, ids, landing_max })
}

/// What each environment's name means: its tenant's name, and the ids and address that a request pins.
pub fn pinned_environments(settings: &Settings) -> BTreeMap<String, (String, Pinned)> {
    settings
        .environments
        .iter()
        .filter_map(|(name, environment)| {
            let tenant = settings.tenants.get(&environment.tenant)?;
            let pinned = Pinned {
                tenant_id: tenant.id,
                environment_id: environment.id,
                dataverse_origin: environment.origin(),
            };
            Some((name.clone(), (environment.tenant.clone(), pinned)))
        })
        .collect()
}
