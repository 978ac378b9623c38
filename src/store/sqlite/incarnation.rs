//! At opening: does the database still belong to its side-car? If not, another incarnation begins, and no open request is
//! believed before it was looked at.

use super::cells::{Cells, micros};
use super::head::{Claimed, Finding, Head, Place, SideCar, compare};
use super::options::OwnerCard;
use super::pen::Pen;
use super::verdict::corrupt;
use crate::domain::Instant;
use crate::store::{Doubt, StoreError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

pub(super) const CLAIMED: &str = "
    SELECT store_id, incarnation, (SELECT ifnull(max(sequence), 0) FROM events) FROM meta";

pub(super) const LAST_EVENT: &str = "SELECT ifnull(max(sequence), 0) FROM events";

pub(super) const BEGIN: &str = "UPDATE meta SET incarnation = ?1";

/// A copy that is put back as well stays a copy: the original may still be in use.
pub(super) const DOUBT: &str = "
    UPDATE meta SET standing = iif(standing = 'copied', standing, ?1), standing_since = ?2";

/// Whoever is only left to be deleted or disabled is looked at by that very step.
pub(super) const LOOK_FIRST: &str = "
    UPDATE requests INDEXED BY requests_unfinished SET look_first = 1
    WHERE status <> 'succeeded' AND status IN ('active', 'blocked')
      AND (step IS NULL OR step NOT IN ('delete_user', 'disable_user'))";

/// How far a user has come since is not known, so that it may only be disabled from here on.
pub(super) const HAS_PAST: &str = "
    UPDATE users SET propagated_once = 1
    WHERE id IN (SELECT user FROM requests INDEXED BY requests_unfinished
                 WHERE status <> 'succeeded' AND status IN ('active', 'blocked') AND look_first = 1)";

/// Keeps the side-car of a database that is owned.
pub(super) struct HeadKeeper {
    database: PathBuf,
    car: Mutex<SideCar>,
}

impl HeadKeeper {
    /// Writes down how far the history has come, if it has come further; `sequence` must be in the database already.
    pub(super) fn keep(&self, sequence: i64) -> Result<(), StoreError> {
        let mut car = self.car.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(head) = car.now.as_ref().filter(|head| head.sequence < sequence) else {
            return Ok(());
        };
        let further = car.settled(Head { sequence, ..head.clone() }, None);
        further.write(&self.database)?;
        *car = further;
        Ok(())
    }
}

/// Refuses to begin anew where the side-car tells of a database that has gone.
pub(super) fn refuse_to_forget(database: &Path, car: Option<&SideCar>) -> Result<(), StoreError> {
    if car.is_none_or(|car| car.now.is_none()) {
        return Ok(());
    }
    Err(StoreError::Unreadable(format!(
        "{} is missing or empty, but {} tells that it was in use; put a backup back with `seatless restore FILE`, or \
         remove the latter file to begin anew",
        database.display(),
        SideCar::path_of(database).display(),
    )))
}

/// Compares a database that was just opened with its side-car, and begins another incarnation where they disagree. Whenever
/// it is cut short, the next opening comes to the same.
pub(super) async fn settle(
    pen: &mut Pen,
    database: &Path,
    card: &OwnerCard,
    before: Option<SideCar>,
) -> Result<HeadKeeper, StoreError> {
    let claimed = claimed(pen).await?;
    let place = Place::of(database, &card.host)?;
    let finding = compare(before.as_ref(), claimed, &place);
    if let (Finding::Same, Some(car), Some(incarnation)) = (finding, &before, claimed.incarnation) {
        let head = Head { incarnation, sequence: claimed.sequence, place };
        return keeper(database, car.settled(head, None));
    }
    let doubt = match finding {
        Finding::Same | Finding::First => None,
        Finding::Doubtful(doubt) => Some(doubt),
    };
    let head = Head { incarnation: card.new_incarnation, sequence: claimed.sequence, place };
    let announced = SideCar::announcing(before, claimed, head.clone());
    announced.write(database)?;
    begin(pen, head.incarnation, doubt, card.since).await?;
    keeper(database, announced.settled(head, claimed.incarnation))
}

fn keeper(database: &Path, car: SideCar) -> Result<HeadKeeper, StoreError> {
    car.write(database)?;
    Ok(HeadKeeper { database: database.to_owned(), car: Mutex::new(car) })
}

/// The last event; as the writer sees it after its last commit.
pub(super) async fn last_event(pen: &mut Pen) -> Result<i64, StoreError> {
    match pen.row(sqlx::query(LAST_EVENT)).await? {
        Some(row) => Cells::of(&row).int(),
        None => Ok(0),
    }
}

async fn claimed(pen: &mut Pen) -> Result<Claimed, StoreError> {
    let Some(row) = pen.row(sqlx::query(CLAIMED)).await? else {
        return Err(corrupt("the table meta", "it has no row"));
    };
    let mut cells = Cells::of(&row);
    Ok(Claimed { store: cells.id()?, incarnation: cells.maybe_id()?, sequence: cells.int()? })
}

async fn begin(
    pen: &mut Pen,
    incarnation: Uuid,
    doubt: Option<Doubt>,
    now: Instant,
) -> Result<(), StoreError> {
    pen.begin().await?;
    let written = write(pen, incarnation, doubt, now).await;
    match written {
        Ok(()) => pen.commit().await,
        Err(error) => {
            pen.roll_back().await;
            Err(error)
        }
    }
}

async fn write(
    pen: &mut Pen,
    incarnation: Uuid,
    doubt: Option<Doubt>,
    now: Instant,
) -> Result<(), StoreError> {
    pen.run(sqlx::query(BEGIN).bind(incarnation)).await?;
    let Some(doubt) = doubt else { return Ok(()) };
    pen.run(sqlx::query(DOUBT).bind(doubt.as_str()).bind(micros(now))).await?;
    pen.run(sqlx::query(LOOK_FIRST)).await?;
    pen.run(sqlx::query(HAS_PAST)).await.map(drop)
}
