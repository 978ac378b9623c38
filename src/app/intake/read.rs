//! The face of the intake: a file in, requests and faults out.

use super::super::settings::Settings;
use super::assemble::Assembler;
use super::cells::{Cells, Rows, Step};
use super::delimited::Delimited;
use super::fault::RowFault;
use super::format::Format;
use super::json::Json;
use super::json_lines::JsonLines;
use super::seen::Seen;
use super::source;
use super::yaml::Yaml;
use crate::domain::NewRequest;
use std::collections::VecDeque;
use std::io::Read;

/// The requests of a file, in its order; a row that is wrong yields each of its faults instead.
///
/// The file streams: what is kept is one row, and hashes of about 70 bytes for each user. Only YAML is read whole, 64 MiB
/// at most.
pub struct Requests<'a> {
    rows: Box<dyn Rows + 'a>,
    assembler: Assembler<'a>,
    seen: Seen,
    cells: Cells,
    file: String,
    faults: Vec<RowFault>,
    waiting: VecDeque<RowFault>,
    rows_read: u64,
    nothing_wrong: bool,
    ended: bool,
}

/// Reads a list of requests. `format` is what [`Format::detect`] found; without one, the content decides (YAML must be
/// named). `file_name` is for messages only.
///
/// Nothing is wrong with the file if and only if no item is an `Err`; a file without requests yields one.
pub fn read<'a>(
    source: impl Read + 'a,
    format: Option<Format>,
    file_name: &str,
    settings: &'a Settings,
) -> Requests<'a> {
    let mut waiting = VecDeque::new();
    let rows: Box<dyn Rows + 'a> = match source::open(source) {
        Ok(opened) => match format.unwrap_or_else(|| Format::sniff(&opened.head)) {
            Format::Csv => Box::new(Delimited::new(opened.lines())),
            Format::Json => Box::new(Json::new(opened.bytes())),
            Format::JsonLines => Box::new(JsonLines::new(opened.lines())),
            Format::Yaml => Box::new(Yaml::new(opened.bytes())),
        },
        Err(fault) => {
            waiting.push_back(RowFault { file: file_name.to_owned(), ..*fault });
            Box::new(Nothing)
        }
    };
    Requests {
        rows,
        assembler: Assembler::new(settings),
        seen: Seen::default(),
        cells: Cells::default(),
        file: file_name.to_owned(),
        faults: Vec::new(),
        nothing_wrong: waiting.is_empty(),
        waiting,
        rows_read: 0,
        ended: false,
    }
}

impl Requests<'_> {
    /// The line on which the row last yielded began.
    pub const fn line(&self) -> u64 {
        self.cells.line
    }

    /// How many rows were read so far, good and bad.
    pub const fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Reads on: a request, if the next row is good; else its faults are waiting.
    fn advance(&mut self) -> Option<NewRequest> {
        let step = self.rows.next(&mut self.cells, &mut self.faults);
        let mut request = None;
        match step {
            Step::Row => {
                self.rows_read += 1;
                let sound = self.faults.is_empty();
                let assembled = self.assembler.assemble(&self.cells, &mut self.faults);
                let found = assembled.request.filter(|_| sound);
                if let Some((name, place)) = assembled.identity {
                    let account = found.as_ref().map(|request| &request.account);
                    self.faults.extend(self.seen.note(self.cells.line, &name, place, account));
                }
                request = found.filter(|_| self.faults.is_empty());
            }
            Step::Faulty => self.rows_read += 1,
            Step::End => {
                self.ended = true;
                if self.rows_read == 0 && self.nothing_wrong && self.faults.is_empty() {
                    self.faults.push(RowFault::malformed(1, "the file holds no requests"));
                }
            }
        }
        self.nothing_wrong &= self.faults.is_empty();
        for fault in self.faults.drain(..) {
            self.waiting.push_back(RowFault { file: self.file.clone(), ..fault });
        }
        request
    }
}

impl Iterator for Requests<'_> {
    type Item = Result<NewRequest, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(fault) = self.waiting.pop_front() {
                return Some(Err(fault));
            }
            if self.ended {
                return None;
            }
            if let Some(request) = self.advance() {
                return Some(Ok(request));
            }
        }
    }
}

/// A file that was refused before its first row.
struct Nothing;

impl Rows for Nothing {
    fn next(&mut self, _: &mut Cells, _: &mut Vec<RowFault>) -> Step {
        Step::End
    }
}
