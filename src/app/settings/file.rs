//! Reads the config file into its leaves, each with its line.

use super::path::KeyPath;
use super::value::Value;
use std::io::Read;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// No config is longer: 15,000 environments take about 4 MiB.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The contents of a config file.
#[derive(Default)]
pub(super) struct FileContents {
    /// Every value with the line of its key.
    pub(super) leaves: Vec<(KeyPath, Value, u64)>,
    /// Every table with its line; an empty one declares a name, too.
    pub(super) tables: Vec<(KeyPath, u64)>,
    /// What is no TOML, with its line where it is known.
    pub(super) faults: Vec<(Option<u64>, String)>,
}

/// Reads a file. A file that cannot be read at all is a fault without a line.
pub(super) fn read(path: &Path) -> FileContents {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
    let fault = match read {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        Err(error) => format!("it cannot be read: {error}"),
        Ok(length) if length as u64 > BYTES_MAX => "it is longer than 64 MiB".to_owned(),
        Ok(_) => return parse(&text),
    };
    FileContents { faults: vec![(None, fault)], ..FileContents::default() }
}

/// Reads a text.
pub(super) fn parse(text: &str) -> FileContents {
    let line_starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    let line_of = |at: usize| line_starts.partition_point(|start| *start <= at) as u64 + 1;
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut contents = FileContents::default();
    for error in errors {
        let line = error.span().map(|span| line_of(span.start));
        contents.faults.push((line, error.message().replace('\n', ", ")));
    }
    collect(table.get_ref(), &KeyPath(Vec::new()), &line_of, &mut contents);
    contents
}

fn collect(
    table: &DeTable<'_>,
    path: &KeyPath,
    line_of: &impl Fn(usize) -> u64,
    contents: &mut FileContents,
) {
    for (key, value) in table {
        let path = path.child(key.get_ref());
        let line = line_of(key.span().start);
        if let DeValue::Table(inner) = value.get_ref() {
            contents.tables.push((path.clone(), line));
            collect(inner, &path, line_of, contents);
        } else {
            contents.leaves.push((path, leaf(value.get_ref()), line));
        }
    }
}

fn leaf(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Number(number.to_string()),
            Err(_) => Value::Unwanted("a number beyond 64 bits"),
        },
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(_) => Value::Unwanted("a date"),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map_or(Value::Unwanted("a list with something other than texts in it"), Value::List),
        DeValue::Table(_) => Value::Unwanted("a table"),
    }
}
