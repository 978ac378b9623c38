//! One object of a JSON or YAML list, and how it becomes a row.

use super::cells::Cells;
use super::columns::Column;
use super::fault::RowFault;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// An object's keys and values in the order of the file.
#[derive(Debug)]
pub(super) struct Element(pub(super) Vec<(String, Content)>);

/// A value, as far as a column can want it.
#[derive(Debug)]
pub(super) enum Content {
    /// `null`.
    Absent,
    /// A text, or a whole number.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Something that no column wants, by its name.
    Wrong(&'static str),
}

impl Element {
    /// Fills the cells; what no column wants becomes a fault.
    pub(super) fn fill(self, line: u64, cells: &mut Cells, faults: &mut Vec<RowFault>) {
        cells.begin(line);
        let mut seen = [false; Column::COUNT];
        for (key, content) in self.0 {
            let Some(column) = Column::parse(&key) else {
                let fault = RowFault::malformed(line, "there is no such column").at_header(&key);
                faults.push(fault.suggest(Column::meant(&key)));
                continue;
            };
            if std::mem::replace(&mut seen[column as usize], true) {
                faults.push(RowFault::malformed(line, "it stands in this row twice").at(column));
                continue;
            }
            match content {
                Content::Absent => {}
                Content::Text(text) => cells.set(column, &text),
                Content::List(roles) if column == Column::SecurityRoles => cells.roles = Some(roles),
                Content::List(_) => {
                    faults.push(RowFault::malformed(line, "it must be a text, not a list").at(column));
                }
                Content::Wrong(kind) => {
                    faults
                        .push(RowFault::malformed(line, format!("it must be a text, not {kind}")).at(column));
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Element;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with the columns of a request")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Element(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyContent)
    }
}

struct AnyContent;

impl<'de> Visitor<'de> for AnyContent {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Absent)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Wrong(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Text(value.to_string()))
    }

    // A fraction does not come back as it was written (1.10 becomes 1.1), so it is no id.
    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Wrong("a fraction; put it in quotes"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut texts = Vec::new();
        let mut wrong = false;
        while let Some(item) = list.next_element()? {
            match item {
                Content::Text(text) => texts.push(text),
                Content::Absent | Content::List(_) | Content::Wrong(_) => wrong = true,
            }
        }
        Ok(if wrong {
            Content::Wrong("a list with something other than texts in it")
        } else {
            Content::List(texts)
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Content::Wrong("an object"))
    }
}
