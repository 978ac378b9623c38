//! Taking requests in.

use crate::suite::build::{SERVICE, ask};
use crate::suite::world::{World, grace};
use seatless::domain::{BatchId, Command, EventKind, State, Status, UserId};
use seatless::store::{Page, StageFault, StageReport};
use uuid::Uuid;

fn added(added: u64) -> StageReport {
    StageReport { added, ..StageReport::default() }
}

pub async fn what_is_staged_is_seen_by_nobody(world: World) {
    let batch = world.open_batch().await;
    let staged = world.staged(&[ask("ada")]);
    let id = staged[0].id;
    assert_eq!(world.store.stage(batch, staged, world.now()).await.unwrap(), added(1));
    assert_eq!(world.store.request(id).await.unwrap(), None);
    assert_eq!(world.all().await, []);
    assert_eq!(world.store.batch(batch).await.unwrap(), None);
    assert_eq!(world.store.batches(10).await.unwrap(), []);
    assert_eq!(world.store.counts(None).await.unwrap(), []);
    assert!(!world.store.promote(10, world.now()).await.unwrap());
    assert_eq!(world.claim().await, []);
}

pub async fn an_accepted_batch_is_seen_before_its_requests(world: World) {
    let batch = world.open_batch().await;
    world.stage(batch, &[ask("ada"), ask("bob")]).await;
    world.wait(5);
    let accepted = world.store.accept(batch, world.now()).await.unwrap();
    assert_eq!(accepted.requests, 2);
    assert_eq!(accepted.accepted_at, Some(world.now()));
    assert_eq!(accepted.actor, grace());
    assert_eq!(accepted.source, "people.csv");
    assert_eq!(world.store.batch(batch).await.unwrap(), Some(accepted.clone()));
    assert_eq!(world.store.batches(10).await.unwrap(), [accepted]);
    assert_eq!(world.all().await, []);
}

pub async fn promotion_goes_in_portions(world: World) {
    let batch = world.open_batch().await;
    let asks: Vec<_> = (0..5).map(|n| ask(format!("user{n}"))).collect();
    world.stage(batch, &asks).await;
    world.accept(batch).await;
    for seen in [2, 4, 5] {
        assert!(world.store.promote(2, world.now()).await.unwrap());
        assert_eq!(world.all().await.len(), seen);
        world.recount().await;
    }
    assert!(!world.store.promote(2, world.now()).await.unwrap());
    assert_eq!(world.all().await.len(), 5);
}

pub async fn a_promoted_request_is_what_was_asked_for(world: World) {
    let asked = ask("ada").in_environment("test").with_priority(-7).with_note("for \"payroll\"\n");
    let ids = world.submit(std::slice::from_ref(&asked)).await;
    let member = world.member(ids[0]).await;
    assert_eq!(member.request.asked, asked.request());
    assert_eq!(member.user.account, asked.request().account);
    assert_eq!(member.user.tenant_id, asked.request().pinned.tenant_id);
    assert_eq!(member.request.progress, seatless::domain::Progress::fresh(world.now()));
    assert_eq!(member.request.submitted_at, world.now());
    assert_eq!((member.request.epoch, member.request.holder), (0, None));
}

pub async fn the_first_event_names_who_submitted(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let history = world.store.history(ids[0], 0, 10).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].kind, &history[0].actor), (EventKind::Submitted, &grace()));
    assert_eq!((history[0].from, history[0].to), (State::Requested, State::Requested));
}

pub async fn the_same_content_again_counts_as_existing(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    let earlier = world.member(ids[0]).await.request.batch;
    let batch = world.open_batch().await;
    let report = world.stage(batch, &[ask("ada"), ask("bob").with_priority(9), ask("cleo")]).await;
    assert_eq!(report, StageReport { existing: 2, batches: [earlier].into(), ..added(1) });
    world.accept(batch).await;
    world.promote().await;
    assert_eq!(world.all().await.len(), 3);
    assert_eq!(world.store.batch(batch).await.unwrap().unwrap().requests, 1);
}

