//! What docs/promises.md promises, as functions over our database and the simulated cloud: whatever they return is wrong.

use super::at_rest;
use super::guarded_store::Begun;
use super::wire::{Deed, rows};
use seatless::domain::{Instant, RequestId, Status};
use seatless::simulator::{LedgerEntry, Violation};
use seatless::store::{Event, LicenseHold, Member, Pool, PoolKey, Seat, UserOrigin};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use uuid::Uuid;

/// How long a worker that is paused may take from its look to its commit.
const LOOK_LASTS_MAX: Duration = Duration::from_secs(3 * 3_600);

/// Everything there is to look at, at one moment.
pub(crate) struct Record {
    pub(crate) members: Vec<Member>,
    /// Only in a full record.
    pub(crate) histories: HashMap<RequestId, Vec<Event>>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) state: Value,
    /// Only in a full record.
    pub(crate) deeds: Vec<Deed>,
    /// Only in a full record.
    pub(crate) ledger: Vec<LedgerEntry>,
    /// Only in a full record.
    pub(crate) begun: Vec<Begun>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) at_sending: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) kills: u64,
    pub(crate) interferences: u64,
    /// Writes that somebody on the way delivered once more.
    pub(crate) repeated: u64,
    /// The database leaves a number unused where a transaction that wrote an event failed.
    pub(crate) numbers_may_be_unused: bool,
    pub(crate) settle: Duration,
    pub(crate) propagation_deadline: Duration,
}

/// An intent that stands in no history any more, since an older state of the database was put back.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) intent: Uuid,
    pub(crate) name: String,
    pub(crate) creates: bool,
    /// Its request may have adopted a user that was there; nothing but the backup's silence is left of that.
    pub(crate) adopts: bool,
}

/// What was seen before, so that a change can be told.
pub(crate) struct Judge {
    /// How many requests were accepted.
    pub(crate) accepted: u64,
    /// When a person last changed something: a success that was read before may not look like one any more.
    pub(crate) interfered_at: Option<Instant>,
    /// A person has changed, deleted or restored a user: what becomes of users is not our doing alone.
    users_were_changed: bool,
    foreign: BTreeMap<String, Value>,
    succeeded: HashSet<RequestId>,
    epochs: HashMap<RequestId, i64>,
}

impl Judge {
    pub(crate) fn new(state: &Value) -> Self {
        Self {
            accepted: 0,
            interfered_at: None,
            users_were_changed: false,
            foreign: foreign_users(state),
            succeeded: HashSet::new(),
            epochs: HashMap::new(),
        }
    }

    /// An older state of the database was put back, with so many requests.
    pub(crate) fn begin_anew(&mut self, accepted: u64) {
        self.accepted = accepted;
        self.succeeded.clear();
        self.epochs.clear();
    }

    /// A person has changed something: that is how it is from now on.
    pub(crate) fn forgive(&mut self, before: &Value, after: &Value) {
        self.users_were_changed |= standings(before) != standings(after);
        let (before, after) = (foreign_users(before), foreign_users(after));
        for (id, user) in after {
            let (Some(was), Some(kept)) = (before.get(&id), self.foreign.get_mut(&id)) else {
                self.foreign.entry(id).or_insert(user);
                continue;
            };
            for (field, value) in
                user.as_object().into_iter().flatten().filter(|(name, value)| was[*name] != **value)
            {
                let texts = |value: &Value| value.as_array().cloned().unwrap_or_default();
                let (had, has) = (texts(&was[field]), texts(value));
                kept[field] = match value {
                    // What we have lent it meanwhile is none of its own.
                    Value::Array(_) => {
                        let mut own = texts(&kept[field]);
                        own.retain(|one| has.contains(one) || !had.contains(one));
                        own.extend(has.into_iter().filter(|one| !had.contains(one)));
                        Value::Array(own)
                    }
                    _ => value.clone(),
                };
            }
        }
    }

    /// What must hold at every moment.
    pub(crate) fn look(&mut self, record: &Record) -> Vec<String> {
        let mut faults = record.at_sending.clone();
        faults.extend(record.violations.iter().map(|violation| format!("{violation:?}")));
        if record.members.len() as u64 != self.accepted {
            faults.push(format!(
                "{} requests were accepted, {} are there",
                self.accepted,
                record.members.len()
            ));
        }
        faults.extend(epochs_never_fall(&mut self.epochs, &record.members));
        faults.extend(pools_count_what_is_held(record));
        faults.extend(a_license_of_ours_has_a_seat(record));
        faults.extend(each_user_exists_once_and_is_marked(record));
        faults.extend(foreign_users_are_as_they_were(&self.foreign, record));
        faults.extend(self.success_is_true(record));
        faults
    }

