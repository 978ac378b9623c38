//! A thousand accounts against the simulated cloud, with every HTTP call counted.

use super::crowd::{self, Crowd, Listed};
use super::database;
use super::hand_clock::{CountingIds, FixedChance, HandClock, NoTimer};
use async_trait::async_trait;
use bytes::Bytes;
use seatless::cloud::{
    CloudOrigins, Credential, Limits, TenantAccess, TenantClient, Transport, TransportError,
};
use seatless::domain::{Clock, HolderId, Ids, Instant, Policy, Status};
use seatless::engine::{Engine, EngineParts};
use seatless::provisioning::{
    EnvironmentPlace, PasswordPolicy, Places, Provisioner, ProvisionerParts, TenantPlace,
};
use seatless::simulator::{
    Delays, Faults, Simulator, World, WorldApp, WorldEnvironment, WorldSku, WorldTenant,
};
use seatless::store::{Admission, Requests, SqliteStore, Store, Work};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The crowd whose calls are counted.
pub(crate) const CROWD: Crowd =
    Crowd { wave: 0, requests: 1_000, environments: 150, tenants: 3, listed: Listed::InTurn };

/// What it took.
pub(crate) struct Counted {
    /// Outer HTTP calls by service and kind.
    pub(crate) calls: BTreeMap<String, BTreeMap<String, u64>>,
    /// How many accounts are finished.
    pub(crate) succeeded: u64,
    /// From the submission to the last finished account.
    pub(crate) took: Duration,
    /// Seconds for which seats were held, per seat.
    pub(crate) seat_seconds: f64,
}

impl Counted {
    /// Calls of `addUser`, per finished account.
    pub(crate) fn add_user(&self) -> f64 {
        self.sum(|kind| kind.ends_with("/addUser")) as f64 / self.succeeded as f64
    }

    /// All other calls, per finished account.
    pub(crate) fn others(&self) -> f64 {
        self.sum(|kind| !kind.ends_with("/addUser")) as f64 / self.succeeded as f64
    }

    fn sum(&self, of: impl Fn(&str) -> bool) -> u64 {
        let kinds = self.calls.values().flatten();
        kinds.filter(|(kind, _)| of(kind)).map(|(_, count)| count).sum()
    }
}

/// Licenses show in Power Platform after 10 to 20 s, and rows within 60 s of the yes; the rest as it pleases.
pub(crate) fn brisk(rest: Delays) -> Delays {
    Delays { license_view_min: 10.0, license_view_max: 20.0, row_after_add_user_max: 60.0, ..rest }
}

/// Finishes the crowd, stepping the clock from one wake to the next.
pub(crate) async fn count(delays: Delays) -> Counted {
    let clock = Arc::new(HandClock::default());
    let ids: Arc<dyn Ids> = Arc::new(CountingIds::default());
    let simulator = Simulator::new(&world(), delays, Faults::default(), 7, Arc::clone(&clock) as Arc<_>);
    let simulator = Arc::new(simulator.expect("a world"));
    let folder = tempfile::tempdir().expect("a folder");
    let store = database::open(&folder.path().join("calls.db"), &*clock, &*ids).await;
    CROWD.submit(&store, &*clock, &*ids).await;
    let began = Clock::now(&*clock);

    let line = Arc::new(Line(Arc::clone(&simulator)));
    let engine = engine(&store, &clock, &ids, line);
    while step(&engine, &store, &clock).await {}

    let took = (Clock::now(&*clock) - began).to_std().unwrap_or_default();
    let counts = store.counts(None).await.expect("the counters");
    let finished = counts.iter().filter(|count| count.status == Status::Succeeded);
    let tallies: HashMap<&str, f64> = store.tallies().await.expect("the totals").iter().fold(
        HashMap::new(),
        |mut sums, (_, tally, amount)| {
            *sums.entry(tally.as_str()).or_default() += amount;
            sums
        },
    );
    assert!(simulator.violations().is_empty(), "{:?}", simulator.violations());
    let mut calls = simulator.calls();
    for kinds in calls.values_mut() {
        kinds.retain(|kind, _| !kind.starts_with("item "));
    }
    let counted = Counted {
        calls,
        succeeded: finished.map(|count| count.requests).sum(),
        took,
        seat_seconds: tallies.get("seat_seconds").copied().unwrap_or_default()
            / tallies.get("seats_returned").copied().unwrap_or(1.0),
    };
    store.close().await.expect("a closed database");
    counted
}

/// Does what is due; without anything due, moves the clock to the next wake. False when there is none.
async fn step(engine: &Engine<Provisioner>, store: &SqliteStore, clock: &HandClock) -> bool {
    for pool in engine.unread_pools().await.expect("the pools") {
        engine.measure(&pool).await.expect("a store").expect("a capacity");
    }
    if engine.turn().await.expect("a turn") > 0 {
        return true;
    }
    let wakes = [store.next_wake().await.expect("a wake"), store.next_rest_end().await.expect("a rest")];
    let next: Option<Instant> = wakes.into_iter().flatten().min();
    next.is_some_and(|at| {
        clock.move_to(at);
        true
    })
}

