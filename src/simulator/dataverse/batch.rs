//! `POST $batch` as `multipart/mixed` (webapi/execute-batch-operations-using-web-api).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::answer::{finished, item};
use super::refusal::refusal;
use crate::simulator::call::Call;
use crate::simulator::mishap;
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Notes, Turn};

/// Most requests in one batch.
const ITEMS_MAX: usize = 1000;

/// One part of a batch.
enum Part {
    One(Box<Call>),
    /// A change set: all or nothing, without reads.
    Set(Vec<(Call, Option<String>)>),
}

/// Answers a batch.
pub(super) fn answer(turn: &mut Turn<'_>, index: usize, caller: Uuid) -> Answer {
    let text = String::from_utf8(turn.call.body.to_vec()).map_err(|_| unreadable())?;
    let kind = turn.call.header("content-type").unwrap_or_default().to_owned();
    let boundary = boundary_of(&kind).ok_or_else(unreadable)?;
    let parts = parts_of(turn, &text, &boundary)?;
    let count: usize = parts
        .iter()
        .map(|part| match part {
            Part::One(_) => 1,
            Part::Set(calls) => calls.len(),
        })
        .sum();
    if count > ITEMS_MAX {
        return Err(refusal(400, "0x80060888", "The batch request exceeds the maximum of 1000 operations."));
    }
    let goes_on = turn.call.header("prefer").is_some_and(|prefer| prefer.contains("odata.continue-on-error"));
    let outer = format!("batchresponse_{}", turn.cloud.dice.uuid());
    let mut body = String::new();
    let mut first_failure = None;
    for part in parts {
        let failed = match part {
            Part::One(call) => {
                let reply = run(turn, index, caller, &call);
                body.push_str(&rendered(&outer, &reply, None));
                (reply.status >= 400).then_some(reply.status)
            }
            Part::Set(calls) => {
                let (text, failure) = run_set(turn, index, caller, &calls, &outer);
                body.push_str(&text);
                failure
            }
        };
        first_failure = first_failure.or(failed);
        if failed.is_some() && !goes_on {
            break;
        }
    }
    body.push_str(&format!("--{outer}--\r\n"));
    let status = if goes_on { 200 } else { first_failure.unwrap_or(200) };
    Ok(Reply::empty(status).typed(&format!("multipart/mixed; boundary={outer}"), body))
}

fn run_set(
    turn: &mut Turn<'_>,
    index: usize,
    caller: Uuid,
    calls: &[(Call, Option<String>)],
    outer: &str,
) -> (String, Option<u16>) {
    let before = turn.cloud.environments[index].clone();
    let inner = format!("changesetresponse_{}", turn.cloud.dice.uuid());
    let mut set = String::new();
    for (call, content_id) in calls {
        let reply = run(turn, index, caller, call);
        if reply.status >= 400 {
            turn.cloud.environments[index] = before;
            return (rendered(outer, &reply, content_id.as_deref()), Some(reply.status));
        }
        set.push_str(&rendered(&inner, &reply, content_id.as_deref()));
    }
    let text =
        format!("--{outer}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n{set}--{inner}--\r\n");
    (text, None)
}

/// Runs one request as a call of its own, with its own line in the ledger.
fn run(turn: &mut Turn<'_>, index: usize, caller: Uuid, call: &Call) -> Reply {
    let request_id = turn.cloud.dice.uuid();
    let notes = Notes {
        tenant: turn.notes.tenant,
        environment: Some(index),
        app: turn.notes.app,
        ..Notes::default()
    };
    let mut inner = Turn {
        cloud: &mut *turn.cloud,
        call,
        now: turn.now,
        wire: turn.wire,
        request_id,
        sequence: turn.sequence,
        swap: false,
        notes,
    };
    let route = call.route();
    let reply = match (mishap::dataverse_part(&mut inner), route.as_slice()) {
        (Some(refused), _) => Err(refused),
        (None, ["api", "data", _, rest @ ..] | rest) => item(&mut inner, index, caller, rest),
    };
    let reply = finished(&inner, reply.unwrap_or_else(|refused| refused));
    let notes = std::mem::take(&mut inner.notes);
    turn.notes.touched.extend(notes.touched.iter().copied());
    turn.notes.applied |= notes.applied;
    let sequence = turn.sequence;
    mishap::note_item(turn, call, &reply, notes, sequence);
    reply
}

