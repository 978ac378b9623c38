//! Leaving the file: everything in it is read under one lock, and then it is sealed.

use super::cells::{Cells, micros};
use super::head::SideCar;
use super::incarnation;
use super::lock::OwnerLock;
use super::open::{base, check_library, connect, resolved, writing};
use super::options::{OpenOptions, OwnerCard};
use super::pen::Pen;
use super::schema::{self, KNOWN, Moved};
use super::verdict::{corrupt, said};
use crate::domain::StoreId;
use crate::store::StoreError;
use crate::store::sql::transfer::{Table, TrustRow};
use futures_util::Stream;
use sqlx::Connection;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const SEAL: &str =
    "UPDATE meta SET moved_to = ?1, moved_at = ?2, moved_as = ?3 WHERE moved_to IS NULL";

pub(super) const TRUST: &str = "SELECT standing, standing_since, confirmed_by, confirmed_at FROM meta";

/// The last event's number and the last lane's; that of an event counts even if the event is gone.
pub(super) const NUMBERS: &str = "
    SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),
               ifnull((SELECT max(sequence) FROM events), 0)),
        (SELECT ifnull(max(id), 0) FROM lanes)";

/// The columns of every table of ours that a row is stored with.
pub(super) const COLUMNS: &str = "
    SELECT t.name, c.name FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name) AS c
    WHERE t.schema = 'main' AND t.type = 'table' AND c.hidden = 0
      AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\'
    ORDER BY t.name, c.cid";

/// A database that is about to leave its file. Nobody else opens it meanwhile, and nothing of it changes.
pub(in crate::store) struct Departure {
    pub(in crate::store) store: StoreId,
    /// Where it has gone already, if it has.
    pub(in crate::store) moved: Option<Moved>,
    database: PathBuf,
    pen: Pen,
    _lock: OwnerLock,
}

impl Departure {
    /// Opens a database that nobody owns, and looks whether it is the latest, as every owner does.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if somebody works on it; [`StoreError::Unreadable`] or [`StoreError::SchemaNewer`] if it is not
    /// there, or not of this binary's schema.
    pub(in crate::store) async fn open(path: &Path, card: &OwnerCard) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Unreadable(format!("there is no database at {}", path.display())));
        }
        let database = resolved(path)?;
        let lock = OwnerLock::take(&database, card)?;
        let car = SideCar::read(&database)?;
        let options = OpenOptions::owner(&database, card.clone());
        // Looked at before anything is set: even the journal's mode is written into the file.
        let mut first_look = connect(base(&options)).await?;
        check_library(&mut first_look).await?;
        let birth = schema::read_birth(&mut first_look).await?;
        first_look.close().await.map_err(said)?;
        let Some(birth) = birth else {
            return Err(StoreError::Unreadable(format!("{} holds no Seatless database", database.display())));
        };
        birth.check_reader()?;
        if birth.version > KNOWN {
            return Err(StoreError::SchemaNewer { needed: birth.version, known: KNOWN });
        }
        if birth.moved.is_none() {
            car.as_ref().map_or(Ok(()), SideCar::check_stayed)?;
        }
        let mut pen = Pen::new(connect(writing(&options)).await?);
        schema::read_back(&mut pen).await?;
        if birth.moved.is_none() {
            incarnation::settle(&mut pen, &database, card, car).await?;
        }
        // Held to the end, so that what is sealed is what was read.
        pen.begin().await?;
        Ok(Self { store: birth.store, moved: birth.moved, database, pen, _lock: lock })
    }

    /// The columns of each table.
    pub(in crate::store) async fn columns(&mut self) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in self.pen.rows(sqlx::query(COLUMNS)).await? {
            let mut cells = Cells::of(&row);
            columns.entry(cells.take()?).or_default().push(cells.take()?);
        }
        Ok(columns)
    }

    /// How many rows a table has.
    pub(in crate::store) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
        let row = self.pen.row(sqlx::query(sqlx::AssertSqlSafe(sql))).await?;
        let count = row.map(|row| Cells::of(&row).int()).transpose()?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// The rows that such a text selects, one after the other.
    pub(in crate::store) fn rows<'a>(
        &'a mut self,
        sql: &'a str,
    ) -> impl Stream<Item = Result<SqliteRow, StoreError>> + Send + 'a {
        self.pen.stream(sql)
    }

    /// How far the database may be trusted.
    pub(in crate::store) async fn trust(&mut self) -> Result<TrustRow, StoreError> {
        let Some(row) = self.pen.row(sqlx::query(TRUST)).await? else {
            return Err(corrupt("the table meta", "it has no row"));
        };
        let mut cells = Cells::of(&row);
        Ok(TrustRow {
            standing: cells.take()?,
            standing_since: cells.maybe_int()?,
            confirmed_by: cells.take()?,
            confirmed_at: cells.maybe_int()?,
        })
    }

    /// The last numbers that were given to an event and to a lane.
    pub(in crate::store) async fn numbers(&mut self) -> Result<(i64, i64), StoreError> {
        match self.pen.row(sqlx::query(NUMBERS)).await? {
            Some(row) => {
                let mut cells = Cells::of(&row);
                Ok((cells.int()?, cells.int()?))
            }
            None => Ok((0, 0)),
        }
    }

    /// Seals the database: from here on nobody writes to it. Durable once this has answered.
    pub(in crate::store) async fn seal(&mut self, moved: &Moved) -> Result<(), StoreError> {
        let seal = sqlx::query(SEAL).bind(moved.to.as_str()).bind(micros(moved.at)).bind(moved.incarnation);
        if self.pen.run(seal).await? != 1 {
            return Err(StoreError::Failed("the database is sealed already".to_owned()));
        }
        self.pen.commit().await?;
        self.pen.begin().await?;
        self.moved = Some(moved.clone());
        Ok(())
    }

    /// Closes the file; a sealed one is folded into one piece, and its side-car says so as well.
    pub(in crate::store) async fn close(mut self) -> Result<(), StoreError> {
        self.pen.roll_back().await;
        if let Some(moved) = &self.moved
            && let Some(mut car) = SideCar::read(&self.database)?
            && car.moved_to.is_none()
        {
            car.moved_to = Some(moved.to.clone());
            car.write(&self.database)?;
        }
        self.pen.close().await
    }
}
