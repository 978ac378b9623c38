//! How many HTTP calls an account costs.

#[path = "bed"]
mod bed {
    pub(crate) mod calls;
    pub(crate) mod crowd;
    pub(crate) mod database;
    pub(crate) mod findings;
    pub(crate) mod hand_clock;
}

use bed::calls::{self, CROWD, brisk};
use bed::findings::Findings;
use seatless::simulator::Delays;
use std::process::ExitCode;

/// Calls per finished account.
const OTHERS_MAX: f64 = 1.5;
const ADD_USER_MAX: f64 = 3.0;

#[tokio::main]
async fn main() -> ExitCode {
    let mut findings = Findings::of("calls");
    let counted = calls::count(brisk(Delays::none())).await;
    show(&findings, &counted);
    findings.at_least("finished accounts", counted.succeeded as f64, f64::from(CROWD.requests), "");
    findings.at_most("calls per account apart from addUser", counted.others(), OTHERS_MAX, "");
    findings.at_most("addUser per account", counted.add_user(), ADD_USER_MAX, "");
    findings.note("seat held", counted.seat_seconds, "s");
    findings.note("all finished after", counted.took.as_secs_f64(), "s");
    findings.say("The same with a directory that shows a new user only after up to 60 s:");
    let counted = calls::count(brisk(Delays::default())).await;
    show(&findings, &counted);
    findings.note("slow directory: calls per account apart from addUser", counted.others(), "");
    findings.note("slow directory: addUser per account", counted.add_user(), "");
    findings.note("slow directory: seat held", counted.seat_seconds, "s");
    findings.end()
}

fn show(findings: &Findings, counted: &calls::Counted) {
    for (service, kinds) in &counted.calls {
        for (kind, count) in kinds {
            findings.say(&format!("{count:>6} {service} {kind}"));
        }
    }
}
