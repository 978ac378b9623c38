//! The generated parts of the documents are what the code says. `SEATLESS_REGENERATE=1 cargo test --test documents`
//! writes them anew. What is promised names the tests that hold it.

use seatless::cloud::{Word, answer_rows};
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
         `src/domain/failure.rs` and the table of answers in `src/cloud/failures/rows`.\n\n\
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
    text.push_str(&answers());
    text
}

/// Which answer of which service leads to which code.
fn answers() -> String {
    let mut text = String::from(
        "\n## Answers\n\n\
         What Microsoft's services answer when a call does not succeed, and what Seatless makes of it. For each service the \
         rows are tried from top to bottom, after its own those of any service where the status decides; what no row knows \
         is a refusal that waits for a person. Where *known* says no, no document confirms status or code; such answers are \
         logged. `seatless explain` finds a row by the code of either side.\n",
    );
    let mut speaker = "";
    for row in answer_rows() {
        if row.speaker.as_str() != speaker {
            speaker = row.speaker.as_str();
            let _ = write!(
                text,
                "\n### {speaker}\n\n| status | its code | the message holds | code | why | known | source |\n|---|---|---|---|---|---|---|\n"
            );
        }
        let word = match row.word {
            Word::Any => "any".to_owned(),
            Word::Is(code) => format!("`{code}`"),
            Word::NoErrorBody => "no error body".to_owned(),
        };
        let status = Some(row.statuses_text()).filter(|text| !text.is_empty());
        let says = if row.says.is_empty() { String::new() } else { format!("`{}`", row.says) };
        let codes: Vec<String> = row.codes().iter().map(|code| format!("`{code}`")).collect();
        let codes = if codes.is_empty() { row.effect().to_owned() } else { codes.join(", of a write ") };
        let known = if row.confirmed { "yes" } else { "no" };
        let status = status.as_deref().unwrap_or("any");
        let _ = writeln!(
            text,
            "| {status} | {word} | {says} | {codes} | {} | {known} | {} |",
            row.cause, row.source
        );
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
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/machine.md",
        "docs/promises.md",
        "docs/operations.md",
    ] {
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

/// Whoever is on call types what stands there.
const RUNBOOK: &str = "docs/operations.md";

#[test]
fn the_runbook_names_commands_flags_and_codes_that_exist() {
    let text = std::fs::read_to_string(document(RUNBOOK)).unwrap();
    let commands = commands(&text);
    assert!(commands.len() > 30, "the page is read whole");
    let faults: Vec<String> = commands
        .iter()
        .filter_map(|command| fault_of_command(command).map(|fault| format!("`{command}`: {fault}")))
        .chain(unknown_codes(&text))
        .collect();
    assert!(faults.is_empty(), "{RUNBOOK}:\n  {}", faults.join("\n  "));
}

#[test]
fn a_command_a_flag_or_a_code_that_does_not_exist_is_seen() {
    let text = "See `seatless list`:\n```sh\nsudo -u seatless seatless -c a.toml show x   # how\nls\n```\n";
    assert_eq!(commands(text), ["seatless list", "seatless -c a.toml show x"]);
    let is_faulty = |command| fault_of_command(command).is_some();
    assert!(!is_faulty("seatless list --status blocked --code x.y"));
    assert!(!is_faulty("seatless -c a.toml credentials take --batch latest"));
    assert!(is_faulty("seatless lost"), "no such command");
    assert!(is_faulty("seatless list --stat"), "no such flag, though another begins so");
    assert!(is_faulty("seatless -x list"), "no such flag");
    assert!(is_faulty("seatless credentials lose"), "no such command below");
    assert_eq!(unknown_codes("`graph.no-seat` `graph.no-sea` `seatless.toml`").len(), 1);
}

/// What begins with `seatless`, between backticks or in a fence, up to a comment.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_fence = line == "```sh";
        } else if in_fence {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let line = line.strip_prefix("sudo -u seatless ").unwrap_or(line);
            found.extend(Some(line).filter(|line| line.starts_with("seatless ")).map(str::to_owned));
        } else {
            let quoted = line.split('`').skip(1).step_by(2);
            found.extend(quoted.filter(|code| code.starts_with("seatless ")).map(str::to_owned));
        }
    }
    found
}

/// Asks the binary for the help of each command on the way, and looks for every word and flag in it.
fn fault_of_command(command: &str) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut help = help_of(&path)?;
    let mut words = command.split_whitespace().skip(1);
    while let Some(word) = words.next() {
        let flag = word.split('=').next().unwrap_or(word);
        if flag.starts_with('-') && flag.len() > 1 {
            if !help.split([' ', ',', '\n']).any(|said| said == flag) {
                return Some(format!("`{}` has no {flag}", path.join(" ")));
            }
            if path.is_empty() {
                words.next();
            }
        } else if help.contains("\nCommands:\n") {
            path.push(word);
            let is_listed = help
                .lines()
                .any(|line| line.strip_prefix("  ").is_some_and(|line| line.split(' ').next() == Some(word)));
            if !is_listed {
                return Some(format!("there is no `{}`", path.join(" ")));
            }
            help = help_of(&path)?;
        }
    }
    None
}

fn help_of(path: &[&str]) -> Option<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_seatless")).args(path).arg("--help").output();
    Some(String::from_utf8(output.expect("the binary").stdout).expect("text"))
}

