//! How fast a list of a hundred thousand requests is accepted, with how much memory, and what a daemon at work on the
//! same store notices of it.

#[path = "bed"]
mod bed {
    pub(crate) mod crowd;
    pub(crate) mod database;
    pub(crate) mod findings;
    pub(crate) mod gauge;
    pub(crate) mod instant_steps;
    pub(crate) mod plant;
    pub(crate) mod sql;
}

use async_trait::async_trait;
use bed::crowd::{self, Crowd, Listed};
use bed::findings::Findings;
use bed::instant_steps::{InstantSteps, Intents};
use bed::{database, gauge, plant, sql};
use seatless::app::intake::{self, Format};
use seatless::app::settings::{Settings, Sources};
use seatless::app::{
    IntakeTarget, StoreIntake, Submission, SubmissionError, SystemClock, SystemIds, TokioTimer, promote_all,
    submit,
};
use seatless::domain::{BatchId, Clock, Ids, NewRequest};
use seatless::engine::Timer;
use seatless::store::{Actor, Batch, SqliteStore, StageReport, Store};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The list, and what the daemon works on meanwhile.
const LIST: Crowd =
    Crowd { wave: 0, requests: 100_000, environments: 15_000, tenants: 10, listed: Listed::InTurn };
const AT_WORK: Crowd =
    Crowd { wave: 5, requests: 40_000, environments: 6_000, tenants: 10, listed: Listed::InTurn };

/// How long each call of the daemon takes.
const LATENCY: Duration = Duration::from_millis(200);
/// For how long the daemon's pace is measured before the list comes.
const ALONE: Duration = Duration::from_secs(4);

const ROWS_GOAL: f64 = 30_000.0;
const SHARE_MIN: f64 = 0.5;
const GROWTH_MAX: f64 = 64.0;
const PACE_GOAL: f64 = 0.8;

#[tokio::main]
async fn main() -> ExitCode {
    let mut findings = Findings::of("intake");
    let clock = Arc::new(SystemClock);
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    let list = list(folder.path());

    let alone = database::open(&folder.path().join("alone.db"), &*clock, &SystemIds).await;
    let taken = take(Arc::new(alone.clone()), &list, &settings, &clock).await;
    alone.close().await.expect("a closed database");
    findings.goal("rows accepted per second, no daemon", taken.rate(), ROWS_GOAL, "1/s");
    findings.note("and handed to the lanes", f64::from(LIST.requests) / taken.seconds, "1/s");
    let bare = bare(&folder.path().join("bare.db"), &clock).await;
    findings.note("the bare INSERTs, in sets of 500", bare, "1/s");
    findings.at_least("share of the bare INSERTs", taken.rate() / bare, SHARE_MIN, "");
    findings.note("resident: growth", taken.growth, "MiB");

    let store = database::open(&folder.path().join("busy.db"), &*clock, &SystemIds).await;
    AT_WORK.submit(&store, &*clock, &SystemIds).await;
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let expected = AT_WORK.requests + LIST.requests;
    let steps =
        InstantSteps::new(Arc::clone(&shared), Intents::None, expected, expected).with_latency(LATENCY);
    let steps = Arc::new(steps);
    let (pump, stop) = plant::pump(Arc::clone(&shared), &clock, Arc::clone(&steps));
    let work = async {
        TokioTimer.sleep(Duration::from_secs(1)).await;
        let (began, looked) = (clock.elapsed(), steps.looked());
        TokioTimer.sleep(ALONE).await;
        let alone = (steps.looked() - looked) as f64 / (clock.elapsed() - began).as_secs_f64();
        let looked = steps.looked();
        let taken = take(shared, &list, &settings, &clock).await;
        let beside = (steps.looked() - looked) as f64 / taken.seconds;
        stop.at_once();
        (alone, beside, taken)
    };
    let (result, (alone, beside, taken)) = tokio::join!(pump.run(stop.clone()), work);
    result.expect("a store that works");
    store.close().await.expect("a closed database");
    findings.goal("rows accepted per second, beside a daemon", taken.rate(), ROWS_GOAL, "1/s");
    findings.note(
        "beside a daemon: and handed to the lanes",
        f64::from(LIST.requests) / taken.seconds,
        "1/s",
    );
    findings.at_most("resident: growth beside a daemon", taken.growth, GROWTH_MAX, "MiB");
    findings.note("the daemon's pace alone", alone, "looks/s");
    findings.note("the daemon's pace beside the intake", beside, "looks/s");
    findings.goal("pace kept", beside / alone, PACE_GOAL, "");
    findings.end()
}

