//! Copies of a database: made while somebody works on it, and put back when nobody does.

use super::cells::Cells;
use super::head::{Claimed, Head, Place, SideCar};
use super::lock::OwnerLock;
use super::open::{base, connect, resolved};
use super::options::{OpenOptions, OwnerCard};
use super::pen::Pen;
use super::schema::Birth;
use super::verdict::said;
use super::{private_file, schema};
use crate::domain::{Instant, StoreId};
use crate::store::{SqliteStore, StoreError};
use sqlx::sqlite::SqliteJournalMode;
use sqlx::{Connection, Row, SqliteConnection};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

pub(super) const SUMMARY: &str = "
    SELECT (SELECT count(*) FROM requests WHERE staged = 0), (SELECT ifnull(max(sequence), 0) FROM events),
        (SELECT occurred_at FROM events ORDER BY sequence DESC LIMIT 1)";

/// What a copy of a database holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// The store.
    pub store: StoreId,
    /// How many requests it knows.
    pub requests: u64,
    /// The last event in it, and when that was.
    pub last_event: i64,
    /// When the last event happened; absent if none did.
    pub last_event_at: Option<Instant>,
    /// Its size.
    pub bytes: u64,
}

/// What putting a copy back came to.
#[derive(Clone, Debug, PartialEq)]
pub struct PutBack {
    /// What was put back.
    pub backup: Backup,
    /// Where the database lies now that was there before.
    pub aside: Option<PathBuf>,
    /// Whether the database was owned in this place before. If not, the copy stays one until a person confirms.
    pub at_home: bool,
}

impl SqliteStore {
    /// Copies a database into a file that does not exist yet, beside whoever works on it. Only what passes SQLite's own
    /// check counts; nobody but its owner may read it.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the file exists, cannot be written, or has a name that SQLite keeps for itself beside
    /// the database; [`StoreError::Moved`] if the database is out of use, [`StoreError::Corrupt`] if the copy is damaged,
    /// which means that the database is.
    pub async fn back_up(database: &Path, into: &Path) -> Result<Backup, StoreError> {
        let options = OpenOptions::reader(database);
        let mut source = connect(base(&options).read_only(true)).await?;
        match schema::read_birth(&mut source).await? {
            Some(birth) => birth.check_reader().and_then(|()| birth.check_stayed())?,
            None => return Err(unreadable(database, &"it holds no Seatless database")),
        }
        if is_kept_by_sqlite(&resolved(database)?, into) {
            return Err(unreadable(into, &"SQLite keeps this name for a log of the database itself"));
        }
        drop(create_new(into)?);
        let partial = beside(into, ".partial");
        let result = match create_new(&partial) {
            Ok(file) => copy(&mut source, &partial, &file).await,
            Err(error) => {
                let _ = std::fs::remove_file(into);
                return Err(error);
            }
        };
        let placed = result.and_then(|backup| {
            std::fs::rename(&partial, into)
                .and_then(|()| private_file::sync_folder_of(into))
                .map_err(|error| unreadable(into, &error))?;
            Ok(backup)
        });
        if placed.is_err() {
            // The names were taken by us alone, and what lies there is nothing or half of something.
            let _ = std::fs::remove_file(&partial);
            let _ = std::fs::remove_file(into);
        }
        placed
    }

    /// Puts a copy in the place of a database that nobody owns. What was there is moved aside, never deleted. Whoever opens
    /// it next as its owner finds that it was put back.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if somebody works on the database; [`StoreError::Corrupt`], [`StoreError::SchemaNewer`] or
    /// [`StoreError::Unreadable`] if the copy cannot be used, or belongs to another store; [`StoreError::Moved`] if it, or
    /// the database, is out of use. Then everything is as it was.
    pub async fn put_back(database: &Path, from: &Path, card: &OwnerCard) -> Result<PutBack, StoreError> {
        let database = &resolved(database)?;
        let _lock = OwnerLock::take(database, card)?;
        let car = SideCar::read(database)?;
        car.as_ref().map_or(Ok(()), SideCar::check_stayed)?;
        let copy = beside(database, ".restoring");
        let prepared = prepare(database, from, &copy, car.as_ref()).await;
        let backup = match prepared {
            Ok(backup) => backup,
            Err(error) => {
                let _ = std::fs::remove_file(&copy);
                return Err(error);
            }
        };
        let at_home = car.is_some();
        fold_log(database).await;
        match &car {
            Some(car) => car.overtaken().write(database)?,
            None => mark_as_put_back(database, &copy, &backup, card)?,
        }
        let aside = move_aside(database, card).map_err(|error| unreadable(database, &error))?;
        std::fs::rename(&copy, database)
            .and_then(|()| private_file::sync_folder_of(database))
            .map_err(|error| unreadable(database, &error))?;
        Ok(PutBack { backup, aside, at_home })
    }
}

/// Whether SQLite would take the file for a part of the database.
fn is_kept_by_sqlite(database: &Path, file: &Path) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.canonicalize().ok()
    };
    folder(database) == folder(file)
        && ["-wal", "-shm", "-journal"]
            .iter()
            .any(|suffix| beside(database, suffix).file_name() == file.file_name())
}

