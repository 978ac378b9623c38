//! The invariants of docs/design, section 5, as functions over our database and the simulated cloud.

use super::guarded_store::Begun;
use super::rig::reason;
use super::wire::{Deed, Kind, rows};
use seatless::domain::{Code, EventKind, Instant, Phase, RequestId, State, Status};
use seatless::simulator::{LedgerEntry, Service, Violation};
use seatless::store::{Event, LicenseHold, Member, Origin, Pool, PoolKey, Seat, UserOrigin};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
    pub(crate) settle: Duration,
    pub(crate) propagation_deadline: Duration,
}

/// An intent that stands in no history any more, since an older state of the database was put back.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) intent: Uuid,
    pub(crate) name: String,
    pub(crate) creates: bool,
}

/// What was seen before, so that a change can be told.
pub(crate) struct Judge {
    /// How many requests were accepted.
    pub(crate) accepted: u64,
    /// When a person last changed something: a success that was read before may not look like one any more.
    pub(crate) interfered_at: Option<Instant>,
    /// A person has changed, deleted or restored a user: what becomes of users is not our doing alone.
    pub(crate) users_were_changed: bool,
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
        faults.extend(everything_has_ended(record));
        faults.extend(no_license_is_left(record));
        if !self.users_were_changed {
            faults.extend(no_user_is_left_enabled(record));
            faults.extend(nobody_is_missed_who_is_there(record));
        }
        faults.extend(histories_are_gapless(record));
        faults.extend(no_user_of_ours_is_disowned(record));
        faults.extend(deadlines_end_with_a_look(record));
        faults.extend(every_write_was_recorded_before(record));
        faults.extend(writes_are_bounded(record));
        faults.extend(foreign_users_were_not_written_to(&self.foreign, record));
        faults.extend(success_was_seen_after_the_last_write(record));
        faults
    }

    /// Invariant 5: an account that has just succeeded is enabled, non-interactive and unlicensed in the cloud.
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

fn users_of(state: &Value) -> Vec<Value> {
    let tenants = state["tenants"].as_array().into_iter().flatten();
    tenants.flat_map(|tenant| tenant["users"].as_array().cloned().unwrap_or_default()).collect()
}

fn live_users(state: &Value) -> Vec<Value> {
    users_of(state).into_iter().filter(|user| user["deleted"] == false).collect()
}

fn foreign_users(state: &Value) -> BTreeMap<String, Value> {
    let foreign = users_of(state).into_iter().filter(|user| user["foreign"] == true);
    foreign.map(|user| (user["id"].as_str().unwrap_or_default().to_owned(), user)).collect()
}

fn adopted_names(record: &Record) -> HashSet<String> {
    let adopted = record
        .members
        .iter()
        .filter(|member| member.user.origin == Some(UserOrigin::Adopted) || adopts(member));
    adopted.map(|member| member.user.account.user_principal_name.to_string()).collect()
}

fn adopts(member: &Member) -> bool {
    member.request.asked.membership.on_existing == seatless::domain::OnExisting::Adopt
}

/// Invariant 6: an epoch only grows.
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

/// Invariant 4, our half: each pool counts exactly what rows hold and wait for.
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

/// Invariant 4: whoever may hold a license of ours holds a seat, so that nobody else counts on that unit.
fn a_license_of_ours_has_a_seat(record: &Record) -> Vec<String> {
    let unseated = record.members.iter().filter(|member| {
        member.user.license != LicenseHold::None && !matches!(member.user.seat, Seat::Held { .. })
    });
    unseated
        .map(|member| format!("{} may hold a license, but no seat", member.user.account.user_principal_name))
        .collect()
}

/// Invariant 2: at most one user per user row, and what we made carries our marker.
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

/// Invariant 7: what we did not make stays as it was; an adopted one may get a usage location, and a license meanwhile.
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

/// The same, by the ledger: no write reached it.
fn foreign_users_were_not_written_to(before: &BTreeMap<String, Value>, record: &Record) -> Vec<String> {
    let adopted = adopted_names(record);
    let touched = |deed: &Deed, user: &Value| {
        deed.entry.applied && deed.entry.touched.iter().any(|id| user["id"] == id.to_string())
    };
    let mut faults = Vec::new();
    for user in before.values() {
        let name = user["user_principal_name"].as_str().unwrap_or_default();
        for deed in record.deeds.iter().filter(|deed| touched(deed, user)) {
            let allowed = adopted.contains(name)
                && matches!(deed.kind, Kind::Assign | Kind::Remove | Kind::ChangeUser | Kind::AskForSync);
            if !allowed {
                faults.push(format!("{:?} was carried out on {name}, who is not ours", deed.kind));
            }
        }
    }
    faults
}

