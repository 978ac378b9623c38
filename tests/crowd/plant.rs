//! A tenant with few seats and many environments, and an engine that is stepped by hand. Nobody looks at everything after
//! each step here, as in the bed: that would take hours for thousands of requests.

use super::people::People;
use super::seams::{CountedIds, NoWait, SeededChance, SharedClock};
use async_trait::async_trait;
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::app::{IntakeTarget, Orders, StoreIntake, TokioSpawner};
use seatless::cloud::{
    CloudOrigins, Credential, Limits, Origin, TenantAccess, TenantClient, Transport, TransportError,
};
use seatless::domain::{
    Account, BatchId, Clock, Command, HolderId, Ids, Instant, Membership, NewRequest, OnExisting, Pinned,
    Policy, SkuId, State, Status, StoreId, UserPrincipalName,
};
use seatless::engine::{Engine, EngineParts, Spawner};
use seatless::provisioning::{
    EnvironmentPlace, PasswordPolicy, Places, Provisioner, ProvisionerParts, TenantPlace,
};
use seatless::simulator::{
    Delays, EnvironmentState, Faults, Simulator, World, WorldApp, WorldEnvironment, WorldSku, WorldTenant,
};
use seatless::store::{
    Actor, Admission, Filter, Intake, Member, OpenOptions, OwnerCard, Page, Pool, PoolKey, Requests, Seat,
    SqliteStore, Store, Work,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const TENANT: &str = "contoso";
/// Seats of each license.
pub(crate) const SEATS: u32 = 5;
/// The licenses, and how many of a hundred users need each.
pub(crate) const LICENSES: [(&str, u32); 5] = [
    ("DYN365_ENTERPRISE_SALES", 30),
    ("DYN365_ENTERPRISE_CUSTOMER_SERVICE", 22),
    ("DYN365_ENTERPRISE_FIELD_SERVICE", 18),
    ("DYN365_SALES_PREMIUM", 16),
    ("D365_SALES_PRO", 14),
];
/// One user in so many has accounts in two environments.
const IN_TWO: usize = 9;
const SLOTS: u32 = 7;
const SECRET: &str = "a-client-secret";

/// How many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) requests: usize,
    pub(crate) environments: usize,
    pub(crate) seed: u64,
}

pub(crate) struct Plant {
    pub(crate) crowd: Crowd,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) store: SqliteStore,
    pub(crate) policy: Policy,
    pub(crate) delays: Delays,
    pub(crate) steps: u64,
    ids: Arc<CountedIds>,
    engine: Engine<Provisioner>,
    world: World,
    _folder: tempfile::TempDir,
}

struct Wire(Arc<Simulator>);

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.0.respond(request).await;
        answer.map_err(|dropped| TransportError::Lost { reason: dropped.to_string() })
    }
}

pub(crate) fn sku(part_number: &str) -> SkuId {
    SkuId::parse(part_number).expect("a known license")
}

impl Plant {
    pub(crate) async fn of(crowd: Crowd) -> Self {
        let world = world(crowd.environments);
        let clock = Arc::new(SharedClock::new());
        // The background synchronization would bring users in sooner than the reckoning says.
        let delays = Delays { background_sync_period: 1e9, ..Delays::default() };
        let simulator = Simulator::new(
            &world,
            delays.clone(),
            Faults::default(),
            crowd.seed,
            Arc::clone(&clock) as Arc<_>,
        );
        let simulator = Arc::new(simulator.expect("a sound world"));
        let ids = Arc::new(CountedIds::new(Arc::clone(&clock)));
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder");
        let card = OwnerCard {
            new_store: StoreId(ids.fresh()),
            new_incarnation: ids.fresh(),
            host: "plant".to_owned(),
            since: Clock::now(&*clock),
            program: "seatless test".to_owned(),
        };
        let options = OpenOptions::owner(folder.path().join("seatless.db"), card);
        let store =
            SqliteStore::open(options, Arc::new(|task| TokioSpawner.spawn(task))).await.expect("a database");
        let policy = Policy::default();
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let chance = Arc::new(SeededChance::new(crowd.seed));
        let provisioner = Provisioner::new(ProvisionerParts {
            store: Arc::clone(&shared),
            places: places(&world, &simulator, &clock, &ids),
            clock: Arc::clone(&clock) as Arc<_>,
            chance: Arc::clone(&chance) as Arc<_>,
            ids: Arc::clone(&ids) as Arc<_>,
            policy: policy.clone(),
            passwords: PasswordPolicy::Discard,
        });
        let engine = Engine::new(EngineParts {
            store: shared,
            steps: Arc::new(provisioner),
            clock: Arc::clone(&clock) as Arc<_>,
            chance: chance as Arc<_>,
            timer: Arc::new(NoWait),
            policy: policy.clone(),
            holder: HolderId(ids.fresh()),
            members_max: 100,
        });
        Self { crowd, simulator, clock, store, policy, delays, steps: 0, ids, engine, world, _folder: folder }
    }