/// What looks like a code of ours and is none.
fn unknown_codes(text: &str) -> Vec<String> {
    let areas: std::collections::BTreeSet<&str> =
        Code::ALL.iter().filter_map(|code| Some(code.as_str().split_once('.')?.0)).collect();
    let looks_so = |word: &&str| {
        word.split_once('.').is_some_and(|(area, reason)| {
            areas.contains(area)
                && !reason.is_empty()
                && reason.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        })
    };
    let is_known = |word: &str| Code::ALL.iter().any(|code| code.as_str() == word);
    let config_keys = ["store.url"];
    let words = text.split(|c: char| c.is_whitespace() || "`()[],;".contains(c)).filter(looks_so);
    words
        .filter(|word| !is_known(word) && !config_keys.contains(word))
        .map(|word| format!("{word} is no code"))
        .collect()
}

/// Where the promises stand.
const PROMISES: &str = "docs/promises.md";

/// The heading from which on nothing is promised, and no test is needed.
const NOT_PROMISED: &str = "## What we do not promise";

#[test]
fn every_promise_names_a_test_that_is_there() {
    let text = std::fs::read_to_string(document(PROMISES)).unwrap();
    let faults = faults_of_promises(&text);
    assert!(faults.is_empty(), "{PROMISES}:\n  {}", faults.join("\n  "));
    assert!(bullets(&text).len() > 100, "the page is read whole");
}

/// A promise without a test, and a test that is not there. Links are followed in all of the page.
fn faults_of_promises(text: &str) -> Vec<String> {
    let Some((promised, rest)) = text.split_once(NOT_PROMISED) else {
        return vec![format!("no heading says {NOT_PROMISED:?}")];
    };
    let unheld = bullets(promised).into_iter().filter(|bullet| links(bullet).is_empty());
    let mut faults: Vec<String> = unheld.map(|bullet| format!("no test holds {bullet:?}")).collect();
    for bullet in bullets(promised).into_iter().chain(bullets(rest)) {
        faults.extend(links(&bullet).into_iter().filter_map(|(label, path)| fault_of_link(label, path)));
    }
    faults
}

/// The points of the lists, each in one line.
fn bullets(text: &str) -> Vec<String> {
    let mut bullets: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("- ") {
            bullets.push(line.to_owned());
            inside = true;
        } else if inside && line.starts_with("  ") {
            let bullet = bullets.last_mut().expect("it is inside of one");
            bullet.push(' ');
            bullet.push_str(line.trim());
        } else {
            inside = false;
        }
    }
    bullets
}

/// The links to tests: what they are called, and where they lead, seen from the folder of the page.
fn links(bullet: &str) -> Vec<(&str, &str)> {
    let marked = bullet.split("[`").skip(1).filter_map(|link| link.split_once("`]("));
    marked.filter_map(|(label, rest)| Some((label, rest.split_once(')')?.0))).collect()
}

fn fault_of_link(label: &str, path: &str) -> Option<String> {
    let Some((place, function)) = label.rsplit_once("::") else {
        return Some(format!("`{label}` names no function"));
    };
    let Some(file) = path.strip_prefix("../") else {
        return Some(format!("{path} does not start from the folder above"));
    };
    let Ok(source) = std::fs::read_to_string(document(file)) else {
        return Some(format!("{file} does not exist"));
    };
    let stem = file.trim_end_matches(".rs").trim_end_matches("/main").trim_end_matches("/mod");
    if stem.rsplit('/').next() != place.split(' ').next_back() {
        return Some(format!("`{label}` leads to {file}"));
    }
    let is_there = source.lines().any(|line| defines(line, function));
    (!is_there).then(|| format!("{file} has no `fn {function}(`"))
}

/// Whether a line of code begins a function of this name; one that only mentions it does not.
fn defines(line: &str, function: &str) -> bool {
    let line = line.trim_start();
    let line = ["pub ", "pub(crate) ", "pub(super) ", "async "]
        .iter()
        .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    line.strip_prefix("fn ")
        .and_then(|rest| rest.strip_prefix(function))
        .is_some_and(|rest| rest.starts_with('('))
}

#[test]
fn a_promise_that_nothing_holds_is_seen() {
    let here = "[`documents::a_promise_that_nothing_holds_is_seen`](../tests/documents.rs)";
    let faults =
        |promise: &str| faults_of_promises(&format!("# P\n\n- {promise}\n\n{NOT_PROMISED}\n\n- B.\n")).len();
    assert_eq!(faults(&format!("A.\n  {here}")), 0);
    assert_eq!(faults("A."), 1, "no link");
    assert_eq!(faults(&format!("A.\n- B.\n  {here}")), 1, "the link is that of the next one");
    assert_eq!(faults(&format!("A.\n\n  {here}")), 1, "the link stands beside it");
    assert_eq!(faults("A [page](../README.md)."), 1, "that is no test");
    assert_eq!(faults(&format!("A.\n  {here}, {}", here.replace("documents.rs", "gone.rs"))), 1);
    assert_eq!(faults(&here.replace("::a_promise_that", "::a_promise_which")), 1);
    assert_eq!(faults(&here.replace("::a_promise_that_nothing_holds_is_seen", "::a_promise")), 1);
    assert_eq!(faults(&here.replace("documents::", "document::")), 1);
    assert_eq!(faults(&here.replace("../", "")), 1);
    let below = format!("# P\n\n{NOT_PROMISED}\n\n- B {}.\n", here.replace("::a_", "::b_"));
    assert_eq!(faults_of_promises(&below).len(), 1, "a link is followed wherever it stands");
    assert_eq!(faults_of_promises("- A.").len(), 1, "nothing says where the promises end");
    assert!(defines("    pub async fn a(", "a") && !defines("// fn a(", "a") && !defines("fn ab(", "a"));
}