/// Invariant 10: nothing is left undecided.
fn everything_has_ended(record: &Record) -> Vec<String> {
    let open = record.members.iter().filter(|member| match &member.request.progress.phase {
        Phase::Active { .. } => !member.request.progress.paused,
        Phase::Blocked { seat_due, .. } => seat_due.is_some(),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => false,
    });
    open.map(|member| format!("{} rests, but is {}", member.request.id, reason(member))).collect()
}

/// Invariant 3: no license that we assigned is left, and no seat is held.
fn no_license_is_left(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    for user in live_users(&record.state).iter().filter(|user| user["foreign"] == false) {
        if user["licenses"].as_array().is_some_and(|licenses| !licenses.is_empty()) {
            faults.push(format!("{} still holds {}", user["user_principal_name"], user["licenses"]));
        }
    }
    for pool in &record.pools {
        if matches!(pool.key, PoolKey::Seat { .. }) && (pool.held > 0 || pool.waiting > 0) {
            faults.push(format!("at rest {pool:?}"));
        }
    }
    for member in &record.members {
        if member.user.license != LicenseHold::None || member.user.seat != Seat::None {
            faults.push(format!(
                "{} rests with {:?} and {:?}",
                member.user.account.user_principal_name, member.user.license, member.user.seat
            ));
        }
    }
    faults
}

/// Invariant 3, the way back: a user that we know we made, and that no request is for any more, is deleted or disabled. One
/// that appears only after its request was called off is an orphan, which the sweep reports.
fn no_user_is_left_enabled(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    for user in live_users(&record.state).iter().filter(|user| user["foreign"] == false) {
        let of_user = |member: &&Member| {
            user["user_principal_name"] == member.user.account.user_principal_name.as_str()
        };
        let members: Vec<&Member> = record.members.iter().filter(of_user).collect();
        let is_known = members
            .iter()
            .any(|member| member.user.object_id.is_some_and(|object| user["id"] == object.0.to_string()));
        let is_called_off = members
            .iter()
            .all(|member| matches!(member.request.progress.phase, Phase::Cancelled | Phase::Failed { .. }));
        if is_known && is_called_off && user["account_enabled"] == true {
            faults.push(format!("{} is left enabled for nobody", user["user_principal_name"]));
        }
    }
    faults
}

/// Invariant 1: each history begins with the submission and leads without a gap to where the request stands.
fn histories_are_gapless(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let mut sequences = BTreeSet::new();
    for member in &record.members {
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        sequences.extend(events.iter().map(|event| event.sequence));
        if events.first().map(|event| event.kind) != Some(EventKind::Submitted) {
            faults.push(format!("the history of {} does not begin with its submission", member.request.id));
        }
        for pair in events.windows(2) {
            // Two workers may sweep at a time; what one found before it fell asleep is written after it woke up.
            let in_order =
                pair[1].occurred_at >= pair[0].occurred_at || pair[1].actor.origin == Origin::Sweep;
            if pair[1].from != pair[0].to || !in_order {
                faults
                    .push(format!("{} has a gap between {:?} and {:?}", member.request.id, pair[0], pair[1]));
            }
        }
        if events.last().map(|event| event.to) != Some(member.request.progress.state) {
            faults.push(format!("the history of {} does not end where it stands", member.request.id));
        }
    }
    let count = i64::try_from(sequences.len()).unwrap_or(i64::MAX);
    if sequences.last().copied().unwrap_or_default() != count {
        faults.push(format!("{count} events, but the last is {:?}", sequences.last()));
    }
    faults
}

/// The live users that we made, by name, and since when they exist.
fn ours_since(record: &Record) -> HashMap<String, Instant> {
    let made = |user: &Value| {
        let creates = record.deeds.iter().filter(|deed| deed.kind == Kind::Create && deed.entry.applied);
        creates
            .filter(|deed| deed.entry.touched.iter().any(|id| user["id"] == id.to_string()))
            .map(|deed| landed(&deed.entry))
            .min()
    };
    live_users(&record.state)
        .iter()
        .filter(|user| user["foreign"] == false)
        .filter_map(|user| Some((user["user_principal_name"].as_str()?.to_lowercase(), made(user)?)))
        .collect()
}

/// Invariant 2: a user that we made is never taken for somebody else's, whatever became of the call that made it.
fn no_user_of_ours_is_disowned(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let ours = ours_since(record);
    for member in &record.members {
        let name = member.user.account.user_principal_name.to_string();
        let Some(made_at) = ours.get(&name) else { continue };
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        let disowned = events.iter().any(|event| {
            event.occurred_at >= *made_at
                && event.failure.as_ref().is_some_and(|failure| failure.code == Code::GraphNameTaken)
        });
        if disowned {
            faults.push(format!("{name} is ours, but was taken for somebody else's"));
        }
    }
    faults
}

