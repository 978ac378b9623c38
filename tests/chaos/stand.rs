//! Two daemons without their processes on one PostgreSQL database, the simulated cloud, and the judge.

use crate::bed::guarded_store::Begun;
use crate::bed::judge::{Judge, Lost, Record};
use crate::bed::parts::Parts;
use crate::bed::saved::forget;
use crate::bed::scene::{SECRET, Scene, Wish, rig};
use crate::bed::seams::{CountedIds, SeededChance, SharedClock};
use crate::bed::story::story;
use crate::bed::submission::{asked, card, submit};
use crate::bed::wire::Wire;
use crate::cluster::Cluster;
use futures_util::future::{join_all, try_join_all};
use seatless::app::{TokioSpawner, TokioTimer};
use seatless::domain::{Clock, EventKind, HolderId, Ids, Policy};
use seatless::engine::{Engine, Spawner, Timer};
use seatless::provisioning::{Provisioner, Sweeper};
use seatless::simulator::{Simulator, World};
use seatless::store::{
    Admission, Events, Filter, Lease, Origin, Page, PostgresOptions, PostgresStore, Requests, Rest,
    StoreError, Work,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The database.
pub const DATABASE: &str = "seatless";

/// More turns than any scene needs.
const TURNS_MAX: u32 = 20_000;

/// After how many turns the judge looks; it looks at the end in any case.
const LOOKS_EVERY: u32 = 20;

/// So long that nobody loses what it has while a server is started again.
pub const LEASE: Lease = Lease { length: Duration::from_secs(60), call_max: Duration::from_secs(1) };

/// One daemon.
pub struct Worker {
    pub store: PostgresStore,
    pub engine: Arc<Engine<Provisioner>>,
    pub holder: HolderId,
}

pub struct Stand {
    pub simulator: Arc<Simulator>,
    pub clock: Arc<SharedClock>,
    pub ids: Arc<CountedIds>,
    pub judge: Judge,
    /// The judge's own way to the database.
    pub store: PostgresStore,
    pub wire: Arc<Wire>,
    pub workers: Vec<Worker>,
    pub interferences: u64,
    lost: Vec<Lost>,
    chance: Arc<SeededChance>,
    policy: Policy,
    world: World,
    license: Uuid,
    waves: Vec<Vec<Wish>>,
}

/// Two tenants with room for `waves` waves of ten accounts, some of which share their users.
pub fn scene(waves: usize) -> Scene {
    let mut scene = rig();
    for tenant in ["contoso", "fabrikam"] {
        scene = scene.tenant(tenant).seats(4);
        for wave in 0..waves {
            let own = format!("svc-{wave}");
            scene = scene.environment(&format!("{tenant}-{wave}")).requests(&["svc-a", "svc-b", &own]);
            scene = scene.requests(&[&format!("{own}-x"), &format!("{own}-y")]);
        }
    }
    scene
}

/// Waits by the real clock, `faster` times as fast as is asked for; but what a server is given to answer in, seconds, is
/// shortened to no less than a busy machine needs for it.
pub fn rest(faster: u32) -> Rest {
    Arc::new(move |time| {
        let is_patience = time >= Duration::from_secs(5);
        TokioTimer.sleep(time / if is_patience { faster.min(5) } else { faster })
    })
}

/// Rules over a server.
pub async fn rule(server: &Cluster, database: &str, sql: &str) {
    let mut bare = PgConnection::connect(&server.url(database)).await.expect("the server takes a connection");
    let ruled = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut bare).await;
    ruled.unwrap_or_else(|error| panic!("{sql}: {error}"));
    bare.close().await.expect("a connection can be closed");
}

/// Asks a server for a text.
pub async fn ask(server: &Cluster, sql: &str) -> Option<String> {
    let mut bare =
        PgConnection::connect(&server.url("postgres")).await.expect("the server takes a connection");
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut bare).await.expect("an answer");
    bare.close().await.expect("a connection can be closed");
    row.get(0)
}

/// Asks until the answer is `yes`.
pub async fn wait_for(server: &Cluster, sql: &str) {
    while ask(server, &format!("SELECT CASE WHEN {sql} THEN 'yes' END")).await.is_none() {
        TokioTimer.sleep(Duration::from_millis(10)).await;
    }
}