    /// What must hold once nothing is due any more.
    pub(crate) fn look_at_rest(&mut self, record: &Record) -> Vec<String> {
        let mut faults = self.look(record);
        faults.extend(at_rest::everything_has_ended(record));
        faults.extend(at_rest::no_license_is_left(record));
        if !self.users_were_changed {
            faults.extend(at_rest::no_user_is_left_enabled(record));
            faults.extend(at_rest::nobody_is_missed_who_is_there(record));
        }
        faults.extend(at_rest::histories_are_gapless(record));
        faults.extend(at_rest::no_user_of_ours_is_disowned(record));
        faults.extend(at_rest::deadlines_end_with_a_look(record));
        faults.extend(at_rest::every_write_was_recorded_before(record));
        faults.extend(at_rest::writes_are_bounded(record));
        faults.extend(at_rest::foreign_users_were_not_written_to(&self.foreign, record));
        faults.extend(at_rest::success_was_seen_after_the_last_write(record));
        faults
    }

    /// An account that has just succeeded is enabled, non-interactive and unlicensed in the cloud.
    fn success_is_true(&mut self, record: &Record) -> Vec<String> {
        let mut faults = Vec::new();
        for member in &record.members {
            if member.request.progress.status() != Status::Succeeded {
                // One that was reopened has to be true again.
                self.succeeded.remove(&member.request.id);
                continue;
            }
            if !self.succeeded.insert(member.request.id) {
                continue;
            }
            if self.interfered_at.is_some_and(|at| at + LOOK_LASTS_MAX >= member.request.updated_at) {
                continue;
            }
            let name = member.user.account.user_principal_name.as_str();
            let environment = &member.request.asked.environment;
            let live = live_users(&record.state).into_iter().find(|user| user["user_principal_name"] == name);
            let Some(user) = live else {
                faults.push(format!("{name} succeeded, but the cloud has no such user"));
                continue;
            };
            let row = rows(&record.state, environment)
                .find(|row| row["azureactivedirectoryobjectid"] == user["id"])
                .cloned()
                .unwrap_or_default();
            let roles = row["roles"].as_array().cloned().unwrap_or_default();
            let roles_there = member.request.asked.membership.security_roles.iter().all(|role| {
                roles.iter().any(|held| held.as_str().is_some_and(|h| h.eq_ignore_ascii_case(role)))
            });
            let adopted = member.user.origin == Some(UserOrigin::Adopted);
            let sibling_is_licensed = !matches!(member.user.license, LicenseHold::None);
            let unlicensed =
                user["licenses"].as_array().is_some_and(Vec::is_empty) || adopted || sibling_is_licensed;
            let good = row["accessmode"] == 4
                && row["isdisabled"] == false
                && user["account_enabled"] == true
                && unlicensed
                && roles_there;
            if !good {
                faults.push(format!("{name} succeeded in {environment}, but is {row} and {user}"));
            }
        }
        faults
    }
}

pub(super) fn users_of(state: &Value) -> Vec<Value> {
    let tenants = state["tenants"].as_array().into_iter().flatten();
    tenants.flat_map(|tenant| tenant["users"].as_array().cloned().unwrap_or_default()).collect()
}

/// Who is there, may sign in, and by whose doing.
fn standings(state: &Value) -> Vec<[Value; 4]> {
    let fields = ["id", "deleted", "account_enabled", "marker"];
    users_of(state).into_iter().map(|user| fields.map(|field| user[field].clone())).collect()
}

pub(super) fn live_users(state: &Value) -> Vec<Value> {
    users_of(state).into_iter().filter(|user| user["deleted"] == false).collect()
}

fn foreign_users(state: &Value) -> BTreeMap<String, Value> {
    let foreign = users_of(state).into_iter().filter(|user| user["foreign"] == true);
    foreign.map(|user| (user["id"].as_str().unwrap_or_default().to_owned(), user)).collect()
}

pub(super) fn adopted_names(record: &Record) -> HashSet<String> {
    let adopted = record
        .members
        .iter()
        .filter(|member| member.user.origin == Some(UserOrigin::Adopted) || adopts(member));
    let forgotten = record.lost.iter().filter(|lost| lost.adopts).map(|lost| lost.name.clone());
    adopted.map(|member| member.user.account.user_principal_name.to_string()).chain(forgotten).collect()
}

