//! What SQLite said, in our words.

use crate::store::StoreError;

pub(super) use crate::store::sql::corrupt::corrupt;

/// Turns an error of the driver into ours, by its result code and never by its text.
pub(super) fn said(error: sqlx::Error) -> StoreError {
    match result_code(&error) {
        Some(BUSY | LOCKED) => StoreError::Busy,
        Some(FULL) => StoreError::Full,
        Some(READONLY) => StoreError::Unreadable("the database may not be written".to_owned()),
        Some(PERM | AUTH) => StoreError::Unreadable("access to the database is denied".to_owned()),
        Some(CANTOPEN) => StoreError::Unreadable("the database cannot be opened".to_owned()),
        Some(NOTADB) => StoreError::Unreadable("the file is not a SQLite database".to_owned()),
        Some(CORRUPT) => StoreError::Corrupt(format!("the database file is damaged: {error}")),
        Some(_) | None => StoreError::Failed(error.to_string()),
    }
}

/// Whether an error means that the disk itself failed: then what was written before is uncertain as well.
pub(super) fn is_disk_failure(error: &sqlx::Error) -> bool {
    result_code(error) == Some(IOERR)
}

// The primary result codes of <https://sqlite.org/rescode.html>.
const PERM: u32 = 3;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READONLY: u32 = 8;
const IOERR: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANTOPEN: u32 = 14;
const AUTH: u32 = 23;
const NOTADB: u32 = 26;

/// The primary part of an extended result code.
fn result_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
