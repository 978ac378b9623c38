//! The commands that look at requests, run as processes on a database that was filled through the ports.

mod doctor;
mod explain;
mod population;
mod shell;
mod simulate;
mod steering;

use population::{ADAS, BOBS, OTHERS, empty, populate};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, RwLock};
use tempfile::TempDir;

/// What a command left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            populate(&folder.path().join("seatless.db"));
            folder
        })
        .path()
}

fn command(folder: &Path, line: &str) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(PathBuf::from(env!("CARGO_BIN_EXE_seatless")));
    command.current_dir(folder).args(line.split_whitespace());
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "SEATLESS_CONFIG"] {
        command.env_remove(name);
    }
    command
}

/// Who owns a database in this process keeps it from being shared with a child that has not begun its program yet: such a
/// child would hold its lock for a moment longer.
static CHILDREN: RwLock<()> = RwLock::new(());

fn finish(mut command: assert_cmd::Command) -> Ran {
    let _no_owner = CHILDREN.read().unwrap();
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn run_in(folder: &Path, line: &str) -> Ran {
    finish(command(folder, line))
}

fn run(line: &str) -> Ran {
    run_in(folder(), line)
}

/// Standard output of a command that must succeed without a word beside it.
fn out(line: &str) -> String {
    let ran = run(line);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
    ran.out
}

fn json(line: &str) -> Value {
    serde_json::from_str(&out(line)).unwrap()
}

#[test]
fn the_table_shows_each_request_with_what_is_next_for_it() {
    assert_eq!(
        out("list"),
        "\
USER              ENVIRONMENT  STATE       STATUS     NEXT                                                                                                          UPDATED               ID
ada@contoso.com   dev          unlicensed  succeeded                                                                                                                2026-01-05 09:15:00Z  1a000000-0000-7000-8000-000000000001
bob@contoso.com   dev          requested   blocked    graph.name-taken: A user with this name exists already, and Seatless did not make it. Its object id is 5f3a.  2026-01-05 09:02:00Z  1a000000-0000-7000-8000-000000000003
cleo@contoso.com  dev          created     active     waits for a seat, 1 of 2, any moment                                                                          2026-01-05 09:02:00Z  1a000000-0000-7000-8000-000000000005
dora@contoso.com  prod         created     active     waits for a seat, 2 of 2, in about 11 min                                                                     2026-01-05 09:02:00Z  1a000000-0000-7000-8000-000000000007
eve@contoso.com   prod         requested   active     checking the environment now                                                                                  2026-01-05 09:02:00Z  1a000000-0000-7000-8000-000000000009
"
    );
}

/// The user names that a list holds, in its order.
fn names(line: &str) -> Vec<String> {
    let list = json(&format!("list {line} -o json"));
    assert_eq!(list["schema_version"], 1);
    let requests = list["requests"].as_array().unwrap();
    let name = |request: &Value| request["user_principal_name"].as_str().unwrap().replace("@contoso.com", "");
    requests.iter().map(name).collect()
}

#[test]
fn every_filter_selects() {
    assert_eq!(names(""), ["ada", "bob", "cleo", "dora", "eve"]);
    assert_eq!(names("--batch latest"), ["cleo", "dora", "eve"]);
    assert_eq!(names(&format!("--batch {BOBS}")), ["bob"]);
    assert_eq!(names("--batch 0a00"), ["ada"]);
    assert_eq!(names("--tenant contoso --environment prod"), ["dora", "eve"]);
    assert_eq!(names("--state created"), ["cleo", "dora"]);
    assert_eq!(names("--status blocked"), ["bob"]);
    assert_eq!(names("--code graph.name-taken"), ["bob"]);
    assert_eq!(names("--name D"), ["dora"]);
    assert_eq!(names("--after 1a000000-0000-7000-8000-000000000005"), ["dora", "eve"]);
    assert_eq!(names("--limit 0 --status active"), ["cleo", "dora", "eve"]);
}

#[test]
fn a_list_that_goes_on_says_so_beside_the_values() {
    let ran = run("list -n 2 -o jsonl");
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2));
    assert_eq!(
        ran.err,
        "There is more: go on with --after 1a000000-0000-7000-8000-000000000003, or list all with --limit 0.\n"
    );
    assert_eq!(run("list -n 5").err, "", "what is whole needs no word");
    let none = run("list --name nobody");
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (0, "", "No request is like that.\n"));
}

