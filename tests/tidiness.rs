//! Tidiness as a test: imports run down, a `mod.rs` only lists, names say something, and nobody reads the clock.

use std::path::{Path, PathBuf};

/// Each floor, and the floors it may import.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("cloud", &["domain"]),
    ("engine", &["store", "domain"]),
    ("provisioning", &["engine", "cloud", "store", "domain"]),
    ("app", &["provisioning", "engine", "cloud", "store", "domain"]),
    ("http", &["app", "provisioning", "engine", "cloud", "store", "domain"]),
    ("cli", &["http", "app", "provisioning", "engine", "cloud", "store", "domain", "simulator"]),
    ("simulator", &[]),
];

/// Words that say nothing as the name of a file or a module.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "helpers", "util", "utils", "common", "data", "info"];

/// The only files that may reach for the real clock, chance, identity and tasks.
const REAL_SOURCES: &[&str] = &["src/app/system.rs", "src/simulator/wall.rs"];

const LINES_MAX: usize = 500;

struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

/// Every Rust file under `src`, in order.
fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let files: Vec<File> = paths
        .into_iter()
        .map(|path| File {
            path: path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
            text: std::fs::read_to_string(&path).unwrap(),
        })
        .collect();
    assert!(files.len() > 50, "the sources were not found");
    files
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// A text without its comments.
fn code(text: &str) -> String {
    text.lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The floor a file belongs to; none for `lib.rs` and `main.rs`.
fn floor_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    inside
        .split_once('/')
        .map(|(floor, _)| floor)
        .or_else(|| inside.strip_suffix(".rs"))
        .filter(|name| !["lib", "main"].contains(name))
}

/// How many `super::` lead from a file's own module to the root of the crate.
fn depth_of(path: &str) -> usize {
    let parts = path.split('/').count() - 1;
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The names at the root of the crate that a file's paths lead to.
fn roots(file: &File) -> Vec<String> {
    let code = code(&file.text);
    let climb = "super::".repeat(depth_of(&file.path));
    let mut found = Vec::new();
    for prefix in ["crate::", "seatless::", climb.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].chars().next_back().is_some_and(|c| is_word(c) || c == ':' || c == '$') {
                continue;
            }
            found.extend(heads(code[at + prefix.len()..].trim_start_matches("super::")));
        }
    }
    found
}

