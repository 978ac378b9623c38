//! How long an outage of the server is waited out.

use super::options::Rest;
use super::verdict::was_waited_for;
use sqlx::PgPool;
use std::time::Duration;

/// The pause between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How many pauses an outage may last before it is reported: some ten seconds, for a restart of the server.
const PAUSES_MAX: usize = 100;

/// Tries that fail for a connection's sake. A connection of before the server's last restart is found out by using it, and
/// there may be one for each place in the pool; only after those is there anything to wait for.
pub(super) struct Patience<'a> {
    rest: &'a Rest,
    at_once: usize,
    pauses: usize,
}

impl<'a> Patience<'a> {
    pub(super) fn with(pool: &PgPool, rest: &'a Rest) -> Self {
        let places = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        Self { rest, at_once: places, pauses: 0 }
    }

    /// Waits as long as is right before another try after such a failure; says whether there is to be one.
    pub(super) async fn bears_another_try(&mut self, after: &sqlx::Error) -> bool {
        if was_waited_for(after) {
            return false;
        }
        if self.at_once > 0 {
            self.at_once -= 1;
            return true;
        }
        self.pauses += 1;
        if self.pauses > PAUSES_MAX {
            return false;
        }
        (self.rest)(PAUSE).await;
        true
    }
}
