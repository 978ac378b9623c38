//! Percent-encoding (RFC 3986 §2): whatever a person may have typed becomes one path segment or one query value.

use std::fmt::Write;

/// `text` as one segment of a path: no character of it can end the segment.
pub(crate) fn path_segment(text: &str) -> String {
    encode(text, b"@!$,;:")
}

/// `text` as the value of one query parameter: no character of it can end the value. Spaces become `%20`, never `+`.
pub(crate) fn query_value(text: &str) -> String {
    encode(text, b"@!$,;:/?()*'=")
}

/// `text` as an OData string literal (OData 4.0 URL conventions §5.1.1.6.1): in quotes, with quotes doubled; not yet percent-encoded.
pub(crate) fn odata_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn encode(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_can_leave_its_place() {
        assert_eq!(path_segment("o'neil#1/..?x@contoso.com"), "o%27neil%231%2F..%3Fx@contoso.com");
        assert_eq!(query_value(&odata_text("Bob's & Co #1+")), "'Bob''s%20%26%20Co%20%231%2B'");
    }
}
