//! A cloud from its description.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::{Uuid, uuid};

use super::{App, BusinessUnit, Cloud, Environment, Group, Held, Plan, Role, Row, Sku, Tenant, User};
use crate::simulator::delays::Delays;
use crate::simulator::dice::Dice;
use crate::simulator::faults::Faults;
use crate::simulator::ledger::Ledger;
use crate::simulator::world::{World, WorldEnvironment, WorldSku, WorldTenant, WorldUser};

/// Always present, and what our application users hold.
const ADMINISTRATOR: &str = "System Administrator";

impl Cloud {
    /// Builds the cloud of a world; `now` is both simulated and on the wire.
    pub(crate) fn build(
        world: &World,
        delays: Delays,
        faults: Faults,
        seed: u64,
        now: DateTime<Utc>,
    ) -> Self {
        let mut dice = Dice::new(seed);
        let token_key = (0..4).flat_map(|_| dice.number().to_le_bytes()).collect();
        let mut cloud = Self {
            tenants: Vec::new(),
            environments: Vec::new(),
            delays,
            faults,
            faults_struck: 0,
            luck: Dice::new(seed ^ 0x5EED_FA17),
            token_key,
            dice,
            revoked: BTreeSet::new(),
            synchronized: 0,
            origin: now,
            ledger: Ledger::default(),
            violations: Vec::new(),
            late: Vec::new(),
        };
        for (index, tenant) in world.tenants.iter().enumerate() {
            let built = cloud.build_tenant(tenant, now);
            cloud.tenants.push(built);
            for environment in &tenant.environments {
                let built = cloud.build_environment(index, environment, now);
                cloud.environments.push(built);
            }
            let groups: Vec<Uuid> = tenant.groups.iter().map(|group| group.id).collect();
            let at = cloud.instants(now, now);
            for group in groups {
                cloud.tenants[index].inherit(group, &at, &mut cloud.dice);
            }
            // The counters have long caught up with what was there before anybody looked.
            for sku in &mut cloud.tenants[index].skus {
                sku.history = vec![(now, sku.consumed())];
            }
            for user in cloud.tenants[index].users.values_mut() {
                user.licenses.iter_mut().for_each(|held| held.seen_at = now);
            }
        }
        cloud.synchronize_all(now, now);
        cloud.note_peaks();
        cloud
    }

    fn build_tenant(&mut self, world: &WorldTenant, now: DateTime<Utc>) -> Tenant {
        let apps = (world.apps.iter())
            .map(|app| App {
                client_id: app.client_id,
                principal: self.dice.uuid(),
                client_secret: app.client_secret.clone(),
                secret_expired: false,
                roles: app.roles.clone(),
                powerplatform_registered: app.powerplatform_registered,
                sign_in: app.sign_in.clone(),
            })
            .collect();
        let mut tenant = Tenant {
            name: world.name.clone(),
            id: world.id,
            domains: world.domains.clone(),
            apps,
            skus: world.skus.iter().map(|sku| sku_of(sku, now)).collect(),
            users: BTreeMap::new(),
            by_upn: HashMap::new(),
            by_owner: HashMap::new(),
            groups: Vec::new(),
            drawn: Vec::new(),
        };
        for user in &world.users {
            let built = foreign_user(user, user.object_id.unwrap_or_else(|| self.dice.uuid()), &tenant, now);
            enter(&mut tenant, built);
        }
        for group in &world.groups {
            let members =
                (group.members.iter()).filter_map(|upn| tenant.by_upn.get(&upn.to_lowercase())).copied();
            let licenses = (group.licenses.iter())
                .filter_map(|part| tenant.skus.iter().find(|sku| &sku.part_number == part))
                .map(|sku| sku.sku_id)
                .collect();
            let members = members.collect();
            tenant.groups.push(Group { id: group.id, members, licenses, dynamic: group.dynamic });
        }
        let at = self.instants(now, now);
        let ids: Vec<Uuid> = tenant.users.keys().copied().collect();
        ids.into_iter().for_each(|id| tenant.count_seats(id, &at));
        tenant
    }

