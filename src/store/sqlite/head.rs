//! The side-car: a small file beside the database that remembers how far its history had come. A database that lies behind
//! it was put back from an older state; one that it does not belong to is a copy.

use super::private_file;
use crate::store::{Doubt, StoreError};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// For whoever opens the file and wonders.
const ABOUT: &str = "Seatless keeps this beside its database to notice when an older state is put in its place. \
    Leave it where it is, and leave it out of backups.";

/// At most so many former incarnations are remembered: a restore each.
const PAST_MAX: usize = 100;

/// What the side-car says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SideCar {
    #[serde(default)]
    about: String,
    /// The store's id.
    pub(super) store: Uuid,
    /// The head of its history, as it was last written.
    pub(super) now: Option<Head>,
    /// The incarnation that is about to begin; written before the database hears of it.
    pub(super) next: Option<Head>,
    /// The incarnations before this one, the latest first.
    #[serde(default)]
    past: Vec<Uuid>,
    /// Where the database has gone, if it has: then no older state of it is worked on in its place either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved_to: Option<String>,
}

/// The head of one incarnation's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) incarnation: Uuid,
    /// The last event. The database is never behind it, unless it was put back.
    pub(super) sequence: i64,
    #[serde(flatten)]
    pub(super) place: Place,
}

/// Where a database lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The machine's name.
    host: String,
    /// The file, as an absolute path without links.
    path: String,
    /// The file itself: another one means that it was replaced, even by its equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// What the database says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    pub(super) store: Uuid,
    pub(super) incarnation: Option<Uuid>,
    pub(super) sequence: i64,
}

/// What comes of comparing the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// They agree.
    Same,
    /// The database never had a side-car: it is new, or written by a version that kept none.
    First,
    /// They do not agree.
    Doubtful(Doubt),
}

impl Place {
    /// Where the file at `path` lies; it must exist.
    pub(super) fn of(path: &Path, host: &str) -> Result<Self, StoreError> {
        let place = || -> io::Result<Self> {
            let canonical = path.canonicalize()?;
            let file = private_file::identity_of(&canonical)?;
            Ok(Self { host: host.to_owned(), path: canonical.to_string_lossy().into_owned(), file })
        };
        place().map_err(|error| unreadable(path, &error))
    }
}

impl SideCar {
    /// The file's name, for a database.
    pub(super) fn path_of(database: &Path) -> PathBuf {
        let mut path = database.as_os_str().to_owned();
        path.push(".head");
        PathBuf::from(path)
    }

    /// Reads it; nothing if there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read: then nobody can tell whether the database is the latest.
    pub(super) fn read(database: &Path) -> Result<Option<Self>, StoreError> {
        let path = Self::path_of(database);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&path, &error))
    }

    /// Puts it in place, whole or not at all.
    pub(super) fn write(&self, database: &Path) -> Result<(), StoreError> {
        let path = Self::path_of(database);
        // A structure of texts and numbers always has a JSON form.
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        private_file::replace(&path, &text).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => unreadable(&path, &error),
        })
    }

    /// One that announces an incarnation of the database. What an earlier one says stands until that has begun, so that
    /// the next opening finds the same if this one is cut short.
    pub(super) fn announcing(before: Option<Self>, claimed: Claimed, next: Head) -> Self {
        let about = ABOUT.to_owned();
        let store = claimed.store;
        match before.filter(|before| before.store == store) {
            None => Self { about, store, now: None, next: Some(next), past: Vec::new(), moved_to: None },
            Some(mut before) => {
                let announced = before.next.take();
                // What was announced last has begun after all.
                if let Some(begun) = announced.filter(|head| Some(head.incarnation) == claimed.incarnation) {
                    let former = before.now.replace(begun);
                    before.past.splice(0..0, former.map(|former| former.incarnation));
                }
                Self { about, next: Some(next), ..before }
            }
        }
    }

    /// The same once an incarnation has begun, or goes on: nothing before it counts any more. `former` is the one that the
    /// database had before.
    pub(super) fn settled(&self, head: Head, former: Option<Uuid>) -> Self {
        let heads = [&self.now, &self.next].into_iter().flatten().map(|head| head.incarnation);
        let mut past: Vec<Uuid> = Vec::new();
        for id in former.into_iter().chain(heads).chain(self.past.iter().copied()) {
            if id != head.incarnation && !past.contains(&id) {
                past.push(id);
            }
        }
        past.truncate(PAST_MAX);
        Self { about: ABOUT.to_owned(), store: self.store, now: Some(head), next: None, past, moved_to: None }
    }

    /// Refuses whatever lies in the place of a database that has gone elsewhere.
    pub(super) fn check_stayed(&self) -> Result<(), StoreError> {
        match &self.moved_to {
            Some(to) => Err(StoreError::Moved { to: to.clone() }),
            None => Ok(()),
        }
    }

    /// The same, when a backup is about to be put in the database's place: whatever lies there from then on is behind.
    pub(super) fn overtaken(&self) -> Self {
        let mut overtaken = self.clone();
        for head in [&mut overtaken.now, &mut overtaken.next].into_iter().flatten() {
            head.sequence = i64::MAX;
        }
        overtaken
    }

    fn head_of(&self, incarnation: Uuid) -> Option<&Head> {
        [&self.now, &self.next].into_iter().flatten().find(|head| head.incarnation == incarnation)
    }
}

/// Compares a database with its side-car.
pub(super) fn compare(side_car: Option<&SideCar>, claimed: Claimed, here: &Place) -> Finding {
    let Some(car) = side_car else {
        return claimed.incarnation.map_or(Finding::First, |_| Finding::Doubtful(Doubt::Copied));
    };
    if car.store != claimed.store {
        return Finding::Doubtful(Doubt::Copied);
    }
    let Some(incarnation) = claimed.incarnation else {
        // Written by a version that kept no side-car; the question is whether a later one has owned it already.
        let is_behind = car.next.as_ref().is_some_and(|head| head.sequence > claimed.sequence);
        return match car.now {
            Some(_) => Finding::Doubtful(Doubt::Restored),
            None if is_behind => Finding::Doubtful(Doubt::Copied),
            None => Finding::First,
        };
    };
    match car.head_of(incarnation) {
        None if car.past.contains(&incarnation) => Finding::Doubtful(Doubt::Restored),
        None => Finding::Doubtful(Doubt::Copied),
        Some(head) if head.place.host != here.host || head.place.path != here.path => {
            Finding::Doubtful(Doubt::Copied)
        }
        Some(head) if claimed.sequence < head.sequence || head.place.file != here.file => {
            Finding::Doubtful(Doubt::Restored)
        }
        Some(_) => Finding::Same,
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable(format!("{}: {error}", path.display()))
}
