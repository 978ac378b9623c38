//! CSV: a header line, then one record per request.

use super::cells::{Cells, Rows, Step};
use super::columns::{COLUMNS, Column};
use super::fault::RowFault;
use super::source::{Line, Lines, RECORD_BYTES_MAX};
use super::split::{Fed, Record, separator};

/// A CSV file as rows.
pub(super) struct Delimited<'a> {
    lines: Lines<'a>,
    buffer: Vec<u8>,
    record: Record,
    separator: u8,
    /// What each field is; none for a field under an empty header. Absent until the header was read.
    header: Option<Vec<Option<Column>>>,
}

/// What reading a record leads to.
enum Outcome {
    /// A record that begins at this line.
    Record(u64),
    /// A fault; reading goes on.
    Bad(RowFault),
    /// A fault; it does not.
    Broken(RowFault),
    End,
}

impl<'a> Delimited<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Self {
        Self { lines, buffer: Vec::new(), record: Record::default(), separator: b',', header: None }
    }

    /// Reads the next record that is not blank.
    fn read_record(&mut self) -> Outcome {
        self.record.clear();
        let mut first_line = 0;
        loop {
            let line = match self.lines.next(&mut self.buffer) {
                Line::Text(line) => line,
                Line::Bad(fault) if first_line == 0 => return Outcome::Bad(fault),
                // Between quotes, nobody knows where the next record begins.
                Line::Bad(fault) | Line::Broken(fault) => return Outcome::Broken(fault),
                Line::End if first_line == 0 => return Outcome::End,
                Line::End => return Outcome::Broken(never_closed(first_line)),
            };
            if first_line == 0 {
                first_line = self.lines.number;
                if self.header.is_none() {
                    self.separator = separator(line);
                }
            }
            match self.record.feed(line, self.separator) {
                Fed::Complete if self.record.fields().all(|field| field.trim().is_empty()) => {
                    self.record.clear();
                    first_line = 0;
                }
                Fed::Complete => return Outcome::Record(first_line),
                Fed::Open if self.record.len() > RECORD_BYTES_MAX => {
                    return Outcome::Broken(never_closed(first_line));
                }
                Fed::Open => {}
                Fed::Broken(reason) => {
                    return Outcome::Bad(RowFault::malformed(self.lines.number, reason));
                }
            }
        }
    }

    /// Reads the header; a file whose header is wrong has no rows.
    fn read_header(&mut self, faults: &mut Vec<RowFault>) -> Option<Vec<Option<Column>>> {
        let line = match self.read_record() {
            Outcome::Record(line) => line,
            Outcome::Bad(fault) | Outcome::Broken(fault) => {
                faults.push(fault);
                return None;
            }
            Outcome::End => {
                faults.push(RowFault::malformed(1, "the file is empty"));
                return None;
            }
        };
        let before = faults.len();
        let mut header = Vec::new();
        for name in self.record.fields() {
            let column = Column::parse(name);
            match column {
                None if name.trim().is_empty() => {}
                None => faults.push(
                    RowFault::malformed(line, "there is no such column")
                        .at_header(name)
                        .suggest(Column::meant(name)),
                ),
                Some(column) if header.contains(&Some(column)) => {
                    faults
                        .push(RowFault::malformed(line, "the column stands in the header twice").at(column));
                }
                Some(_) => {}
            }
            header.push(column);
        }
        if header.iter().all(Option::is_none) {
            faults.truncate(before);
            let reason = "the first line must name the columns, such as user_principal_name,environment";
            faults.push(RowFault::malformed(line, reason));
            return None;
        }
        for row in COLUMNS.iter().filter(|row| row.required && !header.contains(&Some(row.column))) {
            faults.push(RowFault::malformed(line, "the column is missing in the header").at(row.column));
        }
        (faults.len() == before).then_some(header)
    }
}

impl Rows for Delimited<'_> {
    fn next(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Step {
        if self.header.is_none() {
            self.header = self.read_header(faults);
            if self.header.is_none() {
                return Step::End;
            }
        }
        let line = match self.read_record() {
            Outcome::Record(line) => line,
            Outcome::Bad(fault) => {
                faults.push(fault);
                return Step::Faulty;
            }
            Outcome::Broken(fault) => {
                faults.push(fault);
                return Step::End;
            }
            Outcome::End => return Step::End,
        };
        let header = self.header.as_deref().unwrap_or_default();
        let (found, expected) = (self.record.fields().len(), header.len());
        if found != expected {
            let reason = format!("the row has {found} fields, but the header names {expected}");
            let separator = match self.separator {
                b'\t' => "tab".to_owned(),
                other => char::from(other).to_string(),
            };
            let hint = format!("a value with a {separator} in it must be enclosed in quotes");
            faults.push(RowFault::malformed(line, reason).suggest((found > expected).then_some(hint)));
            return Step::Faulty;
        }
        cells.begin(line);
        for (index, (field, column)) in self.record.fields().zip(header).enumerate() {
            match column {
                Some(column) => cells.set(*column, field),
                None if field.trim().is_empty() => {}
                None => {
                    let reason = format!("field {} stands under no column name", index + 1);
                    faults.push(RowFault::malformed(line, reason));
                }
            }
        }
        Step::Row
    }
}

fn never_closed(line: u64) -> RowFault {
    RowFault::malformed(line, "a quote opens in this row and is never closed")
}
