//! What we send and what the simulator answers, beside the descriptions that Microsoft publishes.

use crate::bed::rig::Rig;
use crate::bed::scene::rig;
use crate::contracts::{Contracts, Exchange, listed};
use seatless::domain::{Command, State};
use seatless::simulator::{Act, Faults};

/// The described routes that we use.
const USED: [&str; 10] = [
    "GET /subscribedSkus",
    "GET /systemusers",
    "GET /users",
    "GET /users/{user-id}",
    "PATCH /systemusers({ownerid})",
    "PATCH /users/{user-id}",
    "POST /$batch",
    "POST /users",
    "POST /users/{user-id}/assignLicense",
    "DELETE /users/{user-id}",
];

#[tokio::test]
async fn requests_and_answers_are_as_microsoft_describes_them() {
    let Some(contracts) = Contracts::at_hand() else { return };
    let mut lives: Vec<Rig> = Vec::new();

    let straight = rig()
        .tenant("contoso")
        .seats(2)
        .somebody("svc-taken", |_| {})
        .somebody("svc-old", |_| {})
        .environment("dev")
        .requests(&["svc-a", "svc-b", "svc-taken"])
        .request("svc-old")
        .that_adopts()
        .environment("test")
        .request("svc-a")
        .in_unit("Sales")
        .request("svc-c")
        .with_role("Nobody");
    let mut straight = recorded(straight.start().await).await;
    straight.sweep().await;
    lives.push(straight);

    for state in [State::Licensed, State::Unlicensed] {
        let mut undone = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
        undone.record_exchanges();
        undone.run_until_all_are(state).await;
        undone.order("svc-a", Command::CancelAndDelete).await;
        lives.push(recorded(undone).await);
    }

    let mut disabled = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    disabled.record_exchanges();
    disabled.run_until_all_are(State::NonInteractive).await;
    disabled.order("svc-a", Command::Cancel).await;
    lives.push(recorded(disabled).await);

    let mut gone = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    gone.record_exchanges();
    gone.run_until_all_are(State::NonInteractive).await;
    gone.person(Act::DeleteUser { tenant: "contoso".to_owned(), user: "svc-a@contoso.example".to_owned() });
    lives.push(recorded(gone).await);

    for name in ["throttle", "conflict", "revoked", "errors"] {
        let faults = Faults::named(name).expect("faults of that name");
        let rough = rig().tenant("contoso").seats(1).environment("dev").requests(&["svc-a", "svc-b"]);
        lives.push(recorded(rough.with_faults(faults).start().await).await);
    }

    let mut exchanges = Vec::new();
    for life in &lives {
        let kept = life.exchanges();
        exchanges.extend(kept.iter().map(|(request, answer)| Exchange::new(request, answer)));
    }
    let findings = contracts.judge(exchanges);
    assert!(findings.faults.is_empty(), "{}", findings.faults.join("\n"));
    let unlisted: Vec<_> = findings.undescribed.difference(&listed()).cloned().collect();
    assert!(unlisted.is_empty(), "neither described nor listed in docs/simulator.md: {unlisted:#?}");
    assert!(USED.iter().all(|route| contracts.routes().contains(*route)), "{:?}", contracts.routes());
    let unused: Vec<_> = USED.iter().filter(|route| !findings.used.contains_key(**route)).collect();
    assert!(unused.is_empty(), "these were not tried: {unused:?}; these were: {:?}", findings.used);
}

async fn recorded(mut rig: Rig) -> Rig {
    rig.record_exchanges();
    rig.run_to_rest().await;
    rig
}
