//! Splits lines into fields, strictly by RFC 4180.
//!
//! The `csv` crate reads leniently: it takes a stray quote as a letter, an open one as closed at the end of the file, and
//! keeps a record of any length in memory. A list of accounts with a misplaced quote must be refused instead, and by line.

/// The most fields a record may have.
const FIELDS_MAX: usize = 1_000;

/// Splits one record; lines are fed to it until it is complete.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: String,
    ends: Vec<usize>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    #[default]
    Start,
    /// In a field without quotes.
    Bare,
    /// Between quotes.
    Quoted,
    /// Behind a quote that closes, or is the first of two.
    Closing,
}

/// What feeding a line leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// The record is complete.
    Complete,
    /// The line ends between quotes: the record goes on in the next line.
    Open,
    /// The line breaks the rules.
    Broken(String),
}

impl Record {
    /// Begins a new record.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.state = State::Start;
    }

    /// The bytes that the record takes so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The fields of a complete record.
    pub(super) fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let field = &self.text[start..*end];
            start = *end;
            field
        })
    }

    /// Adds a line, given without its end. `separator` is ASCII.
    pub(super) fn feed(&mut self, line: &str, separator: u8) -> Fed {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            // All that steers is ASCII, so each cut lies between characters.
            let plain = rest
                .iter()
                .position(|byte| *byte == separator || matches!(byte, b'"' | b'\r'))
                .unwrap_or(rest.len());
            if plain > 0 {
                match self.state {
                    State::Start => self.state = State::Bare,
                    State::Bare | State::Quoted => {}
                    State::Closing => return self.broken("something stands behind a closing quote"),
                }
                self.text.push_str(&line[at..at + plain]);
                at += plain;
                continue;
            }
            match (self.state, rest[0]) {
                (State::Quoted, b'"') => self.state = State::Closing,
                (State::Quoted, other) => self.text.push(char::from(other)),
                (State::Start, b'"') => self.state = State::Quoted,
                (State::Closing, b'"') => {
                    self.text.push('"');
                    self.state = State::Quoted;
                }
                (State::Bare, b'"') => {
                    return self.broken("a quote stands inside a field that does not begin with one");
                }
                (_, b'\r') => {
                    return Fed::Broken(format!(
                        "field {} holds a lone carriage return; lines must end in LF or CRLF",
                        self.ends.len() + 1
                    ));
                }
                (State::Start | State::Bare | State::Closing, _) => {
                    if let Some(broken) = self.end_field() {
                        return broken;
                    }
                }
            }
            at += 1;
        }
        if self.state == State::Quoted {
            self.text.push('\n');
            return Fed::Open;
        }
        self.end_field().unwrap_or(Fed::Complete)
    }

    fn end_field(&mut self) -> Option<Fed> {
        if self.ends.len() == FIELDS_MAX {
            return Some(Fed::Broken(format!("the row has more than {FIELDS_MAX} fields")));
        }
        self.ends.push(self.text.len());
        self.state = State::Start;
        None
    }

    fn broken(&self, reason: &str) -> Fed {
        Fed::Broken(format!(
            "field {}: {reason}; a field with quotes in it must be enclosed in quotes, and each quote within doubled",
            self.ends.len() + 1
        ))
    }
}

/// The separator that a header uses most, outside of quotes: a comma unless semicolons or tabs prevail.
pub(super) fn separator(header: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| !quoted && *separator == byte) {
            *count += 1;
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts.into_iter().find(|(_, count)| *count == most).map_or(b',', |(separator, _)| separator)
}
