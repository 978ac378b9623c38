//! A database with a little of everything, made through the ports with a clock that only this file moves.
//!
//! ada succeeded; bob is blocked, his name is taken; cleo and dora wait for the one seat; eve's environment does not
//! answer, twice in a row; her note holds terminal escapes.

use chrono::{DateTime, TimeDelta, Utc};
use seatless::domain::{
    Account, BatchId, Charge, Code, Failure, HolderId, Input, Instant, IntentId, Membership, NewRequest,
    ObjectId, OnExisting, OpenIntent, OperationId, Outcome, Pinned, Policy, RequestId, SkuId, Steering, Step,
    StoreId, Subject, UserId, UserPrincipalName, decide,
};
use seatless::store::{
    Actor, Admission, BatchDraft, Begin, Claim, Commit, CommitRow, Group, Intake, LaneRelease, Learned,
    LicenseHold, Member, OpenOptions, OperationDraft, Operations, Origin, OwnerCard, PoolKey, SqliteStore,
    StagedRequest, Tally, TallyEntry, Work,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const HOLDER: HolderId = HolderId(Uuid::from_u128(0x1111));

/// The batches, in the order of submission.
pub(crate) const ADAS: &str = "0a000000-0000-7000-8000-000000000000";
pub(crate) const BOBS: &str = "0b000000-0000-7000-8000-000000000000";
pub(crate) const OTHERS: &str = "0c000000-0000-7000-8000-000000000000";

/// Where the clock begins.
fn begin() -> Instant {
    DateTime::<Utc>::from_timestamp(1_767_603_600, 0).unwrap()
}

struct Populace {
    store: SqliteStore,
    now: Instant,
    ids: u128,
    polls: u32,
    eves_failures: u32,
}

/// An empty database.
pub(crate) fn empty(path: &Path) {
    alone(async { open(path).await.close().await.unwrap() });
}

/// The database with everybody in it.
pub(crate) fn populate(path: &Path) {
    alone(async {
        let store = open(path).await;
        let mut populace = Populace { store, now: begin(), ids: 0, polls: 0, eves_failures: 0 };
        populace.submit(ADAS, "ada.csv", &[("ada", "dev")]).await;
        populace.submit(BOBS, "bob.csv", &[("bob", "dev")]).await;
        populace
            .submit(OTHERS, "the\u{1b}[31mothers.csv", &[("cleo", "dev"), ("dora", "prod"), ("eve", "prod")])
            .await;
        for environment in ["dev", "prod"] {
            let key = PoolKey::Slot { tenant: "contoso".to_owned(), environment: environment.to_owned() };
            populace.store.observe(key, 7, 1, populace.now).await.unwrap();
        }
        let key = PoolKey::Seat { tenant: "contoso".to_owned(), sku: license() };
        populace.store.observe(key, 25, 24, populace.now).await.unwrap();
        for _ in 0..16 {
            populace.round().await;
        }
        populace.store.close().await.unwrap();
    });
}

/// A database with one request for each of these codes, blocked by it; it is called `code-` and the code's place in
/// `Code::ALL`.
pub(crate) fn blocked_by(path: &Path, codes: &[Code]) {
    alone(async {
        let store = open(path).await;
        let mut populace = Populace { store, now: begin(), ids: 0, polls: 0, eves_failures: 0 };
        let place = |code: &Code| Code::ALL.iter().position(|known| known == code).unwrap();
        let names: Vec<String> = codes.iter().map(|code| format!("code-{}", place(code))).collect();
        let asks: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "dev")).collect();
        populace.submit(ADAS, "codes.csv", &asks).await;
        populace.round().await;
        populace.store.close().await.unwrap();
    });
}

/// Runs what owns a database, while no child is begun.
fn alone<T>(task: impl Future<Output = T>) -> T {
    let _no_child = super::CHILDREN.write().unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(task)
}

async fn open(path: &Path) -> SqliteStore {
    let card = OwnerCard {
        new_store: StoreId(Uuid::from_u128(7)),
        new_incarnation: Uuid::from_u128(8),
        host: "test".to_owned(),
        since: begin(),
        program: "test".to_owned(),
    };
    let spawn = |task| {
        #[expect(clippy::disallowed_methods, reason = "the writer needs a task, and the test ends it")]
        drop(tokio::spawn(task));
    };
    SqliteStore::open(OpenOptions::owner(path, card), Arc::new(spawn)).await.unwrap()
}

