//! What PostgreSQL said, in our words.

use crate::store::StoreError;

pub(super) use crate::store::sql::corrupt::corrupt;

/// Turns an error of the driver into ours, by its SQLSTATE and never by its text.
pub(super) fn said(error: sqlx::Error) -> StoreError {
    if is_connection_loss(&error) {
        return StoreError::Unreachable(error.to_string());
    }
    match state_of(&error).as_deref() {
        Some(DEADLOCK | SERIALIZATION | LOCK_TIMEOUT | CANCELLED) => StoreError::Busy,
        Some("53100" | "53200") => StoreError::Full,
        Some("25006") => StoreError::Unreachable("the database takes no writes at the moment".to_owned()),
        Some(state) if state.starts_with("28") || state == "3D000" || state == "42501" => {
            StoreError::Unreadable(error.to_string())
        }
        Some("XX001" | "XX002") => StoreError::Corrupt(format!("the database is damaged: {error}")),
        Some(_) | None => StoreError::Failed(error.to_string()),
    }
}

/// Whether a transaction failed for the sake of another one, so that it may simply be tried again.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(state_of(error).as_deref(), Some(DEADLOCK | SERIALIZATION))
}

/// Whether the server is gone, or ends the connection: what was sent last may or may not have been done.
pub(super) fn is_connection_loss(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        error => state_of(error).is_some_and(|state| {
            // Connection exceptions; the server shuts down, crashes, starts, or has no connection left.
            state.starts_with("08")
                || matches!(state.as_str(), "57P01" | "57P02" | "57P03" | "53300" | "25P03")
        }),
    }
}

// The SQLSTATEs of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const SERIALIZATION: &str = "40001";
const DEADLOCK: &str = "40P01";
const LOCK_TIMEOUT: &str = "55P03";
const CANCELLED: &str = "57014";

fn state_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}
