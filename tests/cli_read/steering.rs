//! Orders for many requests, by processes that find no daemon.

use super::population::{OTHERS, opened_by_a_process_that_ended, populate};
use super::{Ran, command, finish, run_in};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    populate(&folder.path().join("seatless.db"));
    folder
}

fn names(folder: &Path, line: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(&run_in(folder, &format!("list {line} -o json")).out).unwrap();
    let requests = list["requests"].as_array().unwrap();
    let name = |request: &Value| request["user_principal_name"].as_str().unwrap().replace("@contoso.com", "");
    requests.iter().map(name).collect()
}

fn operations(folder: &Path) -> Vec<Value> {
    let list: Value = serde_json::from_str(&run_in(folder, "operations list -o json").out).unwrap();
    list["operations"].as_array().unwrap().clone()
}

#[test]
fn a_filter_by_text_age_and_pause_selects_as_the_others_do() {
    let folder = place();
    let folder = folder.path();
    assert_eq!(names(folder, "--text CLEO"), ["cleo"]);
    assert_eq!(names(folder, "--text integration --status active"), ["cleo", "dora", "eve"]);
    assert_eq!(names(folder, "--newer 1h"), [""; 0]);
    assert_eq!(names(folder, "--older 1h --state requested"), ["bob", "eve"]);
    assert_eq!(names(folder, "--paused"), [""; 0]);
}

#[test]
fn what_a_filter_selects_is_shown_and_done_only_after_a_second_look() {
    let folder = place();
    let folder = folder.path();
    let unasked = run_in(folder, &format!("pause --batch {OTHERS}"));
    assert_eq!((unasked.code, unasked.out.as_str()), (2, ""));
    assert_eq!(
        unasked.err,
        format!(
            "\
batch {OTHERS}: pause 3 requests.
  1 at requested, 2 at created
  1a000000-0000-7000-8000-000000000005  cleo@contoso.com in dev: active at created
  1a000000-0000-7000-8000-000000000007  dora@contoso.com in prod: active at created
  1a000000-0000-7000-8000-000000000009  eve@contoso.com in prod: active at requested
error: nothing was done: there is no terminal to ask at
hint: look at the list above, then repeat the command with --yes
"
        )
    );
    assert_eq!(names(folder, "--paused"), [""; 0]);
    let tried = run_in(folder, "pause --all --dry-run");
    assert_eq!((tried.code, names(folder, "--paused").len()), (0, 0));
    assert!(tried.err.contains("all requests: pause 4 requests."), "{}", tried.err);
    assert!(tried.err.contains("it does not apply to 1: it has ended"), "{}", tried.err);
}

#[test]
fn a_pause_of_what_a_filter_selects_is_kept_with_who_and_why_and_taken_back() {
    let folder = place();
    let folder = folder.path();
    let mut paused = command(folder, &format!("pause --batch {OTHERS} --yes --reason"));
    paused.arg("change freeze");
    let paused = finish(paused);
    assert_eq!(paused.code, 0, "{}", paused.err);
    assert!(paused.out.ends_with(": 3 of 3 done, 0 refused, 0 dropped\n"), "{}", paused.out);
    assert_eq!(names(folder, "--paused"), ["cleo", "dora", "eve"]);
    let kept = operations(folder).remove(0);
    assert_eq!((&kept["verb"], &kept["standing"]), (&Value::from("pause"), &Value::from("done")));
    assert_eq!(kept["reason"], "change freeze");
    assert_eq!(kept["selection"], format!("batch {OTHERS}"));
    assert_eq!(kept["actor"]["origin"], "cli");
    let id = kept["id"].as_str().unwrap();
    let shown = run_in(folder, &format!("operations show {id}"));
    assert_eq!(
        shown.out.lines().filter(|line| line.starts_with("1a00") && line.ends_with("  done")).count(),
        3,
        "{}",
        shown.out
    );
    let page = run_in(folder, "show cleo@contoso.com").out;
    assert!(page.contains("active, paused"), "{page}");
    assert!(page.contains(": change freeze, operation "), "{page}");
    assert!(page.contains("Its deadlines go on counting."), "{page}");

    let Ran { code, .. } = run_in(folder, "resume --environment prod --yes");
    assert_eq!((code, names(folder, "--paused")), (0, vec!["cleo".to_owned()]));
    let nothing = run_in(folder, "resume --environment prod --yes");
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""));
    assert!(nothing.err.contains("it does not apply to 2: it is not paused"), "{}", nothing.err);
    assert_eq!(operations(folder).len(), 2, "an order for nobody is none");
}

#[test]
fn named_requests_are_refused_one_by_one() {
    let folder = place();
    let folder = folder.path();
    let one = run_in(folder, "pause cleo@contoso.com");
    assert_eq!(one.code, 0, "{}", one.err);
    assert_eq!(
        one.out,
        "1a000000-0000-7000-8000-000000000005  cleo@contoso.com in dev: is paused, active at created\n"
    );
    let mut both = command(folder, "pause --ids - --yes");
    both.write_stdin("cleo@contoso.com\ndora@contoso.com\n");
    let both = finish(both);
    assert_eq!(both.code, 3, "{}", both.err);
    assert!(both.out.contains(": 1 of 2 done, 1 refused, 0 dropped\n"), "{}", both.out);
    assert!(both.out.contains("000000000005: it is paused already"), "{}", both.out);
    assert_eq!(names(folder, "--paused"), ["cleo", "dora"]);
    for line in ["pause", "pause cleo@contoso.com --status active"] {
        assert_eq!(run_in(folder, line).code, 2, "{line}");
    }
}

#[test]
fn what_a_process_left_undone_the_next_command_finishes() {
    let folder = place();
    let folder = folder.path();
    let database = folder.join("seatless.db");
    let first = opened_by_a_process_that_ended(&database);
    let standing = |place: usize| operations(folder)[place]["standing"].clone();
    assert_eq!(standing(0), "running");
    assert_eq!(run_in(folder, "resume --name cleo --paused --yes").code, 0);
    assert_eq!(standing(0), "running", "nobody was selected, so nothing was opened");
    let ran = run_in(folder, "cancel --name eve --yes");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((standing(0), standing(1)), (Value::from("done"), Value::from("done")));
    assert_eq!(names(folder, "--paused"), ["cleo", "dora"]);

    let second = opened_by_a_process_that_ended(&database);
    assert_ne!(first, second);
    let dropped = run_in(folder, &format!("operations cancel {second}"));
    assert_eq!((dropped.code, standing(0)), (0, Value::from("called off")), "{}", dropped.err);
}
