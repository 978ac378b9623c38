//! What an opener finds out by the side-car, however the last opening ended.

use super::factory::{File, card, fresh, spawn};
use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{RequestId, State};
use seatless::store::{
    Actor, Doubt, OpenOptions, Origin, OwnerCard, Requests, SqliteStore, Standing, StoreError, Trust,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

async fn standing_at(path: &Path, host: &str) -> (Standing, SqliteStore) {
    let options = OpenOptions::owner(path, OwnerCard { host: host.to_owned(), ..card() });
    let store = SqliteStore::open(options, Arc::new(spawn)).await.unwrap();
    (store.standing().await.unwrap(), store)
}

/// How the database is judged by the next opener, who closes it again.
async fn judged_at(path: &Path, host: &str) -> Option<Doubt> {
    let (standing, store) = standing_at(path, host).await;
    store.close().await.unwrap();
    match standing {
        Standing::Trusted => None,
        Standing::ReportOnly { doubt, .. } => Some(doubt),
    }
}

async fn judged(file: &File) -> Option<Doubt> {
    judged_at(&file.path(), "testbed").await
}

fn head_of(path: &Path) -> PathBuf {
    let mut head = path.as_os_str().to_owned();
    head.push(".head");
    PathBuf::from(head)
}

fn head(file: &File) -> Value {
    serde_json::from_slice(&std::fs::read(head_of(&file.path())).unwrap()).unwrap()
}

fn write_head(file: &File, head: &Value) {
    std::fs::write(head_of(&file.path()), head.to_string()).unwrap();
}

/// A database with some history, closed, and an older state of it.
async fn with_an_older_state() -> (File, Vec<u8>) {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    world.submit(&[ask("ada")]).await;
    world.database.close().await;
    let older = std::fs::read(file.path()).unwrap();
    let mut world = world;
    world.store = file.opened_again().await;
    world.work_until(State::Licensed).await;
    world.restart().await;
    world.database.close().await;
    drop(world);
    (Arc::into_inner(file).expect("nobody else has it"), older)
}

#[tokio::test]
async fn whoever_opens_his_own_database_again_trusts_it() {
    let (file, _) = with_an_older_state().await;
    for _ in 0..3 {
        assert_eq!(judged(&file).await, None);
    }
}

#[tokio::test]
async fn an_older_state_in_the_same_file_is_noticed() {
    let (file, older) = with_an_older_state().await;
    // Written over, as `cp` does it: the file is the same one.
    std::fs::write(file.path(), &older).unwrap();
    assert_eq!(judged(&file).await, Some(Doubt::Restored));
    assert_eq!(judged(&file).await, Some(Doubt::Restored), "until somebody confirms");
}

#[tokio::test]
async fn a_log_that_was_deleted_is_noticed() {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    world.submit(&[ask("ada")]).await;
    // As a process that is killed leaves it: all that was done since the last checkpoint is in the log alone.
    file.opened().keep_head().await.unwrap();
    let (database, head) =
        (std::fs::read(file.path()).unwrap(), std::fs::read(head_of(&file.path())).unwrap());
    world.database.close().await;
    std::fs::write(file.path(), database).unwrap();
    std::fs::write(head_of(&file.path()), head).unwrap();
    let path = file.path();
    let options = OpenOptions::owner(&path, card());
    match SqliteStore::open(options, Arc::new(spawn)).await {
        // Nothing at all had reached the file itself.
        Err(StoreError::Unreadable(text)) => assert!(text.contains("missing or empty"), "{text}"),
        Err(other) => panic!("{other}"),
        Ok(store) => {
            let standing = store.standing().await.unwrap();
            assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Restored, .. }), "{standing:?}");
        }
    }
}

#[tokio::test]
async fn both_files_put_back_together_are_noticed() {
    let (file, _) = with_an_older_state().await;
    let (path, head) = (file.path(), head_of(&file.path()));
    for kept in [&path, &head] {
        std::fs::copy(kept, kept.with_extension("kept")).unwrap();
        std::fs::rename(kept.with_extension("kept"), kept).unwrap();
    }
    assert_eq!(judged(&file).await, Some(Doubt::Restored));
}

