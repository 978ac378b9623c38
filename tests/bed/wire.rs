//! The way to the simulated cloud, in process: passes the gate, notes which license calls give and which take, and looks
//! closely at every license that is about to be taken.

use super::gate::{Gate, Point, Side, in_one_piece};
use async_trait::async_trait;
use bytes::Bytes;
use seatless::cloud::{Transport, TransportError};
use seatless::domain::{Direction, Phase, State};
use seatless::simulator::{LedgerEntry, Simulator};
use seatless::store::{Filter, Page, Requests};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// What a write did, or was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Create,
    Assign,
    Remove,
    ChangeUser,
    DeleteUser,
    ChangeRow,
    GiveRole,
    JoinGroup,
    AskForSync,
    Unknown,
}

/// One write of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) kind: Kind,
    /// Who Power Platform was asked for; its path does not tell.
    pub(crate) asked_for: Option<Uuid>,
    /// Its sender had stood still past its lease.
    pub(crate) is_stale: bool,
    pub(crate) entry: LedgerEntry,
}

/// A call's license writes in the order of its items: `true` gives, `false` takes.
type Licenses = HashMap<u64, Vec<bool>>;

pub(crate) struct Wire {
    simulator: Arc<Simulator>,
    store: Mutex<Arc<dyn Requests>>,
    licenses: Mutex<Licenses>,
    asked_for: Mutex<HashMap<u64, Uuid>>,
    /// The calls of workers that had stood still past their leases.
    stale: Mutex<HashSet<u64>>,
    seen: Mutex<u64>,
    writes: AtomicU64,
    /// Environments in which a person has changed somebody's access mode.
    changed_by_people: Mutex<HashSet<String>>,
    wrong: Mutex<Vec<String>>,
    passwords: Mutex<Vec<String>>,
    tokens: Mutex<Vec<String>>,
    /// Every request with its answer, once somebody wants them.
    exchanges: Mutex<Option<Vec<Exchange>>>,
}

/// A request with its answer.
pub(crate) type Exchange = (http::Request<Bytes>, http::Response<Bytes>);

impl Wire {
    pub(crate) fn new(simulator: Arc<Simulator>, store: impl Requests + 'static) -> Self {
        Self {
            simulator,
            store: Mutex::new(Arc::new(store)),
            licenses: Mutex::default(),
            asked_for: Mutex::default(),
            stale: Mutex::default(),
            seen: Mutex::default(),
            writes: AtomicU64::default(),
            changed_by_people: Mutex::default(),
            wrong: Mutex::default(),
            passwords: Mutex::default(),
            tokens: Mutex::default(),
            exchanges: Mutex::default(),
        }
    }