impl Stand {
    /// Opens the database at `url`, which two daemons reach by `way`. Nothing is submitted yet.
    pub async fn start(scene: Scene, url: &str, way: &str) -> Self {
        let Scene { world, wishes, delays, faults, policy, license, seed, .. } = scene;
        let clock = Arc::new(SharedClock::new());
        let simulator = Simulator::new(&world, delays, faults, seed, Arc::clone(&clock) as Arc<_>);
        let simulator = Arc::new(simulator.expect("a sound world"));
        let ids = Arc::new(CountedIds::new(Arc::clone(&clock)));
        let store = open(url, &ids, &clock).await.expect("it can be opened");
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), store.clone()));
        let mut waves: Vec<Vec<Wish>> = Vec::new();
        for wish in wishes {
            let (_, wave) = wish.environment.rsplit_once('-').expect("the number of a wave");
            let wave: usize = wave.parse().expect("a number");
            waves.resize_with(waves.len().max(wave + 1), Vec::new);
            waves[wave].push(wish);
        }
        waves.reverse();
        let judge = Judge::new(&simulator.state());
        let chance = Arc::new(SeededChance::new(seed));
        let mut stand = Self {
            simulator,
            clock,
            ids,
            judge,
            store,
            wire,
            workers: Vec::new(),
            interferences: 0,
            lost: Vec::new(),
            chance,
            policy,
            world,
            license,
            waves,
        };
        stand.hire(way).await;
        stand
    }

    /// Two daemons start.
    pub async fn hire(&mut self, way: &str) {
        self.workers.clear();
        for _ in 0..2 {
            let store = open(way, &self.ids, &self.clock).await.expect("it can be opened");
            let holder = HolderId(self.ids.fresh());
            let parts = self.parts(&store);
            let engine = Arc::new(parts.engine_of(parts.provisioner(), holder));
            engine.sign_on(LEASE).await.expect("a sign of life");
            self.workers.push(Worker { store, engine, holder });
        }
        for worker in &self.workers {
            worker.engine.rescue().await.expect("a rescue");
        }
    }

    /// Submits the next wave, if there is one left.
    pub async fn submit(&mut self) -> bool {
        let Some(wave) = self.waves.pop() else { return false };
        let store = self.workers[0].store.clone();
        let rows =
            (1..).zip(&wave).map(|(line, wish)| (line, asked(&self.world, wish, self.license))).collect();
        self.judge.accepted += submit(&store, &self.clock, &self.ids, rows).await.expect("a sound batch");
        true
    }

    /// Both daemons do what is due; says how many groups there were.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        self.clock.advance(Duration::from_millis(1));
        let turns = self.workers.iter().map(async |worker| {
            worker.store.heartbeat(worker.holder, LEASE).await?;
            worker.turn().await
        });
        Ok(try_join_all(turns).await?.into_iter().sum())
    }

    /// Turns, each followed by a look of the judge, until nothing is due or `there`; says whether it came there.
    pub async fn run_until(&mut self, there: impl Fn() -> bool) -> bool {
        for turn in 1..=TURNS_MAX {
            let groups = self.turn().await.expect("nothing but what passes befalls the database");
            if turn % LOOKS_EVERY == 0 {
                let record = self.record().await;
                let faults = self.judge.look(&record);
                self.accuse(&faults).await;
            }
            if there() {
                return true;
            }
            if groups == 0 {
                let Some(at) = self.next_instant().await else { return false };
                self.clock.move_to(at);
            }
        }
        panic!("it never comes to rest\n{}", self.story().await);
    }

    /// Turns until nothing is due any more; then the judge looks at what is left.
    pub async fn run_to_rest(&mut self) {
        self.run_until(|| false).await;
        self.clock.advance(Duration::from_secs(600));
        let record = self.full_record().await;
        let faults = self.judge.look_at_rest(&record);
        self.accuse(&faults).await;
        let all = record.members.len();
        let done =
            record.members.iter().filter(|member| crate::bed::rig::reason(member) == "succeeded").count();
        assert_eq!(done, all, "{}", self.story().await);
    }

    /// The daemons and the judge find another server in the place of theirs. What only the other one knew is lost.
    pub async fn fail_over(&mut self, url: &str) {
        self.interferences += 1;
        self.store.close().await;
        for worker in &self.workers {
            worker.store.close().await;
        }
        self.store = open(url, &self.ids, &self.clock).await.expect("it can be opened");
        self.wire.sees(self.store.clone());
        let accepted = self.record().await.members.len();
        self.judge.begin_anew(accepted as u64);
    }

    /// What was begun so far stands in no history that is looked at from here on.
    pub async fn forget(&mut self) {
        let record = self.full_record().await;
        forget(&record.begun, &record.members, &mut self.lost);
    }

    pub fn sweeper(&self) -> Sweeper {
        self.parts(&self.store).sweeper()
    }

    pub fn parts(&self, store: &PostgresStore) -> OwnedParts<'_> {
        OwnedParts { stand: self, store: store.clone(), seats_max: HashMap::new() }
    }

    pub async fn next_instant(&self) -> Option<seatless::domain::Instant> {
        let wake = self.store.next_wake().await.expect("the store can be read");
        let rest = self.store.next_rest_end().await.expect("the store can be read");
        let pools = self.store.pools().await.expect("the store can be read");
        let read = pools
            .iter()
            .filter(|pool| pool.waiting > 0)
            .map(|pool| pool.read_at.unwrap_or_else(|| Clock::now(&*self.clock)) + self.policy.capacity_read);
        wake.into_iter().chain(rest).chain(read.min()).min()
    }

    pub async fn record(&self) -> Record {
        let page = Page { after: None, rows_max: 10_000 };
        Record {
            members: self.store.requests(Filter::default(), page).await.expect("the store can be read"),
            histories: HashMap::new(),
            pools: self.store.pools().await.expect("the store can be read"),
            state: self.simulator.state(),
            deeds: Vec::new(),
            ledger: Vec::new(),
            begun: Vec::new(),
            lost: self.lost.clone(),
            at_sending: self.wire.wrong(),
            violations: self.simulator.violations(),
            kills: 0,
            interferences: self.interferences,
            repeated: 0,
            numbers_may_be_unused: true,
            settle: self.policy.settle,
            propagation_deadline: self.policy.propagation_deadline,
        }
    }

    async fn full_record(&self) -> Record {
        let mut record = self.record().await;
        let ids = record.members.iter().map(|member| member.request.id);
        let histories =
            ids.map(async |id| (id, self.store.history(id, 0, 100_000).await.expect("a history")));
        record.histories = join_all(histories).await.into_iter().collect();
        for (id, events) in &record.histories {
            let begun = events
                .iter()
                .filter(|event| event.kind == EventKind::Begun && event.actor.origin == Origin::Engine);
            record.begun.extend(
                begun.filter_map(|event| {
                    Some(Begun { request: *id, intent: event.intent?, state: event.from })
                }),
            );
        }
        record.deeds = self.wire.deeds();
        record.ledger = self.simulator.ledger(0);
        record
    }

    async fn accuse(&self, faults: &[String]) {
        assert!(faults.is_empty(), "{}\n{}", faults.join("\n  "), self.story().await);
    }

    async fn story(&self) -> String {
        story(&self.full_record().await, self.clock.started())
    }
}

