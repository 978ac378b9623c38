//! What must hold in the end, and what the cloud's ledger may never show, whatever befell the daemons on the way.

use super::place::{Place, app, environment};
use seatless::app::{TokioSpawner, TokioTimer};
use seatless::domain::{EventKind, Instant, Status};
use seatless::engine::{Spawner, Timer};
use seatless::simulator::LedgerEntry;
use seatless::store::{
    Admission, Event, Events, Filter, Member, Page, PoolKey, PostgresOptions, PostgresStore, Requests,
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Everything there is to look at in the end.
pub(crate) struct Record {
    members: Vec<Member>,
    histories: HashMap<Uuid, Vec<Event>>,
    seats_held: u32,
    state: Value,
    pub(crate) ledger: Vec<LedgerEntry>,
    violations: usize,
    /// The rows of a user in its environments belong to the user.
    user_of: HashMap<Uuid, Uuid>,
}

impl Record {
    pub(crate) async fn of(place: &Place) -> Self {
        let store = PostgresStore::open(
            PostgresOptions::reader(&place.url),
            Arc::new(|task| TokioSpawner.spawn(task)),
            Arc::new(|time| Box::pin(TokioTimer.sleep(time))),
        );
        let store = store.await.expect("a database");
        let page = Page { after: None, rows_max: 10_000 };
        let members = store.requests(Filter::default(), page).await.expect("the requests");
        let mut histories = HashMap::new();
        for member in &members {
            let history = store.history(member.request.id, 0, 10_000).await.expect("a history");
            histories.insert(member.request.id.0, history);
        }
        let pools = store.pools().await.expect("the pools");
        let seats = pools.iter().filter(|pool| matches!(pool.key, PoolKey::Seat { .. }));
        let seats_held = seats.map(|pool| pool.held).sum();
        store.close().await;
        let state = place.simulator.state();
        let mut record = Self {
            members,
            histories,
            seats_held,
            user_of: HashMap::new(),
            ledger: place.simulator.ledger(0),
            violations: place.simulator.violations().len(),
            state,
        };
        record.user_of = record.owners();
        record
    }

    fn owners(&self) -> HashMap<Uuid, Uuid> {
        let users = self.users().filter_map(|user| id_of(&user["id"])).map(|id| (id, id));
        let rows = self.rows().filter_map(|(_, row)| {
            Some((id_of(&row["systemuserid"])?, id_of(&row["azureactivedirectoryobjectid"])?))
        });
        users.chain(rows).collect()
    }

    fn users(&self) -> impl Iterator<Item = &Value> {
        self.state["tenants"][0]["users"].as_array().into_iter().flatten()
    }

    fn rows(&self) -> impl Iterator<Item = (&str, &Value)> {
        let environments = self.state["tenants"][0]["environments"].as_array().into_iter().flatten();
        environments.flat_map(|found| {
            let name = found["name"].as_str().unwrap_or_default();
            found["rows"].as_array().into_iter().flatten().map(move |row| (name, row))
        })
    }

    /// The writes on users, each with the user; what a batch holds, not the batch. Roles are given without an intent each.
    pub(crate) fn writes(&self) -> impl Iterator<Item = (&LedgerEntry, Uuid)> {
        let writes = self.ledger.iter().filter(|entry| entry.write && !entry.path.ends_with("$ref"));
        writes.filter_map(|entry| {
            let named = entry.path.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
            let named = named.filter_map(|word| Uuid::try_parse(word).ok());
            let touched = entry.touched.iter().copied().filter(|_| entry.path.ends_with("addUser"));
            let owner = named.chain(touched).find_map(|id| self.user_of.get(&id));
            owner.map(|user| (entry, *user))
        })
    }

    /// When writes on a user were begun.
    pub(crate) fn begun(&self, user: Uuid) -> impl Iterator<Item = &Event> {
        let requests =
            self.members.iter().filter(move |member| member.user.object_id.is_some_and(|id| id.0 == user));
        let events = requests.flat_map(|member| &self.histories[&member.request.id.0]);
        events.filter(|event| event.kind == EventKind::Begun)
    }

    /// What is wrong with the end of so many requests, each of a user of its own.
    pub(crate) fn faults(&self, requests: usize, environments: usize) -> Vec<String> {
        let mut faults = Vec::new();
        if self.violations > 0 {
            faults.push(format!("{} violations", self.violations));
        }
        if self.members.len() != requests || self.users().count() != requests {
            faults.push(format!(
                "{} requests and {} users of {requests}",
                self.members.len(),
                self.users().count()
            ));
        }
        if self.seats_held != 0 {
            faults.push(format!("{} seats are still held", self.seats_held));
        }
        let by_name: HashMap<&str, &Value> =
            self.users().filter_map(|user| Some((user["user_principal_name"].as_str()?, user))).collect();
        let rows: HashMap<(&str, Option<Uuid>), &Value> = self
            .rows()
            .map(|(name, row)| ((name, id_of(&row["azureactivedirectoryobjectid"])), row))
            .collect();
        let mut writes: HashMap<Uuid, Vec<&LedgerEntry>> = HashMap::new();
        for (entry, user) in self.writes() {
            writes.entry(user).or_default().push(entry);
        }
        for number in 0..requests {
            let name = format!("svc-{number}@contoso.example");
            let user = by_name.get(name.as_str()).copied().unwrap_or(&Value::Null);
            let id = id_of(&user["id"]);
            let row =
                rows.get(&(environment(number % environments).as_str(), id)).copied().unwrap_or(&Value::Null);
            let good = user["account_enabled"] == true
                && user["deleted"] == false
                && user["licenses"] == Value::Array(Vec::new())
                && !user["marker"].is_null()
                && row["accessmode"] == 4
                && row["isdisabled"] == false
                && row["roles"] == serde_json::json!(["Writer"]);
            if !good {
                faults.push(format!("{name} is {user} with {row}"));
            }
            let writes = id.and_then(|id| writes.get(&id)).map(Vec::as_slice).unwrap_or_default();
            faults.extend(order(&name, writes));
            let intents: HashSet<_> =
                id.into_iter().flat_map(|id| self.begun(id)).filter_map(|event| event.intent).collect();
            if writes.is_empty() || writes.len() > intents.len() {
                faults.push(format!("{} writes on {name}, {} intents", writes.len(), intents.len()));
            }
        }
        for member in &self.members {
            if member.request.progress.status() != Status::Succeeded {
                faults.push(format!("{:?}", member.request.progress));
            }
            let history = &self.histories[&member.request.id.0];
            if history.first().map(|event| event.kind) != Some(EventKind::Submitted)
                || history.windows(2).any(|pair| pair[1].from != pair[0].to)
            {
                faults.push(format!("the history of {} has a gap", member.request.id));
            }
        }
        faults
    }

    /// What must not be on its way from two daemons at the same time: the writes of one lane, and those on one user. `lasts`
    /// is how long each call was on its way when the cloud took note of it.
    pub(crate) fn overlaps(&self, lasts: chrono::TimeDelta) -> Vec<String> {
        let mut last: HashMap<String, &LedgerEntry> = HashMap::new();
        let mut faults = Vec::new();
        let of_users: HashMap<u64, Uuid> =
            self.writes().map(|(entry, user)| (entry.sequence, user)).collect();
        for entry in self.ledger.iter().filter(|entry| entry.write) {
            let user = of_users.get(&entry.sequence).map(|user| format!("user {user}"));
            for what in lane(entry).into_iter().chain(user) {
                let before = last.insert(what.clone(), entry);
                if let Some(before) =
                    before.filter(|before| before.app != entry.app && entry.at - before.at < lasts)
                {
                    faults.push(format!("{what}: {before:?} and {entry:?}"));
                }
            }
        }
        faults
    }

    /// How many calls each daemon has made.
    pub(crate) fn calls(&self, daemon: usize) -> usize {
        let app = Uuid::try_parse(&app(daemon)).expect("a GUID");
        self.ledger.iter().filter(|entry| entry.app == Some(app)).count()
    }
}

/// The lane that a write belongs to, where its path tells.
fn lane(entry: &LedgerEntry) -> Option<String> {
    let environment = entry.environment.as_deref().unwrap_or_default();
    let path = entry.path.trim_end_matches('/');
    match entry.method.as_str() {
        "POST" if path.ends_with("/users") => Some("create_user".to_owned()),
        "POST" if path.ends_with("addUser") => Some(format!("await_propagation {path}")),
        "PATCH" if path.contains("systemusers(") => Some(format!("set_non_interactive {environment}")),
        _ => None,
    }
}

/// The mode was set before the license went for good.
fn order(name: &str, writes: &[&LedgerEntry]) -> Option<String> {
    let applied = || writes.iter().filter(|entry| entry.applied);
    let mode = applied().find(|entry| entry.method == "PATCH" && entry.path.contains("systemusers("));
    let license = applied().rfind(|entry| entry.path.contains("assignLicense"));
    let in_order = matches!((mode, license), (Some(mode), Some(license)) if mode.sequence < license.sequence);
    (!in_order).then(|| format!("the license of {name} went before its mode was set"))
}

fn id_of(value: &Value) -> Option<Uuid> {
    Uuid::try_parse(value.as_str()?).ok()
}

/// Somebody was stopped for longer than its lease, and went on at the end of it.
pub(crate) struct Stop {
    pub(crate) daemon: usize,
    pub(crate) continued_at: Instant,
    /// When it was stopped again, or ended.
    pub(crate) until: Instant,
}

/// Writes that came from a daemon after such a stop and were begun before it.
pub(crate) fn stale_writes(record: &Record, stops: &[Stop]) -> Vec<String> {
    let mut faults = Vec::new();
    for (entry, user) in record.writes() {
        let of = |stop: &&Stop| {
            Uuid::try_parse(&app(stop.daemon)).ok() == entry.app
                && stop.continued_at < entry.at
                && entry.at < stop.until
        };
        let Some(stop) = stops.iter().find(of) else { continue };
        let fresh = |event: &Event| stop.continued_at <= event.occurred_at && event.occurred_at <= entry.at;
        if !record.begun(user).any(fresh) {
            faults.push(format!("begun before {}: {entry:?}", stop.continued_at));
        }
    }
    faults
}
