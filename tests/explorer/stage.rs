//! What outlives every process: the cloud, the database, the clock, and whoever judges.

use crate::bed::gate::Gate;
use crate::bed::guarded_store::{Begun, GuardedStore};
use crate::bed::judge::{Judge, Lost, Record};
use crate::bed::parts::Parts;
use crate::bed::scene::{SECRET, Scene, Wish};
use crate::bed::seams::{CountedIds, SeededChance, SharedClock};
use crate::bed::story::story;
use crate::bed::submission::{asked, folder, open, person, submit};
use crate::bed::wire::{GatedWire, Wire};
use crate::desk::Desk;
use crate::mutant::{Mutant, Steps, TamperedWire};
use crate::trace::Trace;
use crate::tricks::{Trick, Tricks};
use crate::worker::{Duty, Worker};
use seatless::app::Orders;
use seatless::cloud::Transport;
use seatless::domain::{Clock, Command, Direction, HolderId, Ids, Instant, Phase, Policy, RequestId, SkuId};
use seatless::engine::{Chore, GivingUp};
use seatless::provisioning::GroupRule;
use seatless::simulator::{Act, Simulator, World};
use seatless::store::{
    Admission, Event, Events, Filter, Member, Page, Pool, Requests, SqliteStore, Store, Work,
};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

pub(crate) struct Stage {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) store: SqliteStore,
    pub(crate) policy: Policy,
    pub(crate) world: World,
    pub(crate) judge: Judge,
    pub(crate) trace: Arc<Trace>,
    /// Deaths and pauses.
    pub(crate) kills: u64,
    /// What people did meanwhile, and what they ordered.
    pub(crate) interferences: u64,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) database: PathBuf,
    /// How often the database was backed up.
    pub(crate) saves: u32,
    /// Intents that a database which was put back has forgotten.
    pub(crate) lost: Vec<Lost>,
    /// An older or moved database is in use, and nobody has confirmed it yet.
    pub(crate) doubted: bool,
    pub(crate) tricks: Arc<Tricks>,
    pub(crate) ids: Arc<CountedIds>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) begun: Arc<Mutex<Vec<Begun>>>,
    seats_max: HashMap<SkuId, u32>,
    group_rule: GroupRule,
    chance: Arc<SeededChance>,
    /// The cloud as it was seen last, and after which writes and acts, and in which minute.
    seen: Mutex<Option<(Seen, serde_json::Value)>>,
    _folder: tempfile::TempDir,
}

/// What changes the cloud: our writes, people, and time.
type Seen = (u64, u64, i64);

impl Stage {
    pub(crate) async fn set(scene: Scene, mutant: Option<Mutant>, trace: Arc<Trace>) -> Self {
        let Scene {
            world,
            wishes,
            delays,
            faults,
            mut policy,
            recipients: _,
            license,
            seats_max,
            group_rule,
            seed,
        } = scene;
        if let Some(mutant) = mutant {
            mutant.change(&mut policy);
        }
        let clock = Arc::new(SharedClock::new());
        let simulator = Simulator::new(&world, delays, faults, seed, Arc::clone(&clock) as Arc<_>);
        let simulator = Arc::new(simulator.expect("a sound world"));
        let ids = Arc::new(CountedIds::new(Arc::clone(&clock)));
        let folder = folder();
        let database = folder.path().join("seatless.db");
        let store = open(database.clone(), &ids, &clock).await;
        let wire = Arc::new(Wire::new(Arc::clone(&simulator), store.clone()));
        let tricks = Tricks::new(Arc::clone(&wire) as Arc<_>, Arc::clone(&simulator));
        let judge = Judge::new(&simulator.state());
        let mut stage = Self {
            simulator,
            clock,
            store,
            policy,
            world,
            judge,
            trace,
            kills: 0,
            interferences: 0,
            mutant,
            database,
            saves: 0,
            lost: Vec::new(),
            doubted: false,
            tricks: Arc::new(tricks),
            ids,
            wire,
            begun: Arc::new(Mutex::new(Vec::new())),
            seats_max,
            group_rule,
            chance: Arc::new(SeededChance::new(seed)),
            seen: Mutex::new(None),
            _folder: folder,
        };
        stage.submit(&wishes, license).await;
        stage
    }

    /// Something is wrong with one call.
    pub(crate) fn play_trick(&self, call: u64, trick: Trick) {
        self.tricks.play(call, trick);
    }

    /// Starts a process.
    pub(crate) fn worker(&self) -> Worker {
        let desk = Arc::new(Desk::new(Arc::clone(&self.trace)));
        let holder = HolderId(self.ids.fresh());
        let gate = || Arc::clone(&desk) as Arc<dyn Gate>;
        let store = GuardedStore::new(self.store.clone(), gate(), Arc::clone(&self.begun));
        let wire: Arc<dyn Transport> =
            Arc::new(GatedWire { gate: gate(), wire: Arc::clone(&self.tricks) as Arc<_> });
        let (store, wire) = match self.mutant {
            Some(mutant) => (
                store.tampered(Arc::new(mutant)),
                Arc::new(TamperedWire { inner: wire, mutant }) as Arc<dyn Transport>,
            ),
            None => (store, wire),
        };
        let parts = self.parts(wire, Arc::new(store));
        let steps = Steps {
            inner: parts.provisioner(),
            mutant: self.mutant,
            clock: Arc::clone(&self.clock) as Arc<_>,
            policy: self.policy.clone(),
        };
        let engine = Arc::new(parts.engine_of(steps, holder));
        let mut chores: Vec<(Duty, Arc<dyn Chore>)> = vec![(Duty::Watch, Arc::new(parts.drift_watch()))];
        if self.mutant != Some(Mutant::NoSweep) {
            chores.push((Duty::Sweep, Arc::new(parts.sweeper())));
        }
        if self.policy.give_up.is_some() {
            chores.push((Duty::GiveUp, Arc::new(GivingUp(Arc::clone(&engine)))));
        }
        Worker::new(engine, chores, desk, holder, self.now())
    }