pub async fn a_chunk_staged_twice_is_stored_once(world: World) {
    let batch = world.open_batch().await;
    let staged = world.staged(&[ask("ada"), ask("bob")]);
    assert_eq!(world.store.stage(batch, staged.clone(), world.now()).await.unwrap(), added(2));
    let again = world.store.stage(batch, staged, world.now()).await.unwrap();
    assert_eq!(again, StageReport { existing: 2, batches: [batch].into(), ..added(0) });
}

pub async fn other_content_is_a_fault_that_names_the_stored_request(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let batch = world.open_batch().await;
    let report = world.stage(batch, &[ask("bob"), ask("ada").with_note("changed")]).await;
    assert_eq!(report.faults, [StageFault::Different { line: 2, stored: ids[0] }]);
    world.store.accept(batch, world.now()).await.unwrap_err();
    assert_eq!(world.store.batch(batch).await.unwrap(), None);
}

pub async fn a_sibling_must_agree_on_names_and_license(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let stored = world.member(ids[0]).await.user.id;
    let batch = world.open_batch().await;
    let asks = [
        ask("ada").in_environment("test"),
        ask("ada").in_environment("prod").with_surname("Byron"),
        ask("ada").in_environment("prod").with_license(SERVICE),
    ];
    let report = world.stage(batch, &asks).await;
    let differs = |line| StageFault::SiblingDiffers { line, stored };
    assert_eq!(report, StageReport { faults: vec![differs(2), differs(3)], ..added(1) });
}

pub async fn siblings_within_a_chunk_share_one_user(world: World) {
    let asks = ["dev", "test", "prod"].map(|environment| ask("ada").in_environment(environment));
    let ids = world.submit(&asks).await;
    let mut users: Vec<UserId> = Vec::new();
    for id in ids {
        users.push(world.member(id).await.user.id);
    }
    assert!(users.windows(2).all(|pair| pair[0] == pair[1]), "{users:?}");
    let batch = world.open_batch().await;
    let asks = [ask("bob"), ask("bob").in_environment("test").with_surname("Hopper")];
    let report = world.stage(batch, &asks).await;
    assert!(matches!(report.faults[..], [StageFault::SiblingDiffers { line: 2, .. }]), "{report:?}");
}

pub async fn the_same_name_in_two_tenants_is_two_users(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").of_tenant("fabrikam").with_surname("Byron")]).await;
    assert_ne!(world.member(ids[0]).await.user.id, world.member(ids[1]).await.user.id);
}

pub async fn a_request_of_an_open_batch_is_in_progress_for_others(world: World) {
    let first = world.open_batch().await;
    world.stage(first, &[ask("ada")]).await;
    let second = world.open_batch().await;
    let report = world.stage(second, &[ask("ada")]).await;
    assert_eq!(report.faults, [StageFault::InProgress { line: 1 }]);
    world.accept(first).await;
    let third = world.open_batch().await;
    let report = world.stage(third, &[ask("ada")]).await;
    assert_eq!(report.existing, 1, "once accepted it is stored: {report:?}");
}

pub async fn an_ended_request_may_be_submitted_again(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.order(ids[0], Command::Cancel).await;
    assert_eq!(world.state(ids[0]).await, (State::Requested, Status::Cancelled));
    let again = world.submit(&[ask("ada").with_note("once more")]).await;
    assert_eq!(world.state(again[0]).await, (State::Requested, Status::Active));
    assert_eq!(world.member(ids[0]).await.user.id, world.member(again[0]).await.user.id);
    world.recount().await;
}

pub async fn names_may_change_once_every_request_has_ended(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.order(ids[0], Command::Cancel).await;
    let changed = ask("ada").with_surname("Byron").with_license(SERVICE);
    let again = world.submit(std::slice::from_ref(&changed)).await;
    assert_eq!(world.member(again[0]).await.user.account, changed.request().account);
    let batch = world.open_batch().await;
    let report = world.stage(batch, &[ask("ada").in_environment("test")]).await;
    assert!(matches!(report.faults[..], [StageFault::SiblingDiffers { .. }]), "{report:?}");
}

