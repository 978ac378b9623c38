//! One owner per database: a lock on a file beside it, held for as long as the process lives.

use super::options::OwnerCard;
use super::private_file;
use crate::store::StoreError;
use chrono::SecondsFormat;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The lock. The operating system ends it with the process, however that ends; the file stays behind, unlocked.
#[derive(Debug)]
pub(super) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock of a database and notes who took it.
    pub(super) fn take(database: &Path, card: &OwnerCard) -> Result<Self, StoreError> {
        let path = lock_path(database);
        let refused = |error: std::io::Error| {
            StoreError::Unreadable(format!("the lock file {} cannot be written: {error}", path.display()))
        };
        let mut file = private_file::open_or_create(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned_by_another(database, &mut file)),
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        let since = card.since.to_rfc3339_opts(SecondsFormat::Millis, true);
        let owner = format!(
            "process {} on host {} since {since} ({})\n",
            std::process::id(),
            card.host,
            card.program
        );
        file.set_len(0).and_then(|()| file.write_all(owner.as_bytes())).map_err(refused)?;
        Ok(Self { _file: file })
    }
}

fn owned_by_another(database: &Path, file: &mut File) -> StoreError {
    let mut owner = String::new();
    // The owner may be writing its card this very moment; then the sentence names nobody.
    let read = file.rewind().and_then(|()| file.read_to_string(&mut owner));
    let owner = match (read, owner.trim()) {
        (Ok(_), named) if !named.is_empty() => named.to_owned(),
        _ => "another process".to_owned(),
    };
    StoreError::Locked(format!("{} is owned by {owner}", database.display()))
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}
