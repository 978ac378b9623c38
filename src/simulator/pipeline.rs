//! What happens to one call between arriving and being answered.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::call::Call;
use super::cloud::{Cloud, Late};
use super::ledger::{LedgerEntry, Service};
use super::mishap;
use super::reply::Reply;
use super::route::Target;
use super::service::Inner;
use super::turn::{Notes, Turn};
use super::{browser, dataverse, entra, graph, power_platform};

/// How a call ends.
pub(crate) struct Outcome {
    /// The answer.
    pub(crate) reply: Reply,
    /// Seconds on the clock to wait before it goes out.
    pub(crate) pause: f64,
    /// Whether the connection is reset instead.
    pub(crate) dropped: bool,
}

/// Lands late writes that are due, and lets time pass in the cloud.
pub(crate) fn settle(inner: &mut Inner, wire: DateTime<Utc>) {
    let now = inner.time.simulated(wire);
    while let Some(position) = inner.cloud.late.iter().position(|late| late.due <= now) {
        let Late { due, call, sequence } = inner.cloud.late.remove(position);
        let ago = inner.time.wire_seconds((now - due).num_milliseconds() as f64 / 1000.0);
        // It landed when it was due, however late we look: its token was still good then.
        let wire = wire - TimeDelta::milliseconds((ago * 1000.0) as i64);
        inner.cloud.settle(due, wire);
        let aim = super::route::target(&inner.cloud, &call);
        let mut turn = turn(&mut inner.cloud, &call, due, wire, sequence);
        let reply = execute(&mut turn, &aim);
        let notes = std::mem::take(&mut turn.notes);
        if let Some(entry) = inner.cloud.ledger.entry(sequence) {
            entry.status = reply.status;
            entry.applied = notes.applied;
            entry.landed_at = Some(due);
            entry.touched = notes.touched;
        }
    }
    inner.cloud.settle(now, wire);
}

/// One call from beginning to end: settle, faults before, the service, faults after, the ledger.
pub(crate) fn take_turn(inner: &mut Inner, call: &Call, aim: &Target, wire: DateTime<Utc>) -> Outcome {
    settle(inner, wire);
    let now = inner.time.simulated(wire);
    let Inner { cloud, time } = inner;
    let sequence = cloud.ledger.append(opened(call, aim, now, wire));
    let aimed = cloud.faults.aims_at(&call.method, &call.path) && aim.service() != Some(Service::Entra);
    let writes = aim.service().is_some() && !only_reads(call);
    if aimed && writes && cloud.strikes(cloud.faults.land_late) {
        return land_late(cloud, call, now, sequence);
    }
    let swaps = cloud.faults.another_user;
    let swap = aimed && reads_one_user(call) && cloud.strikes(swaps);
    let mut turn = turn(cloud, call, now, wire, sequence);
    turn.swap = swap;
    let reply = match mishap::before(&mut turn, aim) {
        Some(reply) => finished(&turn, aim, reply),
        None => execute(&mut turn, aim),
    };
    let mut notes = std::mem::take(&mut turn.notes);
    if swap {
        notes.fault.get_or_insert_with(|| "another_user".to_owned());
    }
    let mut outcome = Outcome { reply, pause: 0.0, dropped: false };
    if aimed {
        after(cloud, &mut outcome, &mut notes);
        outcome.pause = time.wire_seconds(outcome.pause);
    }
    close(cloud, sequence, &outcome, notes);
    outcome
}

/// A call that only reads; a `$batch` or a token request is a POST, and counts by what it holds.
fn only_reads(call: &Call) -> bool {
    call.reads() || (call.path.ends_with("$batch") && !writes_inside(call))
}

/// A read of one user by its key, in either service.
fn reads_one_user(call: &Call) -> bool {
    let last = call.segments.last().map_or("", String::as_str);
    let before = call.segments.iter().rev().nth(1).map_or("", String::as_str);
    call.reads() && ((before == "users" && last != "$count") || last.starts_with("systemusers("))
}

fn writes_inside(call: &Call) -> bool {
    let text = String::from_utf8_lossy(&call.body);
    ["\"POST\"", "\"PATCH\"", "\"DELETE\"", "\"PUT\"", "\nPOST ", "\nPATCH ", "\nDELETE "]
        .iter()
        .any(|verb| text.contains(verb))
}