    /// Submits the large batch; gives back how many requests it has.
    pub(crate) async fn submit_large(&mut self) -> usize {
        let mut dice = StdRng::seed_from_u64(self.crowd.seed);
        let mut asked = Vec::new();
        let mut user = 0;
        while asked.len() < self.crowd.requests - 3 {
            let mut roll = dice.random_range(0..100);
            let license = LICENSES.iter().find(|(_, share)| {
                let hit = roll < *share;
                roll = roll.saturating_sub(*share);
                hit
            });
            let license = license.expect("the shares add up").0;
            let name = format!("svc-{user:04}");
            // The environments in turn: none gets more than its slots.
            asked.push(self.asked(&name, asked.len() % self.crowd.environments, license));
            if user % IN_TWO == 0 && asked.len() < self.crowd.requests - 3 {
                asked.push(self.asked(&name, asked.len() % self.crowd.environments, license));
            }
            user += 1;
        }
        let count = asked.len();
        self.submit(asked).await;
        count
    }

    /// Submits a batch of three for the tightest pool.
    pub(crate) async fn submit_small(&mut self) -> BatchId {
        let at = self.crowd.requests - 3;
        let asked = (0..3)
            .map(|number| {
                self.asked(&format!("late-{number}"), (at + number) % self.crowd.environments, LICENSES[0].0)
            })
            .collect();
        self.submit(asked).await
    }

