//! Waiting for the server, and not for ever: a machine that vanishes ends no connection, and its answer never comes.

use super::options::Rest;
use super::pen::Query;
use super::verdict::is_connection_loss;
use sqlx::postgres::{PgPool, PgRow};
use std::future::Future;
use std::io;
use std::time::Duration;

/// How long an answer may take. The server ends a statement of ours that writes before that.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Waits for an answer. Where none comes in time, the connection is of no use any more.
pub(super) async fn in_time<T>(
    rest: &Rest,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::select! {
        biased;
        answer = answer => answer,
        () = rest(ANSWER_MAX) => Err(sqlx::Error::Io(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the server has not answered for {} seconds", ANSWER_MAX.as_secs()),
        ))),
    }
}

/// Runs one statement on whatever connection is free.
pub(super) async fn ask(pool: &PgPool, rest: &Rest, query: Query<'_>) -> Result<Vec<PgRow>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let answer = in_time(rest, query.fetch_all(&mut *connection)).await;
    if answer.as_ref().is_err_and(is_connection_loss) {
        // Given back, it would be asked once more whether it is well.
        drop(connection.detach());
    }
    answer
}