    /// From here on every request is kept with its answer.
    pub(crate) fn record_exchanges(&self) {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// What was kept.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// What is sent is judged by this database from here on.
    pub(crate) fn sees(&self, store: impl Requests + 'static) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(store);
    }

    /// What was wrong with a call at the moment it was sent.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every initial password that was sent.
    pub(crate) fn passwords(&self) -> Vec<String> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every token that was issued.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A person has changed an access mode there: from here on it is not ours alone to answer for.
    pub(crate) fn people_change_modes_in(&self, environment: &str) {
        let mut changed = self.changed_by_people.lock().unwrap_or_else(PoisonError::into_inner);
        changed.insert(environment.to_owned());
    }

    /// How many calls so far were writes.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Every write of the ledger, in order, batches taken apart.
    pub(crate) fn deeds(&self) -> Vec<Deed> {
        let licenses = self.licenses.lock().unwrap_or_else(PoisonError::into_inner);
        let asked_for = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used: HashMap<u64, usize> = HashMap::new();
        let mut deeds = Vec::new();
        for entry in self.simulator.ledger(0) {
            if !entry.write || entry.path.ends_with("$batch") {
                continue;
            }
            let kind = kind_of(&entry.method, &entry.path, || {
                let call = entry.batch.unwrap_or(entry.sequence);
                let next = used.entry(call).or_default();
                *next += 1;
                licenses.get(&call).and_then(|gives| gives.get(*next - 1)).copied()
            });
            let asked_for = asked_for.get(&entry.sequence).copied();
            let is_stale = stale.contains(&entry.batch.unwrap_or(entry.sequence));
            deeds.push(Deed { kind, asked_for, is_stale, entry });
        }
        deeds
    }

    /// Notes the call that was just answered.
    fn note(&self, gives: Vec<bool>, asked_for: Option<Uuid>, is_stale: bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.simulator.ledger(*seen);
        if let Some(last) = fresh.last() {
            *seen = last.sequence;
        }
        let writes = fresh.iter().filter(|entry| entry.write).count();
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        // Items of late batches may have landed just before it; the call itself is the last that is no item.
        if let Some(call) = fresh.iter().rev().find(|entry| entry.batch.is_none()) {
            self.licenses.lock().unwrap_or_else(PoisonError::into_inner).insert(call.sequence, gives);
            if is_stale {
                self.stale.lock().unwrap_or_else(PoisonError::into_inner).insert(call.sequence);
            }
            if let Some(user) = asked_for {
                self.asked_for.lock().unwrap_or_else(PoisonError::into_inner).insert(call.sequence, user);
            }
        }
    }

    fn is_changed_by_people(&self, environment: &str) -> bool {
        self.changed_by_people.lock().unwrap_or_else(PoisonError::into_inner).contains(environment)
    }

    /// A license may only go when every account of the user that is on its way forward is non-interactive, and nobody
    /// still waits with it.
    async fn inspect_removal(&self, user: Uuid) {
        let state = self.simulator.state();
        let page = Page { after: None, rows_max: 1_000 };
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let members = store.requests(Filter::default(), page).await.expect("the store can be read");
        for member in members.iter().filter(|member| member.user.object_id.is_some_and(|id| id.0 == user)) {
            let progress = &member.request.progress;
            let Phase::Active { direction: Direction::Forward, .. } = progress.phase else { continue };
            let environment = &member.request.asked.environment;
            let mode = rows(&state, environment)
                .find(|row| row["azureactivedirectoryobjectid"] == user.to_string())
                .map(|row| row["accessmode"].clone());
            let fault = match progress.state {
                State::Licensed | State::Propagated => "still needs it".to_owned(),
                State::NonInteractive
                    if mode != Some(Value::from(4)) && !self.is_changed_by_people(environment) =>
                {
                    format!("has access mode {mode:?}")
                }
                State::Requested | State::Created | State::NonInteractive | State::Unlicensed => continue,
            };
            let sentence = format!(
                "the license of {} is taken while {environment} {fault}",
                member.user.account.user_principal_name
            );
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(sentence);
        }
    }
}

/// The rows of an environment in the simulator's state document.
pub(crate) fn rows<'a>(state: &'a Value, environment: &str) -> impl Iterator<Item = &'a Value> {
    let tenants = state["tenants"].as_array().into_iter().flatten();
    let environments = tenants.flat_map(|tenant| tenant["environments"].as_array().into_iter().flatten());
    let found = environments.filter(move |found| found["name"] == environment).collect::<Vec<_>>();
    found.into_iter().flat_map(|found| found["rows"].as_array().into_iter().flatten())
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let is_stale = request.extensions().get::<Stale>().is_some();
        let licenses = licenses_in(&request);
        let asked_for = asked_for_in(&request);
        keep_texts(request.body(), "password", &self.passwords);
        for (user, gives) in &licenses {
            if !gives && !is_stale {
                self.inspect_removal(*user).await;
            }
        }
        let kept = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let asked = kept.then(|| request.clone());
        let answer = self.simulator.respond(request).await;
        self.note(licenses.iter().map(|(_, gives)| *gives).collect(), asked_for, is_stale);
        if let Ok(answer) = &answer {
            keep_texts(answer.body(), "access_token", &self.tokens);
            let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
            if let (Some(asked), Some(exchanges)) = (asked, &mut *exchanges) {
                exchanges.push((asked, answer.clone()));
            }
        }
        answer.map_err(|dropped| TransportError::Lost { reason: dropped.to_string() })
    }
}

/// Marks what is sent by a worker that stood still past its lease since it began it. A daemon's own transport does not send
/// it any more (`src/domain/term.rs`); what was in the connection's hands already goes out all the same.
#[derive(Clone, Copy)]
struct Stale;

