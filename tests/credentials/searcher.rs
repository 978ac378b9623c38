//! Looks for secrets in whatever form a program may have written them down in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::collections::HashMap;
use std::fmt::Write;

/// How much of a form is looked for, at its beginning and at its end: so one that was cut off is found as well.
const PIECE: usize = 16;

/// Secrets by the pieces of their forms.
#[derive(Default)]
pub(crate) struct Searcher {
    pieces: HashMap<[u8; PIECE], String>,
}

impl Searcher {
    /// Adds a secret of at least 24 characters.
    pub(crate) fn add(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= 24, "{name} is too short to be told from chance");
        for (form, text) in forms(secret) {
            let bytes = text.as_bytes();
            for piece in [&bytes[..PIECE], &bytes[bytes.len() - PIECE..]] {
                let piece = piece.try_into().expect("so long");
                self.pieces.insert(piece, format!("{name}, {form}"));
            }
        }
    }

    /// The secrets that are in there.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found: Vec<&str> = bytes
            .windows(PIECE)
            .filter_map(|window| self.pieces.get::<[u8; PIECE]>(window.try_into().expect("so long")))
            .map(String::as_str)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A secret as it is, and as encodings make it.
pub(crate) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let mut forms = vec![
        ("as it is", secret.to_owned()),
        ("escaped for JSON", serde_json::to_string(secret).expect("a text").trim_matches('"').to_owned()),
        ("escaped for Rust", format!("{secret:?}").trim_matches('"').to_owned()),
        ("form-encoded", url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()),
        ("percent-encoded", percent(secret)),
        ("in hexadecimal", hex(secret.as_bytes())),
        ("in upper hexadecimal", hex(secret.as_bytes()).to_uppercase()),
        ("as a list of bytes", secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")),
    ];
    // Within something longer, the same bytes have three different forms, by the place where they begin.
    for (before, lost) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        for (name, engine) in [("in base64", &STANDARD), ("in base64 for URLs", &URL_SAFE)] {
            let text = engine.encode(&bytes);
            let text = text.trim_end_matches('=');
            // The last character may hold bits of what follows.
            forms.push((name, text[lost..text.len() - 1].to_owned()));
        }
    }
    forms
}

/// Everything but letters and digits.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[test]
fn a_secret_is_found_in_each_form_whole_or_cut_off() {
    let secret = "aB3~s\"ecret\\with/odd+signs=and?more&";
    let mut searcher = Searcher::default();
    searcher.add("it", secret);
    for (form, text) in forms(secret) {
        for planted in [text.as_str(), &text[..PIECE + 2], &text[text.len() - PIECE..]] {
            let around = format!("{{\"level\":\"debug\",\"what\":\"{planted}\"}}");
            assert!(!searcher.found_in(around.as_bytes()).is_empty(), "{form}: {planted}");
        }
    }
    assert_eq!(searcher.found_in(b"aB3~s\"ecret is not the whole of it"), Vec::<&str>::new());
    let json = serde_json::json!({ "body": format!("x={secret}") }).to_string();
    assert!(!searcher.found_in(json.as_bytes()).is_empty());
    assert!(!searcher.found_in(STANDARD.encode(format!("user:{secret}!")).as_bytes()).is_empty());
}
