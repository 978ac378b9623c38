//! Arriving on a server: an empty database is filled in one transaction, and stays closed to everybody until what it was
//! filled from is sealed.

use super::incarnation;
use super::locks::{self, Queue};
use super::open::reach;
use super::options::Rest;
use super::pen::{Ended, Pen};
use super::rights::{Check, TABLES};
use super::schema::{self, KNOWN};
use super::transact::{Applied, Verb, Writer};
use super::verdict::{corrupt, said};
use crate::domain::StoreId;
use crate::store::sql::cells::Cells;
use crate::store::sql::transfer::{Column, Kind, RowDigest, Table, TrustRow};
use crate::store::{Spawn, StoreError};
use futures_util::TryStreamExt;
use sqlx::postgres::PgCopyIn;
use sqlx::{PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A load takes as long as it takes; only one whose process has gone to sleep is ended.
const NO_HURRY: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '5min'";

/// How long a connection may take, a server that is just starting included.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Begins a transaction that may take its time: what loads or reads a whole table takes longer than any other statement.
async fn begin(pool: &PgPool) -> Result<Pen, StoreError> {
    let for_ever: Rest = Arc::new(|_| Box::pin(std::future::pending()));
    let mut pen = Pen::begin(pool, &for_ever, Arc::default()).await.map_err(|error| said(&error))?;
    pen.run_all(NO_HURRY).await?;
    Ok(pen)
}

/// The tables of ours that are there.
pub(super) const THERE: &str = "
    SELECT c.relname::text FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname = ANY($1) ORDER BY c.relname";

pub(super) const INCARNATION: &str = "SELECT incarnation FROM meta";

pub(super) const SIGNED_ON: &str = "SELECT count(*) FROM workers WHERE lease_until > clock_timestamp()";

/// The columns of a table that a row is loaded with; what is computed comes by itself.
pub(super) const COLUMNS: &str = "
    SELECT a.attname::text, t.typname::text
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum";

pub(super) const STAY_CLOSED: &str = "UPDATE meta SET arriving = TRUE";

pub(super) const TAKE_TRUST: &str = "
    UPDATE meta
    SET standing = $1, standing_since = $2, confirmed_by = $3, confirmed_at = $4,
        written_by = pg_current_xact_id()::text::bigint";

pub(super) const WELCOME: &str = "
    UPDATE meta SET arriving = FALSE, written_by = pg_current_xact_id()::text::bigint WHERE arriving AND incarnation = $1";

pub(super) const NUMBER_EVENTS: &str = "SELECT setval(pg_get_serial_sequence('events', 'sequence'), $1)";

pub(super) const NUMBER_LANES: &str = "SELECT setval(pg_get_serial_sequence('lanes', 'id'), $1)";

/// What only a server has: where its row was written, who works, what they have committed, and when a chunk of a submission came by its clock.
const TABLES_OF_ITS_OWN: &[&str] = &["workers", "receipts"];
const COLUMNS_OF_ITS_OWN: &[(&str, &str)] = &[
    ("batches", "touched_at"),
    ("meta", "one"),
    ("meta", "schema_version"),
    ("meta", "reader_version_min"),
    ("meta", "incarnation"),
    ("meta", "server"),
    ("meta", "timeline"),
    ("meta", "database_name"),
    ("meta", "database_oid"),
    ("meta", "written_by"),
    ("meta", "arriving"),
];

/// What lies at the address already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Found {
    /// Nothing of Seatless.
    Nothing,
    /// What a copy of this store has left before it was done.
    Arriving { store: StoreId, incarnation: Uuid },
    /// A database that is in use, or was.
    Store { store: StoreId, incarnation: Option<Uuid>, signed_on: i64 },
    /// Half of one, or another program's.
    Foreign(String),
}

/// A server's database, about to be filled.
pub(in crate::store) struct Arrival {
    writer: Writer,
}

impl Arrival {
    /// Connects, and looks whether the server and our rights on it will do.
    ///
    /// # Errors
    /// Those of every opening.
    pub(in crate::store) async fn open(
        url: &str,
        process: Uuid,
        spawn: Spawn,
        rest: Rest,
    ) -> Result<Self, StoreError> {
        let writer = reach(url, 2, CONNECT_MAX, process, spawn, rest).await?;
        writer.tell(Check { writes: true }).await?;
        Ok(Self { writer })
    }

