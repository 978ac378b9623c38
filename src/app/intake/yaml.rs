//! YAML: a list of mappings. The only file that knows the YAML library.
//!
//! YAML cannot be cut into elements without being read (an alias may repeat what stands anywhere above), so a file is read
//! whole, and 64 MiB is the most; longer lists are better written as JSON lines.

use super::cells::{Cells, Rows, Step};
use super::columns::Column;
use super::element::{Content, Element};
use super::fault::RowFault;
use super::source::{Bytes, not_utf8, unreadable};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Options, Spanned};
use std::fmt;
use std::io::Read;

/// The longest file, in bytes.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A YAML file as rows.
pub(super) struct Yaml<'a> {
    /// The file, until it was read.
    bytes: Option<Bytes<'a>>,
    elements: std::vec::IntoIter<Spanned<Mapping>>,
}

impl<'a> Yaml<'a> {
    pub(super) fn new(bytes: Bytes<'a>) -> Self {
        Self { bytes: Some(bytes), elements: Vec::new().into_iter() }
    }
}

impl Rows for Yaml<'_> {
    fn next(&mut self, cells: &mut Cells, faults: &mut Vec<RowFault>) -> Step {
        if let Some(bytes) = self.bytes.take() {
            match parse(bytes) {
                Ok(elements) => self.elements = elements.into_iter(),
                Err(fault) => {
                    faults.push(*fault);
                    return Step::End;
                }
            }
        }
        match self.elements.next() {
            Some(element) => {
                Element(element.value.0).fill(element.referenced.line(), cells, faults);
                Step::Row
            }
            None => Step::End,
        }
    }
}

fn parse(bytes: Bytes<'_>) -> Result<Vec<Spanned<Mapping>>, Box<RowFault>> {
    let mut text = Vec::new();
    bytes
        .take(BYTES_MAX as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| Box::new(unreadable(1, &error)))?;
    if text.len() > BYTES_MAX {
        let reason = "the file is longer than 64 MiB, the most for YAML; write JSON lines or CSV instead";
        return Err(Box::new(RowFault::malformed(1, reason)));
    }
    let line_at = |at: usize| 1 + text[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
    if let Some(at) = text.iter().position(|byte| *byte == 0) {
        return Err(Box::new(RowFault::malformed(line_at(at), "the line holds a NUL character")));
    }
    let text = std::str::from_utf8(&text).map_err(|error| {
        let valid = &text[..error.valid_up_to()];
        let in_line = valid.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
        Box::new(not_utf8(line_at(valid.len()), in_line))
    })?;
    let list: Option<Vec<Spanned<Mapping>>> =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| Box::new(fault(&error)))?;
    Ok(list.unwrap_or_default())
}

/// The library's bounds suit small configs; the number of nodes is bounded by the file's length here.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: BYTES_MAX,
            max_nodes: BYTES_MAX,
            max_documents: 1,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn fault(error: &serde_saphyr::Error) -> RowFault {
    let text = error.to_string();
    let line = error.location().map_or(1, |location| location.line()).max(1);
    RowFault::malformed(line, format!("it is no valid list of requests in YAML: {text}"))
}

/// A mapping with its values as they were written: `NO` is a text here, and so is `007`.
#[derive(Debug)]
struct Mapping(Vec<(String, Content)>);

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Mapping;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping with the columns of a request")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let content = match Column::parse(&key) {
                        Some(Column::SecurityRoles) => map.next_value::<Texts>()?.0,
                        Some(_) => map.next_value::<Option<String>>()?.map_or(Content::Absent, Content::Text),
                        None => {
                            map.next_value::<IgnoredAny>()?;
                            Content::Absent
                        }
                    };
                    fields.push((key, content));
                }
                Ok(Mapping(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A text, or a list of texts.
struct Texts(Content);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_unit<E>(self) -> Result<Texts, E> {
                Ok(Texts(Content::Absent))
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(Content::Text(text.to_owned())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
                Ok(Texts(Content::Text(number.to_string())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
                Ok(Texts(Content::Text(number.to_string())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    texts.push(text);
                }
                Ok(Texts(Content::List(texts)))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