fn create_new(path: &Path) -> Result<File, StoreError> {
    private_file::create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => unreadable(path, &"it exists already, and a backup overwrites nothing"),
        _ => unreadable(path, &error),
    })
}

/// SQLite fills an empty file as well, and this one has nobody else's permissions.
async fn copy(source: &mut SqliteConnection, into: &Path, file: &File) -> Result<Backup, StoreError> {
    sqlx::query("VACUUM INTO ?1")
        .bind(into.to_string_lossy().into_owned())
        .execute(source)
        .await
        .map_err(said)?;
    let backup = inspect(into).await?;
    file.sync_all().map_err(|error| unreadable(into, &error))?;
    Ok(backup)
}

/// A copy of the copy beside the database, ready to be renamed.
async fn prepare(
    database: &Path,
    from: &Path,
    copy: &Path,
    car: Option<&SideCar>,
) -> Result<Backup, StoreError> {
    let from = &resolved(from)?;
    let log = beside(from, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(unreadable(
            from,
            &"part of it is in a log beside it; make backups with `seatless backup`",
        ));
    }
    let mut source = File::open(from).map_err(|error| unreadable(from, &error))?;
    let mut target = private_file::create_empty(copy).map_err(|error| unreadable(copy, &error))?;
    io::copy(&mut source, &mut target).map_err(|error| unreadable(copy, &error))?;
    let backup = inspect(copy).await?;
    target.sync_all().map_err(|error| unreadable(copy, &error))?;
    let own = match own_birth(database).await {
        Some(birth) => birth.check_stayed().map(|()| Some(birth.store))?,
        None => car.map(|car| StoreId(car.store)),
    };
    match own {
        Some(own) if own != backup.store => Err(unreadable(
            from,
            &format!("it belongs to the store {}, and the database is the store {own}", backup.store),
        )),
        Some(_) | None => Ok(backup),
    }
}

/// What a database says about itself, as far as it can be read.
async fn own_birth(database: &Path) -> Option<Birth> {
    if !database.exists() {
        return None;
    }
    let mut connection = connect(base(&OpenOptions::reader(database)).read_only(true)).await.ok()?;
    let birth = schema::read_birth(&mut connection).await.ok()?;
    let _ = connection.close().await;
    birth
}

/// What a copy holds, once all of it was checked.
async fn inspect(copy: &Path) -> Result<Backup, StoreError> {
    // Without a log of its own it is one file, whatever it was before.
    let options = base(&OpenOptions::reader(copy)).journal_mode(SqliteJournalMode::Delete);
    let mut connection = connect(options).await?;
    let Some(birth) = schema::read_birth(&mut connection).await? else {
        return Err(unreadable(copy, &"it holds no Seatless database"));
    };
    birth.check_writer()?;
    let verdict: String = sqlx::query("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(said)?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt(format!("the copy does not pass SQLite's check: {verdict}")));
    }
    let row = sqlx::query(SUMMARY).fetch_one(&mut connection).await.map_err(said)?;
    let mut cells = Cells::of(&row);
    let requests = u64::try_from(cells.int()?).unwrap_or_default();
    let (last_event, last_event_at) = (cells.int()?, cells.maybe_instant()?);
    connection.close().await.map_err(said)?;
    let bytes = std::fs::metadata(copy).map_err(|error| unreadable(copy, &error))?.len();
    Ok(Backup { store: birth.store, requests, last_event, last_event_at, bytes })
}

/// Where nothing tells of a database, the copy's age would go unnoticed if it comes from before there were side-cars.
fn mark_as_put_back(
    database: &Path,
    copy: &Path,
    backup: &Backup,
    card: &OwnerCard,
) -> Result<(), StoreError> {
    let claimed = Claimed { store: backup.store.0, incarnation: None, sequence: backup.last_event };
    let place = Place::of(copy, &card.host)?;
    let ahead = Head { incarnation: card.new_incarnation, sequence: i64::MAX, place };
    SideCar::announcing(None, claimed, ahead).write(database)
}

/// Folds the log of the database into it, so that what is moved aside is one file. One that cannot be opened is moved with
/// its log.
async fn fold_log(database: &Path) {
    if !database.exists() {
        return;
    }
    if let Ok(connection) = connect(base(&OpenOptions::reader(database))).await {
        let _ = Pen::new(connection).close().await;
    }
}

/// Moves a database and its log out of the way; gives back where it lies now.
fn move_aside(database: &Path, card: &OwnerCard) -> io::Result<Option<PathBuf>> {
    let stem = beside(database, format!(".before-{}", card.since.format("%Y%m%dT%H%M%SZ")));
    let numbered = |number: u32| if number < 2 { stem.clone() } else { beside(&stem, format!("-{number}")) };
    let free = |path: &PathBuf| !path.exists() && !beside(path, "-wal").exists();
    let Some(aside) = (1..1_000).map(numbered).find(free) else {
        return Err(io::Error::from(ErrorKind::AlreadyExists));
    };
    let moved = rename_if_there(database, &aside)?;
    rename_if_there(&beside(database, "-wal"), &beside(&aside, "-wal"))?;
    match std::fs::remove_file(beside(database, "-shm")) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    Ok(moved.then_some(aside))
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<bool> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn beside(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable(format!("{}: {why}", path.display()))
}
