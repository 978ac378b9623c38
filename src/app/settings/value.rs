//! A value as it was written, before its key says what it must be.

use crate::domain::Fault;
use std::time::Duration;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// A TOML number, in decimal.
    Number(String),
    /// A TOML boolean.
    Truth(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// From a variable or a flag, where everything is text: whatever the key wants.
    Loose(String),
    /// Something that no key wants, by the name of its type.
    Unwanted(&'static str),
}

/// The longest a duration may be: longer than the retention, far from any overflow.
const SECONDS_MAX: f64 = 400.0 * 86_400.0;

impl Value {
    /// The value for people, unshortened.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Loose(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::List(items) => format!("[{}]", items.join(", ")),
            Self::Unwanted(kind) => (*kind).to_owned(),
        }
    }

    /// The value as text that is not empty, without spaces around it.
    pub(super) fn text(&self) -> Result<&str, Fault> {
        match self {
            Self::Text(text) | Self::Loose(text) if text.trim().is_empty() => {
                Err(Fault::new("it must not be empty"))
            }
            Self::Text(text) | Self::Loose(text) => Ok(text.trim()),
            Self::Number(_) | Self::Truth(_) | Self::List(_) | Self::Unwanted(_) => {
                Err(Fault::new("it must be text in quotes"))
            }
        }
    }

    /// The value as a whole number within bounds.
    pub(super) fn whole(&self, least: u64, most: u64) -> Result<u64, Fault> {
        let number = match self {
            Self::Number(text) => text.parse().ok(),
            Self::Loose(text) => text.trim().parse().ok(),
            Self::Text(_) | Self::Truth(_) | Self::List(_) | Self::Unwanted(_) => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| Fault::new(format!("it must be a whole number from {least} to {most}")))
    }

    /// The value as yes or no; in a variable, 1 and 0 as well.
    pub(super) fn truth(&self) -> Result<bool, Fault> {
        let truth = match self {
            Self::Truth(truth) => Some(*truth),
            Self::Loose(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Self::Text(_) | Self::Number(_) | Self::List(_) | Self::Unwanted(_) => None,
        };
        truth.ok_or_else(|| Fault::new("it must be true or false"))
    }

    /// The value as a duration in seconds, fractions allowed.
    pub(super) fn seconds(&self) -> Result<Duration, Fault> {
        let number: Option<f64> = match self {
            Self::Number(text) => text.parse().ok(),
            Self::Loose(text) => text.trim().parse().ok(),
            Self::Text(_) | Self::Truth(_) | Self::List(_) | Self::Unwanted(_) => None,
        };
        number
            .filter(|seconds| *seconds > 0.0 && *seconds <= SECONDS_MAX)
            .map(Duration::from_secs_f64)
            .filter(|duration| !duration.is_zero())
            .ok_or_else(|| {
                Fault::new("it must be a number of seconds above 0 and at most 34560000 (400 days)")
            })
    }

    /// The value as a list of texts. A variable or a flag separates them by semicolons, as a CSV file does.
    pub(super) fn texts(&self) -> Result<Vec<String>, Fault> {
        match self {
            Self::List(items) => Ok(items.clone()),
            Self::Loose(text) => Ok(text
                .split(';')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()),
            Self::Text(_) | Self::Number(_) | Self::Truth(_) | Self::Unwanted(_) => {
                Err(Fault::new("it must be a list of texts, such as [\"one\", \"two\"]"))
            }
        }
    }
}

/// A text from outside, fit for a message: escaped, cut after 60 characters, without the user and password of a URL, and
/// without a private key that went astray.
pub(in crate::app) fn excerpt(text: &str) -> String {
    if text.to_ascii_uppercase().contains("AGE-SECRET-KEY") {
        return "(a private key)".to_owned();
    }
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}…{}", &text[..scheme + 3], &text[at..]),
        _ => text.to_owned(),
    };
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
