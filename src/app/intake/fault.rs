//! What is wrong with one row, and all that is wrong with a file.

use super::super::settings::excerpt;
use super::columns::Column;
use crate::domain::{Code, Failure};
use std::fmt;

/// One thing that is wrong with a list of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The file's name as it was given.
    pub file: String,
    /// The physical line where the row begins, or where the fault stands, counted from 1.
    pub line: u64,
    /// The column's name; absent when the fault is about the row or the file.
    pub column: Option<String>,
    /// The value, shortened and escaped; absent when there is none.
    pub value: Option<String>,
    /// The code and the reason.
    pub failure: Failure,
    /// A suggestion for this very value, such as the nearest known name.
    pub suggestion: Option<String>,
}

impl RowFault {
    /// A fault about a row. The file's name is filled in where the fault leaves the intake.
    pub(super) fn new(line: u64, code: Code, message: impl AsRef<str>) -> Self {
        let failure = Failure::new(code, message);
        Self { file: String::new(), line, column: None, value: None, failure, suggestion: None }
    }

    /// A fault about the form of a row or the file.
    pub(super) fn malformed(line: u64, message: impl AsRef<str>) -> Self {
        Self::new(line, Code::IntakeMalformed, message)
    }

    /// The same fault, about this column.
    pub(super) fn at(mut self, column: Column) -> Self {
        self.column = Some(column.name().to_owned());
        self
    }

    /// The same fault, about a column as the file calls it.
    pub(super) fn at_header(mut self, header: &str) -> Self {
        self.column = Some(excerpt(header));
        self
    }

    /// The same fault, about this value.
    pub(super) fn value(mut self, value: &str) -> Self {
        self.value = Some(excerpt(value));
        self
    }

    /// The same fault, with a suggestion.
    pub(super) fn suggest(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// What to do: the suggestion for this value, or the catalog's hint for the code.
    pub fn hint(&self) -> &str {
        self.suggestion.as_deref().unwrap_or(self.failure.hint())
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, "column {column}: ")?;
        }
        if let Some(value) = &self.value {
            write!(f, "\"{value}\" is not acceptable: ")?;
        }
        f.write_str(&self.failure.message)?;
        self.suggestion.iter().try_for_each(|suggestion| write!(f, "; {suggestion}"))
    }
}

impl std::error::Error for RowFault {}

/// The faults of a file: the first hundred, and a count of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first ones, at most [`Faults::SHOWN_MAX`].
    pub shown: Vec<RowFault>,
    /// How many more there were.
    pub left_out: u64,
}

impl Faults {
    /// How many faults are kept.
    pub const SHOWN_MAX: usize = 100;

    /// Adds a fault, or counts it.
    pub fn push(&mut self, fault: RowFault) {
        if self.shown.len() < Self::SHOWN_MAX { self.shown.push(fault) } else { self.left_out += 1 }
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// How many faults there are in all.
    pub fn total(&self) -> u64 {
        self.shown.len() as u64 + self.left_out
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.shown.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.left_out > 0 {
            write!(f, "\n... and {} more", self.left_out)?;
        }
        Ok(())
    }
}
