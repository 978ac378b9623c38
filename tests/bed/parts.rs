//! What an engine is made of, in a world.

use super::seams::{CountedIds, NoWait, SeededChance, SharedClock};
use seatless::app::{DriftWatch, Watchkeeper};
use seatless::cloud::{CloudOrigins, Credential, Limits, Origin, TenantAccess, TenantClient, Transport};
use seatless::domain::{HolderId, Ids, Policy, SkuId};
use seatless::engine::{Engine, EngineParts, Steps};
use seatless::provisioning::{
    EnvironmentPlace, GroupRule, Lookout, PasswordPolicy, Places, Provisioner, ProvisionerParts, Sweeper,
    TenantPlace,
};
use seatless::simulator::World;
use seatless::store::Store;
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) struct Parts<'a> {
    pub(crate) world: &'a World,
    pub(crate) secret: &'a str,
    pub(crate) policy: &'a Policy,
    pub(crate) recipients: &'a [String],
    pub(crate) seats_max: &'a HashMap<SkuId, u32>,
    /// What is done about the groups that guard environments.
    pub(crate) group_rule: GroupRule,
    pub(crate) clock: &'a Arc<SharedClock>,
    pub(crate) chance: &'a Arc<SeededChance>,
    pub(crate) ids: &'a Arc<CountedIds>,
    pub(crate) wire: Arc<dyn Transport>,
    pub(crate) store: Arc<dyn Store>,
}

impl Parts<'_> {
    /// An engine with a holder of its own.
    pub(crate) fn engine(&self) -> Engine<Provisioner> {
        self.engine_of(self.provisioner(), HolderId(self.ids.fresh()))
    }

    pub(crate) fn provisioner(&self) -> Provisioner {
        Provisioner::new(ProvisionerParts {
            store: Arc::clone(&self.store),
            places: self.places(),
            clock: Arc::clone(self.clock) as Arc<_>,
            chance: Arc::clone(self.chance) as Arc<_>,
            ids: Arc::clone(self.ids) as Arc<_>,
            policy: self.policy.clone(),
            passwords: PasswordPolicy::seal_to(self.recipients).expect("public keys"),
        })
    }

    pub(crate) fn engine_of<S: Steps>(&self, steps: S, holder: HolderId) -> Engine<S> {
        Engine::new(EngineParts {
            store: Arc::clone(&self.store),
            steps: Arc::new(steps),
            clock: Arc::clone(self.clock) as Arc<_>,
            chance: Arc::clone(self.chance) as Arc<_>,
            timer: Arc::new(NoWait),
            policy: self.policy.clone(),
            holder,
            members_max: 100,
        })
    }

    pub(crate) fn sweeper(&self) -> Sweeper {
        Sweeper::new(
            Arc::clone(&self.store),
            self.places(),
            Arc::clone(self.clock) as Arc<_>,
            Arc::clone(self.ids) as Arc<_>,
            self.policy.clone(),
        )
    }

    /// The watch over finished accounts.
    pub(crate) fn drift_watch(&self) -> DriftWatch {
        let keeper = Watchkeeper {
            store: Arc::clone(&self.store),
            policy: self.policy.clone(),
            clock: Arc::clone(self.clock) as Arc<_>,
        };
        DriftWatch { lookout: Lookout::new(self.places()), keeper }
    }

    pub(crate) fn places(&self) -> Places {
        let mut places = Places::default();
        for tenant in &self.world.tenants {
            let access = TenantAccess {
                tenant_id: tenant.id,
                credential: Credential::ClientSecret {
                    client_id: tenant.apps[0].client_id,
                    secret: self.secret.into(),
                },
                cloud: CloudOrigins {
                    sign_in: origin("login"),
                    graph: origin("graph"),
                    power_platform: origin("bap"),
                    graph_scope: "https://graph.microsoft.com/.default".to_owned(),
                    power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
                },
            };
            let client = TenantClient::new(
                Arc::clone(&self.wire),
                Arc::clone(self.clock) as Arc<_>,
                Arc::clone(self.ids) as Arc<_>,
                access,
                Limits {
                    retry_after_min: self.policy.retry_after_min,
                    retry_after_max: self.policy.retry_after_max,
                },
            );
            let licenses = tenant.skus.iter().map(|sku| SkuId(sku.sku_id)).collect();
            let seats_max = self.seats_max.clone();
            let place = TenantPlace { id: tenant.id, client, licenses, seats_max };
            places.tenants.insert(tenant.name.clone(), place);
            for environment in &tenant.environments {
                let place = EnvironmentPlace {
                    tenant: tenant.name.clone(),
                    id: environment.id,
                    origin: dataverse(&environment.host),
                    slots_max: None,
                    security_group: self.group_rule,
                };
                places.environments.insert(environment.name.clone(), place);
            }
        }
        places
    }
}

fn origin(host: &str) -> Origin {
    format!("http://{host}.localhost:7080").parse().expect("an origin")
}

/// Where the environment of that host answers.
pub(crate) fn dataverse(host: &str) -> Origin {
    origin(&format!("{host}.crm"))
}
