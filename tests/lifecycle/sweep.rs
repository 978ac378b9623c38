//! What our calls may have left in the cloud is found and taken back, and nothing else is touched.

use super::bed::rig::{Rig, reason};
use super::bed::scene::{SALES, rig};
use super::bed::wire::Kind;
use seatless::domain::{Code, EventKind, State};
use seatless::simulator::{Act, Faults};
use seatless::store::{FindingKind, Sweeps};
use std::time::Duration;

const UPN: &str = "svc-a@contoso.example";

fn contoso() -> String {
    "contoso".to_owned()
}

fn licenses(rig: &Rig, name: &str) -> usize {
    rig.user(name)["licenses"].as_array().map_or(0, Vec::len)
}

/// Writes are reset at once, and carried out much later, though within the life of a token.
fn very_late() -> Faults {
    Faults {
        land_late: 1.0,
        late_seconds_min: 1_500.0,
        late_seconds_max: 3_000.0,
        count_max: Some(1),
        ..Faults::default()
    }
}

/// Has the first assignment get lost on the way, to be carried out once nobody waits for it any more.
async fn account_whose_first_assignment_is_late() -> Rig {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    let mut rig = scene.start().await;
    rig.run_until_all_are(State::Created).await;
    rig.simulator.set_faults(very_late());
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    assert_eq!(rig.applied(Kind::Assign), 1, "the second assignment, since the first is still on its way");
    rig
}

#[tokio::test]
async fn an_assignment_that_lands_after_the_end_is_taken_back() {
    let mut rig = account_whose_first_assignment_is_late().await;
    rig.clock.advance(Duration::from_secs(3_000));
    assert_eq!(licenses(&rig, "svc-a"), 1, "it has landed");
    let standings = rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 0);
    assert_eq!((standings[0].removed, standings[0].findings.len()), (1, 0));
    let request = rig.member("svc-a").await.request.id;
    let swept: Vec<EventKind> =
        rig.history(request).await.iter().rev().take(2).map(|event| event.kind).collect();
    assert_eq!(swept, [EventKind::Swept, EventKind::Begun], "recorded before it was sent");
    rig.look_at_rest().await;
}

