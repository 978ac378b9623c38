//! What must hold once nothing is due any more, and needs every history and every call to be told.

use super::judge::{Record, adopted_names, live_users, users_of};
use super::rig::reason;
use super::wire::{Deed, Kind, rows};
use chrono::TimeDelta;
use seatless::domain::{Code, EventKind, Instant, Phase, State, Status};
use seatless::simulator::{LedgerEntry, Service};
use seatless::store::{LicenseHold, Member, Origin, PoolKey, Seat};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The same, by the ledger: no write reached it.
pub(super) fn foreign_users_were_not_written_to(
    before: &BTreeMap<String, Value>,
    record: &Record,
) -> Vec<String> {
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

/// Nothing is left undecided.
pub(super) fn everything_has_ended(record: &Record) -> Vec<String> {
    let open = record.members.iter().filter(|member| match &member.request.progress.phase {
        Phase::Active { .. } => !member.request.progress.paused,
        Phase::Blocked { seat_due, .. } => seat_due.is_some(),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => false,
    });
    open.map(|member| format!("{} rests, but is {}", member.request.id, reason(member))).collect()
}

/// No license that we assigned is left, and no seat is held.
pub(super) fn no_license_is_left(record: &Record) -> Vec<String> {
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

/// A user that we know we made, and that no request is for any more, is deleted or disabled. One
/// that appears only after its request was called off is an orphan, which the sweep reports.
pub(super) fn no_user_is_left_enabled(record: &Record) -> Vec<String> {
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

/// By how much the instants of two workers that write at the same time may differ.
const BESIDE_EACH_OTHER: TimeDelta = TimeDelta::seconds(1);

/// Each history begins with the submission and leads without a gap to where the request stands.
pub(super) fn histories_are_gapless(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let mut sequences = BTreeSet::new();
    for member in &record.members {
        let events = record.histories.get(&member.request.id).map(Vec::as_slice).unwrap_or_default();
        sequences.extend(events.iter().map(|event| event.sequence));
        if events.first().map(|event| event.kind) != Some(EventKind::Submitted) {
            faults.push(format!("the history of {} does not begin with its submission", member.request.id));
        }
        for pair in events.windows(2) {
            // Each worker reads its clock before it writes, so that two of them may write in the other order. Two may also
            // sweep at a time; what one found before it fell asleep is written after it woke up.
            let in_order = pair[1].occurred_at + BESIDE_EACH_OTHER >= pair[0].occurred_at
                || pair[1].actor.origin == Origin::Sweep;
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
    if !record.numbers_may_be_unused && sequences.last().copied().unwrap_or_default() != count {
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

/// A user that we made is never taken for somebody else's, whatever became of the call that made it.
pub(super) fn no_user_of_ours_is_disowned(record: &Record) -> Vec<String> {
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

/// A read that misses a user once proves nothing. Nobody is given up as gone who was there all along.
pub(super) fn nobody_is_missed_who_is_there(record: &Record) -> Vec<String> {
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
pub(super) fn deadlines_end_with_a_look(record: &Record) -> Vec<String> {
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
pub(super) fn every_write_was_recorded_before(record: &Record) -> Vec<String> {
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
            // Its path does not tell whom it is about; what was carried out does.
            Kind::JoinGroup if !deed.entry.applied => {}
            Kind::Unknown => faults.push(format!("an unknown write: {:?}", deed.entry)),
            Kind::Assign
            | Kind::Remove
            | Kind::ChangeUser
            | Kind::DeleteUser
            | Kind::ChangeRow
            | Kind::JoinGroup
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

/// Beyond the straight path, each further write has a fault, a kill or a person behind it.
pub(super) fn writes_are_bounded(record: &Record) -> Vec<String> {
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

/// The account was read in the directory and in its environment after our last write, and at least the settle
/// time after the license was taken.
pub(super) fn success_was_seen_after_the_last_write(record: &Record) -> Vec<String> {
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
        // A call that was taken for lost, or that a worker had in hand when it fell asleep, is nobody's knowledge any more;
        // neither takes back what was seen.
        let is_unheard_of =
            |deed: &&Deed| deed.is_stale || deed.kind == Kind::AskForSync && deed.entry.landed_at.is_some();
        let deeds: Vec<&Deed> =
            record.deeds.iter().filter(of_user).filter(|deed| !is_unheard_of(deed)).collect();
        // A sibling that came later may have had it on loan once more since.
        let unlicensed = events
            .iter()
            .rev()
            .find(|event| event.kind == EventKind::Advanced && event.to == State::Unlicensed);
        let is_a_siblings = |deed: &&&Deed| {
            deed.kind == Kind::Assign
                && unlicensed.is_some_and(|event| lent_to_a_sibling(record, member, event.occurred_at))
        };
        let last_write =
            deeds.iter().filter(|deed| !is_a_siblings(deed)).map(|deed| landed(&deed.entry)).max();
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

/// Whether another request of the user was about to get the license from an instant on.
fn lent_to_a_sibling(record: &Record, member: &Member, from: Instant) -> bool {
    let siblings = record
        .members
        .iter()
        .filter(|other| other.user.id == member.user.id && other.request.id != member.request.id);
    siblings.filter_map(|other| record.histories.get(&other.request.id)).flatten().any(|event| {
        event.kind == EventKind::Begun && event.from == State::Created && event.occurred_at >= from
    })
}

/// The wire instant at which a write took effect; the rig's cloud runs at the speed of life.
fn landed(entry: &LedgerEntry) -> Instant {
    entry.landed_at.unwrap_or(entry.at)
}
