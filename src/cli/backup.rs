//! `seatless backup`: a copy of the database, made beside the daemon or without one.

use super::args::{BackupArgs, Output};
use super::context::Context;
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::trouble::Trouble;
use crate::app::views::Moment;
use crate::store::{Backup, SqliteStore};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

pub(super) async fn run(context: &Context, args: &BackupArgs) -> Result<Exit, Trouble> {
    let backup = SqliteStore::back_up(&context.existing_database()?, &args.file).await?;
    let mut out = std::io::stdout().lock();
    match args.output {
        Output::Table => {
            writeln!(out, "Backed up {} into {}.", contents(&backup), args.file.display())?;
        }
        Output::Csv => {
            let header = ["file", "store", "requests", "last_event", "last_event_at", "bytes"];
            let row = [
                args.file.display().to_string(),
                backup.store.to_string(),
                backup.requests.to_string(),
                backup.last_event.to_string(),
                backup.last_event_at.map(|at| Moment(at).to_string()).unwrap_or_default(),
                backup.bytes.to_string(),
            ];
            output::csv(&mut out, header, [row])?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            output::document(&mut out, args.output, document(&args.file, &backup))?;
        }
    }
    Ok(Exit::Ok)
}

/// What a copy holds, in words.
pub(super) fn contents(backup: &Backup) -> String {
    let requests = if backup.requests == 1 { "request" } else { "requests" };
    let until = match backup.last_event_at {
        Some(at) => format!("up to event {} of {}", backup.last_event, Moment(at).to_the_second()),
        None => "without any event".to_owned(),
    };
    format!("{} {requests} of the store {}, {until}, {} bytes", backup.requests, backup.store, backup.bytes)
}

/// The same for programs.
pub(super) fn document(file: &Path, backup: &Backup) -> Value {
    let mut value = json!({
        "schema_version": SCHEMA_VERSION,
        "file": file.display().to_string(),
        "store": backup.store,
        "requests": backup.requests,
        "last_event": backup.last_event,
        "bytes": backup.bytes,
    });
    if let Some(at) = backup.last_event_at {
        value["last_event_at"] = json!(Moment(at));
    }
    value
}
