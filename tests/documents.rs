//! The generated parts of the documents are what the code says. `SEATLESS_REGENERATE=1 cargo test --test documents`
//! writes them anew.

use seatless::domain::{Code, Who, diagram};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a document with what it should be, or writes it.
fn compare(name: &str, expected: &str) {
    let path = document(name);
    if std::env::var_os("SEATLESS_REGENERATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is out of date; `SEATLESS_REGENERATE=1 cargo test --test documents` writes it anew"
    );
}

/// The text with another content between the two marks of this name.
fn with_part(text: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("the document marks where the part begins");
    let (_, after) = rest.split_once(&end).expect("the document marks where the part ends");
    format!("{before}{begin}{content}{end}{after}")
}

#[test]
fn the_diagram_is_drawn_from_the_machine() {
    let name = "docs/machine.md";
    let text = std::fs::read_to_string(document(name)).unwrap();
    compare(name, &with_part(&text, "diagram", &format!("```mermaid\n{}```\n", diagram())));
}

#[test]
fn the_catalog_of_failures_is_complete() {
    compare("docs/errors.md", &catalog());
}

fn catalog() -> String {
    let mut text = String::from(
        "# Failures\n\n\
         Every failure has a code that never changes its meaning. This page is generated from the catalog in \
         `src/domain/failure.rs`.\n\n\
         *Again* says whether the same request may succeed later without anybody's help; Seatless then tries again by \
         itself. Anything else parks the request as *blocked* until a person has mended it and says `seatless retry`. \
         The codes of drift stop nothing: they tell how a finished account has changed.\n",
    );
    let mut area = "";
    for code in Code::ALL {
        let (this_area, _) = code.as_str().split_once('.').unwrap();
        if this_area != area {
            area = this_area;
            let _ = write!(
                text,
                "\n## {area}\n\n| code | what happened | what to do | who | again |\n|---|---|---|---|---|\n"
            );
        }
        let row = code.row();
        let again = if row.retryable { "yes" } else { "no" };
        let who = who(row.who);
        let _ = writeln!(text, "| `{code}` | {} | {} | {who} | {again} |", row.sentence, row.hint);
    }
    text
}

fn who(who: Who) -> &'static str {
    match who {
        Who::Seatless => "Seatless itself",
        Who::Requester => "the requester",
        Who::Operator => "the operator",
        Who::TenantAdmin => "an admin of the tenant",
        Who::EnvironmentAdmin => "an admin of the environment",
    }
}

#[test]
fn areas_stand_together() {
    let mut areas: Vec<&str> =
        Code::ALL.iter().map(|code| code.as_str().split_once('.').unwrap().0).collect();
    areas.dedup();
    let distinct: std::collections::BTreeSet<&str> = areas.iter().copied().collect();
    assert_eq!(areas.len(), distinct.len(), "an area is torn apart: {areas:?}");
}

/// What `.ci/run` and a newcomer both rely on.
#[test]
fn the_readme_names_the_two_commands() {
    let readme = std::fs::read_to_string(document("README.md")).unwrap();
    for command in ["cargo run --release --locked -- demo", "cargo test --locked"] {
        assert!(readme.lines().any(|line| line.starts_with(command)), "README.md lacks `{command}`");
    }
}

/// A document that names a file of the repository names one that exists.
#[test]
fn documents_name_files_that_exist() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/machine.md"] {
        let text = std::fs::read_to_string(document(name)).unwrap();
        for path in named_paths(&text) {
            assert!(document(path).exists(), "{name} names {path}, which does not exist");
        }
    }
}

fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| {
        ["src/", "tests/", "docs/", "migrations/"].iter().any(|folder| word.starts_with(folder))
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c))
    };
    text.split(['`', '(', ')', ' ', '\n', '|']).filter(is_path)
}

#[test]
fn the_marks_of_a_part_are_kept() {
    let text = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
    assert_eq!(with_part(text, "x", "new\n"), "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n");
    assert_eq!(
        named_paths("see `src/domain`, (docs/machine.md) and src/**").collect::<Vec<_>>(),
        ["src/domain", "docs/machine.md"]
    );
}
