//! Rows that cannot be, disks that are full, and locks of others.

use super::factory::{File, fresh};
use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{RequestId, State};
use seatless::store::StoreError;
use sqlx::{Connection, Executor};
use std::sync::Arc;

async fn world_on(file: &Arc<File>) -> World {
    World::of(Box::new(Arc::clone(file))).await
}

#[tokio::test]
async fn an_impossible_row_is_named() {
    for (meddling, rule) in [
        ("UPDATE requests SET waiting = 1", "it waits for a seat and has a time as well"),
        (
            "UPDATE requests SET due_at = NULL",
            "with status active its direction, time or failure cannot be as they are",
        ),
        ("UPDATE requests SET status = 'blocked'", "with status blocked its direction, time or failure"),
        ("UPDATE requests SET state = 'halfway'", "\"halfway\" is not known"),
        ("UPDATE requests SET begun_at = 1", "its intent is not whole"),
        ("UPDATE requests SET evidence = 'behind'", "its evidence is not whole"),
        ("UPDATE requests SET trouble_code = 'no.such-code'", "\"no.such-code\""),
        ("UPDATE requests SET attempts = -1", "-1 is out of range"),
        ("UPDATE requests SET security_roles = '{'", "its security roles are no list of names"),
        ("UPDATE users SET seat = 'held'", "its user's seat contradicts itself"),
        ("UPDATE users SET license_hold = 'held'", "its user's license contradicts itself"),
        ("UPDATE users SET user_principal_name = 'nobody'", "its user name is not acceptable"),
    ] {
        let file = Arc::new(fresh());
        let world = world_on(&file).await;
        let id = world.submit(&[ask("ada")]).await[0];
        file.meddle(meddling).await;
        let Err(StoreError::Corrupt(text)) = world.store.request(id).await else { panic!("{meddling}") };
        assert!(text.starts_with(&format!("request {id}: ")) && text.contains(rule), "{meddling}: {text}");
        world.database.close().await;
    }
}

#[tokio::test]
async fn the_tables_refuse_what_the_machine_cannot_decide() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    world.submit(&[ask("ada")]).await;
    let mut bare = file.bare().await;
    for impossible in [
        "UPDATE requests SET waiting = 1",
        "UPDATE requests SET due_at = NULL",
        "UPDATE requests SET status = 'blocked'",
        "UPDATE requests SET status = 'succeeded', direction = NULL",
        "UPDATE requests SET status = 'cancelled', direction = NULL",
        "UPDATE requests SET code = 'graph.no-seat'",
        "UPDATE requests SET holder = zeroblob(16)",
        "UPDATE requests SET step = NULL",
        "UPDATE requests SET lane = NULL",
        "UPDATE requests SET staged = 1",
        "UPDATE requests SET begun_at = 1",
        "UPDATE requests SET evidence = 'absent'",
        "UPDATE requests SET evidence = 'behind', evidence_looks = 1, evidence_since = 1",
        "UPDATE requests SET trouble_code = 'graph.no-seat'",
        "UPDATE requests SET state = 'halfway'",
        "UPDATE requests SET id = zeroblob(15)",
        "UPDATE requests SET due_at = 'tomorrow'",
        "UPDATE users SET seat = 'held'",
        "UPDATE users SET seat = 'none', seat_at = 1, seat_license = zeroblob(16)",
        "UPDATE users SET license_hold = 'held', license_intent = zeroblob(16)",
        "UPDATE batches SET accepted_at = NULL, promoted = 1",
        "INSERT INTO pools (kind, tenant, subject, held) VALUES ('seat', 'contoso', 'x', -1)",
        "INSERT INTO pools (kind, tenant, subject, capacity) VALUES ('seat', 'contoso', 'x', 1)",
        "UPDATE counters SET requests = -1",
        "INSERT INTO meta VALUES (2, zeroblob(16), 1, 1)",
    ] {
        let refused = bare.execute(sqlx::SqlSafeStr::into_sql_str(impossible)).await;
        assert!(refused.is_err(), "{impossible}");
    }
    bare.execute("UPDATE requests SET due_at = due_at + 1").await.expect("what is possible is taken");
    bare.close().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room() {
    let file = Arc::new(fresh().of_pages(160));
    let world = world_on(&file).await;
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_until(State::Created).await;
    let before = world.all().await;
    let open = world.open_batch().await;
    let mut full = None;
    for chunk in 0..1_000 {
        let asks: Vec<_> = (0..50).map(|n| ask(format!("user{chunk}x{n}"))).collect();
        if let Err(error) = world.store.stage(open, world.staged(&asks), world.now()).await {
            full = Some(error);
            break;
        }
    }
    assert!(matches!(full, Some(StoreError::Full)), "{full:?}");
    assert_eq!(world.all().await, before, "nothing that was answered is lost");
    world.recount().await;
    while world.store.discard(Some(open), 50).await.unwrap() {}
    world.work_until(State::Licensed).await;
    assert_eq!(world.state(ids[0]).await.0, State::Licensed);
    world.recount().await;
}

#[tokio::test]
async fn a_lock_of_another_program_is_waited_for_and_then_named() {
    let file = Arc::new(fresh().patient_for(50));
    let world = world_on(&file).await;
    world.submit(&[ask("ada")]).await;
    let mut bare = file.bare().await;
    bare.execute("BEGIN IMMEDIATE").await.unwrap();
    let refused = world.store.promote(1, world.now()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy), "{refused}");
    assert!(world.store.request(RequestId(world.id())).await.unwrap().is_none(), "reading needs no lock");
    bare.execute("ROLLBACK").await.unwrap();
    assert!(!world.store.promote(1, world.now()).await.unwrap());
}

#[tokio::test]
async fn a_paused_request_is_not_begun_even_by_its_holder() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    world.submit(&[ask("ada")]).await;
    let mut group = world.claim_one().await;
    // By the ports a pause takes the request from its holder; this one does not.
    file.meddle("UPDATE requests SET paused = 1").await;
    assert_eq!(world.begin_group(&mut group).await, [seatless::store::BeginFate::Lost]);
}

#[tokio::test]
async fn counters_that_do_not_know_a_request_stop_its_commit() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    let ids = world.submit(&[ask("ada")]).await;
    world.offer_slots("dev", 9).await;
    file.meddle("DELETE FROM counters").await;
    let member = world.member(ids[0]).await;
    let cancel = world.decide(&member, seatless::domain::Input::Ordered(seatless::domain::Command::Cancel));
    let commit = world.commit_of(vec![world.row(&member, cancel)], None);
    let refused = world.store.commit(commit).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
    assert_eq!(world.member(ids[0]).await, member, "nothing was written");
}
