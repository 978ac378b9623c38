//! Several owners at once, and those that stop.

use super::factory::{Served, fresh};
use crate::suite::build::{SALES, ask};
use crate::suite::world::{ME, OTHER, World, seats};
use seatless::domain::{HolderId, IntentId, Outcome, RequestId, State};
use seatless::store::{
    Admission, BeginFate, Claim, Group, Lease, PostgresStore, Requests, RowFate, Store, StoreError, Work,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const LONG: Lease = Lease { length: Duration::from_secs(600), call_max: Duration::from_secs(30) };
const OVER: Lease = Lease { length: Duration::ZERO, call_max: Duration::ZERO };
/// Still a lease, but shorter than a call.
const SHORT: Lease = Lease { length: Duration::from_secs(600), call_max: Duration::from_secs(601) };

/// A world, and the database that it is on.
async fn world() -> (World, Arc<Served>) {
    let served = Arc::new(fresh());
    (World::of(Box::new(Arc::clone(&served))).await, served)
}

fn not_yet() -> Outcome {
    Outcome::NotYet { wait: Duration::ZERO, because: None }
}

fn ids(groups: &[Group]) -> Vec<RequestId> {
    groups.iter().flat_map(|group| &group.members).map(|member| member.request.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn owners_that_claim_at_once_share_the_lanes_and_no_request() {
    let (world, served) = world().await;
    let asks: Vec<_> =
        (0..60).map(|n| ask(format!("user{n:02}")).in_environment(format!("env{}", n % 20))).collect();
    let all: BTreeSet<RequestId> = world.submit(&asks).await.into_iter().collect();
    let mut owners = Vec::new();
    for n in 0..4_u128 {
        let store = served.own().await.expect("there may be several owners");
        let claim = Claim {
            holder: HolderId(Uuid::from_u128(0xa0 + n)),
            now: world.now(),
            lanes_max: 3,
            members_max: 10,
            weights: Arc::default(),
        };
        owners.push((store, claim));
    }
    let claims = owners.iter().map(|(store, claim)| async move {
        let mut mine = Vec::new();
        loop {
            let groups = store.claim(claim.clone()).await.expect("lanes can be claimed");
            if groups.is_empty() {
                return mine;
            }
            mine.extend(groups);
        }
    });
    let claimed: Vec<Vec<Group>> = futures_util::future::join_all(claims).await;
    let lanes: Vec<_> = claimed.iter().flatten().map(|group| group.lane).collect();
    assert_eq!(lanes.len(), 20);
    assert_eq!(lanes.iter().collect::<BTreeSet<_>>().len(), 20, "no lane is out twice");
    let requests: Vec<RequestId> = claimed.iter().flat_map(|groups| ids(groups)).collect();
    assert_eq!(requests.len(), all.len(), "and no request");
    assert_eq!(requests.into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn owners_that_admit_at_once_oversell_nothing() {
    let (world, served) = world().await;
    let asks: Vec<_> = (0..40).map(|n| ask(format!("user{n:02}"))).collect();
    let all = world.submit(&asks).await;
    world.work_until_waiting(&all).await;
    world.offer_seats(7).await;
    let mut owners = Vec::new();
    for _ in 0..4 {
        owners.push(served.own().await.expect("there may be several owners"));
    }
    let admissions = owners.iter().map(|store| {
        let world = &world;
        async move {
            let candidates = store.candidates(100).await.expect("candidates can be read");
            let rows = candidates.iter().map(|member| seatless::store::CommitRow {
                holder: None,
                ..world.row(member, world.decide(member, seatless::domain::Input::Admitted))
            });
            store.commit(world.commit_of(rows.collect(), None)).await.expect("a commit can be applied")
        }
    });
    let fates: Vec<RowFate> = futures_util::future::join_all(admissions).await.concat();
    assert_eq!(fates.iter().filter(|fate| **fate == RowFate::Written).count(), 7);
    let pool = world.pool(seats(SALES)).await;
    assert_eq!((pool.held, pool.free()), (7, 0));
    world.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_at_once_that_touch_the_same_counters_do_not_stop_each_other() {
    let (world, served) = world().await;
    let asks: Vec<_> =
        (0..40).map(|n| ask(format!("user{n:02}")).in_environment(format!("env{}", n % 8))).collect();
    world.submit(&asks).await;
    for n in 0..8 {
        world.offer_slots(&format!("env{n}"), 100).await;
    }
    let groups = world.claim().await;
    assert_eq!(groups.len(), 8);
    let mut owners = Vec::new();
    for _ in 0..8 {
        owners.push(served.own().await.expect("there may be several owners"));
    }
    let commits = owners.iter().zip(&groups).map(|(store, group)| {
        let rows =
            group.members.iter().map(|member| world.row(member, world.report(member, Outcome::Advanced)));
        store.commit(world.commit_of(rows.collect(), Some(group)))
    });
    for fates in futures_util::future::join_all(commits).await {
        assert_eq!(fates.expect("no commit waits for ever"), [RowFate::Written; 5]);
    }
    world.recount().await;
    // What all of them made due stands in the one lane that they share.
    assert_eq!(world.store.next_wake().await.unwrap(), Some(world.now()));
    assert_eq!(ids(&world.claim().await).len(), 40);
}

#[tokio::test]
async fn a_lease_keeps_what_is_claimed_until_it_is_over() {
    let (world, served) = world().await;
    world.submit(&[ask("ada"), ask("bob").in_environment("test")]).await;
    let other = served.own().await.unwrap();
    other.sign_on(OTHER, LONG).await.unwrap();
    world.store.sign_on(ME, LONG).await.unwrap();
    assert_eq!(world.claim().await.len(), 2);
    assert_eq!(other.claimed_by_others(OTHER, 9).await.unwrap(), []);
    assert_eq!(other.free_lanes(OTHER).await.unwrap(), 0);
    world.store.heartbeat(ME, OVER).await.unwrap();
    assert_eq!(other.claimed_by_others(OTHER, 9).await.unwrap().len(), 2);
    assert_eq!(other.free_lanes(OTHER).await.unwrap(), 2);
}

#[tokio::test]
async fn whoever_signs_off_leaves_everything_to_the_others_at_once() {
    let (world, served) = world().await;
    world.submit(&[ask("ada")]).await;
    world.store.sign_on(ME, LONG).await.unwrap();
    world.claim_one().await;
    let other = served.own().await.unwrap();
    assert_eq!(other.claimed_by_others(OTHER, 9).await.unwrap(), []);
    world.store.sign_off(ME).await.unwrap();
    assert_eq!(other.claimed_by_others(OTHER, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_is_late_claims_nothing_until_its_next_sign_of_life() {
    let (world, _served) = world().await;
    world.submit(&[ask("ada")]).await;
    world.store.sign_on(ME, OVER).await.unwrap();
    assert_eq!(world.claim().await, []);
    world.store.heartbeat(ME, LONG).await.unwrap();
    assert_eq!(world.claim().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_begun_that_could_outlast_the_lease() {
    let (world, _served) = world().await;
    world.submit(&[ask("ada")]).await;
    world.store.sign_on(ME, LONG).await.unwrap();
    let mut group = world.claim_one().await;
    world.store.heartbeat(ME, SHORT).await.unwrap();
    assert_eq!(world.begin_group(&mut group).await, [BeginFate::Late]);
    world.store.heartbeat(ME, LONG).await.unwrap();
    assert_eq!(world.begin_group(&mut group).await, [BeginFate::Begun]);
}

#[tokio::test]
async fn whoever_comes_back_after_its_lease_frees_no_lane_of_another() {
    let (world, _served) = world().await;
    world.submit(&[ask("ada"), ask("bob")]).await;
    let mut stale = world.claim_as(ME, 1, 1).await.remove(0);
    let stranded = world.store.claimed_by_others(OTHER, 9).await.unwrap();
    let rows = stranded.iter().map(|member| seatless::store::CommitRow {
        holder: None,
        ..world.row(member, world.decide(member, seatless::domain::Input::Rescued))
    });
    world.commit_rows(rows.collect()).await;
    assert_eq!(world.store.free_lanes(OTHER).await.unwrap(), 1);
    let fresh = world.claim_as(OTHER, 1, 1).await;
    assert_eq!(fresh[0].lane, stale.lane);
    assert_eq!(world.begin_group(&mut stale).await, [BeginFate::Lost]);
    // All of its members are lost, so it only gives the lane back: it is not its own any more.
    world.commit(world.commit_of(Vec::new(), Some(&stale))).await;
    assert_eq!(world.claim_as(ME, 9, 9).await, []);
    assert_eq!(world.finish(&fresh[0], not_yet()).await.len(), fresh[0].members.len());
    assert_eq!(world.claim_as(ME, 9, 9).await.len(), 1);
}

#[tokio::test]
async fn a_user_is_in_one_owners_hands_at_a_time() {
    let (world, served) = world().await;
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    world.work_until(State::Created).await;
    world.offer_seats(1).await;
    world.admit().await;
    world.order(ids[1], seatless::domain::Command::Cancel).await;
    let mut owners = Vec::new();
    for n in 0..4_u128 {
        let claim = Claim {
            holder: HolderId(Uuid::from_u128(0xb0 + n)),
            now: world.now(),
            lanes_max: 9,
            members_max: 9,
            weights: Arc::default(),
        };
        owners.push((served.own().await.unwrap(), claim));
    }
    let claims = owners.iter().map(|(store, claim)| store.claim(claim.clone()));
    let groups: Vec<Group> =
        futures_util::future::join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(groups.len(), 1, "{groups:?}");
}

#[tokio::test]
async fn connections_that_the_server_ends_are_made_anew() {
    let (world, served) = world().await;
    let ids = world.submit(&[ask("ada")]).await;
    for _ in 0..3 {
        let mut bare = served.bare().await;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()")
            .bind(&served.name)
            .execute(&mut bare)
            .await
            .unwrap();
        assert_eq!(world.member(ids[0]).await.request.id, ids[0]);
        let group = world.claim_one().await;
        world.finish(&group, not_yet()).await;
    }
}

#[tokio::test]
async fn a_heartbeat_fails_for_good_once_another_incarnation_has_begun() {
    let (world, served) = world().await;
    world.store.sign_on(ME, LONG).await.unwrap();
    world.store.heartbeat(ME, LONG).await.unwrap();
    // As if a standby had taken over: the row says another timeline than the server.
    sqlx::query("UPDATE meta SET timeline = '000000FF', written_by = pg_current_xact_id()::text::bigint")
        .execute(&mut served.bare().await)
        .await
        .unwrap();
    assert!(matches!(world.store.heartbeat(ME, LONG).await, Err(StoreError::Replaced)));
    let again: PostgresStore = served.own().await.unwrap();
    assert!(matches!(world.store.heartbeat(ME, LONG).await, Err(StoreError::Replaced)), "its row is gone");
    again.sign_on(OTHER, LONG).await.unwrap();
    again.heartbeat(OTHER, LONG).await.unwrap();
    let standing = seatless::store::Trust::standing(&again).await.unwrap();
    assert!(matches!(
        standing,
        seatless::store::Standing::ReportOnly { doubt: seatless::store::Doubt::Restored, .. }
    ));
}

#[tokio::test]
async fn what_a_person_orders_is_told_to_the_other_processes() {
    let (world, served) = world().await;
    let listener = served.own().await.unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let listening = listener.clone().listen(move || {
        let _ = told.send(());
    });
    let told = async {
        heard.recv().await.expect("it listens");
        world.submit(&[ask("ada")]).await;
        heard.recv().await.expect("a submission is told");
    };
    tokio::select! {
        () = listening => panic!("it listens for as long as it is open"),
        () = told => {}
    }
    listener.close().await;
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_written_all_the_same() {
    let (world, _served) = world().await;
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let member = &group.members[0];
    let begin = world.begin_of(member, IntentId(world.id()));
    drop(world.store.begin(ME, vec![begin], world.now()));
    // It was asked for first, so it is written first: the lock of the request stands between the two.
    loop {
        let request = world.store.request(ids[0]).await.unwrap().unwrap().request;
        if request.progress.trial.intent.is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

fn assert_send<T: Send + Sync>(_: &T) {}

#[tokio::test]
async fn a_store_may_be_shared() {
    let served = fresh();
    let store = served.own().await.unwrap();
    assert_send(&store);
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    assert_eq!(shared.id(), store.id());
    assert_eq!(store.request(RequestId(Uuid::nil())).await.unwrap(), None);
}
