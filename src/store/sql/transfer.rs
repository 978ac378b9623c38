//! Rows on their way from a file into a server: as lines of COPY, and as a digest by which both sides are compared.
//!
//! A line is the text that PostgreSQL itself gives for a row (<https://www.postgresql.org/docs/current/sql-copy.html>, "Text
//! Format"), so that what was read here and what lies there have to be equal byte by byte.

use super::cells::Cells;
use crate::store::StoreError;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;
use std::fmt;
use std::io::Write;

/// What a column holds; the same on both sides, however it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Id,
    Bytes,
    Flag,
    Int,
    Text,
    Real,
}

impl Kind {
    /// By the name of PostgreSQL's type.
    pub(in crate::store) fn of_type(name: &str) -> Option<Self> {
        Some(match name {
            "uuid" => Self::Id,
            "bytea" => Self::Bytes,
            "bool" => Self::Flag,
            "int8" => Self::Int,
            "text" | "json" => Self::Text,
            "float8" => Self::Real,
            _ => return None,
        })
    }
}

/// A column.
#[derive(Clone, Debug)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: String,
    pub(in crate::store) kind: Kind,
}

/// A table, with the columns that are moved.
#[derive(Clone, Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: String,
    pub(in crate::store) columns: Vec<Column>,
}

/// How far a database may be trusted, as its one row of `meta` says it.
pub(in crate::store) struct TrustRow {
    pub(in crate::store) standing: String,
    pub(in crate::store) standing_since: Option<i64>,
    pub(in crate::store) confirmed_by: Option<String>,
    pub(in crate::store) confirmed_at: Option<i64>,
}

/// What a line is for. A number with a fraction has more than one text; compared are its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Form {
    Loaded,
    Compared,
}

impl Table {
    /// Its columns as a list, quoted.
    pub(in crate::store) fn list(&self) -> String {
        self.listed(|column| format!("\"{}\"", column.name))
    }

    /// The same as they are compared, in PostgreSQL's words.
    pub(in crate::store) fn compared(&self) -> String {
        self.listed(|column| match column.kind {
            Kind::Real => format!("encode(float8send(\"{}\"), 'hex')", column.name),
            Kind::Id | Kind::Bytes | Kind::Flag | Kind::Int | Kind::Text => format!("\"{}\"", column.name),
        })
    }

    /// Whether a row has the same line for both uses.
    pub(in crate::store) fn has_one_form(&self) -> bool {
        self.columns.iter().all(|column| column.kind != Kind::Real)
    }

    fn listed(&self, text: impl Fn(&Column) -> String) -> String {
        self.columns.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    /// Appends a row, in the order of the columns, with its line feed.
    pub(in crate::store) fn write(
        &self,
        row: &SqliteRow,
        form: Form,
        line: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let mut cells = Cells::of(row);
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                line.push(b'\t');
            }
            let is_there = match column.kind {
                Kind::Id => cells.maybe_id()?.map(|id| put(line, format_args!("{id}"))),
                Kind::Int => cells.maybe_int()?.map(|number| put(line, format_args!("{number}"))),
                Kind::Flag => cells.maybe_flag()?.map(|flag| line.push(if flag { b't' } else { b'f' })),
                Kind::Text => cells.maybe_text()?.map(|text| escape(text, line)),
                Kind::Bytes => cells.take::<Option<Vec<u8>>>()?.map(|bytes| {
                    line.extend(b"\\\\x");
                    bytes.iter().for_each(|byte| put(line, format_args!("{byte:02x}")));
                }),
                Kind::Real => cells.take::<Option<f64>>()?.map(|number| match form {
                    Form::Loaded => put(line, format_args!("{number:?}")),
                    Form::Compared => put(line, format_args!("{:016x}", number.to_bits())),
                }),
            };
            if is_there.is_none() {
                line.extend(b"\\N");
            }
        }
        line.push(b'\n');
        Ok(())
    }
}

fn put(line: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Memory takes everything.
    let _ = line.write_fmt(text);
}

fn escape(text: &str, line: &mut Vec<u8>) {
    for byte in text.bytes() {
        let letter = match byte {
            b'\\' => b'\\',
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0b => b'v',
            _ => {
                line.push(byte);
                continue;
            }
        };
        line.extend([b'\\', letter]);
    }
}

/// The rows of a table, whatever their order: how many, and the sum of their SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowDigest {
    /// How many rows.
    pub rows: u64,
    sum: [u64; 4],
}

impl RowDigest {
    /// Counts a row in; `line` ends before its line feed.
    pub(in crate::store) fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        let hash = Sha256::digest(line);
        let mut carry = false;
        // The least significant word first. A sum, since two equal rows would cancel each other out otherwise.
        for (word, bytes) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let addend = bytes.iter().rev().fold(0_u64, |addend, byte| (addend << 8) | u64::from(*byte));
            let (sum, over) = word.overflowing_add(addend);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || over_again);
        }
    }
}

impl fmt::Display for RowDigest {
    /// The sum, as 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.iter().rev().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{RowDigest, escape};

    fn digest(lines: &[&str]) -> RowDigest {
        let mut digest = RowDigest::default();
        lines.iter().for_each(|line| digest.add(line.as_bytes()));
        digest
    }

    #[test]
    fn a_digest_is_of_the_rows_and_not_of_their_order() {
        assert_eq!(digest(&["a", "b", "c"]), digest(&["c", "a", "b"]));
        assert_ne!(digest(&["a", "b"]), digest(&["a", "c"]));
        assert_ne!(digest(&["a", "a", "b", "b"]), digest(&["a", "a", "c", "c"]), "equal rows add up");
        let (one, two) = (digest(&["a", "a"]), digest(&["a"]));
        assert_ne!((one.rows, one.to_string()), (two.rows, two.to_string()));
        assert_eq!(one.to_string().len(), 64);
    }

    #[test]
    fn what_would_end_a_cell_is_escaped() {
        let mut line = Vec::new();
        escape("a\tb\nc\\N\r\u{8}\u{b}\u{c}\u{1}é", &mut line);
        assert_eq!(String::from_utf8(line).unwrap(), "a\\tb\\nc\\\\N\\r\\b\\v\\f\u{1}é");
    }
}
