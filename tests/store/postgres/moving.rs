//! What is in a file arrives on a server, all of it, and goes on there as if it had never moved.

use super::cluster::cluster;
use super::factory::{rest, rule, spawner};
use crate::suite::build::{SALES, SERVICE, ask};
use crate::suite::sqlite;
use crate::suite::sqlite::factory::{File, card};
use crate::suite::world::{Database, World, grace, seats};
use seatless::domain::{
    Code, Command, Failure, IntentId, ObjectId, OperationId, Outcome, RequestId, State, Steering, Step,
    UserId,
};
use seatless::store::{
    CopiedTable, CopyEnd, CopyError, CopyOrder, Finding, FindingKind, OperationDraft, PasswordOrder,
    PostgresOptions, PostgresStore, Recheck, RecheckReason, SqliteStore, Store, StoreError, SweepEnd, Tally,
    TallyEntry, copy,
};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

async fn moved(file: &File, database: &str) -> Result<CopyEnd, CopyError> {
    let order = CopyOrder { from: file.path(), to: cluster().url(database), card: card() };
    copy(order, spawner(), rest(), &mut |_| ()).await
}

/// A database with a row in every table, and in every column that is ever filled.
async fn full() -> (World, Arc<File>) {
    let file = Arc::new(sqlite::factory::fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let note = "tab\there, \\N is no null, \u{b}\u{c}\u{8}\r\nline — é 🪑 \u{1}";
    world.submit(&[ask("ada"), ask("ada").in_environment("test"), ask("bob").with_note(note)]).await;
    world.work_to_success().await;
    world.submit(&[ask("cleo").with_license(SERVICE), ask("dora").with_priority(7), ask("eve")]).await;
    world.work_until(State::Created).await;
    // Half of one has begun and nobody knows how it ended, half of another waits.
    world.offer_seats(1).await;
    world.admit().await;
    for mut group in world.claim().await {
        world.begin_group(&mut group).await;
    }
    let late = world.submit(&[ask("fred"), ask("gil")]).await;
    let mut groups = world.claim().await;
    if let Some(group) = groups.iter_mut().find(|group| group.step == Step::CheckEnvironment) {
        world.offer_slots("dev", 1_000).await;
        world.finish(group, Outcome::Advanced).await;
    }
    let failure = Failure::new(Code::GraphNameTaken, "the \"name\" is\ntaken");
    for mut group in world.claim().await {
        let mut begins = Vec::new();
        for member in &mut group.members {
            let mut begin = world.begin_of(member, IntentId(world.id()));
            begin.sealed_password = Some(b"age-encryption.org/v1\n\0\\\x7f\xff".to_vec());
            begins.push(begin);
            member.request.progress.trial.attempts += 1;
        }
        world.begin(begins).await;
        world.finish(&group, Outcome::Blocked { failure: failure.clone() }).await;
    }
    world.order(late[0], Command::Pause).await;
    leave_traces(&world).await;
    // One batch that nobody has accepted, and one that is not handed to the lanes yet.
    let open = world.open_batch().await;
    world.stage(open, &[ask("hal")]).await;
    let accepted = world.open_batch().await;
    world.stage(accepted, &[ask("ida")]).await;
    world.accept(accepted).await;
    (world, file)
}

/// What a sweep keeps, and a total that no decimal fraction has.
async fn leave_traces(world: &World) {
    let object = ObjectId(Uuid::from_u128(0x0b1ec7));
    let recheck = Recheck {
        intent: IntentId(world.id()),
        tenant: "contoso".to_owned(),
        user: None,
        object_id: object,
        license: SALES,
        reason: RecheckReason::Confirmed,
        noted_at: world.now(),
    };
    world.store.recheck(vec![recheck]).await.unwrap();
    let finding = Finding {
        tenant: "contoso".to_owned(),
        object_id: object,
        user_principal_name: "stray@contoso.example".to_owned(),
        kind: FindingKind::Orphan,
        license: None,
        user: None,
        request: None,
        failure: Failure::new(Code::SweepOrphan, "Look."),
        found_at: world.now(),
    };
    let end = SweepEnd {
        tenant: "contoso".to_owned(),
        now: world.now(),
        removed: Vec::new(),
        findings: vec![finding],
        explaining: Vec::new(),
        failure: None,
        forget_before: world.now() - Duration::from_secs(86_400),
        forget_deleted_before: world.now() - Duration::from_secs(31 * 86_400),
    };
    world.store.end_sweep(end).await.unwrap();
    let draft = OperationDraft {
        id: OperationId(world.id()),
        verb: Steering::Retry,
        selection: "status blocked".to_owned(),
        reason: Some("tab\there".to_owned()),
        actor: grace(),
        at: world.now(),
    };
    world.store.open_operation(draft, vec![RequestId(world.id())]).await.unwrap();
    let tally =
        TallyEntry { tenant: "contoso".to_owned(), tally: Tally::SeatSeconds, amount: 0.1 + 0.2 + 1e21 };
    world
        .store
        .commit(seatless::store::Commit { tallies: vec![tally], ..world.commit_of(Vec::new(), None) })
        .await
        .unwrap();
}

/// Everything that can be read, as text.
async fn everything(world: &World, store: &dyn Store) -> Vec<String> {
    fn text(what: &str, value: &impl Debug) -> String {
        format!("{what}: {value:?}")
    }
    let page = seatless::store::Page { after: None, rows_max: 1_000 };
    let all = store.requests(Default::default(), page).await.unwrap();
    let ids: Vec<RequestId> = all.iter().map(|member| member.request.id).collect();
    let users: Vec<UserId> = all.iter().map(|member| member.user.id).collect();
    let mut read = vec![
        text("store", &store.id()),
        text("standing", &store.standing().await.unwrap()),
        text("counts", &store.counts(None).await.unwrap()),
        text("tallies", &store.tallies().await.unwrap()),
        text("pools", &store.pools().await.unwrap()),
        text("lanes", &store.lanes(100).await.unwrap()),
        text("batches", &store.batches(100).await.unwrap()),
        text("line", &store.seat_line(seats(SALES), 100).await.unwrap()),
        text("candidates", &store.candidates(100).await.unwrap()),
        text("next wake", &store.next_wake().await.unwrap()),
        text("next rest", &store.next_rest_end().await.unwrap()),
        text("watches", &store.watches(ids).await.unwrap()),
        text("next watch", &store.next_watch().await.unwrap()),
        text("sweeps", &store.sweeps().await.unwrap()),
        text("passwords", &store.passwords(users).await.unwrap()),
        text("stranded", &store.claimed_by_others(engine_of_the_next_start(), 100).await.unwrap()),
        text("operations", &store.operations(100).await.unwrap()),
        text("due items", &store.due_items(100).await.unwrap()),
        text("latest", &store.latest(0, 10_000).await.unwrap()),
    ];
    for member in all {
        read.push(text("request", &member));
        read.push(text("history", &store.history(member.request.id, 0, 1_000).await.unwrap()));
    }
    assert!(read.len() > 20, "{}", world.now());
    read
}

fn engine_of_the_next_start() -> seatless::domain::HolderId {
    seatless::domain::HolderId(Uuid::from_u128(0x4444))
}

async fn arrived(database: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(PostgresOptions::owner(cluster().url(database), card()), spawner(), rest()).await
}

fn tables(end: Result<CopyEnd, CopyError>) -> Vec<CopiedTable> {
    match end {
        Ok(CopyEnd::Copied(tables)) => tables,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_of_a_file_arrives_and_goes_on_as_if_it_had_never_moved() {
    rule("CREATE DATABASE arrival TEMPLATE template0").await;
    let (mut world, file) = full().await;
    world.database.close().await;
    for table in tables(moved(&file, "arrival").await) {
        assert_eq!(table.from, table.to);
        assert!(table.from.rows > 0, "{} is empty, so that nothing is known of it", table.table);
    }

    let left: SqliteStore = file.read().await.unwrap();
    let there = arrived("arrival").await.unwrap();
    let (before, after) = (everything(&world, &left).await, everything(&world, &there).await);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "the file left, the server right");
    }
    assert_eq!(before.len(), after.len());
    let to = left.moved().map(|moved| moved.to.clone());
    assert_eq!(to, Some(cluster().url("arrival")));

    world.store = Arc::new(there);
    world.promote().await;
    for member in world.store.claimed_by_others(engine_of_the_next_start(), 100).await.unwrap() {
        let rescue = world.decide(&member, seatless::domain::Input::Rescued);
        world.commit_rows(vec![world.row(&member, rescue)]).await;
    }
    world.store.free_lanes(engine_of_the_next_start()).await.unwrap();
    for member in world.all().await {
        if member.request.progress.paused {
            world.order(member.request.id, Command::Resume).await;
        }
        if member.request.progress.status() == seatless::domain::Status::Blocked {
            world.order(member.request.id, Command::Cancel).await;
        }
    }
    let last = world.store.latest(0, 1).await.unwrap().remove(0).sequence;
    assert!(last > 0);
    world.work_to_success().await;
    world.recount().await;
    let order = PasswordOrder {
        actor: grace(),
        now: world.now(),
        users: world.all().await.iter().map(|member| member.user.id).collect(),
    };
    world.store.take_passwords(order).await.unwrap();
}

#[tokio::test]
async fn nobody_writes_to_what_has_moved_whatever_is_put_in_its_place() {
    rule("CREATE DATABASE departed TEMPLATE template0").await;
    let file = Arc::new(sqlite::factory::fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    world.submit(&[ask("ada")]).await;
    world.save().await;
    world.database.close().await;
    let older = std::fs::read(file.path()).unwrap();
    tables(moved(&file, "departed").await);

    let is_moved = |error: Option<StoreError>| matches!(error, Some(StoreError::Moved { to }) if to.contains("departed"));
    assert!(is_moved(file.own().await.err()));
    let another = file.directory.path().join("another.db");
    assert!(is_moved(SqliteStore::back_up(&file.path(), &another).await.err()), "it would be old news");
    assert!(!another.exists());
    assert!(is_moved(SqliteStore::put_back(&file.path(), &file.copy(), &card()).await.err()));
    std::fs::write(file.path(), older).unwrap();
    assert!(is_moved(file.own().await.err()), "an older state in its place");
}

#[tokio::test]
async fn what_was_restored_arrives_as_restored() {
    rule("CREATE DATABASE doubtful TEMPLATE template0").await;
    let file = Arc::new(sqlite::factory::fresh());
    let mut world = World::of(Box::new(Arc::clone(&file))).await;
    world.submit(&[ask("ada")]).await;
    world.save().await;
    world.work_until(State::Created).await;
    world.database.close().await;
    Database::put_back(&file).await;
    tables(moved(&file, "doubtful").await);
    world.store = Arc::new(arrived("doubtful").await.unwrap());
    assert!(matches!(world.store.standing().await.unwrap(), seatless::store::Standing::ReportOnly { .. }));
    assert!(world.all().await.iter().all(|member| member.request.progress.trial.look_first));
}