    fn build_environment(
        &mut self,
        tenant: usize,
        world: &WorldEnvironment,
        now: DateTime<Utc>,
    ) -> Environment {
        let root = self.dice.uuid();
        let mut business_units = vec![BusinessUnit { id: root, name: world.name.clone(), parent: None }];
        for name in &world.business_units {
            business_units.push(BusinessUnit {
                id: self.dice.uuid(),
                name: name.clone(),
                parent: Some(root),
            });
        }
        let mut names: Vec<&str> = world.roles.iter().map(String::as_str).collect();
        if !names.contains(&ADMINISTRATOR) {
            names.push(ADMINISTRATOR);
        }
        let mut roles = Vec::new();
        for name in names {
            let root_copy = self.dice.uuid();
            for unit in &business_units {
                let id = if unit.id == root { root_copy } else { self.dice.uuid() };
                roles.push(Role { id, name: name.to_owned(), business_unit: unit.id, root: root_copy });
            }
        }
        let mut environment = Environment {
            name: world.name.clone(),
            tenant,
            id: world.id,
            organization_id: world.organization_id,
            host: world.host.to_lowercase(),
            non_interactive_max: world.non_interactive_max,
            non_interactive_peak: 0,
            security_group: world.security_group,
            kind: world.kind,
            state: world.state,
            business_units,
            roles,
            rows: BTreeMap::new(),
            by_object: HashMap::new(),
            has_strange_rows: false,
            pending: Vec::new(),
            drawn: Vec::new(),
            window: 0,
            window_calls: 0,
        };
        self.furnish(&mut environment, world, now);
        environment
    }

    /// The rows every environment has, our application users, and the non-interactive users of other people.
    fn furnish(&mut self, environment: &mut Environment, world: &WorldEnvironment, now: DateTime<Utc>) {
        let tenant = environment.tenant;
        let administrator: BTreeSet<Uuid> = (environment.roles.iter())
            .filter(|role| role.name == ADMINISTRATOR && role.id == role.root)
            .map(|role| role.id)
            .collect();
        for name in ["SYSTEM", "INTEGRATION"] {
            let mut row = blank_row(self.dice.uuid(), name, environment.root_unit(), now);
            row.isdisabled = true;
            row.accessmode = if name == "SYSTEM" { 3 } else { 4 };
            environment.keep(row);
        }
        let apps: Vec<(Uuid, Uuid)> =
            self.tenants[tenant].apps.iter().map(|app| (app.client_id, app.principal)).collect();
        for (client_id, principal) in apps.into_iter().filter(|_| world.app_user) {
            let mut row = blank_row(self.dice.uuid(), "# Seatless app", environment.root_unit(), now);
            row.domainname = format!("{client_id}@app.example");
            row.object_id = Some(principal);
            row.applicationid = Some(client_id);
            row.accessmode = 4;
            row.roles.clone_from(&administrator);
            environment.keep(row);
        }
        for number in 1..=world.non_interactive_others {
            let domain = self.tenants[tenant].domains.first().cloned().unwrap_or_default();
            let spec = WorldUser {
                upn: format!("legacy-{}-{number}@{domain}", environment.host),
                object_id: None,
                display_name: Some(format!("Legacy integration {number}")),
                synchronized_from_on_premises: false,
                admin: false,
                licenses: Vec::new(),
                usage_location: None,
            };
            let user = foreign_user(&spec, self.dice.uuid(), &self.tenants[tenant], now);
            let mut row = blank_row(self.dice.uuid(), &user.upn, environment.root_unit(), now);
            row.object_id = Some(user.id);
            row.accessmode = 4;
            row.issyncwithdirectory = true;
            row.lastname = format!("Legacy integration {number}");
            let member = user.id;
            enter(&mut self.tenants[tenant], user);
            // A non-interactive user stays bound to the environment's group, or the first synchronization disables it.
            let group = self.tenants[tenant]
                .groups
                .iter_mut()
                .find(|group| Some(group.id) == environment.security_group);
            if let Some(group) = group {
                group.members.insert(member);
            }
            environment.keep(row);
        }
    }
}