/// What taking the list in came to.
struct Taken {
    /// Until everything was handed to the lanes.
    seconds: f64,
    /// Until it was promised.
    accepted: f64,
    growth: f64,
}

impl Taken {
    fn rate(&self) -> f64 {
        f64::from(LIST.requests) / self.accepted
    }
}

async fn take(store: Arc<dyn Store>, list: &Path, settings: &Settings, clock: &Arc<SystemClock>) -> Taken {
    let target = Watched {
        intake: StoreIntake { store, clock: Arc::clone(clock) as Arc<_>, ids: Arc::new(SystemIds) },
        accepted_at: AtomicU64::new(0),
    };
    let before = gauge::resident_mib("self");
    let began = clock.elapsed();
    let peak = Mutex::new(before);
    let progress = |_: u64| {
        let mut peak = peak.lock().expect("a peak");
        *peak = peak.max(gauge::resident_mib("self"));
    };
    let submission = Submission {
        source: "list.csv",
        actor: crowd::actor(),
        batch: BatchId(SystemIds.fresh()),
        progress: &progress,
    };
    let file = std::fs::File::open(list).expect("the list");
    let rows = intake::read(file, Some(Format::Csv), "list.csv", settings);
    let submitted = submit(&target, submission, rows).await.expect("a list in order");
    assert_eq!(submitted.added, u64::from(LIST.requests));
    let seconds = (clock.elapsed() - began).as_secs_f64();
    let peak = peak.lock().expect("a peak").max(gauge::resident_mib("self"));
    let accepted_at = Duration::from_micros(target.accepted_at.load(Ordering::Relaxed));
    Taken { seconds, accepted: (accepted_at - began).as_secs_f64(), growth: peak - before }
}

/// The product's intake, with the moment noted at which the list is promised.
struct Watched {
    intake: StoreIntake,
    accepted_at: AtomicU64,
}

#[async_trait]
impl IntakeTarget for Watched {
    async fn open(&self, batch: BatchId, source: &str, actor: &Actor) -> Result<(), SubmissionError> {
        self.intake.open(batch, source, actor).await
    }

    async fn stage(
        &self,
        batch: BatchId,
        rows: Vec<(u64, NewRequest)>,
    ) -> Result<StageReport, SubmissionError> {
        self.intake.stage(batch, rows).await
    }

    async fn accept(&self, batch: BatchId) -> Result<Batch, SubmissionError> {
        let StoreIntake { store, clock, .. } = &self.intake;
        let accepted = store.accept(batch, clock.now()).await?;
        self.accepted_at.store(clock.elapsed().as_micros() as u64, Ordering::Relaxed);
        promote_all(&**store, &**clock).await?;
        Ok(accepted)
    }

    async fn discard(&self, batch: BatchId) -> Result<(), SubmissionError> {
        self.intake.discard(batch).await
    }
}

