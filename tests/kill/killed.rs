//! SIGKILL at calls that a seed chooses, more than fifty times, and everything ends as if nothing had happened.

use super::patience::{until, within};
use super::place::{Place, SECRET, settle};
use super::process::{Daemon, reader, run, text};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::domain::{EventKind, Phase, Status};
use seatless::simulator::LedgerEntry;
use seatless::store::{Admission, Event, Events, Filter, Member, Page, Requests, SqliteStore};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

const KILLS_MIN: u64 = 50;

/// Who is asked for: some in both environments, and a name that somebody else has.
fn wanted() -> Vec<(String, &'static str)> {
    let one = |count: u32, environment| (1..=count).map(move |n| (format!("svc-{n}"), environment));
    one(15, "dev").chain(one(5, "test")).chain([("svc-taken".to_owned(), "dev")]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_at_any_call_cost_nothing() {
    let place = Place::new().await;
    let foreign = user_named(&place.simulator.state(), "svc-taken");
    let mut daemon = Daemon::start(&place).await;
    let list = place.list("list.csv", wanted());
    let said = run(&place.config(), &["submit", &list.display().to_string(), "-o", "json"]).await;
    assert!(said.status.success(), "{said:?}");
    let store = reader(&place.database()).await;

    let mut chance = StdRng::seed_from_u64(7);
    let mut kills = 0;
    while kills < KILLS_MIN || !is_over(&store).await {
        if kills >= KILLS_MIN {
            // From here on it may finish in peace.
            break;
        }
        place.tripwire.trap(chance.random_range(1..=9), daemon.id());
        // A daemon that has nothing to call for a while is killed all the same: in its sleep.
        if tokio::time::timeout(std::time::Duration::from_secs(2), place.tripwire.struck()).await.is_err()
            && place.tripwire.disarm()
        {
            daemon.signal(rustix::process::Signal::KILL);
        }
        daemon.end(10).await;
        kills += 1;
        daemon = Daemon::start(&place).await;
    }
    let done_early = is_over(&store).await;
    until("the end of all requests", 60, async || is_over(&store).await.then_some(())).await;
    // The last seats come to rest.
    until("the end of all rests", 20, async || {
        let pools = store.pools().await.expect("the store can be read");
        let held = pools
            .iter()
            .filter(|pool| matches!(pool.key, seatless::store::PoolKey::Seat { .. }))
            .map(|pool| pool.held)
            .sum::<u32>();
        (held == 0).then_some(())
    })
    .await;
    daemon.signal(rustix::process::Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());
    assert!(!done_early, "the work was over before the kills were");

    let faults = Verdict::of(&place, &store, foreign).await.faults();
    assert!(faults.is_empty(), "after {kills} kills:\n  {}\n{}", faults.join("\n  "), daemon.log());
    assert_eq!(text(&place.database(), "PRAGMA integrity_check").await, "ok");
    no_secret_is_readable(&place);
    store.close().await.expect("a reader can be closed");
    within("the cloud", 10, place.close()).await;
}

async fn members(store: &SqliteStore) -> Vec<Member> {
    let page = Page { after: None, rows_max: 1_000 };
    store.requests(Filter::default(), page).await.expect("the store can be read")
}

async fn is_over(store: &SqliteStore) -> bool {
    members(store).await.iter().all(|member| member.request.progress.status() != Status::Active)
}

fn users(state: &Value) -> Vec<Value> {
    state["tenants"][0]["users"].as_array().cloned().unwrap_or_default()
}

fn user_named(state: &Value, name: &str) -> Value {
    let upn = format!("{name}@contoso.example");
    users(state).into_iter().find(|user| user["user_principal_name"] == upn).unwrap_or_default()
}

/// What the cloud and the database show in the end.
struct Verdict {
    state: Value,
    ledger: Vec<LedgerEntry>,
    violations: usize,
    members: Vec<Member>,
    histories: HashMap<Uuid, Vec<Event>>,
    foreign: Value,
}

impl Verdict {
    async fn of(place: &Place, store: &SqliteStore, foreign: Value) -> Self {
        let members = members(store).await;
        let mut histories = HashMap::new();
        for member in &members {
            let history = store.history(member.request.id, 0, 10_000).await.expect("a history");
            histories.insert(member.request.id.0, history);
        }
        Self {
            state: place.simulator.state(),
            ledger: place.simulator.ledger(0),
            violations: place.simulator.violations().len(),
            members,
            histories,
            foreign,
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.violations > 0 {
            faults.push(format!("{} violations", self.violations));
        }
        if self.members.len() != wanted().len() {
            faults.push(format!("{} requests", self.members.len()));
        }
        if user_named(&self.state, "svc-taken") != self.foreign {
            faults.push("the foreign user was changed".to_owned());
        }
        let made = users(&self.state).into_iter().filter(|user| user["foreign"] == false).collect::<Vec<_>>();
        if made.len() != 15 {
            faults.push(format!("{} users were made", made.len()));
        }
        for user in &made {
            if user["deleted"] == true
                || user["licenses"] != Value::Array(Vec::new())
                || user["marker"].is_null()
            {
                faults.push(format!("{user}"));
            }
        }
        for member in &self.members {
            faults.extend(self.faults_of(member));
        }
        faults.extend(self.writes_without_intent());
        faults
    }

    fn faults_of(&self, member: &Member) -> Vec<String> {
        let name = member.user.account.user_principal_name.local_part().to_owned();
        let environment = &member.request.asked.environment;
        let events = &self.histories[&member.request.id.0];
        let mut faults = Vec::new();
        let gap = events.windows(2).any(|pair| pair[1].from != pair[0].to);
        if gap || events.first().map(|event| event.kind) != Some(EventKind::Submitted) {
            faults.push(format!("the history of {name} has a gap"));
        }
        if name == "svc-taken" {
            match &member.request.progress.phase {
                Phase::Blocked { failure, .. } if failure.code.as_str() == "graph.name-taken" => {}
                other => faults.push(format!("svc-taken is {other:?}")),
            }
            return faults;
        }
        if member.request.progress.status() != Status::Succeeded {
            faults.push(format!("{name} in {environment} is {:?}", member.request.progress));
            return faults;
        }
        let user = user_named(&self.state, &name);
        let row = self.row_of(&user, environment);
        let good = row["accessmode"] == 4
            && row["isdisabled"] == false
            && row["roles"] == serde_json::json!(["Writer"])
            && user["account_enabled"] == true;
        if !good {
            faults.push(format!("{name} in {environment} is {row} of {user}"));
        }
        faults.extend(self.order_of_writes(&name, &user, &row, events));
        faults
    }

    fn row_of(&self, user: &Value, environment: &str) -> Value {
        let environments = self.state["tenants"][0]["environments"].as_array().into_iter().flatten();
        let rows = environments
            .filter(|found| found["name"] == environment)
            .flat_map(|found| found["rows"].as_array().into_iter().flatten());
        let mut rows = rows.filter(|row| row["azureactivedirectoryobjectid"] == user["id"]);
        rows.next().cloned().unwrap_or_default()
    }

    /// The mode was set before the license went for good, and the account was verified the settle time after that.
    fn order_of_writes(&self, name: &str, user: &Value, row: &Value, events: &[Event]) -> Vec<String> {
        let mut faults = Vec::new();
        let of = |id: &Value, part: &str| {
            let id = id.as_str().unwrap_or_default().to_owned();
            let part = part.to_owned();
            let carried_out = self.ledger.iter().filter(|entry| entry.write && entry.applied);
            carried_out.filter(move |entry| entry.path.contains(&id) && entry.path.contains(&part))
        };
        let mode = of(&row["systemuserid"], "systemusers(").find(|entry| entry.method == "PATCH");
        let licenses: Vec<&LedgerEntry> = of(&user["id"], "assignLicense").collect();
        let (Some(mode), Some(last)) = (mode, licenses.last()) else {
            faults.push(format!("{name} was not written to"));
            return faults;
        };
        if last.sequence < mode.sequence {
            faults.push(format!("the license of {name} went before its mode was set"));
        }
        let verified = events.iter().find(|event| event.kind == EventKind::Verified);
        let removed_before = |event: &&Event| event.occurred_at >= last.at + settle() || licenses.len() > 2;
        if verified.filter(removed_before).is_none() {
            faults.push(format!("{name} was verified too early: {verified:?} after {}", last.at));
        }
        faults
    }

    /// Every write on a user was recorded in a history before.
    fn writes_without_intent(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for user in users(&self.state).iter().filter(|user| user["foreign"] == false) {
            let id = user["id"].as_str().unwrap_or_default();
            let rows: Vec<Value> = ["dev", "test"].map(|environment| self.row_of(user, environment)).to_vec();
            let on_user = |entry: &&LedgerEntry| {
                let path = &entry.path;
                entry.write
                    && !path.ends_with("$ref")
                    && (path.contains(id)
                        || path.ends_with("addUser") && entry.touched.iter().any(|one| one.to_string() == id)
                        || rows
                            .iter()
                            .any(|row| row["systemuserid"].as_str().is_some_and(|row| path.contains(row))))
            };
            let writes = self.ledger.iter().filter(on_user).count();
            let of_user = self
                .members
                .iter()
                .filter(|member| member.user.object_id.is_some_and(|object| object.to_string() == id));
            let intents: HashSet<Uuid> = of_user
                .flat_map(|member| &self.histories[&member.request.id.0])
                .filter(|event| event.kind == EventKind::Begun)
                .filter_map(|event| event.intent.map(|intent| intent.0))
                .collect();
            if writes == 0 || writes > intents.len() {
                faults.push(format!("{writes} writes on {id}, {} intents", intents.len()));
            }
        }
        faults
    }
}

/// The client secret and bearer tokens (which all begin as every JWT does) are in no file but the config.
fn no_secret_is_readable(place: &Place) {
    for (file, bytes) in place.files() {
        for canary in [SECRET, "eyJ0eXAi", "Bearer ey"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} stands in {file}");
        }
    }
}