    /// What an engine is made of, over a way to the cloud and a store.
    pub(crate) fn parts(&self, wire: Arc<dyn Transport>, store: Arc<dyn Store>) -> Parts<'_> {
        Parts {
            world: &self.world,
            secret: SECRET,
            policy: &self.policy,
            recipients: &[],
            seats_max: &self.seats_max,
            group_rule: self.group_rule,
            clock: &self.clock,
            chance: &self.chance,
            ids: &self.ids,
            wire,
            store,
        }
    }

    /// Asks for accounts; refused as a whole where one of them contradicts what is there.
    pub(crate) async fn submit(&mut self, wishes: &[Wish], license: Uuid) {
        if wishes.is_empty() {
            return;
        }
        let rows = (1..).zip(wishes).map(|(line, wish)| (line, asked(&self.world, wish, license))).collect();
        if let Ok(added) = submit(&self.store, &self.clock, &self.ids, rows).await {
            self.judge.accepted += added;
        }
    }

    /// A person does something in an admin center; says whether it was possible.
    pub(crate) fn person(&mut self, act: Act) -> bool {
        if let Act::SetAccessMode { environment, .. } | Act::SetDisabled { environment, .. } = &act {
            self.wire.people_change_modes_in(environment);
        }
        let before = self.simulator.state();
        let done = self.simulator.act(act).is_ok();
        if done {
            self.interferences += 1;
            self.judge.forgive(&before, &self.simulator.state());
            self.judge.interfered_at = Some(self.now());
        }
        done
    }

    /// A person orders something; says whether it meant anything.
    pub(crate) async fn order(&mut self, id: RequestId, command: Command) -> bool {
        let orders = Orders {
            store: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock) as Arc<_>,
            policy: self.policy.clone(),
        };
        let done = orders.carry_out(id, command, &person()).await.is_ok();
        self.interferences += u64::from(done);
        done
    }

    pub(crate) fn now(&self) -> Instant {
        Clock::now(&*self.clock)
    }

    /// How much was written so far: to the database, and to the cloud.
    pub(crate) fn written(&self) -> (u64, u64) {
        (self.store.writer_stats().commits, self.wire.writes())
    }

    /// When a lane has something to do, when a seat has rested, and when the pools that somebody waits for were read.
    pub(crate) async fn next_due(&self) -> (Option<Instant>, Option<Instant>, Vec<Option<Instant>>) {
        let wake = self.store.next_wake().await.expect("the store can be read");
        let rest = self.store.next_rest_end().await.expect("the store can be read");
        let waiting = self.pools().await.into_iter().filter(|pool| pool.waiting > 0);
        (wake, rest, waiting.map(|pool| pool.read_at).collect())
    }

    /// Whether somebody is blocked whom the policy gives up in time.
    pub(crate) async fn will_give_up(&self) -> bool {
        let waits = |member: &Member| {
            let progress = &member.request.progress;
            !progress.paused && matches!(progress.phase, Phase::Blocked { direction: Direction::Forward, .. })
        };
        self.policy.give_up.is_some() && self.members().await.iter().any(waits)
    }

    pub(crate) async fn members(&self) -> Vec<Member> {
        let page = Page { after: None, rows_max: 10_000 };
        self.store.requests(Filter::default(), page).await.expect("the store can be read")
    }

    async fn pools(&self) -> Vec<Pool> {
        self.store.pools().await.expect("the store can be read")
    }

    async fn history(&self, id: RequestId) -> Vec<Event> {
        self.store.history(id, 0, 100_000).await.expect("the store can be read")
    }

    async fn record(&self) -> Record {
        Record {
            members: self.members().await,
            histories: HashMap::new(),
            pools: self.pools().await,
            state: self.cloud(),
            deeds: Vec::new(),
            ledger: Vec::new(),
            lost: self.lost.clone(),
            begun: Vec::new(),
            at_sending: self.wire.wrong(),
            violations: self.simulator.violations(),
            kills: self.kills,
            interferences: self.interferences,
            repeated: self.tricks.repeated(),
            numbers_may_be_unused: false,
            settle: self.policy.settle,
            propagation_deadline: self.policy.propagation_deadline,
        }
    }

    /// The cloud's state document. It is large, so that one that cannot have changed is not asked for again.
    fn cloud(&self) -> serde_json::Value {
        let now = (self.wire.writes(), self.interferences, self.now().timestamp() / 60);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((then, state)) if *then == now => state.clone(),
            Some(_) | None => {
                let state = self.simulator.state();
                *seen = Some((now, state.clone()));
                state
            }
        }
    }

    pub(crate) async fn full_record(&self) -> Record {
        let mut record = self.record().await;
        record.state = self.simulator.state();
        for member in &record.members {
            record.histories.insert(member.request.id, self.history(member.request.id).await);
        }
        record.deeds = self.wire.deeds();
        record.ledger = self.simulator.ledger(0);
        record.begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        record
    }

    /// What must hold at every moment.
    pub(crate) async fn look(&mut self) -> Vec<String> {
        let record = self.record().await;
        self.judge.look(&record)
    }

    /// What must hold once nothing is due any more.
    pub(crate) async fn look_at_rest(&mut self) -> Vec<String> {
        let record = self.full_record().await;
        self.judge.look_at_rest(&record)
    }

    pub(crate) async fn story(&self) -> String {
        story(&self.full_record().await, self.clock.started())
    }
}