/// The same rows, written by the same two INSERTs in the same schema, with nothing read, compared or checked.
async fn bare(file: &Path, clock: &SystemClock) -> f64 {
    let store = database::open(file, clock, &SystemIds).await;
    store.close().await.expect("a closed database");
    let mut connection = sql::connect(file).await;
    sql::run(
        &mut connection,
        "INSERT INTO batches (id, source, actor, origin, opened_at) VALUES (zeroblob(16), '', '', 'cli', 1)",
    )
    .await;
    let statement = |name: &str| {
        SqliteStore::STATEMENTS
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, text)| *text)
            .expect("a statement")
    };
    let (users, requests) = (statement("stage: users"), statement("stage: requests"));
    let chunks: Vec<(String, String)> =
        (0..LIST.requests).collect::<Vec<_>>().chunks(500).map(rows).collect();
    let began = clock.elapsed();
    for (of_users, of_requests) in chunks {
        sql::run(&mut connection, "BEGIN IMMEDIATE").await;
        sqlx::query(users).bind(of_users).execute(&mut connection).await.expect("users");
        let query = sqlx::query(requests).bind(of_requests).bind([0_u8; 16].as_slice()).bind(1_i64);
        query.execute(&mut connection).await.expect("requests");
        sql::run(&mut connection, "COMMIT").await;
    }
    let rate = f64::from(LIST.requests) / (clock.elapsed() - began).as_secs_f64();
    sqlx::Connection::close(connection).await.expect("a closed connection");
    rate
}

/// The parameters of the two INSERTs for some requests.
fn rows(numbers: &[u32]) -> (String, String) {
    let (mut users, mut requests) = (Vec::new(), Vec::new());
    for number in numbers {
        let asked = LIST.request(*number);
        let (user, request) =
            (SystemIds.fresh().simple().to_string(), SystemIds.fresh().simple().to_string());
        let (account, pinned) = (&asked.account, &asked.pinned);
        let print = "ab".repeat(32);
        let license = account.license.0.simple().to_string();
        users.push(serde_json::json!([
            user,
            asked.tenant,
            pinned.tenant_id.simple().to_string(),
            account.user_principal_name.as_str(),
            account.display_name,
            account.given_name,
            account.surname,
            account.usage_location,
            license,
            print,
        ]));
        requests.push(serde_json::json!([
            request,
            user,
            asked.tenant,
            asked.environment,
            pinned.tenant_id.simple().to_string(),
            pinned.environment_id.simple().to_string(),
            pinned.dataverse_origin,
            license,
            null,
            "[\"Service Reader\"]",
            "block",
            0,
            null,
            null,
            print,
        ]));
    }
    (serde_json::Value::from(users).to_string(), serde_json::Value::from(requests).to_string())
}

/// A config that names every environment of the list.
fn settings(folder: &Path) -> Settings {
    let mut text = String::new();
    for tenant in 0..LIST.tenants {
        let (name, id) = (crowd::tenant_name(tenant), crowd::tenant_id(tenant));
        let _ = write!(
            text,
            "[tenants.{name}]\nid = \"{id}\"\nusage_location = \"GB\"\n\
             [tenants.{name}.sign_in]\nclient_id = \"22222222-2222-4222-8222-222222222222\"\nclient_secret = \"none\"\n"
        );
    }
    for environment in 0..LIST.environments {
        let _ = write!(
            text,
            "[environments.{}]\ntenant = \"{}\"\nurl = \"{}\"\nid = \"{}\"\nlicense = \"{}\"\n",
            crowd::environment_name(environment),
            crowd::tenant_name(LIST.tenant_of(environment)),
            crowd::dataverse_origin(environment),
            crowd::environment_id(environment),
            crowd::LICENSE,
        );
    }
    let file = folder.join("seatless.toml");
    std::fs::write(&file, text).expect("a config");
    Settings::load(Sources { file: Some(file), environment: [], overrides: Vec::new() }).expect("settings")
}

fn list(folder: &Path) -> PathBuf {
    let mut text = String::from("upn,environment,given_name,surname\n");
    for number in 0..LIST.requests {
        let asked = LIST.request(number);
        let account = &asked.account;
        let _ = writeln!(
            text,
            "{},{},{},{}",
            account.user_principal_name, asked.environment, account.given_name, account.surname
        );
    }
    let file = folder.join("list.csv");
    std::fs::write(&file, text).expect("a list");
    file
}