    async fn submit(&mut self, asked: Vec<NewRequest>) -> BatchId {
        let intake = StoreIntake {
            store: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock) as Arc<_>,
            ids: Arc::clone(&self.ids) as Arc<_>,
        };
        let batch = BatchId(self.ids.fresh());
        intake.open(batch, "the test", &person()).await.expect("a batch");
        let rows = (1..).zip(asked).collect();
        let report = intake.stage(batch, rows).await.expect("a chunk");
        assert!(report.faults.is_empty(), "{report:?}");
        intake.accept(batch).await.expect("an accepted batch");
        batch
    }

    fn asked(&self, name: &str, environment: usize, license: &str) -> NewRequest {
        let tenant = &self.world.tenants[0];
        let environment = &tenant.environments[environment];
        let upn = format!("{name}@{TENANT}.example");
        NewRequest {
            tenant: TENANT.to_owned(),
            environment: environment.name.clone(),
            pinned: Pinned {
                tenant_id: tenant.id,
                environment_id: environment.id,
                dataverse_origin: dataverse(&environment.host).to_string(),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse(&upn).expect("a name"),
                display_name: name.to_owned(),
                given_name: "svc".to_owned(),
                surname: "account".to_owned(),
                usage_location: "GB".to_owned(),
                license: sku(license),
            },
            membership: Membership {
                business_unit: None,
                security_roles: vec!["Writer".to_owned()],
                on_existing: OnExisting::Block,
            },
            priority: 0,
            external_id: None,
            note: None,
        }
    }

    /// Does everything that is due.
    pub(crate) async fn work(&mut self) {
        while self.store.promote(1_000, self.now()).await.expect("the store works") {}
        loop {
            self.steps += 1;
            self.clock.advance(Duration::from_millis(1));
            for pool in self.engine.unread_pools().await.expect("the store works") {
                self.engine.measure(&pool).await.expect("the store works").expect("a pool that can be read");
            }
            if self.engine.turn().await.expect("the store works") == 0 {
                return;
            }
        }
    }

    /// Lets time pass until something is due, if ever.
    pub(crate) async fn wait(&mut self, seats: &[Pool]) -> bool {
        let wake = self.store.next_wake().await.expect("the store works");
        let rest = self.store.next_rest_end().await.expect("the store works");
        let unread = seats.iter().filter(|pool| pool.waiting > 0).filter_map(|pool| pool.read_at);
        let read = unread.map(|at| at + self.policy.capacity_read);
        match wake.into_iter().chain(rest).chain(read).min() {
            Some(at) => self.clock.move_to(at),
            None => return false,
        }
        true
    }

    pub(crate) fn now(&self) -> Instant {
        Clock::now(&*self.clock)
    }

    /// The pools of seats that are counted by now, in the order of [`LICENSES`].
    pub(crate) async fn seats(&self) -> Vec<Pool> {
        let mut seats = Vec::new();
        for (license, _) in LICENSES {
            let key = PoolKey::Seat { tenant: TENANT.to_owned(), sku: sku(license) };
            seats.extend(self.store.pool(key).await.expect("the store works"));
        }
        seats
    }

    pub(crate) async fn members(&self) -> Vec<Member> {
        let page = Page { after: None, rows_max: 100_000 };
        self.store.requests(Filter::default(), page).await.expect("the store works")
    }

    /// How much of everything has its license behind it.
    pub(crate) async fn share_settled(&self) -> f64 {
        let counts = self.store.counts(None).await.expect("the store works");
        let settled = counts.iter().filter(|count| super::is_settled(count.state, count.status));
        settled.map(|count| count.requests).sum::<u64>() as f64 / self.crowd.requests as f64
    }

    /// The longest that a seat can be out: the slowest license, the slowest row, the paces of lever and poll, the rest.
    pub(crate) fn longest_turn(&self) -> Duration {
        let lags = self.delays.license_view_max + self.delays.row_after_add_user_max;
        Duration::from_secs_f64(lags)
            + self.policy.sync_first
            + self.policy.poll_first * 2
            + self.policy.seat_cool_down
    }

    /// People undo what they did and have everything tried again; then all the invariants that can be seen at rest hold.
    pub(crate) async fn comes_to_rest(&mut self, people: &mut People) {
        people.leave(self).await;
        for member in self.members().await {
            if member.request.progress.status() == Status::Blocked && !people.deleted(&member) {
                let orders = Orders {
                    store: Arc::new(self.store.clone()),
                    clock: Arc::clone(&self.clock) as Arc<_>,
                    policy: self.policy.clone(),
                };
                orders.carry_out(member.request.id, Command::Retry, &person()).await.expect("a retry");
            }
        }
        loop {
            self.work().await;
            let seats = self.seats().await;
            if !self.wait(&seats).await {
                break;
            }
        }
        let members = self.members().await;
        assert_eq!(members.len(), self.crowd.requests);
        for member in &members {
            let status = member.request.progress.status();
            let stopped = status == Status::Blocked && people.deleted(member);
            let name = &member.user.account.user_principal_name;
            assert!(status == Status::Succeeded || stopped, "{name}: {:?}", member.request.progress);
            assert_eq!(member.user.seat, Seat::None, "{name}");
        }
        for pool in self.store.pools().await.expect("the store works") {
            match &pool.key {
                PoolKey::Seat { .. } => assert_eq!((pool.held, pool.waiting), (0, 0), "{pool:?}"),
                PoolKey::Slot { .. } => assert!(pool.held <= SLOTS, "{pool:?}"),
            }
        }
        self.the_cloud_is_clean(&members, people);
    }

    fn the_cloud_is_clean(&self, members: &[Member], people: &People) {
        assert_eq!(self.simulator.violations(), []);
        let state = self.simulator.state();
        let tenant = &state["tenants"][0];
        let mut names = HashSet::new();
        for user in tenant["users"].as_array().expect("users") {
            let name = user["user_principal_name"].as_str().expect("a name").to_lowercase();
            assert!(user["marker"].is_string(), "{name} carries no marker");
            assert!(names.insert(name.clone()), "{name} was made twice");
            if user["deleted"] == false {
                assert_eq!(user["licenses"], serde_json::json!([]), "{name} holds a license");
            } else {
                assert!(people.deleted_name(&name), "nobody deleted {name}");
            }
        }
        let users: HashSet<_> = members.iter().map(|member| member.user.id).collect();
        assert_eq!(names.len(), users.len());
        let mut rows: BTreeMap<(String, String), i64> = BTreeMap::new();
        for environment in tenant["environments"].as_array().expect("environments") {
            assert!(environment["non_interactive_peak"].as_u64().expect("a count") <= u64::from(SLOTS));
            for row in environment["rows"].as_array().expect("rows") {
                let name = row["domainname"].as_str().unwrap_or_default().to_lowercase();
                let place = environment["name"].as_str().expect("a name").to_owned();
                rows.insert((place, name), row["accessmode"].as_i64().unwrap_or_default());
            }
        }
        for member in members.iter().filter(|member| member.request.progress.status() == Status::Succeeded) {
            let asked = &member.request.asked;
            let place = (asked.environment.clone(), asked.account.user_principal_name.to_string());
            assert_eq!(rows.get(&place), Some(&4), "{place:?} is non-interactive");
            assert_eq!(member.request.progress.state, State::Unlicensed);
        }
    }
}

