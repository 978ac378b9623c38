//! What is said of rows that cannot be.

use crate::store::StoreError;
use std::fmt::Display;

/// A stored row that contradicts a rule.
pub(in crate::store) fn corrupt(row: impl Display, rule: &str) -> StoreError {
    StoreError::Corrupt(format!("{row}: {rule}"))
}
