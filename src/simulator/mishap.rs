//! Faults that strike before a call is carried out.

use serde_json::json;

use super::call::Call;
use super::ledger::{LedgerEntry, Service};
use super::refusals::planted;
use super::reply::Reply;
use super::route::Target;
use super::turn::{Notes, Turn};
use super::{dataverse, entra, graph, power_platform, token};

/// Rolls for what may stop a call before anything is carried out.
pub(crate) fn before(turn: &mut Turn<'_>, target: &Target) -> Option<Reply> {
    let faults = turn.cloud.faults.clone();
    let service = target.service()?;
    if let Some(reply) = planted(turn, service) {
        return Some(reply);
    }
    if !faults.aims_at(&turn.call.method, &turn.call.path) {
        return None;
    }
    let throttle = match service {
        Service::Entra => faults.throttle_sign_in,
        Service::Graph => faults.throttle_graph,
        Service::Dataverse => faults.throttle_dataverse,
        Service::PowerPlatform => faults.throttle_power_platform,
    };
    if turn.cloud.strikes(throttle) {
        turn.notes.fault = Some("throttled".to_owned());
        return Some(throttled(turn, service));
    }
    if service != Service::Entra && turn.call.bearer().is_some() && turn.cloud.strikes(faults.revoke_token) {
        // The token stays revoked, so only a new one helps.
        let claims = turn.call.bearer().and_then(|bearer| token::read(&turn.cloud.token_key, bearer));
        if let Some(claims) = claims {
            turn.notes.fault = Some("token_revoked".to_owned());
            turn.cloud.revoked.insert(claims.id);
        }
        return None;
    }
    if turn.cloud.strikes(faults.unavailable) {
        turn.notes.fault = Some("unavailable".to_owned());
        let seconds = retry_after(turn);
        return Some(broken(turn, service, 503).with("retry-after", seconds));
    }
    if turn.cloud.strikes(faults.error_before_commit) {
        turn.notes.fault = Some("error_before_commit".to_owned());
        let status = [500, 502, 504][turn.cloud.luck.index(3)];
        return Some(broken(turn, service, status));
    }
    conflict(turn)
}

/// The same for one item of a Graph batch.
pub(crate) fn graph_item(turn: &mut Turn<'_>) -> Option<Reply> {
    if let Some(reply) = planted(turn, Service::Graph) {
        return Some(reply);
    }
    let faults = turn.cloud.faults.clone();
    if !faults.aims_at(&turn.call.method, &turn.call.path) {
        return None;
    }
    if turn.cloud.strikes(faults.throttle_graph_item) {
        turn.notes.fault = Some("throttled".to_owned());
        return Some(throttled(turn, Service::Graph));
    }
    if turn.cloud.strikes(faults.error_before_commit) {
        turn.notes.fault = Some("error_before_commit".to_owned());
        return Some(broken(turn, Service::Graph, 503));
    }
    conflict(turn)
}

/// The same for one part of a Dataverse batch, which only what was asked for can strike.
pub(crate) fn dataverse_part(turn: &mut Turn<'_>) -> Option<Reply> {
    planted(turn, Service::Dataverse)
}

/// Puts an item's line into the ledger, under its batch.
pub(crate) fn note_item(turn: &mut Turn<'_>, call: &Call, reply: &Reply, notes: Notes, batch: u64) {
    let service = if notes.environment.is_some() { Service::Dataverse } else { Service::Graph };
    let entry = LedgerEntry {
        sequence: 0,
        batch: Some(batch),
        simulated_at: turn.now,
        at: turn.wire,
        service: Some(service),
        tenant: notes.tenant.map(|index| turn.cloud.tenants[index].name.clone()),
        environment: notes.environment.map(|index| turn.cloud.environments[index].name.clone()),
        method: call.method.clone(),
        path: call.path.clone(),
        app: notes.app,
        write: !call.reads(),
        status: reply.status,
        applied: notes.applied,
        dropped: false,
        fault: notes.fault,
        landed_at: None,
        touched: notes.touched,
    };
    turn.cloud.ledger.append(entry);
}

fn conflict(turn: &mut Turn<'_>) -> Option<Reply> {
    let license_write = turn.call.method == "POST" && turn.call.path.ends_with("assignLicense");
    if !license_write || !turn.cloud.strikes(turn.cloud.faults.license_conflict) {
        return None;
    }
    turn.notes.fault = Some("license_conflict".to_owned());
    let message = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.";
    Some(graph::refusal(turn, 409, "Directory_ConcurrencyViolation", message))
}

/// Whole seconds on the wire, at least one.
fn retry_after(turn: &mut Turn<'_>) -> String {
    let max = turn.cloud.faults.retry_after_seconds_max;
    let simulated = turn.cloud.luck.between(1.0, max.max(1.0));
    format!("{:.0}", (simulated / turn.cloud.delays.speed.max(f64::MIN_POSITIVE)).ceil().max(1.0))
}

fn throttled(turn: &mut Turn<'_>, service: Service) -> Reply {
    let seconds = retry_after(turn);
    let reply = match service {
        Service::Entra => entra::refusal(
            turn,
            429,
            "temporarily_unavailable",
            90_055,
            "The server is busy: too many requests.",
        ),
        Service::Graph => graph::refusal(turn, 429, "TooManyRequests", "Too many requests.")
            .with("x-ms-throttle-information", "WriteLimitExceeded")
            .with("x-ms-throttle-scope", "Tenant_Application/ReadWrite"),
        Service::Dataverse => {
            let (code, message) = [
                (
                    "0x80072322",
                    "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
                ),
                (
                    "0x80072321",
                    "Combined execution time of incoming requests exceeded limit of 1200000 milliseconds over time \
                     window of 300 seconds. Decrease number of concurrent requests or reduce the duration of \
                     requests and try again later.",
                ),
                ("0x80072326", "Number of concurrent requests exceeded the limit of 52."),
            ][turn.cloud.luck.index(3)];
            dataverse::refusal(429, code, message)
        }
        Service::PowerPlatform => power_platform::refusal(429, "TooManyRequests", "Rate limit is exceeded."),
    };
    reply.with("retry-after", seconds)
}

fn broken(turn: &Turn<'_>, service: Service, status: u16) -> Reply {
    let message = "The service is temporarily unavailable.";
    match service {
        Service::Entra => entra::refusal(turn, status, "temporarily_unavailable", 90_033, message),
        Service::Graph if status == 503 => graph::refusal(turn, status, "ServiceNotAvailable", message),
        Service::Graph => graph::refusal(turn, status, "UnknownError", ""),
        Service::Dataverse => dataverse::refusal(status, "0x80044150", "Sql error: Generic SQL error."),
        Service::PowerPlatform if status == 504 => Reply::json(
            status,
            &json!({"error": {"code": "GatewayTimeout", "message": "The gateway did not respond."}}),
        ),
        Service::PowerPlatform => power_platform::refusal(status, "InternalServerError", message),
    }
}
