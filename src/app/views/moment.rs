//! How instants and spans of time are written.

use crate::domain::Instant;
use chrono::SecondsFormat;
use serde::{Serialize, Serializer};
use std::fmt;

/// An instant as it is shown: RFC 3339, UTC, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Instant);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Moment {
    /// Day and second, for people: `2026-11-23 10:05:12Z`.
    pub fn to_the_second(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%SZ").to_string()
    }

    /// The second alone where the day is the same as that of `day`, else both.
    pub fn beside(self, day: Self) -> String {
        if self.0.date_naive() == day.0.date_naive() {
            self.0.format("%H:%M:%SZ").to_string()
        } else {
            self.to_the_second()
        }
    }
}

/// Seconds as a person says them, in at most two units: `450 ms`, `12 s`, `4 min 12 s`, `1 h 5 min`, `2 d 3 h`.
pub fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 0.001 {
        return "0 s".to_owned();
    }
    if seconds < 0.9995 {
        return format!("{:.0} ms", seconds * 1_000.0);
    }
    if seconds < 9.95 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    // A span that is too long for the type is longer than anybody waits; the cast saturates.
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{whole} s"),
        (0, 0, minutes) => two(minutes, "min", whole % 60, "s"),
        (0, hours, minutes) => two(hours, "h", minutes, "min"),
        (days, hours, _) => two(days, "d", hours, "h"),
    }
}
