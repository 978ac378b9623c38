//! Moving: all that a file holds is copied to a server, and the file is sealed.
//!
//! Three commits, each in another database than the one before: the server has all rows, and is closed to everybody; the
//! file is sealed; the server is opened. Until the second the file can be worked on as before, from then on only the server
//! can. Whatever cuts it short, the same command begins anew, or does what is left.

use super::postgres::{Arrival, Found, Load};
use super::sql::transfer::{Form, RowDigest, Table};
use super::sqlite::Departure;
use super::{Moved, OwnerCard, Rest, Spawn, StoreError};
use crate::domain::StoreId;
use futures_util::TryStreamExt;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::pin;

/// So many bytes are sent at a time; about so much memory is needed, however large the database is.
const PIECE: usize = 256 * 1024;

/// How often the progress is told, in rows.
const TELL_EVERY: u64 = 1_000;

/// What is copied where.
#[derive(Clone, Debug)]
pub struct CopyOrder {
    /// The file.
    pub from: PathBuf,
    /// The address of the database on the server, without a password.
    pub to: String,
    /// Who copies.
    pub card: OwnerCard,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// The table that is being copied, or compared.
    pub table: String,
    /// Rows so far, of all tables.
    pub rows: u64,
    /// Rows altogether.
    pub rows_total: u64,
}

/// A table on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// What was read from the file.
    pub from: RowDigest,
    /// What was read back from the server.
    pub to: RowDigest,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyEnd {
    /// All of it was copied, compared and opened.
    Copied(Vec<CopiedTable>),
    /// An earlier copy had been cut short after the seal: it was compared again and opened.
    Finished(Vec<CopiedTable>),
    /// An earlier copy had come to its end.
    DoneBefore,
}

/// Why nothing was copied. The file is as it was, unless [`CopyError::Unopened`] says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be copied.
    #[error("{0}")]
    From(StoreError),
    /// The server cannot take it.
    #[error("{0}")]
    To(StoreError),
    /// Somebody works on the database on the server.
    #[error("a daemon works on the database that is to be filled")]
    SignedOn,
    /// There is something already; the text says what.
    #[error("the database that is to be filled is not empty: it holds {0}")]
    Occupied(String),
    /// What was read back is not what was read.
    #[error("what was read back from {} is not what was written", .0.table)]
    Differs(CopiedTable),
    /// The file is sealed and the server has everything; only the last step is missing.
    #[error(
        "everything was copied and the file is sealed, but the database on the server was not opened: {0}"
    )]
    Unopened(StoreError),
}

