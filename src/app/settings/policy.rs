//! `[policy]`: durations and bounds, those of the domain and those of the calls.

use super::path::KeyPath;
use super::reader::Reader;
use super::tenants::count;
use crate::domain::{Fault, Policy};
use std::time::Duration;

/// The bounds of every remote call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSettings {
    /// How long a call may take in all.
    pub deadline: Duration,
    /// How long connecting may take.
    pub connect: Duration,
    /// The longest answer that is read, in bytes.
    pub answer_bytes_max: usize,
    /// How long a process keeps what it has claimed after its last sign of life, where others could take it over; at least
    /// one and a half times the deadline.
    pub lease: Duration,
}

/// The longest time that a blocked request can be told to wait: 400 days, as for every other duration.
const GIVE_UP_SECONDS_MAX: u64 = 400 * 86_400;

/// Reads the domain's policy.
pub(super) fn read(reader: &mut Reader) -> Policy {
    let base = Policy::default();
    let policy = Policy {
        call_deadline: seconds(reader, "call_deadline", base.call_deadline),
        attempts_max: number(reader, "attempts_max", base.attempts_max),
        claims_max: number(reader, "claims_max", base.claims_max),
        retry_first: seconds(reader, "retry_first", base.retry_first),
        retry_last: seconds(reader, "retry_last", base.retry_last),
        retry_after_min: seconds(reader, "retry_after_min", base.retry_after_min),
        retry_after_max: seconds(reader, "retry_after_max", base.retry_after_max),
        absence_looks: number(reader, "absence_looks", base.absence_looks),
        absence_window: seconds(reader, "absence_window", base.absence_window),
        regressions_max: number(reader, "regressions_max", base.regressions_max),
        sync_first: seconds(reader, "sync_first", base.sync_first),
        sync_eager: seconds(reader, "sync_eager", base.sync_eager),
        sync_later: seconds(reader, "sync_later", base.sync_later),
        poll_first: seconds(reader, "poll_first", base.poll_first),
        poll_last: seconds(reader, "poll_last", base.poll_last),
        impersonate_after: seconds(reader, "impersonate_after", base.impersonate_after),
        propagation_warn: seconds(reader, "propagation_warn", base.propagation_warn),
        propagation_deadline: seconds(reader, "propagation_deadline", base.propagation_deadline),
        parked_seat: seconds(reader, "parked_seat", base.parked_seat),
        give_up: patience(reader),
        delete_propagated: reader.or_default(&key("unwound_user"), "disable", |value| {
            match value.text()? {
                "disable" => Ok(false),
                "delete" => Ok(true),
                _ => Err(Fault::new("it must be disable or delete")),
            }
        }),
        settle: seconds(reader, "settle", base.settle),
        replication: seconds(reader, "replication", base.replication),
        capacity_read: seconds(reader, "capacity_read", base.capacity_read),
        sweep: seconds(reader, "sweep", base.sweep),
        recheck: seconds(reader, "recheck", base.recheck),
        seat_cool_down: seconds(reader, "seat_cool_down", base.seat_cool_down),
        watch_first: seconds(reader, "watch_first", base.watch_first),
        watch_second: seconds(reader, "watch_second", base.watch_second),
        watch_every: seconds(reader, "watch_every", base.watch_every),
        weights: base.weights,
    };
    ordered(reader, "retry_first", policy.retry_first, "retry_last", policy.retry_last);
    ordered(reader, "retry_after_min", policy.retry_after_min, "retry_after_max", policy.retry_after_max);
    ordered(reader, "sync_first", policy.sync_first, "sync_later", policy.sync_later);
    ordered(reader, "watch_first", policy.watch_first, "watch_second", policy.watch_second);
    ordered(reader, "poll_first", policy.poll_first, "poll_last", policy.poll_last);
    ordered(
        reader,
        "propagation_warn",
        policy.propagation_warn,
        "propagation_deadline",
        policy.propagation_deadline,
    );
    policy
}

impl CallSettings {
    pub(super) fn read(reader: &mut Reader, deadline: Duration) -> Self {
        let connect = seconds(reader, "connect", Duration::from_secs(10));
        ordered(reader, "connect", connect, "call_deadline", deadline);
        let bytes = reader.or_default(&key("answer_bytes_max"), "4194304", |value| {
            value.whole(65_536, 1 << 30).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
        });
        Self { deadline, connect, answer_bytes_max: bytes, lease: lease(reader, deadline) }
    }
}

/// The lease, a third longer than the deadline of a call at the least: of the nine signs of life that it takes, some may be
/// late before a write cannot be begun any more.
fn lease(reader: &mut Reader, deadline: Duration) -> Duration {
    let min = deadline + deadline / 2;
    let default = min.max(Duration::from_secs(45));
    let lease = seconds(reader, "lease", default);
    if lease < min {
        let least = min.as_secs_f64();
        let message = format!(
            "it must be at least one and a half times policy.call_deadline_seconds, which makes {least}: what is claimed \
             has to stay ours for as long as a call may take"
        );
        reader.fault(&seconds_key("lease"), message, None);
    }
    lease.max(min)
}

/// How often the engine looks for work that no hint announced.
pub(super) fn level_check(reader: &mut Reader) -> Duration {
    seconds(reader, "level_check", Duration::from_secs(5))
}

fn key(name: &str) -> KeyPath {
    KeyPath::of(&["policy", name])
}

fn seconds_key(name: &str) -> KeyPath {
    key(&format!("{name}_seconds"))
}

fn number(reader: &mut Reader, name: &str, default: u32) -> u32 {
    reader.or_default(&key(name), &default.to_string(), |value| count(value, 1_000_000))
}

fn seconds(reader: &mut Reader, name: &str, default: Duration) -> Duration {
    reader.or_default(&seconds_key(name), &default.as_secs_f64().to_string(), |value| value.seconds())
}

/// How long a blocked request waits for a person; 0 in the config: for ever.
fn patience(reader: &mut Reader) -> Option<Duration> {
    let seconds =
        reader.or_default(&seconds_key("give_up"), "0", |value| value.whole(0, GIVE_UP_SECONDS_MAX));
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Refuses a lower bound above its upper one, at the key that somebody set.
fn ordered(reader: &mut Reader, low: &str, low_value: Duration, high: &str, high_value: Duration) {
    if low_value <= high_value {
        return;
    }
    let (low, high) = (seconds_key(low), seconds_key(high));
    let shown = |duration: Duration| duration.as_secs_f64();
    if reader.is_set(&low) {
        reader.fault(&low, format!("it must not be above {high}, which is {}", shown(high_value)), None);
    } else {
        reader.fault(&high, format!("it must not be below {low}, which is {}", shown(low_value)), None);
    }
}
