//! The whole product without its process: a real database, the simulated cloud, an engine that is stepped by hand, and
//! one clock that only moves when there is nothing left to do.

use super::fuse::Fuse;
use super::guarded_store::{Begun, GuardedStore};
use super::judge::{Judge, Record};
use super::scene::{SECRET, Scene, Wish};
use super::seams::{CountedIds, NoWait, SeededChance, SharedClock};
use super::wire::{Deed, Kind, Wire, rows};
use seatless::app::{DriftWatch, IntakeTarget, Orders, StoreIntake, TokioSpawner, Watchkeeper};
use seatless::cloud::{CloudOrigins, Limits, Origin, TenantAccess, TenantClient, Transport};
use seatless::domain::{
    Account, BatchId, Clock, Command, HolderId, Ids, Instant, Membership, NewRequest, OnExisting, Phase,
    Pinned, Policy, RequestId, SkuId, State, Status, StoreId, UserPrincipalName,
};
use seatless::engine::{Engine, EngineParts, Spawner};
use seatless::provisioning::{
    EnvironmentPlace, Lookout, PasswordPolicy, Places, Provisioner, ProvisionerParts, Recipients, Rotator,
    Sweeper, TenantPlace,
};
use seatless::simulator::{Act, Faults, Simulator, World};
use seatless::store::{
    Actor, Event, Events, Filter, Member, OpenOptions, OwnerCard, Page, Pool, Requests, SqliteStore, Store,
    SweepStanding,
};
use seatless::store::{Admission, Work};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// More steps than any scene needs; a rig that takes more turns in circles.
const STEPS_MAX: u32 = 20_000;

/// How a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// What it was doing is dropped.
    Drop,
    /// What it was doing stands still for ever, so that nobody can rely on a drop.
    Leak,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something was worked on, or time has passed.
    Moved,
    /// Nothing is due any more.
    AtRest,
    /// The fuse blew; a new process has taken over.
    Killed,
}