#[tokio::test]
async fn a_copy_is_noticed_in_another_folder_and_on_another_host() {
    let (file, _) = with_an_older_state().await;
    let elsewhere = file.directory.path().join("elsewhere");
    for with_head in [false, true] {
        std::fs::create_dir_all(&elsewhere).unwrap();
        let copy = elsewhere.join("seatless.db");
        std::fs::copy(file.path(), &copy).unwrap();
        if with_head {
            std::fs::copy(head_of(&file.path()), head_of(&copy)).unwrap();
        }
        assert_eq!(judged_at(&copy, "testbed").await, Some(Doubt::Copied), "with its side-car: {with_head}");
        std::fs::remove_dir_all(&elsewhere).unwrap();
    }
    assert_eq!(judged_at(&file.path(), "another").await, Some(Doubt::Copied));
}

#[tokio::test]
async fn what_is_older_and_elsewhere_is_a_copy() {
    let (file, older) = with_an_older_state().await;
    std::fs::write(file.path(), older).unwrap();
    assert_eq!(judged_at(&file.path(), "another").await, Some(Doubt::Copied));
    // And it stays one, whatever is put back over it.
    let state = std::fs::read(file.path()).unwrap();
    let (_, store) = standing_at(&file.path(), "another").await;
    store.close().await.unwrap();
    std::fs::remove_file(file.path()).unwrap();
    std::fs::write(file.path(), state).unwrap();
    assert_eq!(judged_at(&file.path(), "another").await, Some(Doubt::Copied));
}

#[tokio::test]
async fn a_lost_side_car_makes_a_copy() {
    let (file, _) = with_an_older_state().await;
    std::fs::remove_file(head_of(&file.path())).unwrap();
    assert_eq!(judged(&file).await, Some(Doubt::Copied));
}

#[tokio::test]
async fn the_same_backup_put_back_twice_is_no_copy() {
    let (file, older) = with_an_older_state().await;
    for _ in 0..3 {
        std::fs::write(file.path(), &older).unwrap();
        let (standing, store) = standing_at(&file.path(), "testbed").await;
        assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Restored, .. }), "{standing:?}");
        let grace = Actor { name: "grace".to_owned(), origin: Origin::Cli };
        store.confirm(grace, card().since).await.unwrap();
        assert_eq!(store.standing().await.unwrap(), Standing::Trusted);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_without_a_side_car_of_any_kind_gets_one_and_is_trusted() {
    let (file, _) = with_an_older_state().await;
    // As a version before there were side-cars leaves it.
    file.meddle("UPDATE meta SET incarnation = NULL").await;
    let before_side_cars = std::fs::read(file.path()).unwrap();
    std::fs::remove_file(head_of(&file.path())).unwrap();
    assert_eq!(judged(&file).await, None);
    assert_eq!(judged(&file).await, None);
    // The same state once more, after a version that keeps one has owned it.
    std::fs::write(file.path(), before_side_cars).unwrap();
    assert_eq!(judged(&file).await, Some(Doubt::Restored));
}

#[tokio::test]
async fn a_database_that_has_gone_is_not_begun_anew() {
    let (file, _) = with_an_older_state().await;
    for empty in [false, true] {
        std::fs::remove_file(file.path()).unwrap();
        if empty {
            std::fs::write(file.path(), "").unwrap();
        }
        let Err(StoreError::Unreadable(text)) = file.own().await else { panic!("it has gone") };
        assert!(text.contains("seatless restore"), "{text}");
        assert_eq!(file.path().exists(), empty, "nothing was made");
        std::fs::write(file.path(), "").unwrap();
    }
    std::fs::remove_file(head_of(&file.path())).unwrap();
    assert_eq!(judged(&file).await, None, "unless that is wanted");
}

#[tokio::test]
async fn a_side_car_that_cannot_be_read_is_no_reason_to_trust() {
    let (file, _) = with_an_older_state().await;
    std::fs::write(head_of(&file.path()), "{").unwrap();
    let Err(StoreError::Unreadable(text)) = file.own().await else { panic!("it cannot be read") };
    assert!(text.contains("seatless.db.head"), "{text}");
}

/// Opens the database, and puts back what lay there when the opening was cut short: after the side-car had announced the
/// next incarnation, or after the database had begun it as well.
async fn cut_short(file: &File, host: &str, after_the_database: bool) {
    let before = (std::fs::read(file.path()).unwrap(), std::fs::read(head_of(&file.path())).ok());
    judged_at(&file.path(), host).await;
    let settled = head(file);
    let earlier = before.1.map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap());
    let earlier = earlier.filter(|earlier| earlier["store"] == settled["store"]);
    let mut announced = earlier.unwrap_or_else(|| serde_json::json!({ "past": [] }));
    announced["store"] = settled["store"].clone();
    announced["next"] = settled["now"].clone();
    if !after_the_database {
        std::fs::write(file.path(), before.0).unwrap();
    }
    write_head(file, &announced);
}

