//! Admission, clause by clause: who needs a seat, how many there are, and when one is free.

use crate::bed::rig::{Rig, Step, reason};
use crate::bed::scene::{SALES, SALES_ID, rig};
use crate::bed::wire::Kind;
use seatless::domain::{Clock, Command, EventKind, SkuId, State};
use seatless::simulator::{Act, WorldGroup};
use seatless::store::{LicensedBy, Pool, PoolKey, Seat};
use std::time::Duration;
use uuid::Uuid;

const UPN: &str = "svc-a@contoso.example";
const GROUP: Uuid = Uuid::from_u128(0x6209);

fn contoso() -> String {
    "contoso".to_owned()
}

fn seats_are(enabled: u32, used_by_others: u32) -> Act {
    Act::SetSeats { tenant: contoso(), part_number: SALES.to_owned(), enabled, used_by_others }
}

async fn seat_pool(rig: &Rig) -> Option<Pool> {
    let key = PoolKey::Seat { tenant: contoso(), sku: SkuId(SALES_ID) };
    rig.pools().await.into_iter().find(|pool| pool.key == key)
}

/// Steps to rest, and lets `see` look at the seats after each step.
async fn watch(rig: &mut Rig, mut see: impl FnMut(&Pool)) {
    while rig.step().await != Step::AtRest {
        if let Some(pool) = seat_pool(rig).await {
            see(&pool);
        }
    }
}

/// Seconds from the start to the first event of a kind.
async fn first(rig: &Rig, name: &str, kind: EventKind) -> i64 {
    let id = rig.member(name).await.request.id;
    let history = rig.history(id).await;
    let event = history.iter().find(|event| event.kind == kind).expect("it happened");
    (event.occurred_at - rig.clock.started()).num_seconds()
}

#[tokio::test]
async fn siblings_hold_one_seat_together_and_no_two_users_share_one() {
    let scene = rig().tenant("contoso").seats(3);
    let scene = scene.environment("dev").request("svc-a").request("svc-b");
    let mut rig = scene.environment("test").request("svc-a").request("svc-b").start().await;
    let mut most = 0;
    watch(&mut rig, |pool| most = most.max(pool.held)).await;
    assert_eq!(most, 2, "four requests, two users, two seats");
    assert_eq!(rig.applied(Kind::Assign), 2);
}

#[tokio::test]
async fn no_more_than_seats_max_are_ours_whatever_is_free() {
    let names = ["svc-a", "svc-b", "svc-c", "svc-d", "svc-e"];
    let mut rig =
        rig().tenant("contoso").seats(4).with_seats_max(2).environment("dev").requests(&names).start().await;
    let mut most = 0;
    watch(&mut rig, |pool| most = most.max(pool.held)).await;
    assert_eq!(most, 2);
    for name in names {
        assert_eq!(reason(&rig.member(name).await), "succeeded");
    }
}

#[tokio::test]
async fn a_returned_seat_is_granted_again_when_it_has_cooled_down_and_not_later() {
    let mut rig =
        rig().tenant("contoso").seats(1).environment("dev").requests(&["svc-a", "svc-b"]).start().await;
    rig.run_to_rest().await;
    let history = rig.history(rig.member("svc-a").await.request.id).await;
    let returned = history.iter().find(|event| event.to == State::Unlicensed).expect("it was returned");
    let returned = (returned.occurred_at - rig.clock.started()).num_seconds();
    let granted = first(&rig, "svc-b", EventKind::Admitted).await;
    let rest = i64::try_from(rig.policy.seat_cool_down.as_secs()).unwrap();
    assert!((rest..=rest + 1).contains(&(granted - returned)), "{granted} s after {returned} s");
}

#[tokio::test]
async fn what_we_hold_is_never_taken_for_what_others_use() {
    let names = ["svc-a", "svc-b", "svc-c", "svc-d", "svc-e", "svc-f"];
    let mut rig = rig().tenant("contoso").seats(3).environment("dev").requests(&names).start().await;
    // Two unnamed users, and one with a name; the count is two minutes late.
    watch(&mut rig, |pool| assert!(pool.read_at.is_none() || pool.others == 3, "{pool:?}")).await;
}