pub(crate) struct Rig {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) chance: Arc<SeededChance>,
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) death: Death,
    pub(crate) store: SqliteStore,
    pub(crate) secret: String,
    pub(crate) judge: Judge,
    pub(crate) kills: u64,
    /// What people did meanwhile, and what they ordered.
    pub(crate) interferences: u64,
    pub(crate) policy: Policy,
    ids: Arc<CountedIds>,
    wire: Arc<Wire>,
    begun: Arc<Mutex<Vec<Begun>>>,
    world: World,
    recipients: Vec<String>,
    seats_max: HashMap<SkuId, u32>,
    engine: Arc<Engine<Provisioner>>,
    seed: u64,
    folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) async fn start(scene: Scene) -> Self {
        let Scene { world, wishes, delays, faults, policy, recipients, license, seats_max, seed } = scene;
        let clock = Arc::new(SharedClock::new());
        let simulator = Simulator::new(&world, delays, faults, seed, Arc::clone(&clock) as Arc<_>);
        let simulator = Arc::new(simulator.expect("a sound world"));
        let ids = Arc::new(CountedIds::new(Arc::clone(&clock)));
        let chance = Arc::new(SeededChance::new(seed));
        let folder = folder();
        let store = open(folder.path().join("seatless.db"), &ids, &clock).await;
        let fuse = Arc::new(Fuse::default());
        let begun = Arc::new(Mutex::new(Vec::new()));
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), store.clone(), Arc::clone(&fuse)));
        let parts = Parts {
            world: &world,
            secret: SECRET,
            policy: &policy,
            recipients: &recipients,
            seats_max: &seats_max,
            clock: &clock,
            chance: &chance,
            ids: &ids,
            wire: &wire,
            store: Arc::new(GuardedStore::new(store.clone(), Arc::clone(&fuse), Arc::clone(&begun))),
        };
        let engine = Arc::new(parts.engine());
        let judge = Judge::new(&simulator.state());
        let mut rig = Self {
            simulator,
            clock,
            chance,
            fuse,
            death: Death::Drop,
            store,
            secret: SECRET.to_owned(),
            judge,
            kills: 0,
            interferences: 0,
            policy,
            ids,
            wire,
            begun,
            world,
            recipients,
            seats_max,
            engine,
            seed,
            folder,
        };
        rig.submit(&wishes, license).await;
        rig
    }

    /// Submits further requests.
    pub(crate) async fn submit(&mut self, wishes: &[Wish], license: Uuid) {
        if wishes.is_empty() {
            return;
        }
        let rows = (1..).zip(wishes).map(|(line, wish)| (line, self.asked(wish, license))).collect();
        let intake = StoreIntake {
            store: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock) as Arc<_>,
            ids: Arc::clone(&self.ids) as Arc<_>,
        };
        let batch = BatchId(self.ids.fresh());
        intake.open(batch, "the test", &person()).await.expect("a batch");
        let report = intake.stage(batch, rows).await.expect("a chunk");
        assert!(report.faults.is_empty(), "{report:?}");
        intake.accept(batch).await.expect("an accepted batch");
        self.judge.accepted += report.added;
    }

    fn asked(&self, wish: &Wish, license: Uuid) -> NewRequest {
        let (tenant, environment) = self
            .world
            .tenants
            .iter()
            .flat_map(|tenant| tenant.environments.iter().map(move |environment| (tenant, environment)))
            .find(|(_, environment)| environment.name == wish.environment)
            .expect("a known environment");
        NewRequest {
            tenant: tenant.name.clone(),
            environment: wish.environment.clone(),
            pinned: Pinned {
                tenant_id: tenant.id,
                environment_id: environment.id,
                dataverse_origin: dataverse(&environment.host).to_string(),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse(&wish.name).expect("a name"),
                display_name: format!("Service {}", wish.name),
                given_name: "svc".to_owned(),
                surname: "account".to_owned(),
                usage_location: "GB".to_owned(),
                license: SkuId(license),
            },
            membership: Membership {
                business_unit: wish.unit.clone(),
                security_roles: vec![wish.role.clone()],
                on_existing: if wish.adopts { OnExisting::Adopt } else { OnExisting::Block },
            },
            priority: 0,
            external_id: None,
            note: None,
        }
    }

    /// Does what is due, or lets time pass until something is. Then the judge looks at everything.
    pub(crate) async fn step(&mut self) -> Step {
        self.clock.advance(Duration::from_millis(1));
        let Some(groups) = self.work().await else {
            self.take_over().await;
            self.look().await;
            return Step::Killed;
        };
        self.look().await;
        if groups > 0 {
            return Step::Moved;
        }
        match self.next_instant().await {
            Some(at) => {
                self.clock.move_to(at);
                Step::Moved
            }
            None => Step::AtRest,
        }
    }

    /// Steps until nothing is due any more; then the judge looks at what is left.
    pub(crate) async fn run_to_rest(&mut self) {
        for _ in 0..STEPS_MAX {
            if self.step().await == Step::AtRest {
                // Writes that were lost on the way may land for a while yet.
                self.clock.advance(Duration::from_secs(600));
                self.look().await;
                return self.look_at_rest().await;
            }
        }
        panic!("it never comes to rest\n{}", self.story().await);
    }

    /// Steps until `there`; panics if it comes to rest before.
    pub(crate) async fn run_until(&mut self, what: &str, there: impl Fn(&Record) -> bool) {
        for _ in 0..STEPS_MAX {
            if there(&self.record().await) {
                return;
            }
            if self.step().await == Step::AtRest {
                break;
            }
        }
        panic!("it never came to {what}\n{}", self.story().await);
    }

    /// Steps until every request has reached a state, or gone beyond it.
    pub(crate) async fn run_until_all_are(&mut self, state: State) {
        self.run_until(state.as_str(), |record| {
            record.members.iter().all(|member| member.request.progress.state >= state)
        })
        .await;
    }

    /// Has every blocked request tried again, without faults.
    pub(crate) async fn calm_down_and_retry(&mut self) {
        self.simulator.set_faults(Faults::default());
        for member in self.members().await {
            if member.request.progress.status() == Status::Blocked {
                self.order_by_id(member.request.id, Command::Retry).await;
            }
        }
        self.run_to_rest().await;
    }

    /// A person does something in an admin center.
    pub(crate) fn person(&mut self, act: Act) {
        self.interferences += 1;
        self.simulator.act(act).expect("a possible act");
        self.judge.forgive(&self.simulator.state());
    }

    /// A person orders something for a request.
    pub(crate) async fn order(&mut self, name: &str, command: Command) {
        let id = self.member(name).await.request.id;
        self.order_by_id(id, command).await;
    }

    async fn order_by_id(&mut self, id: RequestId, command: Command) {
        self.interferences += 1;
        let orders = Orders {
            store: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock) as Arc<_>,
            policy: self.policy.clone(),
        };
        orders.carry_out(id, command, &person()).await.expect("an order that applies");
    }

    /// Gives up what was blocked for as long as the policy waits.
    pub(crate) async fn give_up(&mut self) {
        self.interferences += 1;
        self.engine.give_up().await.expect("the store works");
    }

    /// Sweeps every tenant now; says how each stands. A kill on the way ends the sweep, and a new process takes over.
    pub(crate) async fn sweep(&mut self) -> Vec<SweepStanding> {
        let sweeper = self.parts().sweeper();
        let work = Box::pin(async move { sweeper.sweep_now().await });
        match self.until_killed(work).await {
            Some(standings) => standings.expect("the store works"),
            None => {
                self.take_over().await;
                Box::pin(self.sweep()).await
            }
        }
    }

    /// A new process starts with the secret that the config holds now.
    pub(crate) async fn restart(&mut self) {
        self.kills += 1;
        self.engine = Arc::new(self.parts().engine());
        self.engine.rescue().await.expect("a rescue");
    }

    /// The watch over finished accounts, on the store and the cloud that the engine works with.
    pub(crate) fn drift_watch(&self) -> DriftWatch {
        let parts = self.parts();
        let keeper = Watchkeeper {
            store: Arc::clone(&parts.store),
            policy: self.policy.clone(),
            clock: Arc::clone(&self.clock) as Arc<_>,
        };
        DriftWatch { lookout: Lookout::new(parts.places()), keeper }
    }

    async fn take_over(&mut self) {
        loop {
            self.kills += 1;
            self.clock.advance(Duration::from_secs(1));
            self.engine = Arc::new(self.parts().engine());
            let engine = Arc::clone(&self.engine);
            let work = Box::pin(async move { engine.rescue().await });
            if let Some(rescued) = self.until_killed(work).await {
                rescued.expect("a rescue");
                return;
            }
        }
    }

    async fn work(&mut self) -> Option<usize> {
        let engine = Arc::clone(&self.engine);
        let work = Box::pin(async move {
            for pool in engine.unread_pools().await? {
                // A pool that cannot be read is read again later.
                let _ = engine.measure(&pool).await?;
            }
            engine.turn().await
        });
        Some(self.until_killed(work).await?.expect("the store works"))
    }

    /// Runs `work` to its end, or until the fuse blows.
    async fn until_killed<T>(&self, mut work: std::pin::Pin<Box<impl Future<Output = T>>>) -> Option<T> {
        tokio::select! {
            biased;
            done = &mut work => Some(done),
            () = self.fuse.blown() => {
                match self.death {
                    Death::Drop => drop(work),
                    Death::Leak => std::mem::forget(work),
                }
                None
            }
        }
    }

    async fn next_instant(&self) -> Option<Instant> {
        let wake = self.store.next_wake().await.expect("the store can be read");
        let rest = self.store.next_rest_end().await.expect("the store can be read");
        let pools = self.store.pools().await.expect("the store can be read");
        let read = pools
            .iter()
            .filter(|pool| pool.waiting > 0)
            .map(|pool| pool.read_at.unwrap_or_else(|| self.clock.now()) + self.policy.capacity_read)
            .min();
        wake.into_iter().chain(rest).chain(read).min()
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            world: &self.world,
            secret: &self.secret,
            policy: &self.policy,
            recipients: &self.recipients,
            seats_max: &self.seats_max,
            clock: &self.clock,
            chance: &self.chance,
            ids: &self.ids,
            wire: &self.wire,
            store: Arc::new(GuardedStore::new(
                self.store.clone(),
                Arc::clone(&self.fuse),
                Arc::clone(&self.begun),
            )),
        }
    }

    // What can be seen.

    pub(crate) async fn members(&self) -> Vec<Member> {
        let page = Page { after: None, rows_max: 10_000 };
        self.store.requests(Filter::default(), page).await.expect("the store can be read")
    }

    /// The request for `name`, or `name/environment` where there are several; the latest, if it was submitted again.
    pub(crate) async fn member(&self, name: &str) -> Member {
        let (name, environment) = name.split_once('/').map_or((name, None), |(n, e)| (n, Some(e)));
        let members = self.members().await;
        let found = members.into_iter().rev().find(|member| {
            let asked = &member.request.asked;
            asked.account.user_principal_name.local_part() == name
                && environment.is_none_or(|environment| asked.environment == environment)
        });
        found.unwrap_or_else(|| panic!("there is no request {name}"))
    }

    pub(crate) async fn history(&self, id: RequestId) -> Vec<Event> {
        self.store.history(id, 0, 100_000).await.expect("the store can be read")
    }

    pub(crate) async fn pools(&self) -> Vec<Pool> {
        self.store.pools().await.expect("the store can be read")
    }

    /// The writes of one kind that the cloud has carried out.
    pub(crate) fn applied(&self, kind: Kind) -> usize {
        self.deeds().iter().filter(|deed| deed.kind == kind && deed.entry.applied).count()
    }

    pub(crate) fn deeds(&self) -> Vec<Deed> {
        self.wire.deeds()
    }

    /// The live users of that name in the cloud.
    pub(crate) fn users(&self, name: &str) -> Vec<Value> {
        let state = self.simulator.state();
        let tenants = state["tenants"].as_array().cloned().unwrap_or_default();
        let users = tenants.iter().flat_map(|tenant| tenant["users"].as_array().cloned().unwrap_or_default());
        let at = format!("{name}@");
        users
            .filter(|user| {
                user["user_principal_name"].as_str().is_some_and(|upn| upn.starts_with(&at))
                    && user["deleted"] == false
            })
            .collect()
    }

    /// The one live user of that name.
    pub(crate) fn user(&self, name: &str) -> Value {
        let mut users = self.users(name);
        assert_eq!(users.len(), 1, "{users:?}");
        users.remove(0)
    }

    /// The row of a user in an environment.
    pub(crate) fn row(&self, name: &str, environment: &str) -> Option<Value> {
        let state = self.simulator.state();
        let at = format!("{name}@");
        let is_it = |row: &&Value| row["domainname"].as_str().is_some_and(|upn| upn.starts_with(&at));
        rows(&state, environment).find(is_it).cloned()
    }

    /// The app of the first tenant.
    pub(crate) fn app(&self) -> Uuid {
        self.world.tenants[0].apps[0].client_id
    }

    /// The initial passwords that were sent, and the tokens that were issued.
    pub(crate) fn passwords(&self) -> Vec<String> {
        self.wire.passwords()
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        self.wire.tokens()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("seatless.db")
    }

    /// Whoever makes new passwords, sealed as the first ones are.
    pub(crate) fn rotator(&self) -> Rotator {
        let parts = self.parts();
        Rotator {
            places: parts.places(),
            store: parts.store,
            recipients: Recipients::parse(&self.recipients).expect("public keys"),
            clock: Arc::clone(&self.clock) as Arc<_>,
            chance: Arc::clone(&self.chance) as Arc<_>,
            ids: Arc::clone(&self.ids) as Arc<_>,
            landing_max: Duration::from_secs(60),
        }
    }

    /// Everything that the judge looks at.
    pub(crate) async fn record(&self) -> Record {
        Record {
            members: self.members().await,
            histories: HashMap::new(),
            pools: self.pools().await,
            state: self.simulator.state(),
            deeds: Vec::new(),
            ledger: Vec::new(),
            begun: Vec::new(),
            at_sending: self.wire.wrong(),
            violations: self.simulator.violations(),
            kills: self.kills,
            interferences: self.interferences,
            settle: self.policy.settle,
        }
    }

    /// The same, with every history and every call.
    pub(crate) async fn full_record(&self) -> Record {
        let mut record = self.record().await;
        for member in &record.members {
            record.histories.insert(member.request.id, self.history(member.request.id).await);
        }
        record.deeds = self.deeds();
        record.ledger = self.simulator.ledger(0);
        record.begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        record
    }

    async fn look(&mut self) {
        let record = self.record().await;
        let faults = self.judge.look(&record);
        self.accuse(&faults).await;
    }

    pub(crate) async fn look_at_rest(&mut self) {
        let record = self.full_record().await;
        let faults = self.judge.look_at_rest(&record);
        self.accuse(&faults).await;
    }

    async fn accuse(&self, faults: &[String]) {
        assert!(
            faults.is_empty(),
            "seed {}, {} kills, the last point {:?}:\n  {}\n{}",
            self.seed,
            self.kills,
            self.fuse.last(),
            faults.join("\n  "),
            self.story().await
        );
    }

    /// How everything stands, for whoever has to find out why.
    pub(crate) async fn story(&self) -> String {
        let mut text = String::new();
        for member in self.members().await {
            let (request, user) = (&member.request, &member.user);
            let _ = writeln!(
                text,
                "{} in {}: {} {} seat {:?} license {:?} step {:?} trial {:?}",
                user.account.user_principal_name,
                request.asked.environment,
                request.progress.state,
                reason(&member),
                user.seat,
                user.license,
                request.step,
                request.progress.trial,
            );
            for event in self.history(request.id).await {
                let failure = event.failure.map(|failure| format!("{}: {failure}", failure.code));
                let _ = writeln!(
                    text,
                    "    {:>8} s {:10} {} → {} {}",
                    (event.occurred_at - self.clock.started()).num_seconds(),
                    event.kind.as_str(),
                    event.from,
                    event.to,
                    failure.unwrap_or_default()
                );
            }
        }
        for pool in self.pools().await {
            let _ = writeln!(text, "{pool:?}");
        }
        for Deed { kind, entry, .. } in self.deeds() {
            let at = (entry.landed_at.unwrap_or(entry.at) - self.clock.started()).num_seconds();
            let _ = writeln!(
                text,
                "    {at:>8} s {kind:?} {} {} applied={} dropped={} {:?} {}",
                entry.status, entry.path, entry.applied, entry.dropped, entry.fault, entry.sequence
            );
        }
        text
    }
}

