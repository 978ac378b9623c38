//! At opening: is this database still where it was, and what it was? If not, another incarnation begins, and no open request
//! is believed before it was looked at.
//!
//! SQLite keeps a side-car for that. Here the row of `meta` remembers where it was written: by which server (its system
//! identifier), on which timeline of it, in which database, and by which transaction. A standby that took over has another
//! timeline, and nobody can tell whether it had heard of everything: so it counts as a restore. So does a dump that was
//! loaded in place, since its row was written by another transaction, and a database that was dropped and made again. What
//! lies on another server, or under another name, is a copy. A disk that was put back as a whole is none of these, and is
//! not noticed.

use super::locks::{self, Queue};
use super::pen::Pen;
use super::transact::{Applied, Verb};
use super::verdict::corrupt;
use crate::domain::Instant;
use crate::store::sql::cells::{Cells, micros};
use crate::store::{Doubt, StoreError};
use uuid::Uuid;

/// What the database says of itself, and where it really is.
pub(super) const CLAIMED: &str = "
    SELECT incarnation, server, timeline, database_name, database_oid, written_by, (xmin::text)::bigint,
        (SELECT system_identifier::text FROM pg_control_system()),
        substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
        current_database()::text, (SELECT d.oid::bigint FROM pg_database AS d WHERE d.datname = current_database())
    FROM meta";

pub(super) const BEGIN: &str = "
    UPDATE meta
    SET incarnation = $1, server = $2, timeline = $3, database_name = $4, database_oid = $5,
        written_by = pg_current_xact_id()::text::bigint";

/// A copy that is put back as well stays a copy: the original may still be in use.
pub(super) const DOUBT: &str = "
    UPDATE meta
    SET standing = CASE WHEN standing = 'copied' THEN standing ELSE $1 END, standing_since = $2,
        written_by = pg_current_xact_id()::text::bigint";

/// Whoever is only left to be deleted or disabled is looked at by that very step.
pub(super) const LOOK_FIRST: &str = "
    UPDATE requests SET look_first = TRUE
    WHERE status <> 'succeeded' AND status IN ('active', 'blocked')
      AND (step IS NULL OR step NOT IN ('delete_user', 'disable_user'))";

/// How far a user has come since is not known, so that it may only be disabled from here on.
pub(super) const HAS_PAST: &str = "
    UPDATE users SET propagated_once = TRUE
    WHERE id IN (SELECT r.user FROM requests AS r
                 WHERE r.status <> 'succeeded' AND r.status IN ('active', 'blocked') AND r.look_first)";

/// Whoever worked on the former incarnation works on it no longer: its next heartbeat finds no row.
pub(super) const DISMISS: &str = "DELETE FROM workers";

/// Where a database lies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    server: String,
    timeline: String,
    database_name: String,
    database_oid: i64,
}

/// What the row of `meta` remembers.
struct Remembered {
    incarnation: Option<Uuid>,
    place: Option<Place>,
    /// It was written where it lies, and not loaded.
    is_original: bool,
}

/// What comes of comparing the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Same,
    First,
    Doubtful(Doubt),
}

fn compare(remembered: &Remembered, here: &Place) -> Finding {
    let (Some(_), Some(there)) = (remembered.incarnation, &remembered.place) else {
        return Finding::First;
    };
    if there.server != here.server || there.database_name != here.database_name {
        return Finding::Doubtful(Doubt::Copied);
    }
    if there == here && remembered.is_original { Finding::Same } else { Finding::Doubtful(Doubt::Restored) }
}

