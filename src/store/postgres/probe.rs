//! Why no connection can be had: the pool only says that none could.

use super::options::Rest;
use super::verdict::{is_connection_loss, said};
use crate::store::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// How long a single connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Makes one connection of its own, and ends it.
///
/// # Errors
/// [`StoreError::Unreachable`] with the place and what came from there.
pub(super) async fn probe(options: &PgConnectOptions, rest: &Rest) -> Result<(), StoreError> {
    let made = tokio::select! {
        biased;
        made = PgConnection::connect_with(options) => made,
        () = rest(CONNECT_MAX) => {
            let seconds = CONNECT_MAX.as_secs();
            return Err(StoreError::Unreachable(format!(
                "{} does not answer within {seconds} seconds",
                place(options)
            )));
        }
    };
    match made {
        Ok(connection) => {
            // Whether it is ended in good order is the server's affair.
            let _ = connection.close().await;
            Ok(())
        }
        Err(error) if is_connection_loss(&error) => {
            Err(StoreError::Unreachable(format!("{}: {error}", place(options))))
        }
        Err(error) => Err(said(&error)),
    }
}

/// What a failure of the pool comes from.
pub(super) async fn explained(pool: &PgPool, rest: &Rest, error: &sqlx::Error) -> StoreError {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return said(error);
    }
    match probe(&pool.connect_options(), rest).await {
        Err(error) => error,
        Ok(()) => StoreError::Unreachable(format!(
            "the server takes connections, but none of the {} of this process became free in time",
            pool.options().get_max_connections()
        )),
    }
}

/// Where the server is, without who asks for it.
fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => format!("{} (port {})", folder.display(), options.get_port()),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}
