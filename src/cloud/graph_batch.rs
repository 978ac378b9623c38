//! Many small calls to Microsoft Graph in one: JSON batching (API notes §2.10).
//!
//! Source: microsoft-graph-docs, concepts/json-batching.md. At most 20 calls, answered in any order, each throttled by
//! itself while the batch as a whole succeeds.

use super::answer::Answer;
use super::exchange::{Call, Exchange};
use super::verdict::{CallFailure, Effect, Members};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Microsoft's bound on the calls in one batch.
const BATCH_MAX: usize = 20;

/// How many batches are on their way at once.
const CONCURRENT_MAX: usize = 4;

/// One call of a batch.
pub(crate) struct Item {
    pub(crate) method: Method,
    /// Relative to `/v1.0`, percent-encoded, beginning with `/`.
    pub(crate) url: String,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) body: Option<Value>,
}

#[derive(Deserialize)]
struct BatchAnswer {
    responses: Vec<ItemAnswer>,
}

#[derive(Deserialize)]
struct ItemAnswer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
}

/// Sends `items` in as few batches as they need; the answers come back in the order of the items, whatever their status.
///
/// # Errors
/// A batch that fails whole gives its failure to each of its items; when all of them fail so, the first failure is the
/// failure of the whole call.
pub(crate) async fn send(exchange: &Exchange, items: &[Item], effect: Effect) -> Members<Answer> {
    let calls: Vec<_> = items.chunks(BATCH_MAX).map(|chunk| send_one(exchange, chunk, effect)).collect();
    let results: Vec<_> = stream::iter(calls).buffered(CONCURRENT_MAX).collect().await;
    gather(items.chunks(BATCH_MAX).map(<[Item]>::len).zip(results).collect())
}

/// One result per member from one result per chunk; an `Err` only when every chunk failed whole.
pub(crate) fn gather<T>(chunks: Vec<(usize, Members<T>)>) -> Members<T> {
    let all_failed = !chunks.is_empty() && chunks.iter().all(|(_, result)| result.is_err());
    let mut members = Vec::new();
    for (size, result) in chunks {
        match result {
            Ok(answers) => members.extend(answers),
            Err(failure) if all_failed => return Err(failure),
            Err(failure) => members.extend((0..size).map(|_| Err(failure.clone()))),
        }
    }
    Ok(members)
}

async fn send_one(exchange: &Exchange, items: &[Item], effect: Effect) -> Members<Answer> {
    let call = Call::post("/v1.0/$batch", effect, &question(items));
    let outer = exchange.call(&call).await?;
    let answered: BatchAnswer = outer.json(effect)?;

    // Of two answers to one question neither can be trusted.
    let mut by_position: Vec<Option<Result<Answer, CallFailure>>> = items.iter().map(|_| None).collect();
    for item in answered.responses {
        let Some(place) = position(&item.id, items.len()) else { continue };
        by_position[place] = Some(match by_position[place] {
            None => inner(exchange, &outer, item, effect),
            Some(_) => Err(outer.unreadable(effect, "The batch answers one of its calls twice.")),
        });
    }
    let mut members: Vec<_> = by_position
        .into_iter()
        .map(|answer| {
            answer.unwrap_or_else(|| {
                Err(outer.unreadable(effect, "The batch leaves one of its calls unanswered."))
            })
        })
        .collect();
    wait_together(&mut members);
    Ok(members)
}

fn question(items: &[Item]) -> Value {
    let requests: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let mut request =
                json!({ "id": (place + 1).to_string(), "method": item.method.as_str(), "url": item.url });
            let mut headers: Map<String, Value> =
                item.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            if let Some(body) = &item.body {
                // Mandatory inside a batch whenever there is a body.
                headers.insert("Content-Type".to_owned(), json!("application/json"));
                request["body"] = body.clone();
            }
            if !headers.is_empty() {
                request["headers"] = Value::Object(headers);
            }
            request
        })
        .collect();
    json!({ "requests": requests })
}

/// The place of the item that is called `id`: they are called "1", "2" and so on.
fn position(id: &str, count: usize) -> Option<usize> {
    let place = id.parse::<usize>().ok()?.checked_sub(1)?;
    (place < count && id == (place + 1).to_string()).then_some(place)
}

fn inner(
    exchange: &Exchange,
    outer: &Answer,
    item: ItemAnswer,
    effect: Effect,
) -> Result<Answer, CallFailure> {
    let status = StatusCode::from_u16(item.status)
        .map_err(|_| outer.unreadable(effect, "The batch gives one of its calls no HTTP status."))?;
    let mut headers = HeaderMap::new();
    for (name, value) in item.headers.unwrap_or_default() {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text)) {
            headers.append(name, value);
        }
    }
    let body = item.body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    Ok(exchange.wire().inner_answer(outer, status, headers, body))
}

/// Throttled items are to be sent again only after the longest wait that any of their batch was given.
fn wait_together(members: &mut [Result<Answer, CallFailure>]) {
    let throttled = |answer: &Answer| answer.status == StatusCode::TOO_MANY_REQUESTS;
    let longest = members
        .iter()
        .flatten()
        .filter(|answer| throttled(answer))
        .filter_map(|answer| answer.retry_after)
        .max();
    for answer in members.iter_mut().flatten().filter(|answer| throttled(answer)) {
        answer.retry_after = longest;
    }
}
