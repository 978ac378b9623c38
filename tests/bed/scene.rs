//! A world, and what is asked for in it, in words that read like a sentence.

use super::rig::Rig;
use seatless::domain::{Policy, SkuId};
use seatless::provisioning::GroupRule;
use seatless::simulator::{
    Delays, EnvironmentState, Faults, World, WorldApp, WorldEnvironment, WorldGroup, WorldSku, WorldTenant,
    WorldUser,
};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) const SALES: &str = "DYN365_ENTERPRISE_SALES";
pub(crate) const SALES_ID: Uuid = Uuid::from_u128(0x1e1a_282c_9c54_43a2_9310_98ef_728f_aace);
pub(crate) const SECRET: &str = "canary-client-secret-Zq7";

/// One account that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) role: String,
    pub(crate) unit: Option<String>,
    pub(crate) adopts: bool,
}

/// A world in the making.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) delays: Delays,
    pub(crate) faults: Faults,
    pub(crate) policy: Policy,
    /// Public keys to which initial passwords are sealed.
    pub(crate) recipients: Vec<String>,
    pub(crate) license: Uuid,
    /// At most so many units of a license may be ours.
    pub(crate) seats_max: HashMap<SkuId, u32>,
    /// What is done about the groups that guard environments.
    pub(crate) group_rule: GroupRule,
    pub(crate) seed: u64,
}

/// An empty world, without faults, with the lags and the policy of life.
pub(crate) fn rig() -> Scene {
    Scene {
        world: World::default(),
        wishes: Vec::new(),
        delays: Delays::default(),
        faults: Faults::default(),
        policy: Policy::default(),
        recipients: Vec::new(),
        license: SALES_ID,
        seats_max: HashMap::new(),
        group_rule: GroupRule::default(),
        seed: 1,
    }
}

fn number(kind: u128, count: usize) -> Uuid {
    Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000 | kind << 32 | count as u128)
}

impl Scene {
    pub(crate) fn tenant(mut self, name: &str) -> Self {
        let count = self.world.tenants.len();
        self.world.tenants.push(WorldTenant {
            name: name.to_owned(),
            id: number(1, count),
            domains: vec![format!("{name}.example")],
            apps: vec![WorldApp {
                client_id: number(2, count),
                client_secret: SECRET.to_owned(),
                roles: ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"]
                    .map(str::to_owned)
                    .to_vec(),
                powerplatform_registered: true,
                sign_in: Default::default(),
            }],
            skus: vec![WorldSku {
                part_number: SALES.to_owned(),
                sku_id: SALES_ID,
                enabled: 12,
                used_by_others: 2,
                dataverse: true,
                excludes: Vec::new(),
                requires: Vec::new(),
            }],
            users: vec![WorldUser {
                upn: format!("someone@{name}.example"),
                object_id: None,
                display_name: None,
                synchronized_from_on_premises: false,
                admin: false,
                licenses: vec![SALES.to_owned()],
                usage_location: Some("GB".to_owned()),
            }],
            groups: Vec::new(),
            environments: Vec::new(),
        });
        self
    }

    /// So many license units are free.
    pub(crate) fn seats(mut self, free: u32) -> Self {
        let tenant = self.tenant_in_the_making();
        let held = u32::try_from(tenant.users.iter().filter(|user| !user.licenses.is_empty()).count());
        let sku = &mut tenant.skus[0];
        sku.enabled = sku.used_by_others + held.expect("few users") + free;
        self
    }

    pub(crate) fn environment(mut self, name: &str) -> Self {
        let tenants = self.world.tenants.len();
        let tenant = self.tenant_in_the_making();
        let count = tenants * 16 + tenant.environments.len();
        tenant.environments.push(WorldEnvironment {
            name: name.to_owned(),
            id: number(3, count),
            organization_id: number(4, count),
            host: format!("{}-{name}", tenant.name),
            non_interactive_max: 7,
            non_interactive_others: 1,
            business_units: vec!["Sales".to_owned()],
            roles: vec!["Writer".to_owned()],
            security_group: None,
            app_user: true,
            kind: Default::default(),
            state: EnvironmentState::Ready,
        });
        self
    }