fn engine(
    store: &SqliteStore,
    clock: &Arc<HandClock>,
    ids: &Arc<dyn Ids>,
    line: Arc<Line>,
) -> Engine<Provisioner> {
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let chance = Arc::new(FixedChance::default());
    let policy = Policy::default();
    let steps = Provisioner::new(ProvisionerParts {
        store: Arc::clone(&shared),
        places: places(clock, ids, line),
        clock: Arc::clone(clock) as Arc<_>,
        chance: Arc::clone(&chance) as Arc<_>,
        ids: Arc::clone(ids),
        policy: policy.clone(),
        passwords: PasswordPolicy::Discard,
    });
    Engine::new(EngineParts {
        store: shared,
        steps: Arc::new(steps),
        clock: Arc::clone(clock) as Arc<_>,
        chance,
        timer: Arc::new(NoTimer),
        policy,
        holder: HolderId(ids.fresh()),
        members_max: 100,
    })
}

fn places(clock: &Arc<HandClock>, ids: &Arc<dyn Ids>, line: Arc<Line>) -> Places {
    let origin = |url: &str| url.parse().expect("an address");
    let mut places = Places::default();
    for tenant in 0..CROWD.tenants {
        let access = TenantAccess {
            tenant_id: crowd::tenant_id(tenant),
            credential: Credential::ClientSecret { client_id: CLIENT, secret: SECRET.to_owned().into() },
            cloud: CloudOrigins {
                sign_in: origin("https://login.microsoftonline.com"),
                graph: origin("https://graph.microsoft.com"),
                power_platform: origin("https://api.bap.microsoft.com"),
                graph_scope: "https://graph.microsoft.com/.default".to_owned(),
                power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
            },
        };
        let transport = Arc::clone(&line) as Arc<dyn Transport>;
        let client = TenantClient::new(
            transport,
            Arc::clone(clock) as Arc<_>,
            Arc::clone(ids),
            access,
            Limits::default(),
        );
        let place = TenantPlace {
            id: crowd::tenant_id(tenant),
            client,
            licenses: BTreeSet::new(),
            seats_max: HashMap::new(),
        };
        places.tenants.insert(crowd::tenant_name(tenant), place);
    }
    for environment in 0..CROWD.environments {
        let place = EnvironmentPlace {
            tenant: crowd::tenant_name(CROWD.tenant_of(environment)),
            id: crowd::environment_id(environment),
            origin: origin(&crowd::dataverse_origin(environment)),
            slots_max: None,
            security_group: Default::default(),
        };
        places.environments.insert(crowd::environment_name(environment), place);
    }
    places
}

const CLIENT: Uuid = Uuid::from_u128(0x2222_2222_2222_4222_8222_2222_2222_2222);
const SECRET: &str = "s~cret";

fn world() -> World {
    let tenants = (0..CROWD.tenants).map(|tenant| WorldTenant {
        name: crowd::tenant_name(tenant),
        id: crowd::tenant_id(tenant),
        domains: vec![format!("tenant-{tenant}.example")],
        apps: vec![WorldApp {
            client_id: CLIENT,
            client_secret: SECRET.to_owned(),
            roles: ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"]
                .map(str::to_owned)
                .to_vec(),
            powerplatform_registered: true,
            sign_in: Default::default(),
        }],
        skus: vec![WorldSku {
            part_number: "DYN365_ENTERPRISE_SALES".to_owned(),
            sku_id: crowd::LICENSE.parse().expect("a product id"),
            enabled: CROWD.requests,
            used_by_others: 0,
            dataverse: true,
            excludes: Vec::new(),
            requires: Vec::new(),
        }],
        users: Vec::new(),
        groups: Vec::new(),
        environments: (0..CROWD.environments)
            .filter(|environment| CROWD.tenant_of(*environment) == tenant)
            .map(environment)
            .collect(),
    });
    World { tenants: tenants.collect() }
}

fn environment(number: u32) -> WorldEnvironment {
    WorldEnvironment {
        name: crowd::environment_name(number),
        id: crowd::environment_id(number),
        organization_id: Uuid::from_u128(crowd::environment_id(number).as_u128() ^ (1 << 64)),
        host: crowd::environment_name(number),
        non_interactive_max: 7,
        non_interactive_others: 0,
        business_units: Vec::new(),
        roles: vec!["Service Reader".to_owned()],
        security_group: None,
        app_user: true,
        kind: Default::default(),
        state: Default::default(),
    }
}

/// The way into the simulated cloud.
struct Line(Arc<Simulator>);

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.0.respond(request).await;
        answer.map_err(|dropped| TransportError::Lost { reason: dropped.to_string() })
    }
}