fn land_late(cloud: &mut Cloud, call: &Call, now: DateTime<Utc>, sequence: u64) -> Outcome {
    let (min, max) = (cloud.faults.late_seconds_min, cloud.faults.late_seconds_max);
    let due = now + cloud.luck.span(min, max.max(min));
    cloud.late.push(Late { due, call: call.clone(), sequence });
    if let Some(entry) = cloud.ledger.entry(sequence) {
        entry.dropped = true;
        entry.fault = Some("land_late".to_owned());
    }
    Outcome { reply: Reply::empty(0), pause: 0.0, dropped: true }
}

/// Faults that strike after the call was carried out.
fn after(cloud: &mut Cloud, outcome: &mut Outcome, notes: &mut Notes) {
    let faults = cloud.faults.clone();
    let mut struck = |name: &str| notes.fault = Some(name.to_owned());
    if cloud.strikes(faults.slow) {
        outcome.pause = faults.slow_seconds;
        struck("slow");
    }
    if cloud.strikes(faults.drop_after_commit) {
        outcome.dropped = true;
        struck("drop_after_commit");
    } else if cloud.strikes(faults.html) {
        let page = "<!DOCTYPE html><html><head><title>Service</title></head><body>Please wait.</body></html>";
        outcome.reply = Reply::empty(200).typed("text/html; charset=utf-8", page);
        struck("html");
    } else if !outcome.reply.body.is_empty() && cloud.strikes(faults.truncate) {
        let half = outcome.reply.body.len() / 2;
        outcome.reply.body.truncate(half);
        struck("truncate");
    }
}

fn turn<'a>(
    cloud: &'a mut Cloud,
    call: &'a Call,
    now: DateTime<Utc>,
    wire: DateTime<Utc>,
    sequence: u64,
) -> Turn<'a> {
    let request_id = cloud.dice.uuid();
    Turn { cloud, call, now, wire, request_id, sequence, swap: false, notes: Notes::default() }
}

/// Lets the service answer.
fn execute(turn: &mut Turn<'_>, aim: &Target) -> Reply {
    if let Some(reply) = browser::preflight(turn.call, aim) {
        return finished(turn, aim, reply);
    }
    let answer = match aim {
        Target::Entra => entra::answer(turn),
        Target::Graph => graph::answer(turn),
        Target::PowerPlatform => power_platform::answer(turn),
        Target::Dataverse(environment) => dataverse::answer(turn, *environment),
        Target::UnknownEnvironment => {
            Err(Reply::empty(404).typed("text/html", "<html><body>No such organization.</body></html>"))
        }
        Target::Control | Target::Nowhere => {
            let text = "No service answers here: not Microsoft Entra, Graph, Dataverse or Power Platform.";
            Err(Reply::json(404, &json!({"error": {"code": "NotFound", "message": text}})))
        }
    };
    let reply = answer.unwrap_or_else(|refused| refused);
    finished(turn, aim, reply)
}

/// Puts on the headers of the service and of HTTP.
fn finished(turn: &Turn<'_>, aim: &Target, reply: Reply) -> Reply {
    let mut reply = match aim {
        Target::Graph => graph::finished(turn, reply),
        Target::Dataverse(_) | Target::UnknownEnvironment => dataverse::finished(turn, reply),
        Target::Entra => entra::finished(turn, reply),
        Target::PowerPlatform | Target::Control | Target::Nowhere => {
            reply.with("x-ms-request-id", turn.request_id.to_string())
        }
    };
    browser::allow(turn.call, aim, &mut reply);
    reply.set("date", turn.wire.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    reply
}

fn opened(call: &Call, aim: &Target, now: DateTime<Utc>, wire: DateTime<Utc>) -> LedgerEntry {
    LedgerEntry {
        sequence: 0,
        batch: None,
        simulated_at: now,
        at: wire,
        service: aim.service(),
        tenant: None,
        environment: None,
        method: call.method.clone(),
        path: call.path.clone(),
        app: None::<Uuid>,
        write: !only_reads(call) && aim.service() != Some(Service::Entra),
        status: 0,
        applied: false,
        dropped: false,
        fault: None,
        landed_at: None,
        touched: Vec::new(),
    }
}

fn close(cloud: &mut Cloud, sequence: u64, outcome: &Outcome, notes: Notes) {
    let tenant = notes.tenant.map(|index| cloud.tenants[index].name.clone());
    let environment = notes.environment.map(|index| cloud.environments[index].name.clone());
    if let Some(entry) = cloud.ledger.entry(sequence) {
        entry.tenant = tenant;
        entry.environment = environment;
        entry.app = notes.app;
        entry.status = outcome.reply.status;
        entry.applied = notes.applied;
        entry.dropped = outcome.dropped;
        entry.fault = notes.fault;
        entry.touched = notes.touched;
    }
}
