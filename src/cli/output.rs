//! Machine-readable output: the same values as JSON, JSON lines or YAML.

use super::args::Output;
use super::terminal::{visible, width_of_stdout, wrap};
use super::trouble::Trouble;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
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

/// Prints lines for people, made to fit the terminal if there is one.
pub(super) fn page(out: &mut impl Write, lines: impl IntoIterator<Item = String>) -> Result<(), Trouble> {
    let width = width_of_stdout();
    for line in lines.into_iter().flat_map(|line| wrap(&line, width)) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Prints one value.
pub(super) fn document(out: &mut impl Write, output: Output, value: Value) -> Result<(), Trouble> {
    match output {
        Output::Yaml => {
            let text =
                serde_saphyr::to_string(&value).map_err(|error| Trouble::failure(error.to_string()))?;
            write!(out, "{text}")?;
        }
        Output::Jsonl => writeln!(out, "{}", spelled_out(&value.to_string()))?,
        Output::Json | Output::Table | Output::Csv => {
            let text =
                serde_json::to_string_pretty(&value).map_err(|error| Trouble::failure(error.to_string()))?;
            writeln!(out, "{}", spelled_out(&text))?;
        }
    }
    Ok(())
}

/// JSON leaves DEL and the C1 controls as they are, and some terminals act on them; as `\u…` they are the same values.
fn spelled_out(json: &str) -> Cow<'_, str> {
    let acts = |character: char| matches!(character, '\u{7f}'..='\u{9f}');
    if !json.contains(acts) {
        return Cow::Borrowed(json);
    }
    let spell = |character: char| {
        if acts(character) { format!("\\u{:04x}", u32::from(character)) } else { character.to_string() }
    };
    Cow::Owned(json.chars().map(spell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_same_value_without_a_character_that_a_terminal_acts_on() {
        let value = serde_json::json!({ "source": "a\u{9b}2J\u{7f}é\u{1b}" });
        for output in [Output::Json, Output::Jsonl] {
            let mut bytes = Vec::new();
            document(&mut bytes, output, value.clone()).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains("a\\u009b2J\\u007fé\\u001b"), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
