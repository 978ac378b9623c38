//! The bytes of a file: what they must not be, and their lines, none longer than the bound.

use super::fault::RowFault;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

/// The longest line, and the longest record or element, in bytes; far above what the bounds of the columns can fill.
pub(super) const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// How much of a file is looked at before its format is known.
const HEAD_BYTES: u64 = 64 * 1024;

/// A file with its beginning read.
pub(super) struct Opened<'a> {
    /// The first bytes, without a byte order mark.
    pub(super) head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
}

/// All bytes of a file, buffered.
pub(super) type Bytes<'a> = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>>;

/// Reads the beginning of a file and refuses what is no text in UTF-8 by its name.
pub(super) fn open<'a>(source: impl Read + 'a) -> Result<Opened<'a>, Box<RowFault>> {
    let mut rest: Box<dyn Read + 'a> = Box::new(source);
    let mut head = Vec::new();
    (&mut rest).take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| Box::new(unreadable(1, &error)))?;
    let refused = match &head[..] {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("it is UTF-32; save it as UTF-8"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("it is UTF-16; save it as UTF-8"),
        [b'P', b'K', 3, 4, ..] => {
            Some("it is an Excel workbook or another ZIP archive; save it as CSV in UTF-8")
        }
        [0x1f, 0x8b, ..] => Some("it is compressed with gzip; unpack it first"),
        _ => None,
    };
    if let Some(reason) = refused {
        return Err(Box::new(RowFault::malformed(1, reason)));
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    Ok(Opened { head, rest })
}

impl<'a> Opened<'a> {
    /// The bytes from the beginning on.
    pub(super) fn bytes(self) -> Bytes<'a> {
        BufReader::with_capacity(64 * 1024, Cursor::new(self.head).chain(self.rest))
    }

    /// The lines from the beginning on.
    pub(super) fn lines(self) -> Lines<'a> {
        Lines { bytes: self.bytes(), number: 0 }
    }
}

/// The lines of a file.
pub(super) struct Lines<'a> {
    bytes: Bytes<'a>,
    /// The number of the line read last, from 1.
    pub(super) number: u64,
}

/// What the next line is.
pub(super) enum Line<'b> {
    /// A line without its end.
    Text(&'b str),
    /// A line that is no text; reading goes on behind it.
    Bad(RowFault),
    /// Reading failed; it does not go on.
    Broken(RowFault),
    /// There is none.
    End,
}

impl Lines<'_> {
    /// Reads the next line into `buffer`. A longer one than the bound is skipped without being kept.
    pub(super) fn next<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Line<'b> {
        buffer.clear();
        self.number += 1;
        let bound = RECORD_BYTES_MAX as u64 + 2;
        match (&mut self.bytes).take(bound).read_until(b'\n', buffer) {
            Err(error) => return Line::Broken(unreadable(self.number, &error)),
            Ok(0) => return Line::End,
            Ok(_) => {}
        }
        if buffer.last() == Some(&b'\n') {
            buffer.pop();
        } else if buffer.len() > RECORD_BYTES_MAX
            && let Err(error) = self.skip_line()
        {
            return Line::Broken(unreadable(self.number, &error));
        }
        if buffer.last() == Some(&b'\r') {
            buffer.pop();
        }
        if buffer.len() > RECORD_BYTES_MAX {
            return Line::Bad(RowFault::malformed(self.number, "the line is longer than 1 MiB"));
        }
        if buffer.contains(&0) {
            let reason = "the line holds a NUL character; the file may be UTF-16 or no text at all";
            return Line::Bad(RowFault::malformed(self.number, reason));
        }
        match std::str::from_utf8(buffer) {
            Ok(text) => Line::Text(text),
            Err(error) => Line::Bad(not_utf8(self.number, error.valid_up_to())),
        }
    }

    /// Moves behind the end of the current line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.bytes.fill_buf()?;
            let (length, at_end) = match chunk.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (chunk.len(), chunk.is_empty()),
            };
            self.bytes.consume(length);
            if at_end {
                return Ok(());
            }
        }
    }
}

/// The fault of a source that fails.
pub(super) fn unreadable(line: u64, error: &io::Error) -> RowFault {
    RowFault::malformed(line, format!("it cannot be read: {error}"))
}

/// The fault of a text with other bytes in it.
pub(super) fn not_utf8(line: u64, valid_bytes: usize) -> RowFault {
    RowFault::malformed(line, format!("byte {} of it is not UTF-8; save the file as UTF-8", valid_bytes + 1))
}
