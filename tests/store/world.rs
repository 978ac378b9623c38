//! A store with a clock that only the test moves and ids that a counter makes.

use super::build::{Ask, SALES};
use seatless::domain::{
    BatchId, Command, Facts, HolderId, Input, Instant, IntentId, ObjectId, OpenIntent, Outcome, Policy,
    RequestId, SkuId, State, Status, Step, Subject, Transition, UserId, decide,
};
use seatless::store::{
    Actor, BatchDraft, Begin, BeginFate, Claim, Commit, CommitRow, Group, LaneRelease, Learned, LicenseHold,
    Member, Origin, PoolKey, RowFate, StageReport, StagedRequest, Store,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One database of one driver: the factory of the suite. Opening it again opens the same database.
pub trait Database: Send + Sync {
    /// Opens it as its owner.
    fn open(&self) -> Later<'_, Arc<dyn Store>>;
    /// Ends what `open` gave.
    fn close(&self) -> Later<'_, ()>;
    /// Keeps a copy of it as it is now, while it is open.
    fn save(&self) -> Later<'_, ()>;
    /// Puts the copy in its place, while it is closed.
    fn put_back(&self) -> Later<'_, ()>;
}

/// The holder that works unless a test says otherwise.
pub const ME: HolderId = HolderId(Uuid::from_u128(0x1111));
/// Another one.
pub const OTHER: HolderId = HolderId(Uuid::from_u128(0x2222));

pub struct World {
    pub store: Arc<dyn Store>,
    pub database: Box<dyn Database>,
    now: Mutex<Instant>,
    ids: AtomicU64,
    pub policy: Policy,
}

impl World {
    pub async fn of(database: Box<dyn Database>) -> Self {
        let store = database.open().await;
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("within range");
        Self { store, database, now: Mutex::new(now), ids: AtomicU64::new(1), policy: Policy::default() }
    }

    /// Ends the process that owns the database and starts another one.
    pub async fn restart(&mut self) {
        self.database.close().await;
        self.store = self.database.open().await;
    }

    /// Keeps a copy of the database.
    pub async fn save(&self) {
        self.database.save().await;
    }

    /// Ends the process that owns the database, puts the copy in its place, and starts another process.
    pub async fn put_back(&mut self) {
        self.database.close().await;
        self.database.put_back().await;
        self.store = self.database.open().await;
    }

    pub fn now(&self) -> Instant {
        *self.now.lock().expect("no test panics while it holds this")
    }

    /// Moves the clock.
    pub fn wait(&self, seconds: u64) -> Instant {
        let mut now = self.now.lock().expect("no test panics while it holds this");
        *now += Duration::from_secs(seconds);
        *now
    }

    /// The next id; ids sort by age.
    pub fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    // ---- intake

    pub async fn open_batch(&self) -> BatchId {
        let id = BatchId(self.id());
        let draft = BatchDraft { id, source: "people.csv".to_owned(), actor: grace(), at: self.now() };
        self.store.open_batch(draft).await.expect("a batch can be opened");
        id
    }

    pub fn staged(&self, asks: &[Ask]) -> Vec<StagedRequest> {
        let number = |(line, ask): (usize, &Ask)| StagedRequest {
            id: RequestId(self.id()),
            user: UserId(self.id()),
            line: line as u64 + 1,
            asked: ask.request(),
        };
        asks.iter().enumerate().map(number).collect()
    }

    pub async fn stage(&self, batch: BatchId, asks: &[Ask]) -> StageReport {
        self.store.stage(batch, self.staged(asks), self.now()).await.expect("a chunk can be staged")
    }

    pub async fn accept(&self, batch: BatchId) {
        self.store.accept(batch, self.now()).await.expect("the batch can be accepted");
    }

    pub async fn promote(&self) {
        while self.store.promote(1_000, self.now()).await.expect("requests can be promoted") {}
    }

    /// Submits requests as one batch, all the way; gives back their ids in order.
    pub async fn submit(&self, asks: &[Ask]) -> Vec<RequestId> {
        let batch = self.open_batch().await;
        let staged = self.staged(asks);
        let ids: Vec<RequestId> = staged.iter().map(|staged| staged.id).collect();
        let report = self.store.stage(batch, staged, self.now()).await.expect("a chunk can be staged");
        assert_eq!(report, StageReport { added: asks.len() as u64, ..StageReport::default() });
        self.accept(batch).await;
        self.promote().await;
        ids
    }

    // ---- reading

    pub async fn member(&self, id: RequestId) -> Member {
        self.store.request(id).await.expect("a request can be read").expect("the request is there")
    }

    pub async fn state(&self, id: RequestId) -> (State, Status) {
        let progress = self.member(id).await.request.progress;
        (progress.state, progress.status())
    }

    pub async fn recount(&self) {
        let mut counted: BTreeMap<_, u64> = BTreeMap::new();
        let all = self.all().await;
        for member in &all {
            let request = &member.request;
            let asked = &request.asked;
            let key = (
                request.batch,
                asked.tenant.clone(),
                asked.environment.clone(),
                request.progress.state,
                request.progress.status(),
            );
            *counted.entry(key).or_default() += 1;
        }
        let counts = self.store.counts(None).await.expect("counters can be read");
        let kept: BTreeMap<_, u64> = counts
            .into_iter()
            .map(|count| {
                ((count.batch, count.tenant, count.environment, count.state, count.status), count.requests)
            })
            .collect();
        assert_eq!(kept, counted, "the counters equal a recount");
    }

    pub async fn all(&self) -> Vec<Member> {
        let page = seatless::store::Page { after: None, rows_max: 100_000 };
        self.store.requests(Default::default(), page).await.expect("requests can be read")
    }

    // ---- work

    pub async fn claim_as(&self, holder: HolderId, lanes_max: u32, members_max: u32) -> Vec<Group> {
        let claim = Claim { holder, now: self.now(), lanes_max, members_max, weights: Default::default() };
        self.store.claim(claim).await.expect("lanes can be claimed")
    }

    pub async fn claim(&self) -> Vec<Group> {
        self.claim_as(ME, 100, 100).await
    }

    /// Claims, and expects exactly one lane.
    pub async fn claim_one(&self) -> Group {
        let mut groups = self.claim().await;
        assert_eq!(groups.len(), 1, "one lane is due: {groups:#?}");
        groups.remove(0)
    }

    pub fn decide(&self, member: &Member, input: Input) -> Transition {
        self.decide_with(member, member.facts(), input)
    }

    pub fn decide_with(&self, member: &Member, facts: Facts, input: Input) -> Transition {
        let subject = Subject { progress: &member.request.progress, facts };
        decide(&subject, input, &self.policy, self.now(), 0.5).expect("the input is applicable")
    }

    pub fn report(&self, member: &Member, outcome: Outcome) -> Transition {
        let begun = member.request.progress.trial.intent.is_some();
        self.decide(member, Input::Reported { outcome, looked_at: self.now(), begun })
    }

    pub fn row(&self, member: &Member, transition: Transition) -> CommitRow {
        CommitRow {
            request: member.request.id,
            epoch: member.request.epoch,
            holder: member.request.holder,
            from: (member.request.progress.state, member.request.progress.status()),
            transition,
            learned: Learned::default(),
        }
    }

    pub fn commit_of(&self, rows: Vec<CommitRow>, group: Option<&Group>) -> Commit {
        let release = |group: &Group| LaneRelease {
            lane: group.lane,
            holder: group.members.first().and_then(|member| member.request.holder),
            gate_until: None,
            trouble: 0,
            failure: None,
        };
        let lane = group.map(release);
        Commit {
            now: self.now(),
            actor: engine(),
            rows,
            lane,
            seat_rest: self.policy.seat_cool_down,
            tallies: Vec::new(),
        }
    }

    pub async fn commit(&self, commit: Commit) -> Vec<RowFate> {
        self.store.commit(commit).await.expect("a commit can be applied")
    }

    pub async fn commit_rows(&self, rows: Vec<CommitRow>) -> Vec<RowFate> {
        self.commit(self.commit_of(rows, None)).await
    }

    /// Reports one outcome for a whole group, commits it, and releases its lane.
    pub async fn finish(&self, group: &Group, outcome: Outcome) -> Vec<RowFate> {
        let rows = group.members.iter().map(|member| self.row(member, self.report(member, outcome.clone())));
        self.commit(self.commit_of(rows.collect(), Some(group))).await
    }

    /// Gives an order to one request, as a command does.
    pub async fn order(&self, id: RequestId, command: Command) -> Vec<RowFate> {
        let member = self.member(id).await;
        let row =
            CommitRow { holder: None, ..self.row(&member, self.decide(&member, Input::Ordered(command))) };
        self.commit_rows(vec![row]).await
    }

    pub fn begin_of(&self, member: &Member, intent: IntentId) -> Begin {
        Begin {
            request: member.request.id,
            epoch: member.request.epoch,
            intent,
            budgeted: true,
            assigns_license: member.request.step == Some(Step::AssignLicense),
            sealed_password: None,
            state: member.request.progress.state,
        }
    }

    pub async fn begin(&self, begins: Vec<Begin>) -> Vec<BeginFate> {
        self.store.begin(ME, begins, self.now()).await.expect("intents can be recorded")
    }

    /// Begins one intent for each member, as the engine does, and reflects it in the group.
    pub async fn begin_group(&self, group: &mut Group) -> Vec<BeginFate> {
        let intent = IntentId(self.id());
        let begins = group.members.iter().map(|member| self.begin_of(member, intent)).collect();
        let fates = self.begin(begins).await;
        for (member, fate) in group.members.iter_mut().zip(&fates) {
            if *fate == BeginFate::Begun {
                let trial = &mut member.request.progress.trial;
                trial.attempts += 1;
                trial.intent = Some(OpenIntent { id: intent, begun_at: self.now() });
                if member.request.step == Some(Step::AssignLicense) {
                    member.user.license = LicenseHold::MayBeHeld { intent };
                }
            }
        }
        fates
    }

    // ---- admission

    pub async fn offer_seats(&self, seats: u32) {
        self.observe_seats(SALES, seats, 0).await;
    }

    pub async fn observe_seats(&self, sku: SkuId, capacity: u32, others: u32) {
        let key = seats(sku);
        self.store.observe(key, capacity, others, self.now()).await.expect("a pool can be observed");
    }

    pub async fn offer_slots(&self, environment: &str, slots_max: u32) {
        self.store
            .observe(slots(environment), slots_max, 0, self.now())
            .await
            .expect("a pool can be observed");
    }

    pub async fn pool(&self, key: PoolKey) -> seatless::store::Pool {
        self.store.pool(key).await.expect("a pool can be read").expect("the pool is counted")
    }

    /// Grants seats to whoever can have one.
    pub async fn admit(&self) -> Vec<RowFate> {
        let candidates = self.store.candidates(1_000).await.expect("candidates can be read");
        let rows = candidates.iter().map(|member| CommitRow {
            holder: None,
            ..self.row(member, self.decide(member, Input::Admitted))
        });
        self.commit_rows(rows.collect()).await
    }

    /// Works with good outcomes until every request has reached a state, with seats and slots for everybody.
    pub async fn work_until(&self, state: State) {
        for _ in 0..200 {
            let all = self.all().await;
            if all.iter().all(|member| member.request.progress.state >= state) {
                return;
            }
            self.work_once(Some(state)).await;
        }
        panic!("the requests do not reach {state}");
    }

    /// Works with good outcomes for these requests alone until they wait for seats; nobody is granted any.
    pub async fn work_until_waiting(&self, ids: &[RequestId]) {
        for _ in 0..20 {
            let goes_on = |member: &&Member| {
                ids.contains(&member.request.id) && member.request.progress.state < State::Created
            };
            let all = self.all().await;
            if !all.iter().any(|member| goes_on(&member)) {
                return;
            }
            for member in &all {
                self.offer_slots(&member.request.asked.environment, 1_000).await;
            }
            for group in self.claim().await {
                let rows = group.members.iter().filter(goes_on);
                let rows = rows.map(|member| self.row(member, self.report(member, Outcome::Advanced)));
                self.commit(self.commit_of(rows.collect(), Some(&group))).await;
            }
        }
        panic!("the requests do not come to wait");
    }

    /// Works with good outcomes until one request has reached a state.
    pub async fn work_until_state(&self, id: RequestId, state: State) {
        for _ in 0..200 {
            if self.state(id).await.0 >= state {
                return;
            }
            self.work_once(Some(state)).await;
        }
        panic!("{id} does not reach {state}");
    }

    /// Claims until one request has come to its end, with good outcomes for it and none for the others.
    pub async fn claim_and_unwind(&self, id: RequestId) {
        for _ in 0..20 {
            if self.state(id).await.1.is_terminal() {
                return;
            }
            for group in self.claim().await {
                let members = group.members.iter().filter(|member| member.request.id == id);
                let rows = members.map(|member| self.row(member, self.report(member, Outcome::Advanced)));
                self.commit(self.commit_of(rows.collect(), Some(&group))).await;
            }
        }
        panic!("{id} does not end");
    }

    /// Works with good outcomes until every request has ended.
    pub async fn work_to_success(&self) {
        for _ in 0..200 {
            if self.all().await.iter().all(|member| member.request.progress.status().is_terminal()) {
                return;
            }
            self.work_once(None).await;
        }
        panic!("the requests do not end");
    }

    /// One round: seats, then one good outcome for each due request that has not gone far enough.
    async fn work_once(&self, until: Option<State>) {
        for member in self.all().await {
            self.offer_slots(&member.request.asked.environment, 1_000).await;
        }
        self.offer_seats(1_000).await;
        self.observe_seats(super::build::SERVICE, 1_000, 0).await;
        self.admit().await;
        let mut groups = self.claim().await;
        for group in &mut groups {
            if group.step == Step::AssignLicense {
                self.begin_group(group).await;
            }
            let goes_on = |member: &&Member| until.is_none_or(|until| member.request.progress.state < until);
            let rows = group.members.iter().filter(goes_on).map(|member| {
                let mut row = self.row(member, self.report(member, Outcome::Advanced));
                if group.step == Step::CreateUser {
                    row.learned.object_id = Some(ObjectId(member.user.id.0));
                }
                row
            });
            self.commit(self.commit_of(rows.collect(), Some(group))).await;
        }
        if groups.is_empty() {
            self.wait(600);
        }
    }
}

/// The person who submits.
pub fn grace() -> Actor {
    Actor { name: "grace".to_owned(), origin: Origin::Cli }
}

/// The engine.
pub fn engine() -> Actor {
    Actor { name: "engine".to_owned(), origin: Origin::Engine }
}

/// The pool of a license in `contoso`.
pub fn seats(sku: SkuId) -> PoolKey {
    PoolKey::Seat { tenant: "contoso".to_owned(), sku }
}

/// The pool of slots of an environment of `contoso`.
pub fn slots(environment: &str) -> PoolKey {
    PoolKey::Slot { tenant: "contoso".to_owned(), environment: environment.to_owned() }
}