    /// What lies there.
    pub(in crate::store) async fn find(&self) -> Result<Found, StoreError> {
        self.writer.tell(Find).await
    }

    /// Begins to fill the database, unless `is_free` refuses what lies there. What an earlier copy has left is removed.
    pub(in crate::store) async fn load(
        &self,
        is_free: impl Fn(&Found) -> bool,
    ) -> Result<Result<Load, Found>, StoreError> {
        let mut pen = begin(&self.writer.pool).await?;
        locks::queue(&mut pen, Queue::Openings).await?;
        let found = find(&mut pen).await?;
        if !is_free(&found) {
            pen.roll_back().await;
            return Ok(Err(found));
        }
        if found != Found::Nothing {
            pen.run(sqlx::query(sqlx::AssertSqlSafe(format!("DROP TABLE {}", quoted(TABLES))))).await?;
        }
        Ok(Ok(Load { pen }))
    }

    /// Begins to compare what an earlier copy has loaded.
    pub(in crate::store) async fn look(&self) -> Result<Load, StoreError> {
        Ok(Load { pen: begin(&self.writer.pool).await? })
    }

    /// Opens the database to everybody: what it was copied from is sealed.
    pub(in crate::store) async fn welcome(&self, incarnation: Uuid) -> Result<(), StoreError> {
        self.writer.tell(Welcome(incarnation)).await
    }

    pub(in crate::store) async fn close(&self) {
        self.writer.pool.close().await;
    }
}

struct Find;

impl Verb for Find {
    type Answer = Found;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Found> {
        Box::pin(find(pen))
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

async fn find(pen: &mut Pen) -> Result<Found, StoreError> {
    let rows = pen.rows(sqlx::query(THERE).bind(TABLES)).await?;
    let there = rows.iter().map(|row| Cells::of(row).take()).collect::<Result<Vec<String>, _>>()?;
    let Some(first) = there.first() else { return Ok(Found::Nothing) };
    if !there.iter().any(|table| table == "meta") || !there.iter().any(|table| table == "workers") {
        return Ok(Found::Foreign(format!("a table named {first} that is not ours")));
    }
    let Some(birth) = schema::read_birth(pen).await? else {
        return Ok(Found::Foreign("half of a database".to_owned()));
    };
    if let (Some(incarnation), KNOWN) = (birth.arriving, birth.version) {
        return Ok(Found::Arriving { store: birth.store, incarnation });
    }
    let incarnation = match pen.row(sqlx::query(INCARNATION)).await? {
        Some(row) => Cells::of(&row).maybe_id()?,
        None => None,
    };
    let signed_on = match pen.row(sqlx::query(SIGNED_ON)).await? {
        Some(row) => Cells::of(&row).int()?,
        None => 0,
    };
    Ok(Found::Store { store: birth.store, incarnation, signed_on })
}

struct Welcome(Uuid);

impl Verb for Welcome {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        Box::pin(async move {
            locks::queue(pen, Queue::Openings).await?;
            match pen.run(sqlx::query(WELCOME).bind(self.0)).await? {
                1 => Ok(()),
                _ => Err(corrupt("the table meta", "it is not what the copy has left")),
            }
        })
    }
}

fn quoted(tables: &[&str]) -> String {
    tables.iter().map(|table| format!("\"{table}\"")).collect::<Vec<_>>().join(", ")
}

/// The transaction that fills the database, or compares it.
pub(in crate::store) struct Load {
    pen: Pen,
}

impl Load {
    /// Makes the tables, and an incarnation that nobody may work on yet.
    pub(in crate::store) async fn make_tables(
        &mut self,
        store: StoreId,
        incarnation: Uuid,
    ) -> Result<(), StoreError> {
        schema::bring_up_to_date(&mut self.pen, 0, store).await?;
        self.pen.run(sqlx::query(STAY_CLOSED)).await?;
        incarnation::begin_here(&mut self.pen, incarnation).await
    }

