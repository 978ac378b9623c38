//! How long a service asks us to wait.

use super::Limits;
use crate::domain::Instant;
use chrono::{DateTime, NaiveDateTime};
use http::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// The wait that `headers` ask for, within `limits`; `None` when they ask for none or cannot be read.
///
/// Both forms of RFC 9110 §10.2.3 are read: seconds, and a date. A date is compared with the response's own `Date`, so
/// that a host with a wrong clock still waits as long as was meant; without one, with `now`.
pub(crate) fn retry_after(headers: &HeaderMap, now: Instant, limits: &Limits) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let wait = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        if text.starts_with('-') {
            Duration::ZERO
        } else {
            // More digits than fit mean a wait beyond any bound.
            Duration::from_secs(text.parse().unwrap_or(u64::MAX))
        }
    } else {
        let until = http_date(text)?;
        let from = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
        (until - from).to_std().unwrap_or(Duration::ZERO)
    };
    Some(wait.clamp(limits.retry_after_min, limits.retry_after_max.max(limits.retry_after_min)))
}

/// The three forms of a date that RFC 9110 §5.6.7 makes a recipient accept.
fn http_date(text: &str) -> Option<Instant> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|date| date.and_utc())
}