fn license() -> SkuId {
    SkuId::parse("DYN365_ENTERPRISE_SALES").unwrap()
}

fn ask(name: &str, environment: &str) -> NewRequest {
    NewRequest {
        tenant: "contoso".to_owned(),
        environment: environment.to_owned(),
        pinned: Pinned {
            tenant_id: Uuid::from_u128(0x7e7a),
            environment_id: Uuid::from_u128(0xe417),
            dataverse_origin: format!("https://{environment}.crm4.dynamics.com"),
        },
        account: Account {
            user_principal_name: UserPrincipalName::parse(&format!("{name}@contoso.com")).unwrap(),
            display_name: format!("Integration {name}"),
            given_name: name.to_owned(),
            surname: "Integration".to_owned(),
            usage_location: "GB".to_owned(),
            license: license(),
        },
        membership: Membership {
            business_unit: None,
            security_roles: vec!["Basic User".to_owned()],
            on_existing: OnExisting::Block,
        },
        priority: 0,
        external_id: None,
        note: (name == "eve").then(|| "\u{1b}[2Jgone".to_owned()),
    }
}

impl Populace {
    /// The next id of a request or user; ids sort by age.
    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(0x1a00_0000_0000_7000_8000_0000_0000_0000 + self.ids)
    }

    async fn submit(&mut self, batch: &str, source: &str, asks: &[(&str, &str)]) {
        let id: BatchId = batch.parse().unwrap();
        let actor = Actor { name: "kim".to_owned(), origin: Origin::Cli };
        let draft = BatchDraft { id, source: source.to_owned(), actor, at: self.now };
        self.store.open_batch(draft).await.unwrap();
        let mut chunk = Vec::new();
        for (line, (name, environment)) in asks.iter().enumerate() {
            let (request, user) = (RequestId(self.id()), UserId(self.id()));
            let asked = ask(name, environment);
            chunk.push(StagedRequest { id: request, user, line: line as u64 + 2, asked });
        }
        let report = self.store.stage(id, chunk, self.now).await.unwrap();
        assert_eq!(report.added, asks.len() as u64);
        self.store.accept(id, self.now).await.unwrap();
        while self.store.promote(100, self.now).await.unwrap() {}
    }

    /// A minute passes: seats are granted, then whatever is due is worked on once.
    async fn round(&mut self) {
        self.now += TimeDelta::minutes(1);
        let candidates = self.store.candidates(100).await.unwrap();
        let rows: Vec<CommitRow> =
            candidates.iter().map(|member| self.row(member, Input::Admitted)).collect();
        self.commit(rows, None, Vec::new()).await;
        let claim = Claim {
            holder: HOLDER,
            now: self.now,
            lanes_max: 100,
            members_max: 100,
            weights: Default::default(),
        };
        for group in self.store.claim(claim).await.unwrap() {
            self.work(group).await;
        }
    }

    async fn work(&mut self, mut group: Group) {
        let mut rows = Vec::new();
        let mut tallies = Vec::new();
        let mut release =
            LaneRelease { lane: group.lane, holder: None, gate_until: None, trouble: 0, failure: None };
        for member in &mut group.members {
            if group.step != Step::CheckEnvironment && group.step != Step::Verify {
                self.begin(member).await;
            }
            let name = member.user.account.given_name.clone();
            let outcome = self.outcome(&name, group.step);
            if let Outcome::Transient { failure, .. } = &outcome {
                release.trouble = self.eves_failures;
                release.failure = Some(failure.clone());
            }
            if matches!(outcome, Outcome::Advanced) {
                tallies.extend(tallied(group.step));
            }
            let mut row = self.row(member, Input::Reported { outcome, looked_at: self.now, begun: true });
            if group.step == Step::CreateUser {
                row.learned.object_id =
                    Some(ObjectId(Uuid::from_u128(0x0b1e_c700 + member.user.id.0.as_u128() % 256)));
            }
            row.learned.remote_request_ids = vec![format!("{}-{}", name, group.step)];
            rows.push(row);
        }
        self.commit(rows, Some(release), tallies).await;
    }

    fn outcome(&mut self, name: &str, step: Step) -> Outcome {
        match (name, step) {
            ("bob", Step::CreateUser) => Outcome::Blocked {
                failure: Failure::new(Code::GraphNameTaken, "Its object id is 5f3a.")
                    .seen_as(["bob-7".to_owned()]),
            },
            ("ada", Step::AwaitPropagation) if self.polls < 3 => {
                self.polls += 1;
                Outcome::NotYet { wait: Duration::from_secs(60), because: None }
            }
            (name, _) if name.starts_with("code-") => {
                let place: usize = name.trim_start_matches("code-").parse().unwrap();
                Outcome::Blocked { failure: Failure::new(Code::ALL[place], "It said so.") }
            }
            ("eve", _) => {
                self.eves_failures += 1;
                let wait = if self.eves_failures < 2 { 60 } else { 86_400 };
                Outcome::Transient {
                    failure: Failure::new(Code::RemoteUnavailable, "The answer was 503."),
                    charge: Charge::Lane { wait: Duration::from_secs(wait) },
                }
            }
            _ => Outcome::Advanced,
        }
    }

    async fn begin(&mut self, member: &mut Member) {
        let intent = IntentId(self.id());
        let begin = Begin {
            request: member.request.id,
            epoch: member.request.epoch,
            intent,
            budgeted: true,
            assigns_license: member.request.step == Some(Step::AssignLicense),
            sealed_password: None,
            state: member.request.progress.state,
        };
        self.store.begin(HOLDER, vec![begin], self.now).await.unwrap();
        member.request.progress.trial.intent = Some(OpenIntent { id: intent, begun_at: self.now });
        if member.request.step == Some(Step::AssignLicense) {
            member.user.license = LicenseHold::MayBeHeld { intent };
        }
    }

    fn row(&self, member: &Member, input: Input) -> CommitRow {
        let subject = Subject { progress: &member.request.progress, facts: member.facts() };
        CommitRow {
            request: member.request.id,
            epoch: member.request.epoch,
            holder: member.request.holder,
            from: (member.request.progress.state, member.request.progress.status()),
            transition: decide(&subject, input, &Policy::default(), self.now, 0.5).unwrap(),
            learned: Learned::default(),
        }
    }

    async fn commit(&self, rows: Vec<CommitRow>, lane: Option<LaneRelease>, tallies: Vec<TallyEntry>) {
        let commit = Commit {
            now: self.now,
            actor: Actor { name: "engine".to_owned(), origin: Origin::Engine },
            rows,
            lane,
            // Longer than the test's time, so that nobody but ada ever gets the seat.
            seat_rest: Duration::from_secs(86_400),
            tallies,
        };
        self.store.commit(commit).await.unwrap();
    }
}

