//! What is wrong with a config, and where each of its values came from.

use crate::domain::{Code, Failure};
use std::fmt;
use std::path::PathBuf;

/// Who says a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// Nobody: it is the default.
    Default,
    /// The config file.
    File {
        /// The file's path as it was given.
        path: PathBuf,
        /// The line of the value, counted from 1, where it is known.
        line: Option<u64>,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for OriginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// One value in force, for `seatless config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The key's path, such as `tenants.contoso.id`.
    pub key: String,
    /// The value as text; a secret shows as `(set)`.
    pub value_shown: String,
    /// Who says it.
    pub origin: OriginKind,
}

/// One thing that is wrong with the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// Who says the value; for something that is missing, where it was looked for.
    pub origin: OriginKind,
    /// The key's path; absent when the fault is not about one key.
    pub key: Option<String>,
    /// The value, shortened and escaped; absent for a missing or secret value.
    pub value: Option<String>,
    /// What is wrong: a sentence about the key.
    pub message: String,
    /// A suggestion, such as the nearest known key.
    pub hint: Option<String>,
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "\"{value}\" is not acceptable: ")?;
        }
        f.write_str(&self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

/// All that is wrong with a config; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The faults, in the order of the file.
    pub faults: Vec<SettingFault>,
}

impl SettingsError {
    /// The same as one failure of the catalog; its message names the first fault and counts the others.
    pub fn failure(&self) -> Failure {
        let first = self.faults.first().map(ToString::to_string).unwrap_or_default();
        let others = self.faults.len().saturating_sub(1);
        let message = if others == 0 { first } else { format!("{first} (and {others} more)") };
        Failure::new(Code::ConfigInvalid, message)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
