//! Whether this database is still the latest word on what was done in the cloud.

use super::member::{self, select_members};
use super::pen::Pen;
use super::read_work::WHENEVER;
use super::readers::Readers;
use super::transact::{Applied, Verb};
use super::verdict::corrupt;
use crate::domain::Instant;
use crate::store::sql::cells::micros;
use crate::store::sql::readings;
use crate::store::{Actor, Member, Standing, StoreError};

pub(super) const STANDING: &str = "SELECT standing, standing_since FROM meta";

pub(super) const CONFIRM: &str = "
    UPDATE meta
    SET standing = 'trusted', confirmed_by = $1, confirmed_at = $2, written_by = pg_current_xact_id()::text::bigint
    WHERE standing <> 'trusted'";

pub(super) const UNSEEN: &str = select_members!(
    "FROM requests AS r JOIN users AS u ON u.id = r.user
     WHERE r.status <> 'succeeded' AND r.status IN ('active', 'blocked') AND r.look_first AND NOT r.staged
       AND r.due_at IS NULL AND r.state IN ('requested', 'created')
     ORDER BY r.id LIMIT $2"
);

pub(super) async fn standing(readers: &Readers) -> Result<Standing, StoreError> {
    let Some(row) = readers.row(|| sqlx::query(STANDING)).await? else {
        return Err(corrupt("the table meta", "it has no row"));
    };
    readings::standing(&row)
}

pub(super) async fn unseen(readers: &Readers, rows_max: u32) -> Result<Vec<Member>, StoreError> {
    let rows = readers.rows(|| sqlx::query(UNSEEN).bind(WHENEVER).bind(i64::from(rows_max))).await?;
    rows.iter().map(member::read).collect()
}

/// Trusts the database again.
pub(super) struct Confirm {
    pub(super) actor: Actor,
    pub(super) now: Instant,
}

impl Verb for Confirm {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        let query = sqlx::query(CONFIRM).bind(self.actor.name.as_str()).bind(micros(self.now));
        Box::pin(async move { pen.run(query).await.map(drop) })
    }
}