pub(super) fn adopts(member: &Member) -> bool {
    member.request.asked.membership.on_existing == seatless::domain::OnExisting::Adopt
}

/// An epoch only grows.
fn epochs_never_fall(known: &mut HashMap<RequestId, i64>, members: &[Member]) -> Vec<String> {
    let mut faults = Vec::new();
    for member in members {
        let before = known.insert(member.request.id, member.request.epoch).unwrap_or_default();
        if member.request.epoch < before {
            faults.push(format!("the epoch of {} fell", member.request.id));
        }
    }
    faults
}

/// Each pool counts exactly what rows hold and wait for.
fn pools_count_what_is_held(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    for pool in &record.pools {
        let held = match &pool.key {
            PoolKey::Seat { tenant, sku } => {
                let of_pool = |member: &&Member| {
                    member.user.tenant == *tenant
                        && member.user.account.license == *sku
                        && member.user.seat != Seat::None
                };
                let users = record.members.iter().filter(of_pool).map(|member| member.user.id);
                users.collect::<HashSet<_>>().len()
            }
            PoolKey::Slot { tenant, environment } => {
                let of_pool = |member: &&Member| {
                    let asked = &member.request.asked;
                    asked.tenant == *tenant && asked.environment == *environment && member.request.slot_held
                };
                record.members.iter().filter(of_pool).count()
            }
        };
        if pool.held as usize != held {
            faults.push(format!("{:?} counts {} held, rows hold {held}", pool.key, pool.held));
        }
        if let (PoolKey::Slot { .. }, Some(capacity)) = (&pool.key, pool.capacity)
            && pool.held > capacity
        {
            faults.push(format!("{:?} is oversold", pool.key));
        }
    }
    faults
}

/// Whoever may hold a license of ours holds a seat, so that nobody else counts on that unit.
fn a_license_of_ours_has_a_seat(record: &Record) -> Vec<String> {
    let unseated = record.members.iter().filter(|member| {
        member.user.license != LicenseHold::None && !matches!(member.user.seat, Seat::Held { .. })
    });
    unseated
        .map(|member| format!("{} may hold a license, but no seat", member.user.account.user_principal_name))
        .collect()
}

/// At most one user per user row, and what we made carries our marker.
fn each_user_exists_once_and_is_marked(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let mut owners: HashMap<String, u32> = HashMap::new();
    for user in live_users(&record.state) {
        if user["foreign"] == true {
            continue;
        }
        let name = user["user_principal_name"].as_str().unwrap_or_default();
        let Some(owner) = user["marker"].as_str().and_then(|marker| marker.rsplit_once(':')) else {
            faults.push(format!("{name} was made without a marker"));
            continue;
        };
        *owners.entry(owner.0.to_owned()).or_default() += 1;
        let known = record.members.iter().any(|member| {
            member.user.account.user_principal_name.as_str() == name
                && owner.0.ends_with(&member.user.id.to_string())
        });
        let forgotten = record.lost.iter().any(|lost| lost.creates && lost.name == name);
        if !known && !forgotten {
            faults.push(format!("{name} was made for nobody"));
        }
    }
    faults.extend(
        owners.into_iter().filter(|(_, count)| *count > 1).map(|(owner, _)| format!("{owner} has two users")),
    );
    faults
}

/// What we did not make stays as it was; an adopted one may get a usage location, and a license meanwhile.
fn foreign_users_are_as_they_were(before: &BTreeMap<String, Value>, record: &Record) -> Vec<String> {
    let adopted = adopted_names(record);
    let mut faults = Vec::new();
    let now = foreign_users(&record.state);
    for (id, user) in before {
        let name = user["user_principal_name"].as_str().unwrap_or_default();
        let after = now.get(id).cloned().unwrap_or_default();
        let mut expected = user.clone();
        if adopted.contains(name) {
            if user["usage_location"].is_null() {
                expected["usage_location"] = after["usage_location"].clone();
            }
            let kept = expected["licenses"].as_array().cloned().unwrap_or_default();
            let has = after["licenses"].as_array().cloned().unwrap_or_default();
            if kept.iter().all(|license| has.contains(license)) {
                expected["licenses"] = after["licenses"].clone();
            }
        }
        if expected != after {
            faults.push(format!("{name} is not ours and was {user}, is {after}"));
        }
    }
    faults
}