impl Worker {
    async fn turn(&self) -> Result<usize, StoreError> {
        for pool in self.engine.unread_pools().await? {
            // A pool that cannot be read is read again later.
            let _ = self.engine.measure(&pool).await?;
        }
        self.engine.turn().await
    }
}

/// What parts are made of, with a store.
pub struct OwnedParts<'a> {
    stand: &'a Stand,
    store: PostgresStore,
    seats_max: HashMap<seatless::domain::SkuId, u32>,
}

impl OwnedParts<'_> {
    fn parts(&self) -> Parts<'_> {
        Parts {
            world: &self.stand.world,
            secret: SECRET,
            policy: &self.stand.policy,
            recipients: &[],
            seats_max: &self.seats_max,
            group_rule: Default::default(),
            clock: &self.stand.clock,
            chance: &self.stand.chance,
            ids: &self.stand.ids,
            wire: Arc::clone(&self.stand.wire) as Arc<_>,
            store: Arc::new(self.store.clone()),
        }
    }

    pub fn provisioner(&self) -> Provisioner {
        self.parts().provisioner()
    }

    pub fn engine_of(&self, steps: Provisioner, holder: HolderId) -> Engine<Provisioner> {
        self.parts().engine_of(steps, holder)
    }

    pub fn sweeper(&self) -> Sweeper {
        self.parts().sweeper()
    }
}

/// How the tests open a database: with few connections, for which nobody waits long.
pub fn options(url: &str, ids: &CountedIds, clock: &SharedClock) -> PostgresOptions {
    PostgresOptions {
        connections_max: 6,
        connect_max: Duration::from_secs(5),
        abandoned_after: Duration::ZERO,
        ..PostgresOptions::owner(url, card(ids, clock))
    }
}

pub async fn open(url: &str, ids: &CountedIds, clock: &SharedClock) -> Result<PostgresStore, StoreError> {
    open_as(options(url, ids, clock), rest(1)).await
}

pub async fn open_as(options: PostgresOptions, rest: Rest) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(options, Arc::new(|task| TokioSpawner.spawn(task)), rest).await
}

/// A server of the test's own with an empty database.
pub async fn server(how: crate::cluster::How<'_>) -> Cluster {
    let server = Cluster::start(how);
    rule(&server, "postgres", &format!("CREATE DATABASE {DATABASE}")).await;
    server
}
