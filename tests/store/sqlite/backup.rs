//! Backups: whole, private, and put back only where they belong.

use super::factory::{File, card, fresh};
use crate::suite::build::ask;
use crate::suite::world::{Database, World};
use seatless::domain::State;
use seatless::store::{Doubt, OwnerCard, Requests, SqliteStore, Standing, StoreError, Trust};
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::PathBuf;
use std::sync::Arc;

async fn world_on(file: &Arc<File>) -> World {
    World::of(Box::new(Arc::clone(file))).await
}

/// What lies in the folder, but for the files that a reader of SQLite leaves.
fn names(file: &File) -> Vec<String> {
    let entries = std::fs::read_dir(file.directory.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with("seatless.db-"));
    names.sort();
    names
}

async fn put_back(file: &File) -> Result<seatless::store::PutBack, StoreError> {
    SqliteStore::put_back(&file.path(), &file.copy(), &card()).await
}

#[tokio::test]
async fn a_copy_made_while_somebody_works_holds_all_that_was_answered() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    world.submit(&[ask("ada"), ask("bob")]).await;
    let backup = SqliteStore::back_up(&file.path(), &file.copy()).await.unwrap();
    assert_eq!((backup.store, backup.requests, backup.last_event), (world.store.id(), 2, 2));
    assert_eq!(backup.last_event_at, Some(world.now()));
    assert_eq!(backup.bytes, std::fs::metadata(file.copy()).unwrap().len());
    // It is one file, and the work goes on beside it.
    assert!(names(&file).iter().all(|name| !name.starts_with("copy.db-") && !name.contains("partial")));
    world.work_until(State::Created).await;
    world.database.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_a_copy() {
    use std::os::unix::fs::PermissionsExt;
    let file = Arc::new(fresh());
    let mut world = world_on(&file).await;
    world.save().await;
    world.put_back().await;
    for name in names(&file) {
        let path = file.directory.path().join(&name);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_copy_overwrites_nothing() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    std::fs::write(file.copy(), "precious").unwrap();
    let before = names(&file);
    let refused = SqliteStore::back_up(&file.path(), &file.copy()).await.unwrap_err();
    assert!(refused.to_string().contains("exists already"), "{refused}");
    assert_eq!(std::fs::read(file.copy()).unwrap(), b"precious");
    assert_eq!(names(&file), before);
    let half = file.copy().with_file_name("copy.db.partial");
    std::fs::rename(file.copy(), &half).unwrap();
    let refused = SqliteStore::back_up(&file.path(), &file.copy()).await.unwrap_err();
    assert!(refused.to_string().contains("copy.db.partial: it exists already"), "{refused}");
    assert_eq!(std::fs::read(half).unwrap(), b"precious");
    assert!(!file.copy().exists(), "no empty backup stays");
    world.database.close().await;
}

#[tokio::test]
async fn a_damaged_database_gives_no_copy() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    let asks: Vec<_> = (0..300).map(|n| ask(format!("user{n}"))).collect();
    world.submit(&asks).await;
    world.database.close().await;
    let mut bytes = std::fs::read(file.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    std::fs::write(file.path(), bytes).unwrap();
    let refused = SqliteStore::back_up(&file.path(), &file.copy()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
    assert_eq!(names(&file), ["seatless.db", "seatless.db.head", "seatless.db.lock"]);
}

#[tokio::test]
async fn what_is_put_back_is_what_was_saved_and_what_was_there_is_kept() {
    let file = Arc::new(fresh());
    let mut world = world_on(&file).await;
    world.submit(&[ask("ada")]).await;
    world.save().await;
    let saved = world.store.latest(0, 99).await.unwrap();
    world.work_until(State::Created).await;
    let last = world.store.latest(0, 1).await.unwrap();
    world.put_back().await;
    assert_eq!(world.store.latest(0, 99).await.unwrap(), saved);
    let aside: Vec<String> = names(&file).into_iter().filter(|name| name.contains(".before-")).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    let mut kept = sqlx::SqliteConnection::connect_with(
        &sqlx::sqlite::SqliteConnectOptions::new().filename(file.directory.path().join(aside)),
    )
    .await
    .unwrap();
    let sequence: i64 =
        sqlx::query_scalar("SELECT max(sequence) FROM events").fetch_one(&mut kept).await.unwrap();
    assert_eq!(sequence, last[0].sequence);
    world.database.close().await;
}

#[tokio::test]
async fn a_second_restore_moves_aside_under_another_name() {
    let file = Arc::new(fresh());
    let mut world = world_on(&file).await;
    world.save().await;
    world.put_back().await;
    world.put_back().await;
    let aside = names(&file).into_iter().filter(|name| name.contains(".before-")).count();
    assert_eq!(aside, 2);
}

#[tokio::test]
async fn nothing_is_put_back_under_somebody_who_works() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    world.save().await;
    assert!(matches!(put_back(&file).await, Err(StoreError::Locked(_))));
    world.submit(&[ask("ada")]).await;
    assert_eq!(world.all().await.len(), 1);
    world.database.close().await;
}

#[tokio::test]
async fn what_does_not_belong_here_is_refused_and_nothing_is_moved() {
    let file = Arc::new(fresh());
    let world = world_on(&file).await;
    world.submit(&[ask("ada")]).await;
    world.save().await;
    world.database.close().await;
    let good = std::fs::read(file.copy()).unwrap();
    let damaged = {
        let mut bytes = good.clone();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8_192].fill(0x5a);
        bytes
    };
    let before = names(&file);
    for (what, bytes) in [("no database", b"no database, whatever its name".to_vec()), ("damaged", damaged)] {
        std::fs::write(file.copy(), bytes).unwrap();
        put_back(&file).await.expect_err(what);
        assert_eq!(names(&file), before, "{what}");
    }
    for (what, sql) in [
        ("another store", "UPDATE meta SET store_id = x'000102030405060708090a0b0c0d0e0f'"),
        ("a newer schema", "UPDATE meta SET schema_version = 99"),
    ] {
        std::fs::write(file.copy(), &good).unwrap();
        let mut bare =
            sqlx::sqlite::SqliteConnectOptions::new().filename(file.copy()).connect().await.unwrap();
        sqlx::query(sql).execute(&mut bare).await.unwrap();
        bare.close().await.unwrap();
        put_back(&file).await.expect_err(what);
        assert_eq!(names(&file), before, "{what}");
        // Not even where the database has gone: its side-car still says which one it was.
        if what == "another store" {
            let kept = std::fs::read(file.path()).unwrap();
            std::fs::remove_file(file.path()).unwrap();
            put_back(&file).await.expect_err(what);
            std::fs::write(file.path(), kept).unwrap();
        }
    }
    std::fs::write(file.copy(), &good).unwrap();
    let mut log = file.copy().into_os_string();
    log.push("-wal");
    std::fs::write(&log, "half of it").unwrap();
    put_back(&file).await.expect_err("a part of it is elsewhere");
    #[cfg(unix)]
    {
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("latest.db");
        std::os::unix::fs::symlink(file.copy(), &link).unwrap();
        let linked = SqliteStore::put_back(&file.path(), &link, &card()).await;
        linked.expect_err("a link does not bring the log along");
    }
    std::fs::remove_file(&log).unwrap();
    put_back(&file).await.expect("the good one can be put back");
}

