//! Machine-readable output: the same values as JSON, JSON lines or YAML.

use super::args::Output;
use super::terminal::visible;
use super::trouble::Trouble;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// The version of the shapes that are printed; grows when one changes its meaning.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Prints a list of values under a name. Tables and CSV are the command's own affair and print as JSON here.
pub(super) fn documents(
    out: &mut impl Write,
    output: Output,
    name: &str,
    values: Vec<Value>,
) -> Result<(), Trouble> {
    match output {
        Output::Jsonl => {
            for value in values {
                writeln!(out, "{value}")?;
            }
        }
        Output::Yaml | Output::Json | Output::Table | Output::Csv => {
            document(out, output, json!({ "schema_version": SCHEMA_VERSION, name: values }))?;
        }
    }
    Ok(())
}

/// A value as it goes into a document.
pub(super) fn value(of: &impl Serialize) -> Result<Value, Trouble> {
    serde_json::to_value(of).map_err(|error| Trouble::failure(error.to_string()))
}

/// Prints rows under a header as CSV. No cell can act on a terminal.
pub(super) fn csv<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<(), Trouble> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| visible(cell).into_owned()))?;
    }
    Ok(writer.flush()?)
}

/// Prints one value.
pub(super) fn document(out: &mut impl Write, output: Output, value: Value) -> Result<(), Trouble> {
    match output {
        Output::Yaml => {
            let text =
                serde_saphyr::to_string(&value).map_err(|error| Trouble::failure(error.to_string()))?;
            write!(out, "{text}")?;
        }
        Output::Jsonl => writeln!(out, "{value}")?,
        Output::Json | Output::Table | Output::Csv => {
            let text =
                serde_json::to_string_pretty(&value).map_err(|error| Trouble::failure(error.to_string()))?;
            writeln!(out, "{text}")?;
        }
    }
    Ok(())
}
