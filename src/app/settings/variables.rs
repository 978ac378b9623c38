//! Environment variables as keys: `SEATLESS_TENANTS__CONTOSO__SIGN_IN__CLIENT_SECRET`.

use super::path::KeyPath;
use super::schema::{self, KEYS};
use std::collections::BTreeSet;

/// What a variable's name means.
pub(super) enum Meaning {
    /// It is not about the config.
    Foreign,
    /// It sets this key.
    Key(KeyPath),
    /// It was meant to set a key, but does not; why, and what to write instead.
    Mistaken(String, Option<String>),
}

/// Reads a variable's name. `names` are the chosen names seen in the file and the flags, as (section, name): a variable cannot
/// spell every letter of a name, so case does not matter and `_` stands for `-` and `.`, too. A name not seen yet is taken
/// as it is written, in lower case.
///
/// A variable without `__` belongs to the command line (`SEATLESS_CONFIG`), unless it spells a key with too few underscores.
pub(super) fn meaning(variable: &str, names: &BTreeSet<(String, String)>) -> Meaning {
    let Some(rest) = variable.strip_prefix("SEATLESS_") else { return Meaning::Foreign };
    let lower = rest.to_ascii_lowercase();
    if !lower.contains("__") {
        return match KEYS.iter().find(|key| key.path.replace('.', "_") == lower) {
            Some(key) => Meaning::Mistaken(
                "two underscores separate a section from its key".to_owned(),
                Some(format!("write SEATLESS_{}", key.path.replace('.', "__").to_ascii_uppercase())),
            ),
            None => Meaning::Foreign,
        };
    }
    let mut segments: Vec<String> = lower.split("__").map(str::to_owned).collect();
    if segments.iter().any(String::is_empty) {
        return Meaning::Mistaken("a segment between the underscores is empty".to_owned(), None);
    }
    if schema::has_names(&segments[0]) {
        let meant: Vec<&String> = names
            .iter()
            .filter(|(section, name)| *section == segments[0] && folded(name) == segments[1])
            .map(|(_, name)| name)
            .collect();
        match meant[..] {
            [] => {}
            [name] => segments[1] = name.clone(),
            [first, second, ..] => {
                return Meaning::Mistaken(
                    format!("it could mean {first} as well as {second}"),
                    Some("set the value in the file, or with a flag".to_owned()),
                );
            }
        }
    }
    Meaning::Key(KeyPath(segments))
}

fn folded(name: &str) -> String {
    name.replace(['-', '.'], "_")
}