fn rendered(boundary: &str, reply: &Reply, content_id: Option<&str>) -> String {
    let reason = http::StatusCode::from_u16(reply.status).ok().and_then(|status| status.canonical_reason());
    let mut text =
        format!("--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
    if let Some(id) = content_id {
        text.push_str(&format!("Content-ID: {id}\r\n"));
    }
    text.push_str(&format!("\r\nHTTP/1.1 {} {}\r\n", reply.status, reason.unwrap_or("Unknown")));
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("\r\n{}\r\n", String::from_utf8_lossy(&reply.body)));
    text
}

fn boundary_of(content_type: &str) -> Option<String> {
    let value = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// The parts between boundaries. Line ends must be CRLF, as the real service insists.
fn parts_of(turn: &Turn<'_>, text: &str, boundary: &str) -> Result<Vec<Part>, Reply> {
    let mut parts = Vec::new();
    for section in sections(text, boundary)? {
        let (head, rest) = section.split_once("\r\n\r\n").ok_or_else(unreadable)?;
        match head_value(head, "content-type") {
            Some(kind) if kind.starts_with("multipart/mixed") => {
                let inner = boundary_of(kind).ok_or_else(unreadable)?;
                let mut calls = Vec::new();
                for section in sections(rest, &inner)? {
                    let (head, request) = section.split_once("\r\n\r\n").ok_or_else(unreadable)?;
                    let call = request_of(turn, request)?;
                    if call.reads() {
                        return Err(refusal(
                            400,
                            "0x80060888",
                            "A GET request is not allowed in a change set.",
                        ));
                    }
                    calls.push((call, head_value(head, "content-id").map(str::to_owned)));
                }
                parts.push(Part::Set(calls));
            }
            Some(kind) if kind.starts_with("application/http") => {
                parts.push(Part::One(Box::new(request_of(turn, rest)?)))
            }
            _ => return Err(unreadable()),
        }
    }
    Ok(parts)
}

fn sections<'a>(text: &'a str, boundary: &str) -> Result<Vec<&'a str>, Reply> {
    let opening = format!("--{boundary}\r\n");
    let closing = format!("--{boundary}--");
    let (inside, _) = text.split_once(&closing).ok_or_else(unreadable)?;
    let mut pieces = inside.split(opening.as_str());
    // What stands before the first boundary is a preamble.
    if pieces.next().is_none_or(|preamble| preamble.contains(&format!("--{boundary}"))) {
        return Err(unreadable());
    }
    let found: Vec<&str> = pieces.collect();
    if found.is_empty() { Err(unreadable()) } else { Ok(found) }
}

fn head_value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The request inside an `application/http` part.
fn request_of(turn: &Turn<'_>, text: &str) -> Result<Call, Reply> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.split("\r\n");
    let line = lines.next().ok_or_else(unreadable)?;
    let (method, rest) = line.split_once(' ').ok_or_else(unreadable)?;
    let target = rest.strip_suffix(" HTTP/1.1").ok_or_else(unreadable)?.trim();
    let target = match target.split_once("://") {
        Some((_, absolute)) => absolute.find('/').map_or("/", |at| &absolute[at..]),
        None => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/data/v9.2/{path}") };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let pair = (HeaderName::try_from(name.trim()), HeaderValue::try_from(value.trim()));
        if let (Ok(name), Ok(value)) = pair {
            headers.insert(name, value);
        }
    }
    let body = Bytes::copy_from_slice(body.trim_end_matches("\r\n").as_bytes());
    Ok(Call::new(method, turn.call.scheme.clone(), turn.call.authority.clone(), &path, query, headers, body))
}

fn unreadable() -> Reply {
    refusal(
        400,
        "0x80048d19",
        "Error identified in Payload provided by the user for Entity :'', For more information \
        on this error please follow this help link. Stream was not readable.",
    )
}