    /// The tables with the columns that are copied, in an order in which they can be filled.
    pub(in crate::store) async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        let mut tables = Vec::new();
        for name in TABLES.iter().filter(|name| !TABLES_OF_ITS_OWN.contains(name)) {
            let mut columns = Vec::new();
            for row in self.pen.rows(sqlx::query(COLUMNS).bind(*name)).await? {
                let mut cells = Cells::of(&row);
                let (column, kind): (String, String) = (cells.take()?, cells.take()?);
                if COLUMNS_OF_ITS_OWN.contains(&(name, column.as_str())) {
                    continue;
                }
                let kind = Kind::of_type(&kind).ok_or_else(|| {
                    StoreError::Failed(format!("{name}.{column} is of the type {kind}, which is not copied"))
                })?;
                columns.push(Column { name: column, kind });
            }
            tables.push(Table { name: (*name).to_owned(), columns });
        }
        Ok(tables)
    }

    /// Begins to fill a table.
    pub(in crate::store) async fn fill(&mut self, table: &Table) -> Result<Filling<'_>, StoreError> {
        let statement = format!("COPY \"{}\" ({}) FROM STDIN", table.name, table.list());
        Ok(Filling(self.pen.copy_in(&statement).await?))
    }

    /// Takes over how far the source may be trusted.
    pub(in crate::store) async fn take_trust(&mut self, trust: &TrustRow) -> Result<(), StoreError> {
        let take = sqlx::query(TAKE_TRUST)
            .bind(trust.standing.as_str())
            .bind(trust.standing_since)
            .bind(trust.confirmed_by.as_deref())
            .bind(trust.confirmed_at);
        self.pen.run(take).await.map(drop)
    }

    /// Goes on with the numbers where the source was, and lets the planner know what there is.
    pub(in crate::store) async fn finish(&mut self, event: i64, lane: i64) -> Result<(), StoreError> {
        for (sql, number) in [(NUMBER_EVENTS, event), (NUMBER_LANES, lane)] {
            if number > 0 {
                self.pen.row(sqlx::query(sql).bind(number)).await?;
            }
        }
        let analyze = format!("ANALYZE {}", quoted(TABLES));
        self.pen.run(sqlx::query(sqlx::AssertSqlSafe(analyze))).await.map(drop)
    }

    /// What a table holds, as the server tells it.
    pub(in crate::store) async fn digest(&mut self, table: &Table) -> Result<RowDigest, StoreError> {
        let statement = format!("COPY (SELECT {} FROM \"{}\") TO STDOUT", table.compared(), table.name);
        let mut stream = self.pen.copy_out(&statement).await?;
        let (mut digest, mut rest) = (RowDigest::default(), Vec::new());
        while let Some(piece) = stream.try_next().await? {
            let mut lines = piece.split(|byte| *byte == b'\n');
            // What follows the last line feed is the beginning of the next line.
            let last = lines.next_back().unwrap_or_default();
            for line in lines {
                if rest.is_empty() {
                    digest.add(line);
                } else {
                    rest.extend_from_slice(line);
                    digest.add(&rest);
                    rest.clear();
                }
            }
            rest.extend_from_slice(last);
        }
        Ok(digest)
    }

    /// Makes all of it durable at once.
    pub(in crate::store) async fn commit(self) -> Result<(), StoreError> {
        match self.pen.commit(None).await.0 {
            Ended::Committed => Ok(()),
            Ended::Refused(error) | Ended::Unknown(error) => Err(said(&error)),
        }
    }

    /// Leaves nothing of it.
    pub(in crate::store) async fn roll_back(self) {
        self.pen.roll_back().await;
    }
}

/// A table that is being filled.
pub(in crate::store) struct Filling<'a>(PgCopyIn<&'a mut PgConnection>);

impl Filling<'_> {
    pub(in crate::store) async fn send(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        self.0.send(lines).await.map(drop).map_err(|error| said(&error))
    }

    /// How many rows it came to.
    pub(in crate::store) async fn finish(self) -> Result<u64, StoreError> {
        self.0.finish().await.map_err(|error| said(&error))
    }
}