/// Invariant 9: a read that misses a user once proves nothing. Nobody is given up as gone who was there all along.
fn nobody_is_missed_who_is_there(record: &Record) -> Vec<String> {
    let ours = ours_since(record);
    let mut faults = Vec::new();
    for member in &record.members {
        let name = member.user.account.user_principal_name.to_string();
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        let missed = events.iter().any(|event| {
            event.kind == EventKind::Blocked
                && event.failure.as_ref().is_some_and(|failure| failure.code == Code::GraphUserGone)
                && ours.get(&name).is_some_and(|made_at| *made_at <= event.occurred_at)
        });
        if missed {
            faults.push(format!("{name} was given up as gone, but is there"));
        }
    }
    faults
}

/// Only a look made after the deadline ends the wait for a user: an outage that outlasts it ends nothing.
fn deadlines_end_with_a_look(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    for member in &record.members {
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        let mut since = None;
        for event in events {
            let begins = event.to == State::Licensed
                && (event.from != State::Licensed || event.kind == EventKind::Retried);
            if begins {
                since = Some(event.occurred_at);
            }
            let passed = event.kind == EventKind::Blocked
                && event.failure.as_ref().is_some_and(|failure| failure.code == Code::MachineDeadlinePassed);
            let Some(since) = since.filter(|_| passed) else { continue };
            let looked = record.ledger.iter().any(|entry| {
                entry.service == Some(Service::Dataverse)
                    && entry.environment.as_deref() == Some(member.request.asked.environment.as_str())
                    && !entry.write
                    && entry.at >= since + record.propagation_deadline
                    && entry.at <= event.occurred_at
            });
            if !looked {
                faults.push(format!("{} gave up waiting without a last look", member.request.id));
            }
        }
    }
    faults
}

/// No write without an intent that was recorded before it, and no intent used twice.
fn every_write_was_recorded_before(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let mut intents: HashMap<String, HashSet<Uuid>> = HashMap::new();
    let mut creates = HashSet::new();
    let recorded: HashSet<Uuid> = record
        .histories
        .values()
        .flatten()
        .filter(|event| event.kind == EventKind::Begun)
        .filter_map(|event| event.intent.map(|intent| intent.0))
        .collect();
    for lost in &record.lost {
        intents.entry(lost.name.clone()).or_default().insert(lost.intent);
        if lost.creates {
            creates.insert(lost.intent);
        }
    }
    let is_lost = |intent: Uuid| record.lost.iter().any(|lost| lost.intent == intent);
    for begun in record.begun.iter().filter(|begun| !is_lost(begun.intent.0)) {
        let Some(member) = record.members.iter().find(|member| member.request.id == begun.request) else {
            continue;
        };
        let name = member.user.account.user_principal_name.to_string();
        intents.entry(name).or_default().insert(begun.intent.0);
        if begun.state == State::Requested {
            creates.insert(begun.intent.0);
        }
        if !recorded.contains(&begun.intent.0) {
            faults.push(format!("the intent {} stands in no history", begun.intent));
        }
    }
    // The sweep records what it is about to take back in the history of each of the user's requests.
    for member in &record.members {
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        let by_sweep = events
            .iter()
            .filter(|event| event.kind == EventKind::Begun && event.actor.origin == Origin::Sweep)
            .filter_map(|event| event.intent.map(|intent| intent.0));
        let name = member.user.account.user_principal_name.to_string();
        intents.entry(name).or_default().extend(by_sweep);
    }
    let repeated = usize::try_from(record.repeated).unwrap_or(usize::MAX);
    let mut writes: HashMap<String, usize> = HashMap::new();
    let mut made = 0;
    // A call that was refused with 401 was not read; it is repeated once with a new token.
    for deed in record.deeds.iter().filter(|deed| deed.entry.status != 401) {
        match deed.kind {
            Kind::Create => made += 1,
            Kind::GiveRole => {}
            Kind::Unknown => faults.push(format!("an unknown write: {:?}", deed.entry)),
            Kind::Assign
            | Kind::Remove
            | Kind::ChangeUser
            | Kind::DeleteUser
            | Kind::ChangeRow
            | Kind::AskForSync => match owner_of(record, deed) {
                Some(name) => *writes.entry(name).or_default() += 1,
                None => faults.push(format!("a write on nobody we know: {:?}", deed.entry)),
            },
        }
    }
    if made > creates.len() + repeated {
        faults.push(format!("{made} creates, {} recorded", creates.len()));
    }
    for (name, count) in writes {
        let begun = intents.get(&name).map_or(0, HashSet::len);
        if count > begun + repeated {
            faults.push(format!("{count} writes on {name}, {begun} recorded"));
        }
    }
    faults
}