/// One worker's way to the wire: a point before the call leaves, and one when its answer comes back.
pub(crate) struct GatedWire {
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) wire: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for GatedWire {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let call = format!("{} {}", request.method(), request.uri().path());
        let point = |side, answer| Point { side, call: call.clone(), remote: true, answer };
        if self.gate.is_noting() {
            self.gate.note(&format!("{call} {}", String::from_utf8_lossy(request.body())));
        }
        self.gate.pass(point(Side::Before, String::new())).await;
        if self.gate.is_stale() {
            request.extensions_mut().insert(Stale);
        }
        let answer = in_one_piece(&*self.gate, self.wire.send(request)).await;
        if self.gate.is_noting() {
            self.gate.note(&match &answer {
                Ok(answer) => format!("{} {}", answer.status(), String::from_utf8_lossy(answer.body())),
                Err(error) => error.to_string(),
            });
        }
        let kind = answer.as_ref().map_or("lost".to_owned(), kind_of_answer);
        self.gate.pass(point(Side::After, kind)).await;
        answer
    }
}

/// An answer in a word: its status, or the worst of a batch.
fn kind_of_answer(answer: &http::Response<Bytes>) -> String {
    let body = serde_json::from_slice::<Value>(answer.body());
    let items = body.as_ref().ok().and_then(|body| body["responses"].as_array());
    let worst = items.into_iter().flatten().filter_map(|item| item["status"].as_u64()).max();
    match (worst, &body) {
        (Some(status), _) => status.to_string(),
        (None, Err(_)) if !answer.body().is_empty() && answer.status().is_success() => {
            "unreadable".to_owned()
        }
        (None, _) => answer.status().as_u16().to_string(),
    }
}

/// Keeps every text that stands under `key` in a JSON body.
fn keep_texts(body: &[u8], key: &str, kept: &Mutex<Vec<String>>) {
    fn collect(value: &Value, key: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if name == key => found.push(text.clone()),
                        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
                        Value::Array(_) | Value::Object(_) => collect(value, key, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, key, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        collect(&body, key, &mut kept.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The users whose licenses a call changes, and whether it gives.
fn licenses_in(request: &http::Request<Bytes>) -> Vec<(Uuid, bool)> {
    let Ok(body) = serde_json::from_slice::<Value>(request.body()) else {
        return Vec::new();
    };
    let path = request.uri().path().to_owned();
    let items = match body["requests"].as_array() {
        Some(items) => items
            .iter()
            .map(|item| (item["url"].as_str().unwrap_or_default().to_owned(), item["body"].clone()))
            .collect(),
        None => vec![(path, body)],
    };
    let licenses = items.into_iter().filter(|(path, _)| path.ends_with("/assignLicense"));
    licenses
        .filter_map(|(path, body)| {
            let user = path.split('/').rev().nth(1)?.parse().ok()?;
            Some((user, body["addLicenses"].as_array().is_some_and(|add| !add.is_empty())))
        })
        .collect()
}

/// Who Power Platform is asked for.
fn asked_for_in(request: &http::Request<Bytes>) -> Option<Uuid> {
    let body: Value = serde_json::from_slice(request.body()).ok()?;
    let fields = body.as_object()?;
    let named = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("objectId"));
    named.and_then(|(_, id)| id.as_str()?.parse().ok())
}

fn kind_of(method: &str, path: &str, mut gives: impl FnMut() -> Option<bool>) -> Kind {
    let last = path.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        ("POST", "users") => Kind::Create,
        ("POST", "assignLicense") => match gives() {
            Some(true) => Kind::Assign,
            Some(false) => Kind::Remove,
            None => Kind::Unknown,
        },
        ("POST", "$ref") if path.contains("/groups/") => Kind::JoinGroup,
        ("POST", "$ref") => Kind::GiveRole,
        ("POST", "addUser") => Kind::AskForSync,
        ("PATCH", row) if row.starts_with("systemusers(") => Kind::ChangeRow,
        ("PATCH", _) if path.contains("/users/") => Kind::ChangeUser,
        ("DELETE", _) if path.contains("/users/") => Kind::DeleteUser,
        _ => Kind::Unknown,
    }
}