#[test]
fn a_request_in_json_has_no_absent_values_and_times_in_utc() {
    let list = json("list --name eve -o json");
    assert_eq!(
        list["requests"][0],
        serde_json::json!({
            "id": "1a000000-0000-7000-8000-000000000009",
            "batch": OTHERS,
            "tenant": "contoso",
            "environment": "prod",
            "user_principal_name": "eve@contoso.com",
            "display_name": "Integration eve",
            "state": "requested",
            "status": "active",
            "direction": "forward",
            "paused": false,
            "step": "check_environment",
            "due_at": "2026-01-06T09:02:00.000Z",
            "waits_for_seat": false,
            "trouble": {
                "code": "remote.unavailable",
                "message": "The service cannot be reached or is not available. The answer was 503.",
                "hint": "Seatless tries again; if it lasts, check the network and the addresses in the config.",
            },
            "attempts": 0,
            "license": "1e1a282c-9c54-43a2-9310-98ef728faace",
            "license_part_number": "DYN365_ENTERPRISE_SALES",
            "license_held": false,
            "slot_held": false,
            "on_existing": "block",
            "security_roles": ["Basic User"],
            "priority": 0,
            "note": "\u{1b}[2Jgone",
            "submitted_at": "2026-01-05T09:00:00.000Z",
            "entered_at": "2026-01-05T09:00:00.000Z",
            "updated_at": "2026-01-05T09:02:00.000Z",
            "next": {
                "kind": "due",
                "step": "check_environment",
                "at": "2026-01-06T09:02:00.000Z",
                "trouble": {
                    "code": "remote.unavailable",
                    "message": "The service cannot be reached or is not available. The answer was 503.",
                    "hint": "Seatless tries again; if it lasts, check the network and the addresses in the config.",
                },
            },
        })
    );
}

