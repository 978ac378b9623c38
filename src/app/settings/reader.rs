//! Takes values out of the merged sources, notes where each came from, and collects everything that is wrong.

use super::fault::{Origin, OriginKind, SettingFault};
use super::layers::{Entry, Layers};
use super::nearest;
use super::path::KeyPath;
use super::schema::{self, Place};
use super::value::{Value, excerpt};
use crate::domain::Fault;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// Reads the values in force.
pub(super) struct Reader {
    layers: Layers,
    file: Option<PathBuf>,
    pub(super) origins: Vec<Origin>,
    pub(super) faults: Vec<SettingFault>,
}

impl Reader {
    pub(super) fn new(mut layers: Layers, file: Option<PathBuf>) -> Self {
        let faults = std::mem::take(&mut layers.faults);
        Self { layers, file, origins: Vec::new(), faults }
    }

    /// The value of a key that may be absent. A value that `parse` refuses is a fault, and counts as absent.
    pub(super) fn optional<T>(
        &mut self,
        path: &KeyPath,
        parse: impl FnOnce(&Value) -> Result<T, Fault>,
    ) -> Option<T> {
        let entry = self.layers.entries.get(path)?.clone();
        self.note(path, &entry.value, entry.origin.clone());
        match parse(&entry.value) {
            Ok(parsed) => Some(parsed),
            Err(fault) => {
                self.refuse(path, &entry, fault.0, None);
                None
            }
        }
    }

    /// The value of a key, or its default. A value that `parse` refuses is a fault, and the default stands in for it.
    pub(super) fn or_default<T>(
        &mut self,
        path: &KeyPath,
        default: &str,
        parse: impl Fn(&Value) -> Result<T, Fault>,
    ) -> T {
        if !self.is_set(path) {
            self.note(path, &Value::Loose(default.to_owned()), OriginKind::Default);
        }
        self.optional(path, &parse).unwrap_or_else(|| {
            parse(&Value::Loose(default.to_owned())).expect("a default satisfies its own key")
        })
    }

    /// The value of a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        path: &KeyPath,
        parse: impl FnOnce(&Value) -> Result<T, Fault>,
    ) -> Option<T> {
        if !self.is_set(path) {
            self.missing(path);
        }
        self.optional(path, parse)
    }

    /// Whether somebody says the key.
    pub(super) fn is_set(&self, path: &KeyPath) -> bool {
        self.layers.entries.contains_key(path)
    }

    /// Whether somebody declares this name in a section, usable or not.
    pub(super) fn declares(&self, section: &str, name: &str) -> bool {
        self.layers.names.contains_key(&(section.to_owned(), name.to_owned()))
    }

    /// The declared name nearest to one that is not, as a question.
    pub(super) fn meant(&self, section: &str, name: &str) -> Option<String> {
        let declared =
            self.layers.names.keys().filter(|(of, _)| of == section).map(|(_, name)| name.as_str());
        nearest(name, declared, 1).first().map(|name| format!("did you mean {name}?"))
    }

    /// What the platform says by this variable.
    pub(super) fn platform(&self, name: &str) -> Option<&SecretString> {
        self.layers.platform.get(name)
    }

    /// Who says the key.
    pub(super) fn origin(&self, path: &KeyPath) -> OriginKind {
        self.layers.entries.get(path).map_or(OriginKind::Default, |entry| entry.origin.clone())
    }

    /// The names that the operator chose in a section, in order; a name that breaks the rules for names is a fault, and left out.
    pub(super) fn names(&mut self, section: &str) -> Vec<String> {
        let declared: Vec<(String, OriginKind)> = self
            .layers
            .names
            .iter()
            .filter(|((of, _), _)| of == section)
            .map(|((_, name), origin)| (name.clone(), origin.clone()))
            .collect();
        let (good, bad): (Vec<_>, Vec<_>) = declared.into_iter().partition(|(name, _)| is_name(name));
        for (name, origin) in bad {
            self.faults.push(SettingFault {
                origin,
                key: Some(section.to_owned()),
                value: Some(excerpt(&name)),
                message: "a name must begin with a-z or 0-9 and have at most 63 of a-z 0-9 - _ .".to_owned(),
                hint: None,
            });
        }
        good.into_iter().map(|(name, _)| name).collect()
    }

    /// A fault about the value of a key that somebody says.
    pub(super) fn fault(&mut self, path: &KeyPath, message: impl Into<String>, hint: Option<String>) {
        match self.layers.entries.get(path).cloned() {
            Some(entry) => self.refuse(path, &entry, message.into(), hint),
            None => self.push(self.place_of(path), path, None, message.into(), hint),
        }
    }

    /// The folder that a relative path of this origin starts from: the config file's for what the file says and for
    /// defaults, the current directory for variables, flags, and when there is no file.
    pub(super) fn folder(&self, origin: &OriginKind) -> &Path {
        match origin {
            OriginKind::Default | OriginKind::File { .. } => {
                self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
            }
            OriginKind::Environment(_) | OriginKind::Flag => Path::new(""),
        }
    }

    /// A fault about a key that must be there.
    pub(super) fn missing(&mut self, path: &KeyPath) {
        self.push(self.place_of(path), path, None, "it is required but missing".to_owned(), None);
    }

    /// Where something that is missing was looked for: at the name's first mention, or in the file.
    pub(super) fn place_of(&self, path: &KeyPath) -> OriginKind {
        if let [section, name, ..] = &path.0[..]
            && let Some(origin) = self.layers.names.get(&(section.clone(), name.clone()))
        {
            return origin.clone();
        }
        match &self.file {
            Some(path) => OriginKind::File { path: path.clone(), line: None },
            None => OriginKind::Default,
        }
    }

    fn refuse(&mut self, path: &KeyPath, entry: &Entry, message: String, hint: Option<String>) {
        let value = (!is_confidential(path)).then(|| excerpt(&entry.value.shown()));
        self.push(entry.origin.clone(), path, value, message, hint);
    }

    fn push(
        &mut self,
        origin: OriginKind,
        path: &KeyPath,
        value: Option<String>,
        message: String,
        hint: Option<String>,
    ) {
        self.faults.push(SettingFault { origin, key: Some(path.to_string()), value, message, hint });
    }

    pub(super) fn note(&mut self, path: &KeyPath, value: &Value, origin: OriginKind) {
        let value_shown = if is_secret(path) { "(set)".to_owned() } else { value.shown() };
        self.origins.push(Origin { key: path.to_string(), value_shown, origin });
    }
}

fn is_secret(path: &KeyPath) -> bool {
    matches!(schema::place(path), Place::Key(key) if key.secret)
}

/// Whether a value that is not acceptable may be a secret gone astray, pasted where an id or a path belongs.
fn is_confidential(path: &KeyPath) -> bool {
    is_secret(path) || schema::is_about_sign_in(path)
}

/// The rule for the names of tenants, environments, clouds and licenses.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 63
        && name.starts_with(fits)
        && name.chars().all(|c| fits(c) || matches!(c, '-' | '_' | '.'))
}
