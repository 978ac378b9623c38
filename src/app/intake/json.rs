//! JSON: an array of objects, or objects one after the other; read element by element, so that a file of any length fits.
//!
//! The framing is ours, because `serde_json` cannot hand out the elements of an array one at a time: brackets are counted
//! outside of strings, and what lies between is left to `serde_json`.

use super::cells::{Cells, Rows, Step};
use super::element::Element;
use super::fault::RowFault;
use super::source::{Bytes, RECORD_BYTES_MAX, not_utf8, unreadable};
use std::io::BufRead;

/// A JSON file as rows.
pub(super) struct Json<'a> {
    bytes: Bytes<'a>,
    /// The line of the next byte.
    line: u64,
    position: Position,
    element: Vec<u8>,
}

/// Where in the file the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Before everything.
    Start,
    /// Behind the `[`.
    FirstOfArray,
    /// Behind an element of the array.
    BehindElement,
    /// Among objects that stand one after the other.
    Among,
    /// Behind everything.
    Behind,
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: Bytes<'a>) -> Self {
        Self { bytes, line: 1, position: Position::Start, element: Vec::new() }
    }

    fn peek(&mut self) -> Result<Option<u8>, Box<RowFault>> {
        let line = self.line;
        match self.bytes.fill_buf() {
            Ok(chunk) => Ok(chunk.first().copied()),
            Err(error) => Err(Box::new(unreadable(line, &error))),
        }
    }

    fn take(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.bytes.consume(1);
    }

    /// The next byte that is no space, not yet taken.
    fn next_mark(&mut self) -> Result<Option<u8>, Box<RowFault>> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.take(byte);
        }
        Ok(None)
    }

    /// Moves to the beginning of the next element; false behind the last one.
    fn seek(&mut self) -> Result<bool, Box<RowFault>> {
        loop {
            let mark = self.next_mark()?;
            self.position = match (self.position, mark) {
                (Position::Start | Position::Among | Position::Behind, None) => return Ok(false),
                (Position::Start, Some(b'[')) => {
                    self.take(b'[');
                    Position::FirstOfArray
                }
                (Position::Start | Position::Among, Some(b'{')) => {
                    self.position = Position::Among;
                    return Ok(true);
                }
                (Position::FirstOfArray | Position::BehindElement, Some(b']')) => {
                    self.take(b']');
                    Position::Behind
                }
                (Position::FirstOfArray, Some(_)) => return Ok(true),
                (Position::BehindElement, Some(b',')) => {
                    self.take(b',');
                    return match self.next_mark()? {
                        Some(b']' | b',') => Err(self.unexpected("an object behind the comma")),
                        Some(_) => Ok(true),
                        None => Err(self.unexpected("an object behind the comma")),
                    };
                }
                (Position::BehindElement, _) => return Err(self.unexpected("a comma or the closing ]")),
                (Position::FirstOfArray, None) => return Err(self.unexpected("an object or the closing ]")),
                (Position::Start, Some(_)) => {
                    return Err(self.unexpected("an array of objects, or an object"));
                }
                (Position::Among, Some(_)) => return Err(self.unexpected("an object")),
                (Position::Behind, Some(_)) => return Err(self.unexpected("nothing behind the closing ]")),
            };
        }
    }

    fn unexpected(&self, wanted: &str) -> Box<RowFault> {
        Box::new(RowFault::malformed(self.line, format!("it is no valid JSON: expected {wanted}")))
    }

    /// Reads one element into the buffer; false if it is too long, and then skipped.
    fn read_element(&mut self) -> Result<bool, Box<RowFault>> {
        self.element.clear();
        let first_line = self.line;
        let (mut depth, mut length) = (0_usize, 0_usize);
        let (mut in_string, mut escaped) = (false, false);
        while let Some(byte) = self.peek()? {
            if depth == 0
                && !in_string
                && length > 0
                && matches!(byte, b',' | b']' | b' ' | b'\t' | b'\r' | b'\n')
            {
                return Ok(length <= RECORD_BYTES_MAX);
            }
            self.take(byte);
            length += 1;
            if length <= RECORD_BYTES_MAX {
                self.element.push(byte);
            }
            if in_string {
                in_string = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(length <= RECORD_BYTES_MAX);
                    }
                }
                _ => {}
            }
        }
        if depth > 0 || in_string {
            let reason = "the file ends within the object that begins here";
            return Err(Box::new(RowFault::malformed(first_line, reason)));
        }
        Ok(length <= RECORD_BYTES_MAX)
    }

    fn read(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Result<Step, Box<RowFault>> {
        if !self.seek()? {
            return Ok(Step::End);
        }
        let line = self.line;
        let short_enough = self.read_element()?;
        if self.position != Position::Among {
            self.position = Position::BehindElement;
        }
        if !short_enough {
            faults.push(RowFault::malformed(line, "the object is longer than 1 MiB"));
            return Ok(Step::Faulty);
        }
        let text = match std::str::from_utf8(&self.element) {
            Ok(text) => text,
            Err(error) => {
                let valid = &self.element[..error.valid_up_to()];
                let breaks = valid.iter().filter(|byte| **byte == b'\n').count();
                let in_line = valid.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
                faults.push(not_utf8(line + breaks as u64, in_line));
                return Ok(Step::Faulty);
            }
        };
        match serde_json::from_str::<Element>(text) {
            Ok(element) => {
                element.fill(line, cells, faults);
                Ok(Step::Row)
            }
            Err(error) => {
                faults.push(fault(line, &error));
                Ok(Step::Faulty)
            }
        }
    }
}

impl Rows for Json<'_> {
    fn next(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Step {
        self.read(cells, faults).unwrap_or_else(|fault| {
            faults.push(*fault);
            Step::End
        })
    }
}

/// The fault of an element that begins at `line` and that `serde_json` refuses.
pub(super) fn fault(line: u64, error: &serde_json::Error) -> RowFault {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    let line = line + (error.line() as u64).saturating_sub(1);
    RowFault::malformed(line, format!("it is no valid JSON: {reason} (column {})", error.column()))
}
