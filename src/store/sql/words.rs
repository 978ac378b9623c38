//! The words of rows that are not the domain's own, and small translations shared by several statements.

use super::corrupt::corrupt;
use crate::domain::{Code, Failure};
use crate::domain::{Instant, IntentId, SkuId};
use crate::store::{LicenseHold, LicensedBy, PoolKey, PoolKind, Seat, StoreError, UserOrigin};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version of the machine's rules, written into each event.
pub(in crate::store) const MACHINE_VERSION: i64 = 1;

/// What is stored of a failure beside its code.
#[derive(Serialize, Deserialize)]
struct FailureText {
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remote_request_ids: Vec<String>,
}

/// A failure as its columns: the code, and JSON of the rest.
pub(in crate::store) fn failure_columns(failure: &Failure) -> (&'static str, String) {
    let text = FailureText {
        message: failure.message.clone(),
        remote_request_ids: failure.remote_request_ids.clone(),
    };
    // A structure of texts always has a JSON form.
    (failure.code.as_str(), serde_json::to_string(&text).unwrap_or_default())
}

/// Both columns of a failure that may be absent.
pub(in crate::store) fn maybe_failure_columns(
    failure: Option<&Failure>,
) -> (Option<&'static str>, Option<String>) {
    failure.map(failure_columns).unzip()
}

/// Reads a failure from its columns.
pub(in crate::store) fn failure_of(
    code: Option<&str>,
    text: Option<&str>,
) -> Result<Option<Failure>, StoreError> {
    let Some(code) = code else { return Ok(None) };
    let unreadable = || corrupt("a stored failure", &format!("{code:?} with {text:?} is not readable"));
    let code: Code = code.parse().map_err(|_| unreadable())?;
    let FailureText { message, remote_request_ids } = text
        .map_or(Ok(FailureText { message: String::new(), remote_request_ids: Vec::new() }), |text| {
            serde_json::from_str(text).map_err(|_| unreadable())
        })?;
    Ok(Some(Failure { code, message, remote_request_ids }))
}

pub(in crate::store) const fn origin_word(origin: UserOrigin) -> &'static str {
    match origin {
        UserOrigin::Made => "made",
        UserOrigin::Adopted => "adopted",
    }
}

pub(in crate::store) fn origin_of(word: &str) -> Option<UserOrigin> {
    [UserOrigin::Made, UserOrigin::Adopted].into_iter().find(|origin| origin_word(*origin) == word)
}

/// A seat as its columns `seat` and `seat_at`.
pub(in crate::store) const fn seat_columns(seat: Seat) -> (&'static str, Option<Instant>) {
    match seat {
        Seat::None => ("none", None),
        Seat::Held { since } => ("held", Some(since)),
        Seat::Resting { until } => ("resting", Some(until)),
    }
}

/// Reads a seat; none if the columns contradict each other.
pub(in crate::store) fn seat_of(word: &str, at: Option<Instant>) -> Option<Seat> {
    match (word, at) {
        ("none", None) => Some(Seat::None),
        ("held", Some(since)) => Some(Seat::Held { since }),
        ("resting", Some(until)) => Some(Seat::Resting { until }),
        _ => None,
    }
}

/// A license as its columns `license_hold`, `license_intent` and `license_since`.
pub(in crate::store) const fn license_columns(
    hold: LicenseHold,
) -> (&'static str, Option<IntentId>, Option<Instant>) {
    match hold {
        LicenseHold::None => ("none", None, None),
        LicenseHold::MayBeHeld { intent } => ("may_be_held", Some(intent), None),
        LicenseHold::Held { intent, since } => ("held", Some(intent), Some(since)),
    }
}

/// Reads a license; none if the columns contradict each other.
pub(in crate::store) fn license_of(
    word: &str,
    intent: Option<Uuid>,
    since: Option<Instant>,
) -> Option<LicenseHold> {
    match (word, intent.map(IntentId), since) {
        ("none", None, None) => Some(LicenseHold::None),
        ("may_be_held", Some(intent), None) => Some(LicenseHold::MayBeHeld { intent }),
        ("held", Some(intent), Some(since)) => Some(LicenseHold::Held { intent, since }),
        _ => None,
    }
}

pub(in crate::store) const fn licensed_by_word(by: LicensedBy) -> &'static str {
    match by {
        LicensedBy::Nobody => "nobody",
        LicensedBy::Group => "group",
        LicensedBy::Others => "others",
    }
}

pub(in crate::store) fn licensed_by_of(word: &str) -> Option<LicensedBy> {
    [LicensedBy::Group, LicensedBy::Others].into_iter().find(|by| licensed_by_word(*by) == word)
}

pub(in crate::store) const fn pool_kind_word(kind: PoolKind) -> &'static str {
    match kind {
        PoolKind::Seat => "seat",
        PoolKind::Slot => "slot",
    }
}

/// A pool's key as its columns `kind`, `tenant` and `subject`.
pub(in crate::store) fn pool_columns(key: &PoolKey) -> (&'static str, &str, String) {
    match key {
        PoolKey::Seat { tenant, sku } => (pool_kind_word(PoolKind::Seat), tenant, sku.to_string()),
        PoolKey::Slot { tenant, environment } => {
            (pool_kind_word(PoolKind::Slot), tenant, environment.clone())
        }
    }
}

/// Reads a pool's key.
pub(in crate::store) fn pool_key_of(kind: &str, tenant: &str, subject: &str) -> Result<PoolKey, StoreError> {
    let tenant = tenant.to_owned();
    if kind == pool_kind_word(PoolKind::Slot) {
        return Ok(PoolKey::Slot { tenant, environment: subject.to_owned() });
    }
    match (kind == pool_kind_word(PoolKind::Seat), Uuid::parse_str(subject)) {
        (true, Ok(sku)) => Ok(PoolKey::Seat { tenant, sku: SkuId(sku) }),
        _ => Err(corrupt(format!("pool {kind} {tenant} {subject}"), "it is no pool of seats or slots")),
    }
}