#[tokio::test]
async fn a_seat_that_others_returned_is_ours_again_although_ours_come_and_go() {
    let names: Vec<String> = (0..24).map(|number| format!("svc-{number}")).collect();
    let mut scene = rig().tenant("contoso").seats(4);
    for (count, names) in names.chunks(6).enumerate() {
        scene = scene.environment(&format!("env{count}"));
        scene = scene.requests(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let mut rig = scene.start().await;
    rig.run_until_all_are(State::Created).await;
    rig.person(seats_are(7, 4));
    rig.run_until("a reading of it", |record| record.pools.iter().any(|pool| pool.others == 5)).await;
    rig.person(seats_are(7, 2));
    let back = rig.clock.now();
    rig.run_until("a reading without it", |record| {
        record.pools.iter().all(|pool| pool.others <= 3 || matches!(pool.key, PoolKey::Slot { .. }))
    })
    .await;
    let late = (rig.clock.now() - back).num_seconds();
    assert!(late <= 1_200, "noticed after {late} s\n{}", rig.story().await);
}

#[tokio::test]
async fn a_refusal_lowers_the_estimate_and_costs_no_attempt() {
    let mut rig = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Created).await;
    // Somebody takes the last unit; the counters do not show it yet.
    rig.person(seats_are(4, 3));
    rig.run_until("a refusal", |record| {
        let trouble = record.members[0].request.progress.trial.trouble.as_ref();
        trouble.is_some_and(|failure| failure.code.as_str() == "graph.no-seat")
    })
    .await;
    let member = rig.member("svc-a").await;
    assert_eq!(member.request.progress.trial.attempts, 0);
    assert_eq!((member.user.seat, seat_pool(&rig).await.map(|pool| pool.free())), (Seat::None, Some(0)));
    rig.person(seats_are(4, 2));
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
}

#[tokio::test]
async fn without_a_free_seat_a_request_waits_and_takes_nothing() {
    let mut rig = rig().tenant("contoso").seats(0).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Created).await;
    for _ in 0..50 {
        rig.step().await;
    }
    assert_eq!(reason(&rig.member("svc-a").await), "active");
    assert_eq!(rig.deeds().iter().filter(|deed| deed.kind == Kind::Assign).count(), 0);
    rig.person(seats_are(5, 2));
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded");
}

/// Runs an adoption of somebody who holds the license already; gives back the user as it is in the end.
async fn adopt_licensed(mut rig: Rig, by: LicensedBy) {
    let before = rig.user("svc-a");
    rig.run_until("the license", |record| {
        record.members.iter().all(|member| member.request.progress.state >= State::Licensed)
    })
    .await;
    let pool = seat_pool(&rig).await;
    assert!(
        pool.is_none_or(|pool| (pool.held, pool.waiting) == (0, 0)),
        "it neither takes a seat nor waits for one"
    );
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "succeeded", "{}", rig.story().await);
    assert_eq!(member.user.licensed_by, by);
    assert_eq!((rig.applied(Kind::Assign), rig.applied(Kind::Remove)), (0, 0));
    for licenses in ["licenses", "inherited_licenses"] {
        assert_eq!(rig.user("svc-a")[licenses], before[licenses], "it keeps what it had");
    }
}

#[tokio::test]
async fn who_is_licensed_through_a_group_needs_no_seat_of_ours() {
    let group = WorldGroup {
        id: GROUP,
        members: vec![UPN.to_owned()],
        licenses: vec![SALES.to_owned()],
        dynamic: false,
    };
    let rig = rig()
        .tenant("contoso")
        .seats(2)
        .somebody("svc-a", |_| {})
        .whose_tenant(|tenant| tenant.groups.push(group))
        .environment("dev")
        .request("svc-a")
        .that_adopts()
        .start()
        .await;
    assert_eq!(rig.user("svc-a")["inherited_licenses"], serde_json::json!([SALES]));
    adopt_licensed(rig, LicensedBy::Group).await;
}

#[tokio::test]
async fn who_held_the_license_before_us_needs_no_seat_of_ours() {
    let rig = rig()
        .tenant("contoso")
        .somebody("svc-a", |user| user.licenses.push(SALES.to_owned()))
        .seats(1)
        .environment("dev")
        .request("svc-a")
        .that_adopts()
        .start()
        .await;
    adopt_licensed(rig, LicensedBy::Others).await;
}

#[tokio::test]
async fn a_license_is_not_taken_once_the_right_to_remove_it_was_revoked() {
    let mut rig = rig().tenant("contoso").seats(0).environment("dev").request("svc-a").start().await;
    rig.run_until_all_are(State::Created).await;
    let roles = |roles: &[&str], rig: &Rig| Act::SetAppRoles {
        tenant: contoso(),
        client_id: rig.app(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    let all = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All"];
    rig.person(roles(&["User.Read.All", "Organization.Read.All"], &rig));
    // Tokens from before that have run out.
    rig.clock.advance(Duration::from_secs(7_200));
    rig.person(seats_are(5, 2));
    rig.run_to_rest().await;
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "blocked graph.permission-missing");
    assert_eq!(
        rig.deeds().iter().filter(|deed| deed.kind == Kind::Assign).count(),
        0,
        "it was not asked for"
    );
    assert_eq!(member.user.seat, Seat::None, "the seat it waited for went back");
    rig.person(roles(&all, &rig));
    rig.order("svc-a", Command::Retry).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
}