/// The first names of a path, or of each path of a list in braces.
fn heads(rest: &str) -> Vec<String> {
    let Some(list) = rest.strip_prefix('{') else {
        return vec![rest.chars().take_while(|c| is_word(*c)).collect()];
    };
    let (mut names, mut name, mut level, mut fresh) = (Vec::new(), String::new(), 0, true);
    for character in list.chars() {
        match character {
            '{' => level += 1,
            '}' if level == 0 => break,
            '}' => level -= 1,
            ',' if level == 0 => {
                names.push(std::mem::take(&mut name));
                fresh = true;
            }
            c if level == 0 && fresh && is_word(c) => name.push(c),
            c if c.is_whitespace() => {}
            _ if level == 0 => fresh = false,
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

fn arrows_up(file: &File) -> Vec<String> {
    let Some(floor) = floor_of(&file.path) else {
        return Vec::new();
    };
    let Some((_, below)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        return vec![format!("{}: {floor} is no floor", file.path)];
    };
    let is_floor = |name: &str| FLOORS.iter().any(|(floor, _)| *floor == name);
    roots(file)
        .into_iter()
        .filter(|name| is_floor(name) && name != floor && !below.contains(&name.as_str()))
        .map(|name| format!("{}: {floor} must not import {name}", file.path))
        .collect()
}

#[test]
fn an_import_goes_down_never_up_or_sideways() {
    assert_none(sources().iter().flat_map(arrows_up).collect());
}

#[test]
fn arrows_up_are_seen_however_they_are_written() {
    let faults =
        |path: &str, text: &str| arrows_up(&File { path: path.to_owned(), text: text.to_owned() }).len();
    assert_eq!(faults("src/engine/core.rs", "use crate::store::Store;\nuse crate::domain::Policy;"), 0);
    assert_eq!(faults("src/engine/core.rs", "use crate::cloud::Graph;"), 1);
    assert_eq!(faults("src/engine/core.rs", "// use crate::cloud::Graph;"), 0);
    assert_eq!(faults("src/engine/core.rs", "let x = crate::provisioning::Work::Create;"), 1);
    assert_eq!(faults("src/store/a.rs", "use crate::{domain::{A, B}, engine::C,\n    http};"), 2);
    assert_eq!(faults("src/store/a.rs", "use super::super::engine::C;"), 1);
    assert_eq!(
        faults("src/store/sqlite/a.rs", "use super::super::engine::C;"),
        0,
        "that is crate::store::engine"
    );
    assert_eq!(faults("src/store/sqlite/mod.rs", "use super::super::engine::C;"), 1);
    assert_eq!(faults("src/simulator/world.rs", "use crate::domain::State;"), 1);
    assert_eq!(faults("src/cli/demo.rs", "use crate::simulator::World;\nuse crate::domain::State;"), 0);
    assert_eq!(faults("src/app/a.rs", "use crate::simulator::World;"), 1);
    assert_eq!(faults("src/cloud/a.rs", "use crate::store::Request;"), 1, "sideways");
    assert_eq!(faults("src/attic/a.rs", ""), 1);
    assert_eq!(faults("src/main.rs", "use seatless::cli;"), 0);
}

/// What a `mod.rs` says besides naming modules and what is public of them.
fn more_than_a_list(file: &File) -> Vec<String> {
    if !file.path.ends_with("/mod.rs") {
        return Vec::new();
    }
    let code = code(&file.text);
    let statements =
        code.split_inclusive(';').map(without_attributes).filter(|statement| !statement.is_empty());
    statements
        .filter(|statement| {
            let bare = without_visibility(statement);
            !statement.ends_with(';') || !(bare.starts_with("mod ") || bare.starts_with("use "))
        })
        .map(|statement| {
            format!("{}: more than a list: {}", file.path, statement.lines().next().unwrap_or_default())
        })
        .collect()
}

fn without_attributes(statement: &str) -> &str {
    let mut rest = statement.trim();
    while let Some(open) = ["#![", "#["].into_iter().find(|open| rest.starts_with(open)) {
        let mut level = 1;
        let end = rest[open.len()..].find(|c| {
            level += i32::from(c == '[') - i32::from(c == ']');
            level == 0
        });
        rest = rest[open.len() + end.map_or(rest.len() - open.len() - 1, |end| end) + 1..].trim_start();
    }
    rest
}

fn without_visibility(statement: &str) -> &str {
    let Some(rest) = statement.strip_prefix("pub") else {
        return statement;
    };
    match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest.trim_start(),
        None => rest.trim_start(),
    }
}

#[test]
fn a_mod_rs_only_lists() {
    assert_none(sources().iter().flat_map(more_than_a_list).collect());
}

#[test]
fn what_is_more_than_a_list_is_seen() {
    let faults = |text: &str| {
        more_than_a_list(&File { path: "src/app/mod.rs".to_owned(), text: text.to_owned() }).len()
    };
    assert_eq!(
        faults(
            "//! Doc.\n\nmod a;\npub(crate) mod b;\n#[cfg(test)]\nmod c;\n\npub use a::{\n    X, Y,\n};\n"
        ),
        0
    );
    assert_eq!(faults("mod a;\npub fn f() {}\n"), 1);
    assert_eq!(faults("mod a { fn f() {} }\n"), 1);
    assert_eq!(faults("const X: u8 = 1;"), 1);
}

#[test]
fn backoff_is_named_in_one_file() {
    let named = |file: &File| {
        let code = code(&file.text);
        code.split(|c| !is_word(c)).any(|word| word == "backoff")
    };
    let files: Vec<String> = sources().into_iter().filter(named).map(|file| file.path).collect();
    assert_eq!(files, ["src/domain/retry.rs"]);
}

fn is_empty_word(name: &str) -> bool {
    name == "handle" || name.split('_').any(|word| EMPTY_WORDS.contains(&word))
}

#[test]
fn names_of_files_and_modules_say_something() {
    let named = |file: &File| {
        let parts = file.path.trim_end_matches(".rs").split('/').map(str::to_owned);
        let modules = code(&file.text);
        let modules: Vec<String> = modules
            .lines()
            .filter_map(|line| without_visibility(line.trim()).strip_prefix("mod "))
            .map(|rest| rest.chars().take_while(|c| is_word(*c)).collect())
            .collect();
        let names = parts.chain(modules).filter(|name| is_empty_word(name));
        names.map(|name| format!("{}: {name} says nothing", file.path)).collect::<Vec<_>>()
    };
    assert_none(sources().iter().flat_map(named).collect());
    assert!(is_empty_word("handle") && is_empty_word("store_util") && !is_empty_word("metadata"));
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    let long = |file: &File| {
        let lines = file.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines", file.path))
    };
    assert_none(sources().iter().filter_map(long).collect());
}

/// clippy.toml forbids the real sources everywhere; this sees to it that nobody switches that off.
#[test]
fn only_two_files_may_reach_for_the_real_clock() {
    let reaches = |file: &File| {
        code(&file.text).contains("clippy::disallowed") && !REAL_SOURCES.contains(&file.path.as_str())
    };
    assert_none(sources().into_iter().filter(reaches).map(|file| file.path).collect());
}
