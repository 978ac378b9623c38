//! `seatless config`: the config in force, and where each value comes from.

use super::args::Output;
use super::context::Context;
use super::exit::Exit;
use super::trouble::Trouble;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;
use std::io::Write;

pub(super) fn run(context: &Context, output: Output) -> Result<Exit, Trouble> {
    let mut out = std::io::stdout().lock();
    let origins = context.settings.origins();
    match output {
        Output::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(["KEY", "VALUE", "FROM"]);
            for origin in origins {
                table.add_row([origin.key.clone(), origin.value_shown.clone(), origin.origin.to_string()]);
            }
            writeln!(out, "{table}")?;
        }
        Output::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            let rows = std::iter::once(["key".to_owned(), "value".to_owned(), "origin".to_owned()])
                .chain(origins.iter().map(|o| [o.key.clone(), o.value_shown.clone(), o.origin.to_string()]));
            for row in rows {
                writer.write_record(row).map_err(|error| Trouble::failure(error.to_string()))?;
            }
            writer.flush()?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values: Vec<_> = origins
                .iter()
                .map(|o| json!({ "key": o.key, "value": o.value_shown, "origin": o.origin.to_string() }))
                .collect();
            super::output::documents(&mut out, output, "settings", values)?;
        }
    }
    remarks(context)
}

/// What `run` would refuse, told before.
fn remarks(context: &Context) -> Result<Exit, Trouble> {
    let mut err = std::io::stderr().lock();
    if context.settings.environments.is_empty() {
        writeln!(err, "No environment is configured yet.")?;
    }
    if let Err(missing) = context.settings.require_secrets() {
        for fault in &missing.faults {
            writeln!(err, "`run` will refuse: {fault}")?;
        }
    }
    Ok(Exit::Ok)
}