pub async fn a_user_that_was_given_up_is_found_anew(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    assert!(world.member(ids[0]).await.user.object_id.is_some());
    world.order(ids[0], Command::Cancel).await;
    world.claim_and_unwind(ids[0]).await;
    assert_eq!(world.state(ids[0]).await, (State::Requested, Status::Cancelled));
    let again = world.submit(&[ask("ada")]).await;
    let user = world.member(again[0]).await.user;
    assert_eq!((user.object_id, user.origin), (None, None), "the way back may have deleted it");
}

pub async fn a_succeeded_request_counts_as_existing(world: World) {
    world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let batch = world.open_batch().await;
    assert_eq!(world.stage(batch, &[ask("ada")]).await.existing, 1);
}

pub async fn a_discarded_batch_leaves_nothing(world: World) {
    let batch = world.open_batch().await;
    let asks: Vec<_> = (0..5).map(|n| ask(format!("user{n}"))).collect();
    world.stage(batch, &asks).await;
    let mut rounds = 0;
    while world.store.discard(Some(batch), 2).await.unwrap() {
        rounds += 1;
        assert!(rounds < 10, "it comes to an end");
    }
    assert!(rounds >= 2, "it goes in portions");
    world.store.accept(batch, world.now()).await.unwrap_err();
    let ids = world.submit(&[ask("user0").with_surname("Byron")]).await;
    assert_eq!(world.member(ids[0]).await.user.account.surname, "Byron");
}

pub async fn discarding_touches_no_accepted_batch(world: World) {
    let accepted = world.open_batch().await;
    world.stage(accepted, &[ask("ada")]).await;
    world.accept(accepted).await;
    let open = world.open_batch().await;
    world.stage(open, &[ask("bob"), ask("ada").in_environment("test")]).await;
    assert!(!world.store.discard(Some(accepted), 10).await.unwrap());
    while world.store.discard(None, 10).await.unwrap() {}
    world.promote().await;
    let names: Vec<String> =
        world.all().await.into_iter().map(|member| member.user.account.given_name).collect();
    assert_eq!(names, ["ada"]);
    assert!(!world.store.discard(None, 10).await.unwrap());
}

pub async fn an_unknown_batch_takes_and_gives_nothing(world: World) {
    let nowhere = BatchId(Uuid::from_u128(404));
    world.store.stage(nowhere, world.staged(&[ask("ada")]), world.now()).await.unwrap_err();
    world.store.accept(nowhere, world.now()).await.unwrap_err();
    assert!(!world.store.discard(Some(nowhere), 10).await.unwrap());
    assert_eq!(world.store.batch(nowhere).await.unwrap(), None);
}

pub async fn a_crash_between_acceptance_and_promotion_loses_nothing(mut world: World) {
    let batch = world.open_batch().await;
    let asks: Vec<_> = (0..5).map(|n| ask(format!("user{n}"))).collect();
    world.stage(batch, &asks).await;
    world.accept(batch).await;
    world.store.promote(2, world.now()).await.unwrap();
    world.restart().await;
    while world.store.discard(None, 10).await.unwrap() {}
    world.promote().await;
    assert_eq!(world.all().await.len(), 5);
    world.recount().await;
}

pub async fn a_crash_before_acceptance_leaves_what_discard_removes(mut world: World) {
    let batch = world.open_batch().await;
    world.stage(batch, &[ask("ada")]).await;
    world.restart().await;
    while world.store.discard(None, 10).await.unwrap() {}
    world.promote().await;
    assert_eq!(
        world.store.requests(Default::default(), Page { after: None, rows_max: 9 }).await.unwrap(),
        []
    );
    assert_eq!(world.submit(&[ask("ada")]).await.len(), 1);
}

pub async fn the_store_keeps_its_id(mut world: World) {
    let id = world.store.id();
    world.restart().await;
    assert_eq!(world.store.id(), id);
}
