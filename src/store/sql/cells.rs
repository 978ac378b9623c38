//! Reads a row's columns in the order in which the statement lists them; the same for both databases.

use super::corrupt::corrupt;
use crate::domain::Instant;
use crate::store::StoreError;
use chrono::DateTime;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row, Sqlite};
use uuid::Uuid;

/// A row of either database.
#[derive(Clone, Copy)]
pub(in crate::store) enum AnyRow<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> From<&'r SqliteRow> for AnyRow<'r> {
    fn from(row: &'r SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl<'r> From<&'r PgRow> for AnyRow<'r> {
    fn from(row: &'r PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// A cursor over a row. The tables are STRICT, or PostgreSQL's, so that a column's type needs no second look.
pub(in crate::store) struct Cells<'r> {
    row: AnyRow<'r>,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(in crate::store) fn of(row: impl Into<AnyRow<'r>>) -> Self {
        Self { row: row.into(), at: 0 }
    }

    /// The next column.
    pub(in crate::store) fn take<T: Decode<'r, Sqlite> + Decode<'r, Postgres>>(
        &mut self,
    ) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        let value = match self.row {
            AnyRow::Sqlite(row) => row.try_get_unchecked(at),
            AnyRow::Postgres(row) => row.try_get_unchecked(at),
        };
        value.map_err(|error| StoreError::Failed(error.to_string()))
    }

    pub(in crate::store) fn text(&mut self) -> Result<&'r str, StoreError> {
        self.take()
    }

    pub(in crate::store) fn maybe_text(&mut self) -> Result<Option<&'r str>, StoreError> {
        self.take()
    }

    pub(in crate::store) fn int(&mut self) -> Result<i64, StoreError> {
        self.take()
    }

    pub(in crate::store) fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        self.take()
    }

    /// A flag; SQLite has no type for one.
    pub(in crate::store) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.maybe_flag()?.unwrap_or_default())
    }

    pub(in crate::store) fn maybe_flag(&mut self) -> Result<Option<bool>, StoreError> {
        match self.row {
            AnyRow::Sqlite(_) => Ok(self.maybe_int()?.map(|flag| flag != 0)),
            AnyRow::Postgres(_) => self.take(),
        }
    }

    pub(in crate::store) fn id(&mut self) -> Result<Uuid, StoreError> {
        self.take()
    }

    pub(in crate::store) fn maybe_id(&mut self) -> Result<Option<Uuid>, StoreError> {
        self.take()
    }

    /// A count that fits the domain's type.
    pub(in crate::store) fn count(&mut self) -> Result<u32, StoreError> {
        let count = self.int()?;
        u32::try_from(count).map_err(|_| corrupt("a stored count", &format!("{count} is out of range")))
    }

    pub(in crate::store) fn instant(&mut self) -> Result<Instant, StoreError> {
        let micros = self.int()?;
        instant_of(micros)
    }

    pub(in crate::store) fn maybe_instant(&mut self) -> Result<Option<Instant>, StoreError> {
        self.maybe_int()?.map(instant_of).transpose()
    }

    /// A word of one of the domain's enums.
    pub(in crate::store) fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(text).ok_or_else(|| unknown_word(text))
    }

    /// A word of one of the domain's enums, if there is one.
    pub(in crate::store) fn maybe_word<T>(
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
pub(in crate::store) fn micros(at: Instant) -> i64 {
    at.timestamp_micros()
}
