//! One row as it was written: a text for each column.

use super::columns::Column;
use super::fault::RowFault;

/// One row; reused from row to row, so that reading allocates only what a request keeps.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// The physical line where the row begins, from 1.
    pub(super) line: u64,
    texts: [String; Column::COUNT],
    /// The security roles, if they were written as a list.
    pub(super) roles: Option<Vec<String>>,
}

impl Cells {
    /// Empties all cells, for the row that begins at `line`.
    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.roles = None;
        self.texts.iter_mut().for_each(String::clear);
    }

    /// Fills a cell.
    pub(super) fn set(&mut self, column: Column, text: &str) {
        self.texts[column as usize].push_str(text);
    }

    /// The cell's text without spaces around it; none if that is empty.
    pub(super) fn get(&self, column: Column) -> Option<&str> {
        Some(self.texts[column as usize].trim()).filter(|text| !text.is_empty())
    }
}

/// What reading on yields.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A row is in the cells; faults about it may have been added.
    Row,
    /// A row that cannot be used; its faults have been added.
    Faulty,
    /// Nothing more; if that is too early, a fault has been added.
    End,
}

/// A file as rows.
pub(super) trait Rows {
    /// Reads the next row into `cells`, and adds what is wrong with its form to `faults`.
    fn next(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Step;
}
