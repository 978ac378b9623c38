//! Many rows in one parameter: a JSON list of lists, which a statement takes apart with `json_each`.

use crate::domain::Instant;
use std::fmt::Write;
use uuid::Uuid;

/// Rows in the making. Ids and bytes are written as hexadecimal text, for `unhex` to read.
pub(in crate::store) struct JsonRows {
    json: String,
}

impl Default for JsonRows {
    fn default() -> Self {
        Self::new()
    }
}

impl JsonRows {
    pub(in crate::store) fn new() -> Self {
        Self { json: String::from("[") }
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.json.len() == 1
    }

    /// Begins a row; it ends when the returned value is dropped.
    pub(in crate::store) fn row(&mut self) -> JsonRow<'_> {
        if !self.is_empty() {
            self.json.push(',');
        }
        self.json.push('[');
        JsonRow { json: &mut self.json }
    }

    pub(in crate::store) fn into_json(mut self) -> String {
        self.json.push(']');
        self.json
    }
}

/// A JSON list of ids as hexadecimal text.
pub(in crate::store) fn id_list(ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut json = String::from("[");
    for id in ids {
        if json.len() > 1 {
            json.push(',');
        }
        push_id(&mut json, id);
    }
    json.push(']');
    json
}

/// A JSON list of texts.
pub(in crate::store) fn text_list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        push_text(&mut json, text);
    }
    json.push(']');
    json
}

/// A JSON list of numbers.
pub(in crate::store) fn int_list(numbers: impl IntoIterator<Item = i64>) -> String {
    let mut json = String::from("[");
    for number in numbers {
        if json.len() > 1 {
            json.push(',');
        }
        push_int(&mut json, number);
    }
    json.push(']');
    json
}

/// One row in the making.
pub(in crate::store) struct JsonRow<'a> {
    json: &'a mut String,
}

impl JsonRow<'_> {
    fn cell(self, push: impl FnOnce(&mut String)) -> Self {
        if !self.json.ends_with('[') {
            self.json.push(',');
        }
        push(self.json);
        self
    }

    fn null(self) -> Self {
        self.cell(|json| json.push_str("null"))
    }

    pub(in crate::store) fn int(self, number: i64) -> Self {
        self.cell(|json| push_int(json, number))
    }

    pub(in crate::store) fn maybe_int(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.int(number),
            None => self.null(),
        }
    }

    pub(in crate::store) fn real(self, number: f64) -> Self {
        // A number that JSON cannot write adds nothing.
        let number = if number.is_finite() { number } else { 0.0 };
        self.cell(|json| write_to(json, format_args!("{number:?}")))
    }

    pub(in crate::store) fn flag(self, flag: bool) -> Self {
        self.int(i64::from(flag))
    }

    pub(in crate::store) fn instant(self, at: Instant) -> Self {
        self.int(at.timestamp_micros())
    }

    pub(in crate::store) fn maybe_instant(self, at: Option<Instant>) -> Self {
        self.maybe_int(at.map(|at| at.timestamp_micros()))
    }

    pub(in crate::store) fn text(self, text: &str) -> Self {
        self.cell(|json| push_text(json, text))
    }

    pub(in crate::store) fn maybe_text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(in crate::store) fn id(self, id: Uuid) -> Self {
        self.cell(|json| push_id(json, id))
    }

    pub(in crate::store) fn maybe_id(self, id: Option<Uuid>) -> Self {
        match id {
            Some(id) => self.id(id),
            None => self.null(),
        }
    }

    pub(in crate::store) fn bytes(self, bytes: &[u8]) -> Self {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        self.cell(|json| {
            json.push('"');
            for byte in bytes {
                json.push(DIGITS[usize::from(byte >> 4)]);
                json.push(DIGITS[usize::from(byte & 15)]);
            }
            json.push('"');
        })
    }
}

impl Drop for JsonRow<'_> {
    fn drop(&mut self) {
        self.json.push(']');
    }
}

fn push_id(json: &mut String, id: Uuid) {
    let mut buffer = Uuid::encode_buffer();
    json.push('"');
    json.push_str(id.simple().encode_lower(&mut buffer));
    json.push('"');
}

fn push_int(json: &mut String, number: i64) {
    write_to(json, format_args!("{number}"));
}

fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if control.is_control() => {
                write_to(json, format_args!("\\u{:04x}", u32::from(control)));
            }
            plain => json.push(plain),
        }
    }
    json.push('"');
}

fn write_to(json: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = json.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_and_means_the_same() {
        let texts = ["", "plain", "\"quoted\" \\ and\nbroken\u{1f}\u{7f}\u{85}", "Zoë 东京 \u{1f600}"];
        let mut rows = JsonRows::new();
        for text in texts {
            rows.row().text(text).int(i64::MIN).maybe_int(None).real(0.1).bytes(&[0, 255]).flag(true);
        }
        rows.row().id(Uuid::from_u128(0xab)).maybe_text(None).int(i64::MAX);
        let json: serde_json::Value = serde_json::from_str(&rows.into_json()).unwrap();
        for (row, text) in texts.iter().enumerate() {
            assert_eq!(json[row], serde_json::json!([text, i64::MIN, null, 0.1, "00ff", 1]));
        }
        assert_eq!(json[4], serde_json::json!(["000000000000000000000000000000ab", null, i64::MAX]));
    }

    #[test]
    fn empty_lists_are_lists() {
        assert_eq!(JsonRows::new().into_json(), "[]");
        assert_eq!(id_list([]), "[]");
        assert_eq!(int_list([1, -2]), "[1,-2]");
    }
}