/// The status, with the code behind it.
pub(crate) fn reason(member: &Member) -> String {
    match &member.request.progress.phase {
        Phase::Blocked { failure, .. } => format!("{} {}", Status::Blocked, failure.code),
        Phase::Failed { failure } => format!("{} {}", Status::Failed, failure.code),
        Phase::Active { .. } | Phase::Succeeded | Phase::Cancelled => {
            member.request.progress.status().to_string()
        }
    }
}

struct Parts<'a> {
    world: &'a World,
    secret: &'a str,
    policy: &'a Policy,
    recipients: &'a [String],
    seats_max: &'a HashMap<SkuId, u32>,
    clock: &'a Arc<SharedClock>,
    chance: &'a Arc<SeededChance>,
    ids: &'a Arc<CountedIds>,
    wire: &'a Arc<Wire>,
    store: Arc<dyn Store>,
}

impl Parts<'_> {
    fn engine(&self) -> Engine<Provisioner> {
        let steps = Provisioner::new(ProvisionerParts {
            store: Arc::clone(&self.store),
            places: self.places(),
            clock: Arc::clone(self.clock) as Arc<_>,
            chance: Arc::clone(self.chance) as Arc<_>,
            ids: Arc::clone(self.ids) as Arc<_>,
            policy: self.policy.clone(),
            passwords: PasswordPolicy::seal_to(self.recipients).expect("public keys"),
        });
        Engine::new(EngineParts {
            store: Arc::clone(&self.store),
            steps: Arc::new(steps),
            clock: Arc::clone(self.clock) as Arc<_>,
            chance: Arc::clone(self.chance) as Arc<_>,
            timer: Arc::new(NoWait),
            policy: self.policy.clone(),
            holder: HolderId(self.ids.fresh()),
            members_max: 100,
        })
    }

    fn sweeper(&self) -> Sweeper {
        Sweeper::new(
            Arc::clone(&self.store),
            self.places(),
            Arc::clone(self.clock) as Arc<_>,
            Arc::clone(self.ids) as Arc<_>,
            self.policy.clone(),
        )
    }

    fn places(&self) -> Places {
        let mut places = Places::default();
        for tenant in &self.world.tenants {
            let access = TenantAccess {
                tenant_id: tenant.id,
                client_id: tenant.apps[0].client_id,
                client_secret: self.secret.into(),
                cloud: CloudOrigins {
                    sign_in: origin("login"),
                    graph: origin("graph"),
                    power_platform: origin("bap"),
                    graph_scope: "https://graph.microsoft.com/.default".to_owned(),
                    power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
                },
            };
            let client = TenantClient::new(
                Arc::clone(self.wire) as Arc<dyn Transport>,
                Arc::clone(self.clock) as Arc<_>,
                Arc::clone(self.ids) as Arc<_>,
                access,
                Limits {
                    retry_after_min: self.policy.retry_after_min,
                    retry_after_max: self.policy.retry_after_max,
                },
            );
            let place = TenantPlace { id: tenant.id, client, seats_max: self.seats_max.clone() };
            places.tenants.insert(tenant.name.clone(), place);
            for environment in &tenant.environments {
                let place = EnvironmentPlace {
                    tenant: tenant.name.clone(),
                    id: environment.id,
                    origin: dataverse(&environment.host),
                    slots_max: None,
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

fn dataverse(host: &str) -> Origin {
    origin(&format!("{host}.crm"))
}

pub(crate) fn person() -> Actor {
    Actor { name: "test".to_owned(), origin: seatless::store::Origin::Cli }
}

/// A folder in memory where the system has one: a process that dies needs no fsync.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

async fn open(path: PathBuf, ids: &CountedIds, clock: &SharedClock) -> SqliteStore {
    let card = OwnerCard {
        new_store: StoreId(ids.fresh()),
        host: "rig".to_owned(),
        since: clock.now(),
        program: "seatless test".to_owned(),
    };
    let options = OpenOptions { readers_max: 1, ..OpenOptions::owner(path, card) };
    SqliteStore::open(options, Arc::new(|task| TokioSpawner.spawn(task))).await.expect("a database")
}
