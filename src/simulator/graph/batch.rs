//! `POST /$batch` (concepts/json-batching).

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::answer::{finished, item, relative};
use super::refusal::{bad_request, refusal};
use crate::simulator::call::Call;
use crate::simulator::mishap;
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Notes, Turn};

/// Most requests in one batch.
const ITEMS_MAX: usize = 20;

/// Answers a batch: 200 with one answer per item, each of which may have failed.
pub(super) fn answer(turn: &mut Turn<'_>, claims: &Claims) -> Answer {
    let body = turn.call.json().map_err(|error| refusal(turn, 400, "BadRequest", &error))?;
    let Some(requests) = body["requests"].as_array() else {
        return Err(refusal(turn, 400, "BadRequest", "Invalid batch payload format."));
    };
    check(turn, requests)?;
    let mut statuses: HashMap<&str, u16> = HashMap::new();
    let mut responses = Vec::new();
    for request in requests {
        let id = request["id"].as_str().unwrap_or_default();
        let failed =
            depends_on(request).iter().any(|before| statuses.get(before).is_none_or(|status| *status >= 400));
        let reply = if failed {
            refusal(
                turn,
                424,
                "FailedDependency",
                "The request failed because a request it depends on failed.",
            )
        } else {
            run(turn, claims, request)
        };
        statuses.insert(id, reply.status);
        responses.push(rendered(id, &reply));
    }
    Ok(Reply::json(200, &json!({"responses": responses})))
}

fn depends_on(request: &Value) -> Vec<&str> {
    request["dependsOn"]
        .as_array()
        .map(|ids| ids.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// What makes Graph refuse the whole batch.
fn check(turn: &Turn<'_>, requests: &[Value]) -> Result<(), Reply> {
    if requests.is_empty() {
        return Err(refusal(turn, 400, "BadRequest", "Batch request contains no requests."));
    }
    if requests.len() > ITEMS_MAX {
        let message = format!("Number of batch request steps exceeds the maximum value of {ITEMS_MAX}.");
        return Err(refusal(turn, 400, "MaximumValueExceeded", &message));
    }
    let mut seen = HashSet::new();
    for request in requests {
        let (id, method, url) = (request["id"].as_str(), request["method"].as_str(), request["url"].as_str());
        let (Some(id), Some(_), Some(url)) = (id, method, url) else {
            return Err(refusal(turn, 400, "BadRequest", "Each request needs an id, a method and a url."));
        };
        if !depends_on(request).iter().all(|before| seen.contains(*before)) {
            return Err(refusal(
                turn,
                400,
                "BadRequest",
                &format!("Request {id} depends on one that is not before it."),
            ));
        }
        if !seen.insert(id.to_owned()) {
            return Err(refusal(
                turn,
                400,
                "BadRequest",
                &format!("Request id {id} is duplicated within the batch."),
            ));
        }
        if url.contains("://") {
            return Err(refusal(turn, 400, "BadRequest", "The url of a request must be relative."));
        }
        let typed = request["headers"]
            .as_object()
            .is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")));
        if !request["body"].is_null() && !typed {
            let message = format!("Write request id : {id} does not contain Content-Type header or body.");
            return Err(refusal(turn, 400, "BadRequest", &message));
        }
    }
    Ok(())
}

/// Runs one item as a call of its own: its own faults, its own line in the ledger.
fn run(turn: &mut Turn<'_>, claims: &Claims, request: &Value) -> Reply {
    let Some((path, query)) = request["url"].as_str().and_then(relative) else {
        return bad_request(turn, "The url of the request cannot be read.");
    };
    let mut headers = HeaderMap::new();
    for (name, value) in request["headers"].as_object().unwrap_or(&Map::new()) {
        let pair =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str().unwrap_or_default()));
        if let (Ok(name), Ok(value)) = pair {
            headers.insert(name, value);
        }
    }
    let body =
        if request["body"].is_null() { Bytes::new() } else { Bytes::from(request["body"].to_string()) };
    let call = Call::new(
        request["method"].as_str().unwrap_or_default(),
        turn.call.scheme.clone(),
        turn.call.authority.clone(),
        &format!("/{}{path}", turn.call.segments.first().map_or("v1.0", String::as_str)),
        &query,
        headers,
        body,
    );
    let request_id = turn.cloud.dice.uuid();
    let notes = Notes { tenant: turn.notes.tenant, app: turn.notes.app, ..Notes::default() };
    let mut inner = Turn {
        cloud: &mut *turn.cloud,
        call: &call,
        now: turn.now,
        wire: turn.wire,
        request_id,
        sequence: turn.sequence,
        swap: false,
        notes,
    };
    let segments = call.route();
    let reply = match mishap::graph_item(&mut inner) {
        Some(reply) => reply,
        None => {
            item(&mut inner, claims, segments.get(1..).unwrap_or_default()).unwrap_or_else(|refused| refused)
        }
    };
    let reply = finished(&inner, reply);
    let notes = std::mem::take(&mut inner.notes);
    turn.notes.touched.extend(notes.touched.iter().copied());
    turn.notes.applied |= notes.applied;
    let sequence = turn.sequence;
    mishap::note_item(turn, &call, &reply, notes, sequence);
    reply
}

fn rendered(id: &str, reply: &Reply) -> Value {
    let headers: Map<String, Value> = (reply.headers.iter())
        .filter(|(name, _)| !name.starts_with("x-ms-ags"))
        .map(|(name, value)| (canonical(name), json!(value)))
        .collect();
    let mut response = json!({"id": id, "status": reply.status, "headers": headers});
    if !reply.body.is_empty() {
        let text = || json!(String::from_utf8_lossy(&reply.body));
        response["body"] = serde_json::from_slice(&reply.body).unwrap_or_else(|_| text());
    }
    response
}

/// `retry-after` as `Retry-After`: inside a batch Graph shows headers in their usual case.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