/// Copies a file that nobody works on into an empty database on a server, compares both, seals the file, and opens the
/// other one. Nobody has to confirm anything there: the sealed file cannot be in use.
///
/// # Errors
/// As [`CopyError`] says. After any of them the same order may be given again.
pub async fn copy(
    order: CopyOrder,
    spawn: Spawn,
    rest: Rest,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<CopyEnd, CopyError> {
    let mut departure = Departure::open(&order.from, &order.card).await.map_err(CopyError::From)?;
    let arrival =
        Arrival::open(&order.to, order.card.new_incarnation, spawn, rest).await.map_err(CopyError::To)?;
    let end = match departure.moved.clone() {
        None => move_all(&mut departure, &arrival, &order, tell).await,
        Some(moved) => finish(&mut departure, &arrival, &moved, tell).await,
    };
    arrival.close().await;
    let closed = departure.close().await;
    let end = end?;
    closed.map_err(CopyError::From)?;
    Ok(end)
}

async fn move_all(
    departure: &mut Departure,
    arrival: &Arrival,
    order: &CopyOrder,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<CopyEnd, CopyError> {
    let own = departure.store;
    let is_free = |found: &Found| match found {
        Found::Nothing => true,
        Found::Arriving { store, .. } => *store == own,
        Found::Store { .. } | Found::Foreign(_) => false,
    };
    let load = arrival.load(is_free).await.map_err(CopyError::To)?;
    let mut load = load.map_err(occupied)?;
    let incarnation = order.card.new_incarnation;
    let copied = match fill(departure, &mut load, own, incarnation, tell).await {
        Ok(copied) => copied,
        Err(error) => {
            load.roll_back().await;
            return Err(error);
        }
    };
    load.commit().await.map_err(CopyError::To)?;
    let moved = Moved { to: order.to.clone(), at: order.card.since, incarnation };
    departure.seal(&moved).await.map_err(CopyError::From)?;
    arrival.welcome(incarnation).await.map_err(CopyError::Unopened)?;
    Ok(CopyEnd::Copied(copied))
}

async fn fill(
    departure: &mut Departure,
    load: &mut Load,
    store: StoreId,
    incarnation: uuid::Uuid,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Vec<CopiedTable>, CopyError> {
    load.make_tables(store, incarnation).await.map_err(CopyError::To)?;
    let tables = tables(departure, load).await?;
    let trust = departure.trust().await.map_err(CopyError::From)?;
    load.take_trust(&trust).await.map_err(CopyError::To)?;
    let mut meter = Meter::of(departure, &tables, tell).await?;
    let mut read = Vec::new();
    for table in &tables {
        // Its one row is there already.
        let into = (table.name != "meta").then_some(&mut *load);
        read.push(take(departure, into, table, &mut meter).await?);
    }
    let (event, lane) = departure.numbers().await.map_err(CopyError::From)?;
    load.finish(event, lane).await.map_err(CopyError::To)?;
    compare(load, &tables, read, &mut meter).await
}

async fn finish(
    departure: &mut Departure,
    arrival: &Arrival,
    moved: &Moved,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<CopyEnd, CopyError> {
    match arrival.find().await.map_err(CopyError::To)? {
        Found::Arriving { incarnation, .. } if incarnation == moved.incarnation => {}
        Found::Store { incarnation, .. } if incarnation == Some(moved.incarnation) => {
            return Ok(CopyEnd::DoneBefore);
        }
        Found::Nothing | Found::Arriving { .. } | Found::Store { .. } | Found::Foreign(_) => {
            return Err(CopyError::From(StoreError::Moved { to: moved.to.clone() }));
        }
    }
    let mut load = arrival.look().await.map_err(CopyError::To)?;
    let compared = check(departure, &mut load, tell).await;
    load.roll_back().await;
    let compared = compared?;
    arrival.welcome(moved.incarnation).await.map_err(CopyError::Unopened)?;
    Ok(CopyEnd::Finished(compared))
}

async fn check(
    departure: &mut Departure,
    load: &mut Load,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Vec<CopiedTable>, CopyError> {
    let tables = tables(departure, load).await?;
    let mut meter = Meter::of(departure, &tables, tell).await?;
    let mut read = Vec::new();
    for table in &tables {
        read.push(take(departure, None, table, &mut meter).await?);
    }
    compare(load, &tables, read, &mut meter).await
}

/// What stands in the way, in words.
fn occupied(found: Found) -> CopyError {
    match found {
        Found::Store { signed_on: 1.., .. } => CopyError::SignedOn,
        Found::Store { store, .. } => CopyError::Occupied(format!("the store {store}")),
        Found::Arriving { store, .. } => {
            CopyError::Occupied(format!("the store {store}, which another copy did not finish"))
        }
        Found::Foreign(what) => CopyError::Occupied(what),
        Found::Nothing => CopyError::Occupied("nothing".to_owned()),
    }
}

/// The tables of both sides, whose columns must be the same: what one side does not know would be lost.
async fn tables(departure: &mut Departure, load: &mut Load) -> Result<Vec<Table>, CopyError> {
    /// Of the file alone: what this very command writes, and what is the server's own there.
    const LEFT_BEHIND: [&str; 7] =
        ["one", "schema_version", "reader_version_min", "incarnation", "moved_to", "moved_at", "moved_as"];
    let tables = load.tables().await.map_err(CopyError::To)?;
    let mut there = departure.columns().await.map_err(CopyError::From)?;
    if let Some(meta) = there.get_mut("meta") {
        meta.retain(|column| !LEFT_BEHIND.contains(&column.as_str()));
    }
    for table in &tables {
        let known: BTreeSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let stored = there.remove(&table.name).unwrap_or_default();
        let stored: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
        if let Some(column) = known.symmetric_difference(&stored).next() {
            let why = format!("{}.{column} is only on one side", table.name);
            return Err(CopyError::From(StoreError::Failed(why)));
        }
    }
    match there.into_keys().next() {
        Some(table) => {
            Err(CopyError::From(StoreError::Failed(format!("the table {table} is only in the file"))))
        }
        None => Ok(tables),
    }
}

/// Reads a table, and writes it into another one if there is one to fill.
async fn take(
    departure: &mut Departure,
    into: Option<&mut Load>,
    table: &Table,
    meter: &mut Meter<'_>,
) -> Result<RowDigest, CopyError> {
    let expected = departure.count(table).await.map_err(CopyError::From)?;
    let sql = format!("SELECT {} FROM \"{}\"", table.list(), table.name);
    let mut filling = match into {
        Some(load) => Some(load.fill(table).await.map_err(CopyError::To)?),
        None => None,
    };
    let (mut digest, mut piece, mut line) = (RowDigest::default(), Vec::with_capacity(PIECE), Vec::new());
    let mut rows = pin!(departure.rows(&sql));
    while let Some(row) = rows.try_next().await.map_err(CopyError::From)? {
        line.clear();
        table.write(&row, Form::Compared, &mut line).map_err(CopyError::From)?;
        digest.add(line.strip_suffix(b"\n").unwrap_or(&line));
        meter.step(&table.name);
        let Some(filling) = &mut filling else { continue };
        if table.has_one_form() {
            piece.extend_from_slice(&line);
        } else {
            table.write(&row, Form::Loaded, &mut piece).map_err(CopyError::From)?;
        }
        if piece.len() >= PIECE {
            filling.send(&piece).await.map_err(CopyError::To)?;
            piece.clear();
        }
    }
    if let Some(mut filling) = filling {
        filling.send(&piece).await.map_err(CopyError::To)?;
        filling.finish().await.map_err(CopyError::To)?;
    }
    if digest.rows != expected {
        let why = format!("{} has {expected} rows, and {} were read", table.name, digest.rows);
        return Err(CopyError::From(StoreError::Failed(why)));
    }
    Ok(digest)
}

/// Compares what was read with what lies there now.
async fn compare(
    load: &mut Load,
    tables: &[Table],
    read: Vec<RowDigest>,
    meter: &mut Meter<'_>,
) -> Result<Vec<CopiedTable>, CopyError> {
    let mut compared = Vec::new();
    for (table, from) in tables.iter().zip(read) {
        meter.name(&table.name);
        let to = load.digest(table).await.map_err(CopyError::To)?;
        let both = CopiedTable { table: table.name.clone(), from, to };
        if from != to {
            return Err(CopyError::Differs(both));
        }
        compared.push(both);
    }
    Ok(compared)
}

/// Tells how far it has come.
struct Meter<'a> {
    tell: &'a mut (dyn FnMut(CopyProgress) + Send),
    rows: u64,
    rows_total: u64,
}

impl<'a> Meter<'a> {
    async fn of(
        departure: &mut Departure,
        tables: &[Table],
        tell: &'a mut (dyn FnMut(CopyProgress) + Send),
    ) -> Result<Self, CopyError> {
        let mut rows_total = 0;
        for table in tables {
            rows_total += departure.count(table).await.map_err(CopyError::From)?;
        }
        Ok(Self { tell, rows: 0, rows_total })
    }

    fn step(&mut self, table: &str) {
        self.rows += 1;
        if self.rows.is_multiple_of(TELL_EVERY) {
            self.name(table);
        }
    }

    fn name(&mut self, table: &str) {
        (self.tell)(CopyProgress { table: table.to_owned(), rows: self.rows, rows_total: self.rows_total });
    }
}