#[tokio::test]
async fn an_opening_that_is_cut_short_comes_to_the_same_the_next_time() {
    for after_the_database in [false, true] {
        let (file, older) = with_an_older_state().await;
        std::fs::write(file.path(), &older).unwrap();
        for _ in 0..3 {
            cut_short(&file, "testbed", after_the_database).await;
        }
        assert_eq!(judged(&file).await, Some(Doubt::Restored), "{after_the_database}");

        let (file, _) = with_an_older_state().await;
        std::fs::remove_file(head_of(&file.path())).unwrap();
        for _ in 0..3 {
            cut_short(&file, "testbed", after_the_database).await;
        }
        assert_eq!(judged(&file).await, Some(Doubt::Copied), "{after_the_database}");

        let (file, _) = with_an_older_state().await;
        for _ in 0..3 {
            cut_short(&file, "another", after_the_database).await;
        }
        assert_eq!(judged_at(&file.path(), "another").await, Some(Doubt::Copied), "{after_the_database}");

        let file = fresh();
        drop(file.own().await.unwrap().close().await);
        file.meddle("UPDATE meta SET incarnation = NULL").await;
        std::fs::remove_file(head_of(&file.path())).unwrap();
        for _ in 0..3 {
            cut_short(&file, "testbed", after_the_database).await;
        }
        assert_eq!(judged(&file).await, None, "{after_the_database}");
    }
}

/// The real opening, stopped by the database itself at the moment at which the incarnation would begin.
#[tokio::test]
async fn an_incarnation_is_announced_before_it_begins_and_found_again() {
    const STOP: &str =
        "CREATE TRIGGER stop BEFORE UPDATE OF incarnation ON meta BEGIN SELECT RAISE(ABORT, 'now'); END";
    for (lost, expected) in [(false, Doubt::Restored), (true, Doubt::Copied)] {
        let (file, older) = with_an_older_state().await;
        if lost {
            std::fs::remove_file(head_of(&file.path())).unwrap();
        } else {
            std::fs::write(file.path(), &older).unwrap();
        }
        let before = if lost { Value::Null } else { head(&file)["now"].clone() };
        file.meddle(STOP).await;
        for _ in 0..2 {
            file.own().await.err().expect("it is stopped");
            assert_eq!(head(&file)["now"], before, "what it said stands");
            assert!(head(&file)["next"]["incarnation"].is_string(), "and what will be is announced");
        }
        file.meddle("DROP TRIGGER stop").await;
        assert_eq!(judged(&file).await, Some(expected));
    }
}

#[tokio::test]
async fn an_incarnation_that_had_begun_is_not_begun_again() {
    let (file, older) = with_an_older_state().await;
    std::fs::write(file.path(), &older).unwrap();
    cut_short(&file, "testbed", true).await;
    let announced = head(&file)["next"]["incarnation"].clone();
    judged(&file).await;
    assert_eq!(head(&file)["now"]["incarnation"], announced);
    assert_eq!(head(&file)["next"], Value::Null);
}

#[tokio::test]
async fn the_side_car_follows_the_history_and_is_never_ahead_of_it() {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let sequence = |file: &File| head(file)["now"]["sequence"].as_i64().unwrap();
    assert_eq!(sequence(&file), 0);
    world.submit(&[ask("ada"), ask("bob")]).await;
    assert_eq!(sequence(&file), 0, "only when somebody says so");
    file.opened().keep_head().await.unwrap();
    assert_eq!(sequence(&file), 2);
    world.work_until(State::Created).await;
    let last = world.store.latest(0, 1).await.unwrap()[0].sequence;
    assert!(sequence(&file) < last);
    world.database.close().await;
    assert_eq!(sequence(&file), last, "and at the end");
    // A reader has nothing to say.
    file.read().await.unwrap().keep_head().await.unwrap();
}

#[tokio::test]
async fn only_what_is_open_is_looked_at_first() {
    let file = Arc::new(fresh());
    let world = World::of(Box::new(Arc::clone(&file))).await;
    let ids: Vec<RequestId> = world.submit(&[ask("ada"), ask("bob")]).await;
    world.order(ids[1], seatless::domain::Command::Cancel).await;
    world.database.close().await;
    std::fs::remove_file(head_of(&file.path())).unwrap();
    let (_, store) = standing_at(&file.path(), "testbed").await;
    let looks = async |id| store.request(id).await.unwrap().unwrap().request.progress.trial.look_first;
    assert!(looks(ids[0]).await);
    assert!(!looks(ids[1]).await, "it has ended");
    store.close().await.unwrap();
}
