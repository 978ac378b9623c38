//! One owner, readers beside it, and files that are refused.

use super::factory::{card, fresh};
use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{State, StoreId};
use seatless::store::{Batches, MIGRATIONS, Requests, Standing, Store, StoreError, Trust, Work};
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test]
async fn a_second_owner_is_told_who_the_first_one_is() {
    let file = fresh();
    let first = file.own().await.unwrap();
    let Err(StoreError::Locked(text)) = file.own().await else { panic!("it is locked") };
    let process = std::process::id();
    let expected = format!(
        "{} is owned by process {process} on host testbed since 2027-01-15T08:00:00.000Z (seatless 0.1.0)",
        file.path().display()
    );
    assert_eq!(text, expected);
    first.close().await.unwrap();
    file.own().await.unwrap().close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_database_gives_it_no_second_owner() {
    let (file, elsewhere) = (fresh(), tempfile::tempdir().unwrap());
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(file.path(), &link).unwrap();
    assert!(
        matches!(file.own_as(link.clone()).await, Err(StoreError::Unreadable(_))),
        "it leads nowhere yet"
    );
    let first = file.own().await.unwrap();
    assert!(matches!(file.own_as(link.clone()).await, Err(StoreError::Locked(_))));
    first.close().await.unwrap();
    let second = file.own_as(link).await.unwrap();
    assert_eq!(second.standing().await.unwrap(), Standing::Trusted, "it is no copy");
    assert!(matches!(file.own().await, Err(StoreError::Locked(_))));
    second.close().await.unwrap();
}

#[tokio::test]
async fn dropping_the_last_clone_gives_the_lock_back() {
    let file = fresh();
    let first = file.own().await.unwrap();
    let clone = first.clone();
    drop(first);
    assert!(matches!(file.own().await, Err(StoreError::Locked(_))));
    drop(clone);
    // The writer folds its log and writes its side-car first, on threads of their own; yielding lets it.
    for _ in 0..1_000_000 {
        match file.own().await {
            Ok(store) => return store.close().await.unwrap(),
            Err(StoreError::Locked(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the lock stays");
}

#[tokio::test]
async fn a_closed_store_does_nothing_more() {
    let file = fresh();
    let store = file.own().await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.free_lanes(crate::suite::world::ME).await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn a_new_database_gets_the_id_it_is_given_and_keeps_it() {
    let file = fresh();
    let store = file.own().await.unwrap();
    assert_eq!(store.id(), card().new_store);
    store.close().await.unwrap();
    file.meddle("UPDATE meta SET store_id = x'000102030405060708090a0b0c0d0e0f'").await;
    let store = file.own().await.unwrap();
    assert_eq!(store.id(), StoreId(Uuid::from_u128(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f)));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_sees_what_the_owner_commits() {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let reader = file.read().await.unwrap();
    assert_eq!(reader.id(), world.store.id());
    assert_eq!(reader.batches(9).await.unwrap(), []);
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Created).await;
    assert_eq!(reader.request(ids[0]).await.unwrap(), Some(world.member(ids[0]).await));
    let refused = reader.free_lanes(crate::suite::world::ME).await.unwrap_err();
    assert!(refused.to_string().contains("reading only"), "{refused}");
    assert_eq!(reader.writer_stats(), Default::default());
    // The owner goes; what it wrote can still be read, by old readers and new ones.
    world.database.close().await;
    let late = file.read().await.unwrap();
    assert!(late.request(ids[0]).await.unwrap().is_some());
    reader.close().await.unwrap();
    late.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_of_nothing_is_told_so() {
    let file = fresh();
    let Err(StoreError::Unreadable(text)) = file.read().await else { panic!("there is nothing") };
    assert_eq!(text, format!("there is no database at {}", file.path().display()));
    assert!(!file.path().exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let file = fresh();
    let text = "this is no database, whatever its name says. ".repeat(100);
    std::fs::write(file.path(), &text).unwrap();
    assert!(matches!(file.own().await, Err(StoreError::Unreadable(_))));
    assert!(matches!(file.read().await, Err(StoreError::Unreadable(_))));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_neither_read_nor_written() {
    let file = fresh();
    std::fs::write(file.path(), "").unwrap();
    file.meddle("CREATE TABLE songs (title TEXT)").await;
    let Err(StoreError::Unreadable(text)) = file.read().await else { panic!("it is not ours") };
    assert!(text.ends_with("holds no Seatless database"), "{text}");
    let before = std::fs::read(file.path()).unwrap();
    let Err(StoreError::Unreadable(text)) = file.own().await else { panic!("it is not ours") };
    assert!(text.contains("another program (it holds the table songs)"), "{text}");
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_whoever_cannot_know_it() {
    let file = fresh();
    let (now, ..) = *MIGRATIONS.last().unwrap();
    file.own().await.unwrap().close().await.unwrap();
    file.meddle("UPDATE meta SET schema_version = 99").await;
    file.read().await.unwrap().close().await.unwrap();
    let refused = file.own().await.err().unwrap();
    assert!(matches!(refused, StoreError::SchemaNewer { needed: 99, known } if known == now), "{refused}");
    file.meddle("UPDATE meta SET reader_version_min = 98").await;
    let refused = file.read().await.err().unwrap();
    assert!(matches!(refused, StoreError::SchemaNewer { needed: 98, known } if known == now), "{refused}");
}

#[tokio::test]
async fn an_older_schema_is_not_read_before_its_owner_has_brought_it_up_to_date() {
    let file = fresh();
    file.own().await.unwrap().close().await.unwrap();
    file.meddle("UPDATE meta SET schema_version = 0").await;
    let Err(StoreError::Unreadable(text)) = file.read().await else { panic!("it is older") };
    assert!(text.contains("`seatless run`"), "{text}");
    file.own().await.unwrap().close().await.unwrap();
    file.read().await.unwrap().close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let file = fresh();
    let store = file.own().await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(file.directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        seen += 1;
    }
    assert!(seen >= 3, "the database, its log and its lock");
    store.close().await.unwrap();
}
