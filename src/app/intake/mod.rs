//! The intake: reads a list of requests as people write it, and says everything that is wrong with it, by line and column.
//!
//! Reading order: [`read()`] and [`Requests`] are the face; `source` guards the bytes; one file per format turns them into
//! `cells`; `assemble` turns cells into requests, and `seen` compares them with each other.

mod read;

mod columns;
mod fault;
mod format;

mod source;

mod delimited;
mod element;
mod json;
mod json_lines;
mod split;
mod yaml;

mod assemble;
mod cells;
mod seen;

pub use columns::{COLUMNS, Column, ColumnRow};
pub use fault::{Faults, RowFault};
pub use format::{Format, UnknownFormat};
pub use read::{Requests, read};
