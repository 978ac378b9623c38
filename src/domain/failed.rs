//! One occurrence of a failure.

use super::Code;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that went wrong: the code, what was special this time, and the ids under which Microsoft's support finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which failure.
    pub code: Code,
    /// What was special this time, in plain words; never a secret, never a raw body, at most [`Failure::MESSAGE_MAX`] bytes.
    pub message: String,
    /// The `request-id`s of the calls that showed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_request_ids: Vec<String>,
}

impl Failure {
    /// How long a message may be, in bytes; a longer one is cut.
    pub const MESSAGE_MAX: usize = 500;

    /// A failure with the detail of this occurrence. Control characters (an answer may hold terminal escapes) become spaces.
    pub fn new(code: Code, message: impl AsRef<str>) -> Self {
        let mut clean = String::new();
        for character in message.as_ref().chars() {
            if clean.len() + character.len_utf8() > Self::MESSAGE_MAX {
                break;
            }
            clean.push(if character.is_control() { ' ' } else { character });
        }
        Self { code, message: clean, remote_request_ids: Vec::new() }
    }

    /// The same failure, to be found at Microsoft under this request id.
    pub fn seen_as(mut self, remote_request_ids: impl IntoIterator<Item = String>) -> Self {
        self.remote_request_ids.extend(remote_request_ids);
        self
    }

    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        self.code.row().hint
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.code.row().sentence;
        match self.message.as_str() {
            "" => f.write_str(sentence),
            message => write!(f, "{sentence} {message}"),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_no_control_characters_and_no_more_than_its_bound() {
        let failure = Failure::new(Code::GraphRefused, format!("\u{1b}[31m{}", "é".repeat(400)));
        assert!(failure.message.starts_with(" [31m"));
        assert!(failure.message.len() <= Failure::MESSAGE_MAX);
    }
}
