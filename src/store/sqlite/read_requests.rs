//! Reading requests: one, a page of many, and the counters.

use super::cells::Cells;
use super::member::{self, select_members};
use super::read_work::WHENEVER;
use super::readers::Readers;
use super::verdict::corrupt;
use crate::domain::{BatchId, RequestId, State, Status};
use crate::store::{Count, Filter, Member, Page, StoreError, Tally};
use sqlx::{QueryBuilder, Sqlite};

pub(super) const ONE: &str = select_members!(
    "FROM requests AS r CROSS JOIN users AS u ON u.id = r.user WHERE r.id = ?2 AND r.staged = 0"
);

/// What every page begins with; the conditions of its filter follow.
pub(super) const PAGE: &str =
    select_members!("FROM requests AS r JOIN users AS u ON u.id = r.user WHERE r.staged = 0");

pub(super) const COUNTS: &str = "
    SELECT batch, tenant, environment, state, status, requests FROM counters
    WHERE requests > 0 ORDER BY batch, tenant, environment, state, status";

pub(super) const COUNTS_OF_BATCH: &str = "
    SELECT batch, tenant, environment, state, status, requests FROM counters
    WHERE batch = ?1 AND requests > 0 ORDER BY tenant, environment, state, status";

pub(super) const TALLIES: &str = "SELECT tenant, tally, amount FROM tallies ORDER BY tenant, tally";

pub(super) async fn one(readers: &Readers, id: RequestId) -> Result<Option<Member>, StoreError> {
    let row = readers.row(sqlx::query(ONE).bind(WHENEVER).bind(id.0)).await?;
    row.as_ref().map(member::read).transpose()
}

pub(super) async fn page(readers: &Readers, filter: &Filter, page: Page) -> Result<Vec<Member>, StoreError> {
    let mut builder = page_query(filter, page);
    readers.rows(builder.build()).await?.iter().map(member::read).collect()
}

/// The query of a page. Its text holds only what stands in this file; every value is a parameter.
fn page_query(filter: &Filter, page: Page) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::with_arguments(PAGE, arguments());
    if let Some(after) = page.after {
        query.push(" AND r.id > ").push_bind(after.0);
    }
    if let Some(batch) = filter.batch {
        query.push(" AND r.batch = ").push_bind(batch.0);
    }
    if let Some(tenant) = &filter.tenant {
        query.push(" AND r.tenant = ").push_bind(tenant.clone());
    }
    if let Some(environment) = &filter.environment {
        query.push(" AND r.environment = ").push_bind(environment.clone());
    }
    if let Some(state) = filter.state {
        query.push(" AND r.state = ").push_bind(state.as_str());
    }
    if let Some(status) = filter.status {
        query.push(" AND r.status = ").push_bind(status.as_str());
        if status != Status::Succeeded {
            // Said once more for the index that leaves out the succeeded ones.
            query.push(" AND r.status <> 'succeeded'");
        }
    }
    if let Some(code) = filter.code {
        query.push(" AND r.status <> 'succeeded' AND r.status IN ('blocked', 'failed') AND r.code = ");
        query.push_bind(code.as_str());
    }
    if let Some(prefix) = &filter.name_prefix {
        // Names are canonical and below U+10FFFF, so this is the range of all that begin so.
        let prefix = prefix.to_lowercase();
        query.push(" AND u.user_principal_name >= ").push_bind(prefix.clone());
        query.push(" AND u.user_principal_name < ").push_bind(format!("{prefix}\u{10ffff}"));
    }
    query.push(" ORDER BY r.id LIMIT ").push_bind(page.rows_max);
    query
}

/// The parameters of [`PAGE`] itself.
fn arguments() -> sqlx::sqlite::SqliteArguments {
    use sqlx::Arguments;
    let mut arguments = sqlx::sqlite::SqliteArguments::default();
    // A number always has a parameter's form.
    let _ = arguments.add(WHENEVER);
    arguments
}

pub(super) async fn counts(readers: &Readers, batch: Option<BatchId>) -> Result<Vec<Count>, StoreError> {
    let query = match batch {
        Some(batch) => sqlx::query(COUNTS_OF_BATCH).bind(batch.0),
        None => sqlx::query(COUNTS),
    };
    let read = |row| {
        let mut cells = Cells::of(row);
        Ok(Count {
            batch: BatchId(cells.id()?),
            tenant: cells.take()?,
            environment: cells.take()?,
            state: cells.word(State::parse)?,
            status: cells.word(Status::parse)?,
            requests: u64::try_from(cells.int()?).map_err(|_| corrupt("a counter", "it is negative"))?,
        })
    };
    readers.rows(query).await?.iter().map(read).collect()
}

pub(super) async fn tallies(readers: &Readers) -> Result<Vec<(String, Tally, f64)>, StoreError> {
    let read = |row| {
        let mut cells = Cells::of(row);
        let tenant = cells.take()?;
        let tally = cells.word(|word| Tally::ALL.iter().copied().find(|tally| tally.as_str() == word))?;
        Ok((tenant, tally, cells.take()?))
    };
    readers.rows(sqlx::query(TALLIES)).await?.iter().map(read).collect()
}