fn tallied(step: Step) -> Vec<TallyEntry> {
    let entry = |tally, amount| TallyEntry { tenant: "contoso".to_owned(), tally, amount };
    match step {
        Step::AwaitPropagation => {
            vec![entry(Tally::PropagationSeconds, 240.0), entry(Tally::Propagations, 1.0)]
        }
        Step::RemoveLicense => vec![entry(Tally::SeatSeconds, 360.0), entry(Tally::SeatsReturned, 1.0)],
        _ => Vec::new(),
    }
}

/// An operation that pauses cleo and dora, and nothing of it carried out: whoever opened it has ended.
pub(crate) fn opened_by_a_process_that_ended(path: &Path) -> OperationId {
    alone(async {
        let store = open(path).await;
        let places = store.operations(9).await.unwrap().len() as u128;
        let draft = OperationDraft {
            id: OperationId(Uuid::from_u128(0x0d00 + places)),
            verb: Steering::Pause,
            selection: "by hand".to_owned(),
            reason: None,
            actor: Actor { name: "grace".to_owned(), origin: Origin::Cli },
            at: begin() + TimeDelta::days(4_000 * i64::try_from(places).unwrap()),
        };
        let id = draft.id;
        let requests =
            [5_u128, 7].map(|n| RequestId(Uuid::from_u128(0x1a00_0000_0000_7000_8000_0000_0000_0000 + n)));
        store.open_operation(draft, requests.to_vec()).await.unwrap();
        store.close().await.unwrap();
        id
    })
}