fn number(kind: u128, count: usize) -> Uuid {
    Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000 | kind << 32 | count as u128)
}

fn world(environments: usize) -> World {
    let skus = LICENSES.iter().map(|(part_number, _)| WorldSku {
        part_number: (*part_number).to_owned(),
        sku_id: sku(part_number).0,
        enabled: SEATS,
        used_by_others: 0,
        dataverse: true,
        excludes: Vec::new(),
        requires: Vec::new(),
    });
    let environments = (0..environments).map(|count| WorldEnvironment {
        name: format!("env{count:03}"),
        id: number(3, count),
        organization_id: number(4, count),
        host: format!("{TENANT}-env{count:03}"),
        non_interactive_max: SLOTS,
        non_interactive_others: 0,
        business_units: Vec::new(),
        roles: vec!["Writer".to_owned()],
        security_group: None,
        app_user: true,
        kind: Default::default(),
        state: EnvironmentState::Ready,
    });
    let roles = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"];
    World {
        tenants: vec![WorldTenant {
            name: TENANT.to_owned(),
            id: number(1, 0),
            domains: vec![format!("{TENANT}.example")],
            apps: vec![WorldApp {
                client_id: number(2, 0),
                client_secret: SECRET.to_owned(),
                roles: roles.map(str::to_owned).to_vec(),
                powerplatform_registered: true,
                sign_in: Default::default(),
            }],
            skus: skus.collect(),
            users: Vec::new(),
            groups: Vec::new(),
            environments: environments.collect(),
        }],
    }
}

fn places(
    world: &World,
    simulator: &Arc<Simulator>,
    clock: &Arc<SharedClock>,
    ids: &Arc<CountedIds>,
) -> Places {
    let tenant = &world.tenants[0];
    let policy = Policy::default();
    let access = TenantAccess {
        tenant_id: tenant.id,
        credential: Credential::ClientSecret { client_id: tenant.apps[0].client_id, secret: SECRET.into() },
        cloud: CloudOrigins {
            sign_in: origin("login"),
            graph: origin("graph"),
            power_platform: origin("bap"),
            graph_scope: "https://graph.microsoft.com/.default".to_owned(),
            power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
        },
    };
    let limits = Limits { retry_after_min: policy.retry_after_min, retry_after_max: policy.retry_after_max };
    let client = TenantClient::new(
        Arc::new(Wire(Arc::clone(simulator))),
        Arc::clone(clock) as Arc<_>,
        Arc::clone(ids) as Arc<_>,
        access,
        limits,
    );
    let mut places = Places::default();
    places.tenants.insert(
        TENANT.to_owned(),
        TenantPlace { id: tenant.id, client, licenses: BTreeSet::new(), seats_max: HashMap::new() },
    );
    for environment in &tenant.environments {
        let place = EnvironmentPlace {
            tenant: TENANT.to_owned(),
            id: environment.id,
            origin: dataverse(&environment.host),
            slots_max: None,
            security_group: Default::default(),
        };
        places.environments.insert(environment.name.clone(), place);
    }
    places
}

fn origin(host: &str) -> Origin {
    format!("http://{host}.localhost:7080").parse().expect("an origin")
}

fn dataverse(host: &str) -> Origin {
    origin(&format!("{host}.crm"))
}

fn person() -> Actor {
    Actor { name: "test".to_owned(), origin: seatless::store::Origin::Cli }
}
