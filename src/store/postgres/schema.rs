//! The schema: its migrations, and who may read it.

use super::locks::{self, Queue};
use super::pen::Pen;
use super::transact::{Applied, Verb};
use super::verdict::corrupt;
use crate::domain::StoreId;
use crate::store::StoreError;
use crate::store::sql::cells::Cells;
use uuid::Uuid;

/// Every migration as (version, name, text), in order. A test compares them with the folder `migrations/postgres`.
pub const POSTGRES_MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "requests", include_str!("../../../migrations/postgres/0001_requests.sql")),
    (2, "arriving", include_str!("../../../migrations/postgres/0002_arriving.sql")),
    (3, "operations", include_str!("../../../migrations/postgres/0003_operations.sql")),
    (4, "receipts", include_str!("../../../migrations/postgres/0004_receipts.sql")),
];

/// The schema version this binary writes, and the newest it can read.
pub(super) const KNOWN: i64 = 4;

/// What a binary must know at least to read what this one writes.
const READER_MIN: i64 = 1;

pub(super) const HAS_META: &str = "SELECT to_regclass('meta') IS NOT NULL";

pub(super) const BIRTH: &str = "SELECT store_id, schema_version, reader_version_min FROM meta";

/// The first version that knows of a database that is still being filled.
const KNOWS_ARRIVALS: i64 = 2;

pub(super) const ARRIVING: &str = "SELECT incarnation FROM meta WHERE arriving";

pub(super) const BORN: &str = "
    INSERT INTO meta (one, store_id, schema_version, reader_version_min) VALUES (TRUE, $1, $2, $3)
    ON CONFLICT (one) DO UPDATE
    SET schema_version = excluded.schema_version, reader_version_min = excluded.reader_version_min,
        written_by = pg_current_xact_id()::text::bigint";

/// Tables of ours that are there without the one that says what they are: half of a database.
pub(super) const FOREIGN: &str = "SELECT to_regclass('requests') IS NOT NULL";

/// What a database says about itself.
pub(super) struct Birth {
    pub(super) store: StoreId,
    pub(super) version: i64,
    reader_min: i64,
    /// The incarnation that is about to begin with a copy that is not finished.
    pub(super) arriving: Option<Uuid>,
}

impl Birth {
    /// Refuses a database that only a newer Seatless can read, and one that lacks tables which this one reads.
    pub(super) fn check_reader(&self) -> Result<(), StoreError> {
        refuse_newer(self.reader_min)?;
        if self.version < KNOWN {
            return Err(StoreError::Unreadable(format!(
                "it has schema version {}, this is version {KNOWN}; start `seatless run` once, which brings it up to date",
                self.version
            )));
        }
        self.check_arrived()
    }

    /// Refuses a database that a copy did not finish: what it was copied from may still be in use.
    pub(super) fn check_arrived(&self) -> Result<(), StoreError> {
        match self.arriving {
            Some(_) => Err(StoreError::Unreadable(
                "it is being filled by `seatless copy`, or one that was cut short; repeat that command to its end".to_owned(),
            )),
            None => Ok(()),
        }
    }
}

fn refuse_newer(needed: i64) -> Result<(), StoreError> {
    if needed > KNOWN { Err(StoreError::SchemaNewer { needed, known: KNOWN }) } else { Ok(()) }
}

/// Reads what a database says about itself; nothing if it is empty.
pub(super) async fn read_birth(pen: &mut Pen) -> Result<Option<Birth>, StoreError> {
    if !is_there(pen, HAS_META).await? {
        return Ok(None);
    }
    let Some(row) = pen.row(sqlx::query(BIRTH)).await? else {
        return Ok(None);
    };
    let mut cells = Cells::of(&row);
    let (store, version, reader_min) = (StoreId(cells.id()?), cells.int()?, cells.int()?);
    let arriving = match version {
        ..KNOWS_ARRIVALS => None,
        _ => pen.row(sqlx::query(ARRIVING)).await?.map(|row| Cells::of(&row).id()).transpose()?,
    };
    Ok(Some(Birth { store, version, reader_min, arriving }))
}

async fn is_there(pen: &mut Pen, sql: &'static str) -> Result<bool, StoreError> {
    match pen.row(sqlx::query(sql)).await? {
        Some(row) => Cells::of(&row).flag(),
        None => Ok(false),
    }
}

/// Reads what a database says about itself.
pub(super) struct Read;

impl Verb for Read {
    type Answer = Option<Birth>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Option<Birth>> {
        Box::pin(read_birth(pen))
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

/// Runs the migrations after `from`; a database that has no id yet gets `new_store`.
pub(super) async fn bring_up_to_date(pen: &mut Pen, from: i64, new_store: StoreId) -> Result<(), StoreError> {
    for (_, _, text) in POSTGRES_MIGRATIONS.iter().filter(|(version, ..)| *version > from) {
        pen.run_all(text).await?;
    }
    pen.run(sqlx::query(BORN).bind(new_store.0).bind(KNOWN).bind(READER_MIN)).await.map(drop)
}

/// Brings the schema up to date; a database that has no id yet gets `new_store`. All of it is one transaction, and whoever
/// opens at the same time waits for it.
pub(super) struct Migrate {
    pub(super) new_store: StoreId,
}

impl Verb for Migrate {
    type Answer = StoreId;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, StoreId> {
        Box::pin(async move {
            locks::queue(pen, Queue::Openings).await?;
            let birth = read_birth(pen).await?;
            let from = match &birth {
                Some(birth) => {
                    refuse_newer(birth.version.max(birth.reader_min))?;
                    birth.check_arrived()?;
                    birth.version
                }
                None if is_there(pen, FOREIGN).await? => {
                    return Err(StoreError::Unreadable(
                        "the database holds a table named requests that is not ours, and is left as it is"
                            .to_owned(),
                    ));
                }
                None => 0,
            };
            if from < KNOWN {
                bring_up_to_date(pen, from, self.new_store).await?;
            }
            match read_birth(pen).await? {
                Some(birth) => Ok(birth.store),
                None => Err(corrupt("the table meta", "it has no row")),
            }
        })
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}
