//! Calling off, from every state: everything that was taken is given back, and nothing else is touched.

use crate::bed::rig::reason;
use crate::bed::scene::rig;
use crate::bed::wire::Kind;
use seatless::domain::{Command, EventKind, State};
use seatless::simulator::Faults;
use serde_json::Value;

#[tokio::test]
async fn whatever_is_called_off_is_given_back() {
    for state in State::ALL {
        let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
        rig.run_until_all_are(*state).await;
        rig.order("svc-a", Command::Cancel).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a").await), "cancelled", "{state}\n{}", rig.story().await);
        let left: Vec<Value> = rig.users("svc-a");
        if *state < State::Propagated {
            assert!(left.is_empty(), "called off at {state}, the user is deleted: {left:?}");
        } else {
            assert_eq!(left.len(), 1, "called off at {state}, the user is kept");
            assert_eq!(left[0]["account_enabled"], false, "called off at {state}, it is disabled");
        }
        let slot = rig
            .pools()
            .await
            .into_iter()
            .find(|pool| matches!(pool.key, seatless::store::PoolKey::Slot { .. }));
        assert!(slot.is_none_or(|pool| pool.held == 0), "called off at {state}, its slot is free");
    }
}

#[tokio::test]
async fn whoever_asks_for_it_has_the_user_deleted_wherever_it_was() {
    for state in [State::Created, State::Propagated, State::Unlicensed] {
        let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
        rig.run_until_all_are(state).await;
        rig.order("svc-a", Command::CancelAndDelete).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a").await), "cancelled", "{state}");
        assert_eq!(rig.users("svc-a").len(), 0, "{state}");
    }
}

#[tokio::test]
async fn whoever_is_called_off_before_it_was_made_is_never_made() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.order("svc-a", Command::Cancel).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "cancelled");
    assert_eq!(rig.applied(Kind::Create), 0);
}

#[tokio::test]
async fn a_sibling_that_goes_on_keeps_the_user() {
    for state in [State::Created, State::Licensed, State::Propagated, State::NonInteractive] {
        let mut rig = rig()
            .tenant("contoso")
            .seats(1)
            .environment("dev")
            .request("svc-a")
            .environment("test")
            .request("svc-a")
            .start()
            .await;
        rig.run_until("the state", |record| {
            record.members.iter().any(|member| {
                member.request.asked.environment == "dev" && member.request.progress.state >= state
            })
        })
        .await;
        rig.order("svc-a/dev", Command::Cancel).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a/dev").await), "cancelled", "{state}");
        let sibling = rig.member("svc-a/test").await;
        assert_eq!(reason(&sibling), "succeeded", "{state}\n{}", rig.story().await);
        assert_eq!(rig.user("svc-a")["account_enabled"], true, "{state}");
        assert_eq!(rig.applied(Kind::DeleteUser), 0, "{state}");
    }
}

#[tokio::test]
async fn an_adopted_user_is_left_as_it_was() {
    for state in State::ALL {
        let mut rig = rig()
            .tenant("contoso")
            .seats(1)
            .somebody("svc-a", |_| {})
            .environment("dev")
            .request("svc-a")
            .that_adopts()
            .start()
            .await;
        let before = rig.user("svc-a");
        rig.run_until_all_are(*state).await;
        rig.order("svc-a", Command::Cancel).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a").await), "cancelled", "{state}");
        assert_eq!(rig.user("svc-a"), before, "called off at {state}");
    }
}

#[tokio::test]
async fn a_user_that_exists_is_adopted_and_keeps_what_it_had() {
    let rig = rig()
        .tenant("contoso")
        .seats(2)
        .somebody("svc-a", |user| user.usage_location = None)
        .somebody("svc-b", |user| user.licenses.push(crate::bed::scene::SALES.to_owned()))
        .environment("dev")
        .request("svc-a")
        .that_adopts()
        .request("svc-b")
        .that_adopts()
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
    assert_eq!(reason(&rig.member("svc-b").await), "succeeded");
    assert_eq!(rig.applied(Kind::Create), 0);
    assert_eq!(rig.user("svc-a")["usage_location"], "GB");
    assert_eq!(rig.user("svc-a")["licenses"].as_array().map(Vec::len), Some(0));
    assert_eq!(rig.user("svc-b")["licenses"].as_array().map(Vec::len), Some(1), "it had one before us");
    let history = rig.history(rig.member("svc-a").await.request.id).await;
    let told = history.iter().find(|event| event.to == State::Created).map(|event| event.kind);
    assert_eq!(told, Some(EventKind::Adopted), "whoever reads the history learns whose user it was");
}

#[tokio::test]
async fn an_adopted_user_that_holds_the_last_license_does_not_wait_for_itself() {
    let rig = rig()
        .tenant("contoso")
        .seats(1)
        .somebody("svc-a", |user| user.licenses.push(crate::bed::scene::SALES.to_owned()))
        .environment("dev")
        .request("svc-a")
        .that_adopts()
        .run_to_rest()
        .await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
    assert_eq!(rig.applied(Kind::Assign) + rig.applied(Kind::Remove), 0, "the license is none of ours");
}

#[tokio::test]
async fn a_name_that_was_called_off_can_be_asked_for_again() {
    for state in [State::Created, State::NonInteractive] {
        let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a");
        let wishes = scene.wishes.clone();
        let mut rig = scene.start().await;
        rig.run_until_all_are(state).await;
        rig.order("svc-a", Command::Cancel).await;
        rig.run_to_rest().await;
        rig.submit(&wishes, crate::bed::scene::SALES_ID).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{state}\n{}", rig.story().await);
        assert_eq!(rig.user("svc-a")["account_enabled"], true);
    }
}

/// Its create was answered by nothing, and the directory shows the user only long after everybody stopped believing in it.
#[tokio::test]
async fn a_user_that_shows_up_after_it_was_given_up_is_disabled_all_the_same() {
    let scene = rig().tenant("contoso").environment("dev").request("svc-a").without_lags();
    let scene = scene.with_delays(|delays| delays.directory_replication_max = 500.0);
    // So few that it is not made anew.
    let mut rig = scene.with_policy(|policy| policy.attempts_max = 1).start().await;
    rig.run_until("a slot", |record| record.members[0].request.slot_held).await;
    rig.simulator.set_faults(Faults {
        drop_after_commit: 1.0,
        only: vec!["$batch".to_owned()],
        ..Faults::default()
    });
    rig.step().await;
    rig.simulator.set_faults(Faults::default());
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked machine.attempts-exhausted");
    assert_eq!(rig.users("svc-a").len(), 1, "it was made, and nobody could see it");
    rig.order("svc-a", Command::Cancel).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "cancelled", "{}", rig.story().await);
    let left: Vec<Value> =
        rig.users("svc-a").into_iter().filter(|user| user["account_enabled"] == true).collect();
    assert!(left.is_empty(), "{left:?}\n{}", rig.story().await);
}