    /// Changes the environment that was named last.
    pub(crate) fn where_it(mut self, change: impl FnOnce(&mut WorldEnvironment)) -> Self {
        change(self.tenant_in_the_making().environments.last_mut().expect("an environment"));
        self
    }

    /// A group guards the environment that was named last, and we may see who is in it.
    pub(crate) fn guarded(mut self, change: impl FnOnce(&mut WorldGroup)) -> Self {
        let tenant = self.tenant_in_the_making();
        let mut group = WorldGroup {
            id: number(5, tenant.environments.len()),
            members: Vec::new(),
            licenses: Vec::new(),
            dynamic: false,
        };
        change(&mut group);
        tenant.environments.last_mut().expect("an environment").security_group = Some(group.id);
        tenant.groups.push(group);
        tenant.apps[0].roles.push("GroupMember.ReadWrite.All".to_owned());
        self
    }

    pub(crate) fn with_group_rule(mut self, rule: GroupRule) -> Self {
        self.group_rule = rule;
        self
    }

    /// Changes the tenant that was named last.
    pub(crate) fn whose_tenant(mut self, change: impl FnOnce(&mut WorldTenant)) -> Self {
        change(self.tenant_in_the_making());
        self
    }

    /// Somebody else's user of that name exists.
    pub(crate) fn somebody(mut self, name: &str, change: impl FnOnce(&mut WorldUser)) -> Self {
        let tenant = self.tenant_in_the_making();
        let mut user = WorldUser {
            upn: format!("{name}@{}", tenant.domains[0]),
            object_id: None,
            display_name: None,
            synchronized_from_on_premises: false,
            admin: false,
            licenses: Vec::new(),
            usage_location: Some("GB".to_owned()),
        };
        change(&mut user);
        tenant.users.push(user);
        self
    }

    /// An account in the environment that was named last.
    pub(crate) fn request(mut self, name: &str) -> Self {
        let tenant = self.world.tenants.last().expect("a tenant");
        let environment = tenant.environments.last().expect("an environment");
        self.wishes.push(Wish {
            name: format!("{name}@{}", tenant.domains[0]),
            environment: environment.name.clone(),
            role: "Writer".to_owned(),
            unit: None,
            adopts: false,
        });
        self
    }

    pub(crate) fn requests(self, names: &[&str]) -> Self {
        names.iter().fold(self, |scene, name| scene.request(name))
    }

    pub(crate) fn with_role(mut self, role: &str) -> Self {
        self.last_wish().role = role.to_owned();
        self
    }

    pub(crate) fn in_unit(mut self, unit: &str) -> Self {
        self.last_wish().unit = Some(unit.to_owned());
        self
    }

    pub(crate) fn that_adopts(mut self) -> Self {
        self.last_wish().adopts = true;
        self
    }

    pub(crate) fn without_lags(mut self) -> Self {
        self.delays = Delays::none();
        self
    }

    pub(crate) fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn with_policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub(crate) fn with_delays(mut self, change: impl FnOnce(&mut Delays)) -> Self {
        change(&mut self.delays);
        self
    }

    pub(crate) fn with_license(mut self, license: Uuid) -> Self {
        self.license = license;
        self
    }

    pub(crate) fn with_seats_max(mut self, seats: u32) -> Self {
        self.seats_max.insert(SkuId(self.license), seats);
        self
    }

    pub(crate) fn sealing_to(mut self, recipient: &str) -> Self {
        self.recipients.push(recipient.to_owned());
        self
    }

    pub(crate) fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Opens a database, submits the requests, and stands still.
    pub(crate) async fn start(self) -> Rig {
        Rig::start(self).await
    }

    /// The same, and runs until nothing is due any more.
    pub(crate) async fn run_to_rest(self) -> Rig {
        let mut rig = self.start().await;
        rig.run_to_rest().await;
        rig
    }

    fn tenant_in_the_making(&mut self) -> &mut WorldTenant {
        self.world.tenants.last_mut().expect("a tenant")
    }

    fn last_wish(&mut self) -> &mut Wish {
        self.wishes.last_mut().expect("a request")
    }
}
