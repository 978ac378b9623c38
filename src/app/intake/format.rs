//! The formats of a list of requests.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A format of a list of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A header line and one row per request; commas, semicolons or tabs, as the header shows.
    Csv,
    /// An array of objects, or objects one after the other.
    Json,
    /// One object on each line.
    JsonLines,
    /// A list of mappings.
    Yaml,
}

/// A text that names no format.
#[derive(Debug, thiserror::Error)]
#[error("there is no format {0:?}; the formats are csv, json, jsonl and yaml")]
pub struct UnknownFormat(pub String);

impl Format {
    /// The name for `--format`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Yaml => "yaml",
        }
    }

    /// The format that was named, or else the one that the path's extension means; absent: let `read` look at the content.
    pub fn detect(path: &Path, named: Option<Self>) -> Option<Self> {
        named.or_else(|| path.extension()?.to_str()?.parse().ok())
    }

    /// The format that the beginning of a file looks like: `[` begins a JSON array; `{` an object of its own line or of
    /// several; anything else is CSV. YAML has no look of its own and must be named.
    pub(super) fn sniff(head: &[u8]) -> Self {
        let content = head.trim_ascii_start();
        match content.first() {
            Some(b'[') => Self::Json,
            Some(b'{') => {
                let first_line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
                if first_line.trim_ascii_end().ends_with(b"}") { Self::JsonLines } else { Self::Json }
            }
            _ => Self::Csv,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "yaml" | "yml" => Ok(Self::Yaml),
            _ => Err(UnknownFormat(text.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