#[tokio::test]
async fn what_an_assignment_may_explain_is_over_after_a_day() {
    let mut rig = account_whose_first_assignment_is_late().await;
    rig.clock.advance(Duration::from_secs(3_000));
    rig.person(Act::RemoveLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    rig.clock.advance(rig.policy.recheck);
    rig.sweep().await;
    rig.person(Act::AddLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    let standings = rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 1, "it is somebody else's by now");
    assert_eq!(standings[0].findings[0].kind, FindingKind::LicenseForeign);
}

#[tokio::test]
async fn a_license_that_a_person_gave_to_a_finished_account_is_reported_and_stays() {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    let mut rig = scene.run_to_rest().await;
    rig.person(Act::AddLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    let standings = rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 1);
    let finding = &standings[0].findings[0];
    assert_eq!(
        (finding.kind, finding.failure.code),
        (FindingKind::LicenseForeign, Code::GraphLicenseForeign)
    );
    assert_eq!(finding.user_principal_name, UPN);
    let first_found = finding.found_at;
    rig.clock.advance(Duration::from_secs(300));
    assert_eq!(rig.sweep().await[0].findings[0].found_at, first_found, "it is the same finding");
    rig.person(Act::RemoveLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    assert_eq!(rig.sweep().await[0].findings, []);
}

#[tokio::test]
async fn a_request_on_its_way_keeps_its_license() {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    let mut rig = scene.start().await;
    for state in [State::Licensed, State::Propagated, State::NonInteractive] {
        rig.run_until_all_are(state).await;
        let standings = rig.sweep().await;
        assert_eq!(licenses(&rig, "svc-a"), 1, "at {state}");
        assert_eq!((standings[0].removed, standings[0].findings.len()), (0, 0), "at {state}");
    }
    rig.run_to_rest().await;
    assert_eq!(rig.applied(Kind::Assign), 1);
}

#[tokio::test]
async fn a_user_with_our_marker_that_nobody_knows_is_reported_and_left_alone() {
    let scene = rig()
        .tenant("contoso")
        .seats(1)
        .somebody("stray", |_| {})
        .environment("dev")
        .request("svc-a")
        .without_lags();
    let mut rig = scene.run_to_rest().await;
    let of_ours = rig.user("svc-a")["marker"].as_str().expect("a marker").to_owned();
    let mut parts: Vec<&str> = of_ours.split(':').collect();
    parts[2] = "00000000-0000-4000-8000-00000000dead";
    let marker = Some(parts.join(":"));
    rig.person(Act::SetMarker { tenant: contoso(), user: "stray@contoso.example".to_owned(), marker });
    let before = rig.user("stray");
    let standings = rig.sweep().await;
    let finding = &standings[0].findings[0];
    assert_eq!((finding.kind, finding.failure.code), (FindingKind::Orphan, Code::SweepOrphan));
    assert_eq!(rig.user("stray"), before);
}

#[tokio::test]
async fn a_restore_of_a_user_that_was_deleted_with_its_license_is_noticed() {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    let mut rig = scene.start().await;
    rig.run_until_all_are(State::NonInteractive).await;
    rig.person(Act::DeleteUser { tenant: contoso(), user: UPN.to_owned() });
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.user-gone");
    rig.sweep().await;
    rig.clock.advance(Duration::from_secs(29 * 86_400));
    rig.sweep().await;
    rig.person(Act::RestoreUser { tenant: contoso(), user: UPN.to_owned() });
    assert_eq!(licenses(&rig, "svc-a"), 1, "the license comes back with the user");
    rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 0);
}

#[tokio::test]
async fn a_cloud_that_cannot_be_seen_is_said_and_changes_no_finding() {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    let mut rig = scene.run_to_rest().await;
    rig.person(Act::AddLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    rig.sweep().await;
    rig.simulator.set_faults(Faults { error_before_commit: 1.0, ..Faults::default() });
    let standings = rig.sweep().await;
    assert!(standings[0].failure.is_some());
    assert_eq!(standings[0].findings.len(), 1, "what was found is not known to be gone");
    assert_eq!(rig.store.sweeps().await.expect("readable"), standings);
}

#[tokio::test]
async fn a_sweep_that_is_killed_anywhere_is_made_up_for_by_the_next() {
    for point in 1..=12 {
        let mut rig = account_whose_first_assignment_is_late().await;
        rig.clock.advance(Duration::from_secs(3_000));
        assert_eq!(licenses(&rig, "svc-a"), 1, "it has landed");
        rig.fuse.set(point);
        rig.sweep().await;
        assert_eq!(licenses(&rig, "svc-a"), 0, "killed at {point}");
        rig.look_at_rest().await;
    }
}

/// The app may read, and take no license back.
fn permissions(rig: &Rig, roles: &[&str]) -> Act {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Act::SetAppRoles { tenant: contoso(), client_id: rig.app(), roles }
}

#[tokio::test]
async fn a_license_that_cannot_be_taken_back_for_days_is_ours_all_the_same() {
    let mut rig = account_whose_first_assignment_is_late().await;
    rig.clock.advance(Duration::from_secs(7_200));
    rig.person(permissions(&rig, &["User.Read.All", "Organization.Read.All"]));
    for _ in 0..3 {
        rig.clock.advance(rig.policy.recheck);
        let standing = rig.sweep().await.remove(0);
        let findings: Vec<FindingKind> = standing.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(findings, [FindingKind::LicenseLeft], "{standing:?}");
    }
    let all = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"];
    rig.person(permissions(&rig, &all));
    rig.clock.advance(Duration::from_secs(7_200));
    assert_eq!(rig.sweep().await[0].findings, []);
    assert_eq!(licenses(&rig, "svc-a"), 0);
    rig.sweep().await;
    rig.person(Act::AddLicense { tenant: contoso(), user: UPN.to_owned(), part_number: SALES.to_owned() });
    rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 1, "what it explained is over");
}

#[tokio::test]
async fn a_day_in_which_no_cloud_could_be_seen_ends_no_explanation() {
    let mut rig = account_whose_first_assignment_is_late().await;
    rig.clock.advance(Duration::from_secs(3_000));
    assert_eq!(licenses(&rig, "svc-a"), 1, "it has landed");
    rig.simulator.set_faults(Faults { error_before_commit: 1.0, ..Faults::default() });
    rig.clock.advance(rig.policy.recheck);
    assert!(rig.sweep().await[0].failure.is_some());
    rig.simulator.set_faults(Faults::default());
    rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 0);
}
