//! Opened passwords as the content of a file. Every byte of it is wiped from memory once it is written.

use super::args::OpenedFormat;
use crate::cli::output::SCHEMA_VERSION;
use crate::cli::trouble::Trouble;
use crate::domain::{IntentId, ObjectId};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::path::Path;
use zeroize::Zeroizing;

/// More than one row takes, in bytes: a buffer that had to grow would leave an unwiped copy behind.
const ROW_MAX: usize = 2_048;

/// An opened password.
pub(super) struct Opened {
    pub(super) user_principal_name: String,
    pub(super) tenant: String,
    pub(super) object_id: Option<ObjectId>,
    pub(super) intent: IntentId,
    /// Whether it is known to be the one that the user has.
    pub(super) certain: bool,
    pub(super) password: SecretString,
}

/// The only shape in which a password is ever written.
#[derive(Serialize)]
struct Row<'a> {
    user_principal_name: &'a str,
    tenant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<ObjectId>,
    password: &'a str,
    certain: bool,
    intent: IntentId,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    passwords: Vec<Row<'a>>,
}

impl OpenedFormat {
    /// The format that was asked for, or that the file's name tells.
    pub(super) fn of(asked: Option<Self>, file: &Path) -> Self {
        let is_csv = file.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("csv"));
        asked.unwrap_or(if is_csv { Self::Csv } else { Self::Json })
    }
}

/// The whole file.
pub(super) fn content(format: OpenedFormat, opened: &[Opened]) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut bytes = Zeroizing::new(Vec::with_capacity((opened.len() + 1) * ROW_MAX));
    match format {
        OpenedFormat::Json => {
            let document =
                Document { schema_version: SCHEMA_VERSION, passwords: opened.iter().map(row).collect() };
            serde_json::to_writer_pretty(&mut *bytes, &document)
                .map_err(|error| Trouble::failure(error.to_string()))?;
            bytes.push(b'\n');
        }
        OpenedFormat::Csv => {
            bytes.extend(b"user_principal_name,tenant,object_id,password,certain,intent\n");
            for one in opened {
                let id = one.object_id.map(|id| id.to_string()).unwrap_or_default();
                let (certain, intent) = (one.certain.to_string(), one.intent.to_string());
                let cells = [
                    &*one.user_principal_name,
                    &*one.tenant,
                    &*id,
                    one.password.expose_secret(),
                    &*certain,
                    &*intent,
                ];
                for (place, cell) in cells.into_iter().enumerate() {
                    if place > 0 {
                        bytes.push(b',');
                    }
                    push_cell(&mut bytes, cell);
                }
                bytes.push(b'\n');
            }
        }
    }
    Ok(bytes)
}

fn row(one: &Opened) -> Row<'_> {
    Row {
        user_principal_name: &one.user_principal_name,
        tenant: &one.tenant,
        object_id: one.object_id,
        password: one.password.expose_secret(),
        certain: one.certain,
        intent: one.intent,
    }
}

/// RFC 4180, section 2: a cell with a comma, a quote or a break stands in quotes.
fn push_cell(bytes: &mut Vec<u8>, cell: &str) {
    if !cell.contains([',', '"', '\n', '\r']) {
        return bytes.extend(cell.as_bytes());
    }
    bytes.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}