#[tokio::test]
async fn a_database_that_is_damaged_or_gone_can_be_put_back() {
    for gone in [false, true] {
        let file = Arc::new(fresh());
        let world = world_on(&file).await;
        world.submit(&[ask("ada")]).await;
        world.save().await;
        world.database.close().await;
        if gone {
            std::fs::remove_file(file.path()).unwrap();
        } else {
            std::fs::write(file.path(), "rubbish").unwrap();
        }
        let result = put_back(&file).await.unwrap();
        assert_eq!((result.aside.is_some(), result.at_home), (!gone, true));
        let store = file.own().await.unwrap();
        assert!(matches!(
            store.standing().await.unwrap(),
            Standing::ReportOnly { doubt: Doubt::Restored, .. }
        ));
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn where_no_database_was_a_backup_is_a_copy() {
    for before_side_cars in [false, true] {
        let file = fresh();
        Database::open(&file).await;
        if before_side_cars {
            file.meddle("UPDATE meta SET incarnation = NULL").await;
        }
        Database::save(&file).await;
        Database::close(&file).await;
        let elsewhere: PathBuf = file.directory.path().join("elsewhere.db");
        let result = SqliteStore::put_back(&elsewhere, &file.copy(), &card()).await.unwrap();
        assert_eq!((result.aside, result.at_home), (None, false));
        let options = seatless::store::OpenOptions::owner(&elsewhere, OwnerCard { ..card() });
        let store = SqliteStore::open(options, Arc::new(super::factory::spawn)).await.unwrap();
        let standing = store.standing().await.unwrap();
        assert!(
            matches!(standing, Standing::ReportOnly { doubt: Doubt::Copied, .. }),
            "{before_side_cars}: {standing:?}"
        );
        assert!(store.request(seatless::domain::RequestId(uuid::Uuid::nil())).await.unwrap().is_none());
        store.close().await.unwrap();
    }
}