async fn read(pen: &mut Pen) -> Result<(Remembered, Place), StoreError> {
    let Some(row) = pen.row(sqlx::query(CLAIMED)).await? else {
        return Err(corrupt("the table meta", "it has no row"));
    };
    let mut cells = Cells::of(&row);
    let incarnation = cells.maybe_id()?;
    let (server, timeline) = (cells.take::<Option<String>>()?, cells.take::<Option<String>>()?);
    let (database_name, database_oid) = (cells.take::<Option<String>>()?, cells.maybe_int()?);
    let place = match (server, timeline, database_name, database_oid) {
        (Some(server), Some(timeline), Some(database_name), Some(database_oid)) => {
            Some(Place { server, timeline, database_name, database_oid })
        }
        _ => None,
    };
    let (written_by, writer) = (cells.maybe_int()?, cells.int()?);
    // A row's own xmin has 32 bits of the transaction's number.
    let is_original = written_by.is_some_and(|id| id & 0xffff_ffff == writer);
    let here = Place {
        server: cells.take()?,
        timeline: cells.take()?,
        database_name: cells.take()?,
        database_oid: cells.int()?,
    };
    Ok((Remembered { incarnation, place, is_original }, here))
}

/// Fails for good if the database is not the one any more that was opened. Whatever leads to a write in the cloud asks for
/// it: an older state knows nothing of what was sent since, and has to be looked at first.
pub(super) async fn stay(pen: &mut Pen) -> Result<(), StoreError> {
    let (remembered, here) = read(pen).await?;
    match compare(&remembered, &here) {
        Finding::Same => Ok(()),
        Finding::First | Finding::Doubtful(_) => Err(StoreError::Replaced),
    }
}

/// Compares a database that was just opened with what it remembers, and begins another incarnation where they disagree.
pub(super) struct Settle {
    pub(super) new_incarnation: Uuid,
    pub(super) now: Instant,
}

impl Verb for Settle {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            locks::queue(pen, Queue::Openings).await?;
            let (remembered, here) = read(pen).await?;
            let doubt = match compare(&remembered, &here) {
                Finding::Same => return Ok(()),
                Finding::First => None,
                Finding::Doubtful(doubt) => Some(doubt),
            };
            begin_at(pen, self.new_incarnation, &here).await?;
            let Some(doubt) = doubt else { return Ok(()) };
            pen.run(sqlx::query(DOUBT).bind(doubt.as_str()).bind(micros(self.now))).await?;
            pen.run(sqlx::query(LOOK_FIRST)).await?;
            pen.run(sqlx::query(HAS_PAST)).await?;
            pen.run(sqlx::query(DISMISS)).await.map(drop)
        })
    }
}

async fn begin_at(pen: &mut Pen, incarnation: Uuid, here: &Place) -> Result<(), StoreError> {
    let begin = sqlx::query(BEGIN)
        .bind(incarnation)
        .bind(here.server.as_str())
        .bind(here.timeline.as_str())
        .bind(here.database_name.as_str())
        .bind(here.database_oid);
    pen.run(begin).await.map(drop)
}

/// Begins an incarnation where the database lies.
pub(super) async fn begin_here(pen: &mut Pen, incarnation: Uuid) -> Result<(), StoreError> {
    let (_, here) = read(pen).await?;
    begin_at(pen, incarnation, &here).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_elsewhere_is_a_copy_and_what_was_put_in_its_place_a_restore() {
        let here = Place {
            server: "7".to_owned(),
            timeline: "00000001".to_owned(),
            database_name: "seatless".to_owned(),
            database_oid: 16_384,
        };
        let found = |place: Option<Place>, is_original: bool| {
            compare(
                &Remembered { incarnation: place.as_ref().map(|_| Uuid::nil()), place, is_original },
                &here,
            )
        };
        let restored = Finding::Doubtful(Doubt::Restored);
        let copied = Finding::Doubtful(Doubt::Copied);
        assert_eq!(found(None, false), Finding::First);
        assert_eq!(found(Some(here.clone()), true), Finding::Same);
        assert_eq!(found(Some(here.clone()), false), restored, "a dump was loaded");
        assert_eq!(found(Some(Place { timeline: "00000002".to_owned(), ..here.clone() }), true), restored);
        assert_eq!(found(Some(Place { database_oid: 16_385, ..here.clone() }), true), restored);
        assert_eq!(found(Some(Place { server: "8".to_owned(), ..here.clone() }), false), copied);
        assert_eq!(found(Some(Place { database_name: "copy".to_owned(), ..here.clone() }), true), copied);
    }
}
