//! `seatless explain`, and that whatever blocks a request is shown with its remedy.

use crate::population::blocked_by;
use crate::{json, out, run, run_in};
use seatless::domain::Code;

#[test]
fn a_code_is_explained_with_its_remedy_and_the_answers_that_lead_to_it() {
    assert_eq!(
        out("explain graph.no-seat"),
        "\
graph.no-seat
  No license unit is free.
  To do (an administrator of the tenant): Seatless waits for a seat; more seats, or unassigning unused ones, end the wait sooner.
  Seatless tries again by itself.

Answers that mean this:
  Microsoft Graph: HTTP 400, 409, saying \"does not have any available licenses\"
    All units of the subscription are in use. The call is refused.
    API notes §2.6; seen in public code and issue threads
"
    );
    // Whoever reads Microsoft's message has Microsoft's code at hand.
    for text in ["AADSTS7000222", "7000222", "sign-in.secret-expired"] {
        let explained = json(&format!("explain {text} -o json"));
        assert_eq!(explained["schema_version"], 1);
        assert_eq!(explained["codes"][0]["code"], "sign-in.secret-expired");
        assert_eq!(explained["codes"][0]["who"], "tenant-admin");
        assert_eq!(explained["answers"][0]["remote_code"], "7000222");
    }
    assert!(out("explain 0x8004A113").starts_with("dataverse.admin-mode\n"));
}

#[test]
fn all_codes_are_listed_and_an_unknown_one_names_the_nearest() {
    let list = out("explain");
    for code in Code::ALL {
        assert!(list.lines().any(|line| line.starts_with(&format!("{code} "))), "{code}");
    }
    assert_eq!(json("explain -o json")["codes"].as_array().unwrap().len(), Code::ALL.len());
    assert_eq!(out("explain -o csv").lines().count(), Code::ALL.len() + 1);
    let ran = run("explain graph.no-seats");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "error: no failure is called \"graph.no-seats\"\nhint: did you mean graph.no-seat?\n"
    );
    assert!(run("explain zzz").err.ends_with("hint: `seatless explain` alone lists all codes\n"));
}

#[test]
fn whatever_blocks_a_request_is_shown_with_what_to_do_and_who_can() {
    let areas = ["sign-in", "graph", "dataverse", "powerplatform", "remote", "machine"];
    let blocks = |code: &&Code| {
        let area = code.as_str().split_once('.').unwrap().0;
        areas.contains(&area) && !code.row().retryable
    };
    let codes: Vec<Code> = Code::ALL.iter().filter(blocks).copied().collect();
    let folder = tempfile::tempdir().unwrap();
    blocked_by(&folder.path().join("seatless.db"), &codes);
    for code in codes {
        let place = Code::ALL.iter().position(|known| *known == code).unwrap();
        let shown = run_in(folder.path(), &format!("show code-{place}@contoso.com")).out;
        let row = code.row();
        assert!(shown.contains(&format!("{} It said so. [{code}]", row.sentence)), "{shown}");
        let to_do = shown.split_once("      To do (").expect("something to do").1;
        assert!(to_do.contains(&format!("): {}\n", row.hint)), "{shown}");
        assert!(to_do.contains(&format!("`seatless explain {code}`")), "{shown}");
    }
}