fn enter(tenant: &mut Tenant, user: User) {
    tenant.by_upn.insert(user.upn.to_lowercase(), user.id);
    tenant.users.insert(user.id, user);
}

fn foreign_user(world: &WorldUser, id: Uuid, tenant: &Tenant, now: DateTime<Utc>) -> User {
    let nickname = world.upn.split('@').next().unwrap_or_default();
    let display = world.display_name.as_deref().unwrap_or(&world.upn);
    let mut properties = Map::new();
    properties.insert("displayName".to_owned(), Value::from(display));
    properties.insert("mailNickname".to_owned(), Value::from(nickname));
    let licenses = (world.licenses.iter())
        .filter_map(|part| tenant.skus.iter().find(|sku| &sku.part_number == part))
        .map(|sku| Held {
            sku: sku.sku_id,
            disabled_plans: Vec::new(),
            group: None,
            seen_at: now,
            changed_at: now,
        })
        .collect();
    User {
        id,
        upn: world.upn.clone(),
        account_enabled: true,
        usage_location: world.usage_location.clone(),
        properties,
        extension: BTreeMap::new(),
        password_sha256: None,
        synchronized: world.synchronized_from_on_premises,
        admin: world.admin,
        made_by: None,
        licenses,
        created_at: now,
        visible_at: now,
        listed_at: now,
        deleted_at: None,
    }
}

/// An enabled read-write row that nobody synchronized.
pub(crate) fn blank_row(id: Uuid, name: &str, business_unit: Uuid, now: DateTime<Utc>) -> Row {
    Row {
        id,
        object_id: None,
        domainname: name.to_owned(),
        firstname: "#".to_owned(),
        lastname: name.to_owned(),
        accessmode: 0,
        isdisabled: false,
        islicensed: false,
        issyncwithdirectory: false,
        setupuser: false,
        azurestate: 0,
        azuredeletedon: None,
        deletedstate: 0,
        disabledreason: None,
        applicationid: None,
        business_unit,
        roles: BTreeSet::new(),
        version: 1,
        createdon: now,
        modifiedon: now,
        disabled_by_sync: false,
        holds_name: false,
    }
}

fn sku_of(world: &WorldSku, now: DateTime<Utc>) -> Sku {
    // Plans of Microsoft's licensing reference; a SKU that is not listed gets one plan of its own number.
    let known = match world.part_number.as_str() {
        "DYN365_ENTERPRISE_SALES" => Some(uuid!("2da8e897-7791-486b-b08f-cc63c8129df7")),
        "DYN365_ENTERPRISE_PLAN1" => Some(uuid!("d56f3deb-50d8-465a-bedb-f079817ccac1")),
        "DYN365_ENTERPRISE_CUSTOMER_SERVICE" => Some(uuid!("99340b49-fb81-4b1e-976b-8f2ae8e9394f")),
        "DYN365_ENTERPRISE_FIELD_SERVICE" => Some(uuid!("8c66ef8a-177f-4c0d-853c-d4f219331d09")),
        "DYN365_TEAM_MEMBERS" => Some(uuid!("4092fdb5-8d81-41d3-be76-aaba4074530b")),
        "POWERAPPS_PER_USER" => Some(uuid!("6ea4c1ef-c259-46df-bce2-943342cd3cb2")),
        _ => None,
    };
    let plan = Plan {
        id: known.unwrap_or(Uuid::from_u128(world.sku_id.as_u128() ^ 1)),
        name: world.part_number.clone(),
        dataverse: world.dataverse,
    };
    Sku {
        part_number: world.part_number.clone(),
        sku_id: world.sku_id,
        enabled: world.enabled,
        used_by_others: world.used_by_others,
        plans: vec![plan],
        excludes: world.excludes.clone(),
        requires: world.requires.clone(),
        holders: BTreeSet::new(),
        history: vec![(now, world.used_by_others)],
        peak: world.used_by_others,
    }
}