/// The user name behind the object or row that a write names in its path.
fn owner_of(record: &Record, deed: &Deed) -> Option<String> {
    let path = &deed.entry.path;
    let named = path.split(['/', '(', ')']).filter_map(|part| part.parse::<Uuid>().ok());
    let ids: Vec<String> = named
        .chain(deed.asked_for)
        .chain(deed.entry.touched.iter().copied())
        .map(|id| id.to_string())
        .collect();
    let users = users_of(&record.state);
    let environments: BTreeSet<&str> =
        record.members.iter().map(|member| member.request.asked.environment.as_str()).collect();
    let of_row = environments
        .iter()
        .flat_map(|environment| rows(&record.state, environment))
        .find(|row| ids.iter().any(|id| row["systemuserid"] == id.as_str()))
        .and_then(|row| row["azureactivedirectoryobjectid"].as_str());
    let user = users.iter().find(|user| {
        let id = user["id"].as_str().unwrap_or_default();
        ids.iter().any(|named| named == id) || of_row == Some(id)
    })?;
    user["user_principal_name"].as_str().map(str::to_lowercase)
}

/// Invariant 10: beyond the straight path, each further write has a fault, a kill or a person behind it.
fn writes_are_bounded(record: &Record) -> Vec<String> {
    let faults_struck: u64 = record.ledger.iter().map(costs).sum();
    let mut requests: HashMap<String, u64> = HashMap::new();
    for member in &record.members {
        *requests.entry(member.user.account.user_principal_name.to_string()).or_default() += 1;
    }
    let mut writes: HashMap<String, u64> = HashMap::new();
    for deed in &record.deeds {
        if matches!(
            deed.kind,
            Kind::Assign | Kind::Remove | Kind::ChangeUser | Kind::DeleteUser | Kind::ChangeRow
        ) && let Some(name) = owner_of(record, deed)
        {
            *writes.entry(name).or_default() += 1;
        }
    }
    let mut faults = Vec::new();
    for (name, count) in writes {
        let allowed = 4 * requests.get(&name).copied().unwrap_or_default()
            + record.kills
            + faults_struck
            + record.repeated
            + 6 * record.interferences;
        if count > allowed {
            faults.push(format!("{count} writes on {name}, {allowed} at most"));
        }
    }
    faults
}

/// How many further writes the fault behind a call explains: one that lands late is itself one, and so is what undoes it.
fn costs(entry: &LedgerEntry) -> u64 {
    match entry.fault.as_deref() {
        None => 0,
        Some("land_late") => 2,
        Some(_) => 1,
    }
}

/// Invariant 5: the account was read in the directory and in its environment after our last write, and at least the settle
/// time after the license was taken.
fn success_was_seen_after_the_last_write(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    for member in record.members.iter().filter(|m| m.request.progress.status() == Status::Succeeded) {
        let name = &member.user.account.user_principal_name;
        let environment = member.request.asked.environment.as_str();
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        let Some(verified) = events.iter().find(|event| event.kind == EventKind::Verified) else {
            faults.push(format!("{name} succeeded in {environment} without a look"));
            continue;
        };
        let Some(object) = member.user.object_id else { continue };
        let of_user = |deed: &&Deed| {
            owner_of(record, deed).as_deref() == Some(name.as_str())
                && deed.entry.applied
                && deed.entry.environment.as_deref().is_none_or(|place| place == environment)
                && landed(&deed.entry) < verified.occurred_at
        };
        let deeds: Vec<&Deed> = record.deeds.iter().filter(of_user).collect();
        let last_write = deeds.iter().map(|deed| landed(&deed.entry)).max();
        // A sibling that came later may have had it on loan once more since.
        let unlicensed = events
            .iter()
            .rev()
            .find(|event| event.kind == EventKind::Advanced && event.to == State::Unlicensed);
        let removals = deeds.iter().filter(|deed| deed.kind == Kind::Remove).map(|deed| landed(&deed.entry));
        let removed = removals.filter(|at| unlicensed.is_none_or(|event| *at <= event.occurred_at)).max();
        for service in [Service::Graph, Service::Dataverse] {
            let row = member.request.system_user.map(|id| id.0);
            let seen = record.ledger.iter().any(|entry| {
                entry.service == Some(service)
                    && !entry.write
                    && entry.at <= verified.occurred_at
                    && entry.touched.iter().any(|id| *id == object.0 || Some(*id) == row)
                    && last_write.is_none_or(|at| entry.at > at)
                    && removed.is_none_or(|at| entry.at >= at + record.settle)
            });
            if !seen {
                faults.push(format!(
                    "{name} succeeded in {environment} at {}, but {service:?} was not read after {last_write:?}, \
                     settled after {removed:?}",
                    verified.occurred_at
                ));
            }
        }
    }
    faults
}

/// The wire instant at which a write took effect; the rig's cloud runs at the speed of life.
fn landed(entry: &LedgerEntry) -> Instant {
    entry.landed_at.unwrap_or(entry.at)
}
