//! What PostgreSQL said, in our words.

use crate::store::StoreError;

pub(super) use crate::store::sql::corrupt::corrupt;

/// Turns an error of the driver into ours, by its SQLSTATE and never by its text.
pub(super) fn said(error: &sqlx::Error) -> StoreError {
    match (error, state_of(error).as_deref()) {
        (sqlx::Error::PoolTimedOut, _) => StoreError::Unreachable(
            "no connection to the server became free, or could be made, in time".to_owned(),
        ),
        (_, Some(READ_ONLY)) => {
            StoreError::Unreachable("the server takes no writes at the moment".to_owned())
        }
        _ if is_connection_loss(error) => StoreError::Unreachable(error.to_string()),
        (_, state) => said_in_session(error, state),
    }
}

/// What a server said that goes on listening.
fn said_in_session(error: &sqlx::Error, state: Option<&str>) -> StoreError {
    match state {
        Some(DEADLOCK | SERIALIZATION | LOCK_TIMEOUT | CANCELLED) => StoreError::Busy,
        Some("53100" | "53200") => StoreError::Full,
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

/// Whether the server is gone, ends the connection, or is one that takes no writes and so not the one that is meant (any
/// more): what was sent last may or may not have been done, and the connection is of no use.
pub(super) fn is_connection_loss(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        error => state_of(error).is_some_and(|state| {
            // Connection exceptions, which is also what a pooler says; the server shuts down, crashes, starts, or has no
            // connection left; a session was idle for too long, or a transaction took too long.
            state.starts_with("08")
                || matches!(
                    state.as_str(),
                    "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03" | "25P04" | READ_ONLY
                )
        }),
    }
}

/// Whether it was waited for long enough to be noticed: nobody need be patient with it on top of that.
pub(super) fn was_waited_for(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    }
}

// The SQLSTATEs of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const SERIALIZATION: &str = "40001";
const DEADLOCK: &str = "40P01";
const LOCK_TIMEOUT: &str = "55P03";
const CANCELLED: &str = "57014";
const READ_ONLY: &str = "25006";

fn state_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}