#[test]
fn csv_names_its_columns_and_can_do_nothing_to_a_terminal() {
    let csv = out("list --name eve -o csv");
    assert_eq!(
        csv,
        "\
id,batch,tenant,environment,user_principal_name,display_name,state,status,paused,step,due_at,code,message,hint,object_id,system_user_id,license,external_id,note,submitted_at,updated_at
1a000000-0000-7000-8000-000000000009,0c000000-0000-7000-8000-000000000000,contoso,prod,eve@contoso.com,Integration eve,requested,active,false,check_environment,2026-01-06T09:02:00.000Z,remote.unavailable,The service cannot be reached or is not available. The answer was 503.,\"Seatless tries again; if it lasts, check the network and the addresses in the config.\",,,DYN365_ENTERPRISE_SALES,,\\u{1b}[2Jgone,2026-01-05T09:00:00.000Z,2026-01-05T09:02:00.000Z
"
    );
    for line in [
        "list",
        "list --batches",
        "list --batches -o csv",
        "show eve@contoso.com",
        "show latest",
        "watch --once",
    ] {
        assert!(!run(line).out.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn batches_are_listed_latest_first() {
    assert_eq!(
        out("list --batches -o csv"),
        "\
id,source,actor,accepted_at,requests,active,blocked,succeeded,failed,cancelled
0c000000-0000-7000-8000-000000000000,the\\u{1b}[31mothers.csv,kim,2026-01-05T09:00:00.000Z,3,3,0,0,0,0
0b000000-0000-7000-8000-000000000000,bob.csv,kim,2026-01-05T09:00:00.000Z,1,0,1,0,0,0
0a000000-0000-7000-8000-000000000000,ada.csv,kim,2026-01-05T09:00:00.000Z,1,0,0,1,0,0
"
    );
    let one = run("list --batches -n 1 -o jsonl");
    assert_eq!(one.out.lines().count(), 1);
    assert_eq!(one.err, "There are more, and older ones: list all with --limit 0.\n");
}

#[test]
fn a_life_is_shown_as_a_timeline() {
    assert_eq!(
        out("show ada@contoso.com/dev"),
        "\
ada@contoso.com in dev
  request    1a000000-0000-7000-8000-000000000001
  batch      0a000000-0000-7000-8000-000000000000
  tenant     contoso
  state      unlicensed, succeeded
  license    DYN365_ENTERPRISE_SALES
  user       00000000-0000-0000-0000-00000b1ec702 in Microsoft Entra

2026-01-05 09:00:00Z          Submitted by kim
2026-01-05 09:01:00Z  +1 min  The environment can take it; its slot is reserved
2026-01-05 09:02:00Z  +1 min  The user exists
2026-01-05 09:03:00Z  +1 min  Its user was granted a seat
2026-01-05 09:03:00Z    +0 s  The user holds the license
2026-01-05 09:04:00Z          Asked for the user to be brought into the environment, 4 times, the last time at 09:07:00Z
2026-01-05 09:07:00Z  +4 min  The environment knows the user
2026-01-05 09:08:00Z  +1 min  The access mode is Non-interactive
2026-01-05 09:09:00Z  +1 min  The license is taken back
2026-01-05 09:15:00Z  +6 min  Verified: the account is as it was asked for

watch: The first look is due at 2026-01-05 10:15:00Z.
"
    );
}

#[test]
fn a_blocked_one_says_what_to_do_and_whom_to_ask() {
    let shown = out("show bob@contoso.com");
    assert!(
        shown.ends_with(
            "\
2026-01-05 09:02:00Z          Began to create the user
2026-01-05 09:02:00Z  +1 min  Blocked until a person acts
                              A user with this name exists already, and Seatless did not make it. Its object id is 5f3a. [graph.name-taken]
                              remote request ids: bob-7, bob-create_user

next: Nothing, until a person acts.
      To do (whoever submitted the request): Cancel the request and submit it with another user name, or with on_existing: adopt if this very user shall become the account.
      More about it: `seatless explain graph.name-taken`.
"
        ),
        "{shown}"
    );
}

#[test]
fn one_that_waits_says_for_what() {
    let tail = |line: &str| {
        let text = out(line);
        text.split_once("\nnext: ").unwrap().1.to_owned()
    };
    let idle = "      No daemon runs, so nothing moves; start one with `seatless run`.\n";
    assert_eq!(
        tail("show cleo@contoso.com"),
        format!("It waits for a seat of DYN365_ENTERPRISE_SALES: place 1 of 2, any moment.\n{idle}")
    );
    assert_eq!(
        tail("show dora@contoso.com"),
        format!("It waits for a seat of DYN365_ENTERPRISE_SALES: place 2 of 2, in about 11 min.\n{idle}")
    );
    assert_eq!(
        tail("show eve@contoso.com"),
        format!(
            "Checking the environment: due since 2026-01-06 09:02:00Z.\n      \
             Last: The service cannot be reached or is not available. The answer was 503. [remote.unavailable]\n{idle}"
        )
    );
    let shown = json("show cleo@contoso.com -o json");
    assert_eq!(
        shown["next"],
        serde_json::json!({
            "kind": "seat", "license": "DYN365_ENTERPRISE_SALES", "place": 1, "of": 2, "about_seconds": 0
        })
    );
    assert_eq!(shown["timeline"][2]["waited_seconds"], 60.0);
}

#[test]
fn a_batch_is_shown_with_what_holds_it_up() {
    assert_eq!(
        out("show 0b00"),
        "\
bob.csv
  batch      0b000000-0000-7000-8000-000000000000
  submitted  2026-01-05 09:00:00Z by kim
  progress   ████████████████████ 1 of 1 settled (100%)
  requests   1 blocked

1 blocked: graph.name-taken  A user with this name exists already, and Seatless did not make it. Its object id is 5f3a.
  to do (whoever submitted the request): Cancel the request and submit it with another user name, or with on_existing: adopt if this very user shall become the account.
  bob@contoso.com/dev
List them with `seatless list --batch 0b000000-0000-7000-8000-000000000000 --status blocked`; try one again with `seatless retry ID`.
"
    );
    let latest = json("show latest -o json");
    assert_eq!(latest["batch"]["id"], OTHERS);
    assert_eq!(latest["progress"]["by_status"]["active"], 3);
    assert_eq!(latest["reasons"], serde_json::json!([]));
}

#[test]
fn a_name_that_means_nothing_is_refused_with_a_hint() {
    for (line, err) in [
        (
            "show nobody@contoso.com",
            "error: no request and no batch is called \"nobody@contoso.com\"\nhint: give an id, the first characters \
             of one, or a user name with /environment behind it; `seatless list` shows them\n",
        ),
        (
            "wait beef",
            "error: no batch is called \"beef\"\nhint: give its id, the first characters of it, or latest; \
             `seatless list --batches` shows them\n",
        ),
    ] {
        let ran = run(line);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", err), "{line}");
    }
    let ran = run("show 1a00");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("names several requests: 1a000000-0000-7000-8000-000000000001 (ada@"),
        "{}",
        ran.err
    );
    for line in [
        "list --after x",
        "list --state x",
        "list --status x",
        "list --code x.y",
        "list --batch 0d00",
        "watch 0d00",
    ] {
        assert_eq!(run(line).code, 2, "{line}");
    }
}

#[test]
fn waiting_ends_with_a_number_that_scripts_understand() {
    let good = run(&format!("wait {ADAS}"));
    assert_eq!((good.code, good.out.as_str(), good.err.as_str()), (0, "1 request: 1 succeeded.\n", ""));
    let blocked = run("wait 0b00");
    assert_eq!((blocked.code, blocked.err.as_str()), (3, ""));
    assert!(
        blocked.out.starts_with("1 request: 1 blocked.\n1 blocked: graph.name-taken  "),
        "{}",
        blocked.out
    );
    let late = run("wait latest --timeout 0s");
    assert_eq!(late.code, 6);
    assert_eq!(
        late.out,
        "The time is over: 0 of 3 requests have settled (3 active). A daemon goes on with the others.\n"
    );
    assert_eq!(
        late.err,
        "No daemon runs on sqlite:seatless.db, so nothing moves; start one with `seatless run`.\n"
    );
    let all = run("wait --timeout 0s -o json");
    let report: Value = serde_json::from_str(&all.out).unwrap();
    assert_eq!((all.code, &report["verdict"]), (6, &Value::from("timed_out")));
    assert_eq!(report["progress"]["settled_share"], 0.4);
    assert_eq!(report["reasons"][0]["names"][0], "bob@contoso.com/dev");
    assert_eq!(
        run("wait 0b00 -o csv").out,
        "batch,verdict,requests,active,blocked,succeeded,failed,cancelled\n\
         0b000000-0000-7000-8000-000000000000,partial,1,0,1,0,0,0\n"
    );
}

#[test]
fn the_counts_begin_with_what_a_seat_costs() {
    assert_eq!(
        out("stats"),
        "\
contoso: 6 min held per seat, over 1 seat returned; 54 min saved against the fixed hour.
contoso: 4 min from license to environment on average, over 1 account; 56 min saved each.

TENANT   ENVIRONMENT  ACTIVE  BLOCKED  SUCCEEDED  FAILED  CANCELLED  TOTAL
contoso  dev               1        1          1       0          0      3
contoso  prod              2        0          0       0          0      2

POOL   TENANT   OF                       CAPACITY  OTHERS  HELD  FREE  WAITING  CLEARED IN    READ
seats  contoso  DYN365_ENTERPRISE_SALES        25      24     1     0        2  about 11 min  2026-01-05 09:00:00Z
slots  contoso  dev                             7       1     3     3        0                2026-01-05 09:00:00Z
slots  contoso  prod                            7       1     1     5        0                2026-01-05 09:00:00Z

LANES IN TROUBLE
checking the environment in prod, the last 2 groups failed: The service cannot be reached or is not available. The answer was 503. [remote.unavailable]
"
    );
    let stats = json("stats -o json");
    assert_eq!(stats["schema_version"], 1);
    assert_eq!(stats["efficiency"][0]["seat_minutes_average"], 6.0);
    assert_eq!(stats["pools"][0]["waiting"], 2);
    assert_eq!(stats["pools"][0]["cleared_in_seconds"], 660);
    let csv = out("stats -o csv");
    assert!(csv.contains("\nseats,contoso,DYN365_ENTERPRISE_SALES,free,0\n"), "{csv}");
    let lines = out("stats -o jsonl");
    let sections: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(sections.iter().any(|line| line["section"] == "lanes" && line["failed_groups"] == 2), "{lines}");
}

#[test]
fn the_picture_shows_who_stopped_and_what_happened_last() {
    let picture = out("watch --once");
    for part in [
        "No daemon runs, so nothing moves; start one with `seatless run`.\n",
        "████████████████························ 2 of 5 settled (40%)\n1 succeeded, 3 active, 1 blocked\n",
        "created         ████████████████························ 2\n",
        "    1 blocked graph.name-taken  A user with this name exists already, and Seatless did not make it.\n      \
         to do (whoever submitted the request): Cancel the request and submit it with another user name",
        "LATEST\n2026-01-05 09:15:00Z  ada@contoso.com/dev  Verified: the account is as it was asked for\n",
    ] {
        assert!(picture.contains(part), "{part:?} is missing in\n{picture}");
    }
    assert!(!picture.contains("slots"), "slots that are not short say nothing:\n{picture}");
    let one = out("watch 0b00 --once");
    assert!(one.contains("bob@contoso.com/dev") && !one.contains("ada@contoso.com"), "{one}");
}

#[test]
fn colors_are_shown_where_they_are_wanted() {
    let with = |name: &str, value: &str| {
        let mut command = command(folder(), "list --status blocked");
        command.env(name, value);
        if name == "NO_COLOR" {
            command.env("CLICOLOR_FORCE", "1");
        }
        finish(command).out
    };
    assert!(with("CLICOLOR_FORCE", "1").contains("\u{1b}[31mblocked\u{1b}[0m"));
    assert!(!with("CLICOLOR_FORCE", "0").contains('\u{1b}'));
    assert!(!with("NO_COLOR", "1").contains('\u{1b}'), "the wish for none is the stronger one");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    for line in [
        "list",
        "list -o csv",
        "list -o jsonl",
        "list --batches -o json",
        "show 0b00",
        "stats",
        "watch --once",
        "watch",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_seatless"))
            .current_dir(folder())
            .args(line.split_whitespace())
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn an_empty_database_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    empty(&folder.path().join("seatless.db"));
    let nothing = "Nothing was submitted yet; `seatless submit FILE` does it.\n";
    for line in ["list", "list --batches"] {
        let ran = run_in(folder.path(), line);
        assert_eq!((ran.code, ran.err.as_str()), (0, nothing), "{line}");
    }
    let list: Value = serde_json::from_str(&run_in(folder.path(), "list -o json").out).unwrap();
    assert_eq!(list, serde_json::json!({ "schema_version": 1, "requests": [] }));
    assert_eq!(run_in(folder.path(), "stats").out, "Nothing was submitted yet.\n");
    assert_eq!(run_in(folder.path(), "wait").out, "There is nothing to wait for.\n");
    let latest = run_in(folder.path(), "wait latest");
    assert_eq!(latest.code, 2);
    assert_eq!(
        latest.err,
        "error: no batch was submitted yet\nhint: submit a list with `seatless submit FILE`\n"
    );
    assert_eq!(run_in(folder.path(), "watch --once").code, 0);
}

#[test]
fn a_missing_database_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["list", "show x", "watch", "wait", "stats"] {
        let ran = run_in(folder.path(), line);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line}");
        assert_eq!(
            ran.err,
            "error: there is no database at seatless.db yet\nhint: submit a list with `seatless submit FILE`, or name \
             another database with --store or in the config\n"
        );
    }
    assert!(!folder.path().join("seatless.db").exists(), "looking makes nothing");
}
