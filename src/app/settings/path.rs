//! The path of a key, such as `environments.contoso-dev.url`.

use crate::domain::Fault;
use std::fmt;

/// A key by its segments; a segment with a dot in it is shown in quotes, as TOML does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyPath(pub(super) Vec<String>);

impl KeyPath {
    /// The path of these segments.
    pub(super) fn of(segments: &[&str]) -> Self {
        Self(segments.iter().map(|segment| (*segment).to_owned()).collect())
    }

    /// This path with one more segment.
    pub(super) fn child(&self, segment: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.to_owned());
        Self(segments)
    }

    /// Reads what somebody typed behind `--set`: segments between dots, a segment with dots in quotes.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut segments = vec![String::new()];
        let mut quoted = false;
        for character in text.trim().chars() {
            match character {
                '"' => quoted = !quoted,
                '.' if !quoted => segments.push(String::new()),
                other => segments.last_mut().expect("it starts with one segment").push(other),
            }
        }
        if quoted || segments.iter().any(|segment| segment.trim().is_empty()) {
            return Err(Fault::new("it must be a key such as store.url or tenants.contoso.id"));
        }
        Ok(Self(segments.into_iter().map(|segment| segment.trim().to_owned()).collect()))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            let bare = !segment.is_empty()
                && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if bare { f.write_str(segment)? } else { write!(f, "\"{}\"", segment.escape_debug())? }
        }
        Ok(())
    }
}
