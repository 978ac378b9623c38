//! Merges the sources by precedence: flag > environment > file. What nobody says, a section's reader fills with its default.

use super::clouds::BUILT_IN;
use super::fault::{OriginKind, SettingFault};
use super::file::{self, FileContents};
use super::path::KeyPath;
use super::platform;
use super::schema::{self, Place};
use super::value::{Value, excerpt};
use super::variables::{self, Meaning};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A value and who says it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) origin: OriginKind,
}

/// The values in force that somebody says.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) entries: BTreeMap<KeyPath, Entry>,
    /// The chosen names, as (section, name), and who says each first.
    pub(super) names: BTreeMap<(String, String), OriginKind>,
    pub(super) faults: Vec<SettingFault>,
    /// What the platform says beside the keys, by the names of its variables.
    pub(super) platform: BTreeMap<String, SecretString>,
}

impl Layers {
    /// Collects all sources, the weakest first; each later one replaces what it says itself.
    pub(super) fn collect(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: Vec<(String, String)>,
    ) -> Self {
        let mut layers = Self::default();
        for cloud in BUILT_IN {
            layers.names.insert(("clouds".to_owned(), cloud.name.to_owned()), OriginKind::Default);
        }
        // Sorted, so that messages and ties do not depend on the order in which the system lists its variables.
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        if let Some(path) = file {
            layers.add_file(path, file::read(path));
        }
        let mut flags = Vec::new();
        for (key, value) in overrides {
            match KeyPath::parse(&key) {
                Ok(path) => flags.push((path, value)),
                Err(fault) => layers.fault(OriginKind::Flag, None, Some(&key), fault.0, None),
            }
        }
        let mut names: BTreeSet<(String, String)> = layers.names.keys().cloned().collect();
        names.extend(flags.iter().filter_map(|(path, _)| chosen_name(path)));
        layers.add_environment(&environment, &names);
        for (path, value) in flags {
            layers.add(path, Value::Loose(value), OriginKind::Flag);
        }
        platform::fill(&mut layers, &environment);
        layers.platform = platform::variables(&environment);
        layers
    }

    fn add_file(&mut self, path: &Path, contents: FileContents) {
        let origin = |line| OriginKind::File { path: path.to_owned(), line };
        for (line, message) in contents.faults {
            self.fault(origin(line), None, None, message, None);
        }
        for (key, line) in contents.tables {
            match schema::place(&key) {
                Place::Table => self.add_name(&key, &origin(Some(line))),
                Place::Key(_) => self.fault(
                    origin(Some(line)),
                    Some(&key),
                    None,
                    "it must be a value, not a table".to_owned(),
                    None,
                ),
                // A table with values in it is reported once for each of them.
                Place::Unknown(meant)
                    if !contents.leaves.iter().any(|(leaf, _, _)| leaf.0.starts_with(&key.0)) =>
                {
                    self.unknown(origin(Some(line)), &key, meant);
                }
                Place::Unknown(_) => {}
            }
        }
        for (key, value, line) in contents.leaves {
            self.add(key, value, origin(Some(line)));
        }
    }

    fn add_environment(
        &mut self,
        environment: &BTreeMap<String, String>,
        names: &BTreeSet<(String, String)>,
    ) {
        for (variable, value) in environment {
            let origin = OriginKind::Environment(variable.clone());
            match variables::meaning(variable, names) {
                // Container files say "unset" by an empty value.
                Meaning::Key(_) if value.is_empty() => {}
                Meaning::Key(path) => self.add(path, Value::Loose(value.clone()), origin),
                Meaning::Mistaken(message, hint) => self.fault(origin, None, None, message, hint),
                Meaning::Foreign => {}
            }
        }
    }

    fn add(&mut self, path: KeyPath, value: Value, origin: OriginKind) {
        match schema::place(&path) {
            Place::Key(_) => {
                self.add_name(&path, &origin);
                self.entries.insert(path, Entry { value, origin });
            }
            Place::Table => {
                self.fault(origin, Some(&path), None, "it is a table, not a value".to_owned(), None);
            }
            Place::Unknown(meant) => self.unknown(origin, &path, meant),
        }
    }

    fn add_name(&mut self, path: &KeyPath, origin: &OriginKind) {
        if let Some(name) = chosen_name(path) {
            self.names.entry(name).or_insert_with(|| origin.clone());
        }
    }

    fn unknown(&mut self, origin: OriginKind, path: &KeyPath, meant: Option<String>) {
        if schema::is_password(path) {
            return self.fault(origin, Some(path), None, platform::NO_PASSWORDS.to_owned(), None);
        }
        let hint = meant.map(|key| format!("did you mean {key}?"));
        self.fault(origin, Some(path), None, "there is no such key".to_owned(), hint);
    }

    fn fault(
        &mut self,
        origin: OriginKind,
        key: Option<&KeyPath>,
        value: Option<&str>,
        message: String,
        hint: Option<String>,
    ) {
        let (key, value) = (key.map(ToString::to_string), value.map(excerpt));
        self.faults.push(SettingFault { origin, key, value, message, hint });
    }
}

/// The (section, name) of a path that holds a name the operator chose.
fn chosen_name(path: &KeyPath) -> Option<(String, String)> {
    match &path.0[..] {
        [section, name, ..] if schema::has_names(section) => Some((section.clone(), name.clone())),
        _ => None,
    }
}
