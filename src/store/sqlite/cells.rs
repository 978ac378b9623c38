//! Reads a row's columns in the order in which the statement lists them.

use super::verdict::{corrupt, said};
use crate::domain::Instant;
use crate::store::StoreError;
use chrono::DateTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite};
use uuid::Uuid;

/// A cursor over a row. The tables are STRICT, so that a column's type needs no second look.
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(super) fn of(row: &'r SqliteRow) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub(super) fn take<T: Decode<'r, Sqlite>>(&mut self) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        self.row.try_get_unchecked(at).map_err(said)
    }

    pub(super) fn text(&mut self) -> Result<&'r str, StoreError> {
        self.take()
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<&'r str>, StoreError> {
        self.take()
    }

    pub(super) fn int(&mut self) -> Result<i64, StoreError> {
        self.take()
    }

    pub(super) fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        self.take()
    }

    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.take::<i64>()? != 0)
    }

    pub(super) fn id(&mut self) -> Result<Uuid, StoreError> {
        self.take()
    }

    pub(super) fn maybe_id(&mut self) -> Result<Option<Uuid>, StoreError> {
        self.take()
    }

    /// A count that fits the domain's type.
    pub(super) fn count(&mut self) -> Result<u32, StoreError> {
        let count = self.int()?;
        u32::try_from(count).map_err(|_| corrupt("a stored count", &format!("{count} is out of range")))
    }

    pub(super) fn instant(&mut self) -> Result<Instant, StoreError> {
        let micros = self.int()?;
        instant_of(micros)
    }

    pub(super) fn maybe_instant(&mut self) -> Result<Option<Instant>, StoreError> {
        self.maybe_int()?.map(instant_of).transpose()
    }

    /// A word of one of the domain's enums.
    pub(super) fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(text).ok_or_else(|| unknown_word(text))
    }

    /// A word of one of the domain's enums, if there is one.
    pub(super) fn maybe_word<T>(
        &mut self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text()?.map(|text| parse(text).ok_or_else(|| unknown_word(text))).transpose()
    }
}

fn unknown_word(text: &str) -> StoreError {
    corrupt("a stored word", &format!("{text:?} is not known"))
}

fn instant_of(micros: i64) -> Result<Instant, StoreError> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| corrupt("a stored instant", &format!("{micros} is out of range")))
}

/// An instant as it is stored.
pub(super) fn micros(at: Instant) -> i64 {
    at.timestamp_micros()
}
