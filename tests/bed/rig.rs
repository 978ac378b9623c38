//! The whole product without its process: a real database, the simulated cloud, an engine that is stepped by hand, and
//! one clock that only moves when there is nothing left to do.

use super::fuse::Fuse;
use super::guarded_store::{Begun, GuardedStore};
use super::judge::{Judge, Lost, Record};
use super::parts::Parts;
use super::saved::Saved;
use super::scene::{SECRET, Scene, Wish};
use super::seams::{CountedIds, SeededChance, SharedClock};
pub(crate) use super::story::reason;
use super::story::story;
pub(crate) use super::submission::person;
use super::submission::{asked, folder, open, submit};
use super::wire::{Deed, GatedWire, Kind, Wire, rows};
use seatless::app::{DriftWatch, Orders};
use seatless::domain::{Clock, Command, Ids, Instant, Policy, RequestId, SkuId, State, Status};
use seatless::engine::Engine;
use seatless::provisioning::{GroupRule, Provisioner, Recipients, Rotator};
use seatless::simulator::{Act, Faults, Simulator, World};
use seatless::store::{Admission, Work};
use seatless::store::{Event, Events, Filter, Member, Page, Pool, Requests, SqliteStore, SweepStanding};
use serde_json::Value;
use std::collections::HashMap;
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
    pub(crate) path: PathBuf,
    /// How often the database was backed up.
    pub(crate) saves: u32,
    /// Whoever is killed leaves a backup of the database as it is then.
    pub(crate) saves_when_killed: bool,
    /// The last such backup.
    pub(crate) saved: Option<Saved>,
    /// Intents that a database which was put back has forgotten.
    pub(crate) lost: Vec<Lost>,
    pub(crate) ids: Arc<CountedIds>,
    wire: Arc<Wire>,
    pub(crate) begun: Arc<Mutex<Vec<Begun>>>,
    world: World,
    recipients: Vec<String>,
    seats_max: HashMap<SkuId, u32>,
    group_rule: GroupRule,
    engine: Arc<Engine<Provisioner>>,
    seed: u64,
    folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) async fn start(scene: Scene) -> Self {
        let Scene { world, wishes, delays, faults, policy, recipients, license, seats_max, group_rule, seed } =
            scene;
        let clock = Arc::new(SharedClock::new());
        let simulator = Simulator::new(&world, delays, faults, seed, Arc::clone(&clock) as Arc<_>);
        let simulator = Arc::new(simulator.expect("a sound world"));
        let ids = Arc::new(CountedIds::new(Arc::clone(&clock)));
        let chance = Arc::new(SeededChance::new(seed));
        let folder = folder();
        let store = open(folder.path().join("seatless.db"), &ids, &clock).await;
        let fuse = Arc::new(Fuse::default());
        let begun = Arc::new(Mutex::new(Vec::new()));
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), store.clone()));
        let parts = Parts {
            world: &world,
            secret: SECRET,
            policy: &policy,
            recipients: &recipients,
            seats_max: &seats_max,
            group_rule,
            clock: &clock,
            chance: &chance,
            ids: &ids,
            wire: Arc::new(GatedWire {
                gate: Arc::clone(&fuse) as Arc<_>,
                wire: Arc::clone(&wire) as Arc<_>,
            }),
            store: Arc::new(GuardedStore::new(
                store.clone(),
                Arc::clone(&fuse) as Arc<_>,
                Arc::clone(&begun),
            )),
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
            path: folder.path().join("seatless.db"),
            saves: 0,
            saves_when_killed: false,
            saved: None,
            lost: Vec::new(),
            ids,
            wire,
            begun,
            world,
            recipients,
            seats_max,
            group_rule,
            engine,
            seed,
            folder,
        };
        rig.submit(&wishes, license).await;
        rig
    }

    /// From here on every request to the cloud is kept with its answer.
    pub(crate) fn record_exchanges(&self) {
        self.wire.record_exchanges();
    }

    /// What was kept.
    pub(crate) fn exchanges(&self) -> Vec<super::wire::Exchange> {
        self.wire.exchanges()
    }

    /// Submits further requests.
    pub(crate) async fn submit(&mut self, wishes: &[Wish], license: Uuid) {
        if wishes.is_empty() {
            return;
        }
        let rows = (1..).zip(wishes).map(|(line, wish)| (line, asked(&self.world, wish, license))).collect();
        let submitted = submit(&self.store, &self.clock, &self.ids, rows).await;
        self.judge.accepted += submitted.unwrap_or_else(|faults| panic!("{faults}"));
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
        let before = self.simulator.state();
        self.simulator.act(act).expect("a possible act");
        self.judge.forgive(&before, &self.simulator.state());
    }

    /// A person orders something for a request.
    pub(crate) async fn order(&mut self, name: &str, command: Command) {
        let id = self.member(name).await.request.id;
        self.order_by_id(id, command).await;
    }

    /// The same, for a request that may have ended meanwhile.
    pub(crate) async fn order_unless_ended(&mut self, name: &str, command: Command) {
        if !self.member(name).await.request.progress.status().is_terminal() {
            self.order(name, command).await;
        }
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

    pub(crate) fn fresh_id(&self) -> Uuid {
        self.ids.fresh()
    }

    /// A new process opens the database.
    pub(crate) async fn reopen(&mut self) {
        self.store = open(self.database(), &self.ids, &self.clock).await;
        self.wire.sees(self.store.clone());
        self.restart().await;
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
        parts.drift_watch()
    }

    async fn take_over(&mut self) {
        loop {
            self.kills += 1;
            if self.saves_when_killed {
                self.saved = Some(self.save().await);
            }
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

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            world: &self.world,
            secret: &self.secret,
            policy: &self.policy,
            recipients: &self.recipients,
            seats_max: &self.seats_max,
            group_rule: self.group_rule,
            clock: &self.clock,
            chance: &self.chance,
            ids: &self.ids,
            wire: Arc::new(GatedWire {
                gate: Arc::clone(&self.fuse) as Arc<_>,
                wire: Arc::clone(&self.wire) as Arc<_>,
            }),
            store: Arc::new(GuardedStore::new(
                self.store.clone(),
                Arc::clone(&self.fuse) as Arc<_>,
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
        self.path.clone()
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
            lost: self.lost.clone(),
            at_sending: self.wire.wrong(),
            violations: self.simulator.violations(),
            kills: self.kills,
            interferences: self.interferences,
            repeated: 0,
            numbers_may_be_unused: false,
            settle: self.policy.settle,
            propagation_deadline: self.policy.propagation_deadline,
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
        let record = self.full_record().await;
        story(&record, self.clock.started())
    }
}
