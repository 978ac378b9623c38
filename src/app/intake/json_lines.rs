//! JSON lines: one object on each line.

use super::cells::{Cells, Rows, Step};
use super::element::Element;
use super::fault::RowFault;
use super::json;
use super::source::{Line, Lines};

/// A file of JSON lines as rows.
pub(super) struct JsonLines<'a> {
    lines: Lines<'a>,
    buffer: Vec<u8>,
}

impl<'a> JsonLines<'a> {
    pub(super) fn new(lines: Lines<'a>) -> Self {
        Self { lines, buffer: Vec::new() }
    }
}

impl Rows for JsonLines<'_> {
    fn next(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Step {
        loop {
            let line = match self.lines.next(&mut self.buffer) {
                Line::Text(line) if line.trim().is_empty() => continue,
                Line::Text(line) => line,
                Line::Bad(fault) => {
                    faults.push(fault);
                    return Step::Faulty;
                }
                Line::Broken(fault) => {
                    faults.push(fault);
                    return Step::End;
                }
                Line::End => return Step::End,
            };
            let number = self.lines.number;
            return match serde_json::from_str::<Element>(line) {
                Ok(element) => {
                    element.fill(number, cells, faults);
                    Step::Row
                }
                Err(error) => {
                    faults.push(json::fault(number, &error));
                    Step::Faulty
                }
            };
        }
    }
}
