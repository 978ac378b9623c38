//! Telling the other processes that something may be due. Only ever a hint: whoever misses one looks a little later.
//!
//! A notification takes a lock at its commit that all of them share, so none is part of a transaction that works. They are
//! given for what a person does (a submission, an order), alone and afterwards. A pooler in transaction mode carries them
//! to nobody; then the level check finds everything, every few seconds.

use super::open::PostgresStore;
use super::transact::Writer;
use crate::store::{Commit, Origin};
use sqlx::postgres::PgListener;
use std::time::Duration;

/// The channel.
const CHANNEL: &str = "seatless_due";

pub(super) const GIVE: &str = "SELECT pg_notify('seatless_due', '')";

/// How long a listener that lost its connection waits before it looks for another one.
const PAUSE: Duration = Duration::from_secs(5);

impl PostgresStore {
    /// Calls `hint` whenever another process says that something may be due, for as long as the store is open. Also once
    /// after each time that nothing could be heard.
    pub async fn listen(self, hint: impl Fn() + Send + 'static) {
        let pool = &self.readers.pool;
        while !pool.is_closed() {
            let heard = async {
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen(CHANNEL).await?;
                // Whatever was told before is looked for now.
                hint();
                while listener.try_recv().await?.is_some() {
                    hint();
                }
                Ok::<(), sqlx::Error>(())
            };
            tokio::select! {
                () = pool.close_event() => break,
                heard = heard => if let Err(error) = heard {
                    tracing::debug!("no hints can be heard for a while: {error}");
                },
            }
            (self.readers.rest)(PAUSE).await;
        }
    }
}

/// Whether a commit is one that others may want to hear of: what a worker decides, it does itself.
pub(super) fn is_news(commit: &Commit) -> bool {
    match commit.actor.origin {
        Origin::Cli | Origin::Api => true,
        Origin::Engine | Origin::Sweep => false,
    }
}

impl Writer {
    /// Tells the others.
    pub(super) async fn give_hint(&self) {
        // Nobody depends on it.
        let _ = sqlx::query(GIVE).execute(&self.pool).await;
    }
}
