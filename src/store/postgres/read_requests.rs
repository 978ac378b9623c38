//! Reading requests: one, a page of many, and the counters.

use super::member::{self, select_members};
use super::read_work::WHENEVER;
use super::readers::Readers;
use crate::domain::{BatchId, Code, RequestId, State, Status};
use crate::store::sql::cells::micros;
use crate::store::sql::readings;
use crate::store::{Count, Filter, Member, Page, StoreError, Tally};
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, Postgres, Type};

pub(super) const ONE: &str =
    select_members!("FROM requests AS r JOIN users AS u ON u.id = r.user WHERE r.id = $2 AND NOT r.staged");

/// What every page begins with; the conditions of its filter follow.
pub(super) const PAGE: &str =
    select_members!("FROM requests AS r JOIN users AS u ON u.id = r.user WHERE NOT r.staged");

/// What the page of a filter by drift has besides. Few have drifted, so they are found from there.
const DRIFTED: &str = "
     AND r.id IN (SELECT w.request FROM watches AS w WHERE w.drifts <> '[]')";

/// What people know a request by. Differs because: `lower` would change further letters in another collation.
const TEXTS: [&str; 4] = ["u.user_principal_name", "u.display_name", "r.external_id", "r.note"];

pub(super) const COUNTS: &str = "
    SELECT batch, tenant, environment, state, status, requests FROM counters
    WHERE requests > 0 ORDER BY batch, tenant, environment, state, status";

pub(super) const COUNTS_OF_BATCH: &str = "
    SELECT batch, tenant, environment, state, status, requests FROM counters
    WHERE batch = $1 AND requests > 0 ORDER BY tenant, environment, state, status";

pub(super) const TALLIES: &str = "SELECT tenant, tally, amount FROM tallies ORDER BY tenant, tally";

pub(super) async fn one(readers: &Readers, id: RequestId) -> Result<Option<Member>, StoreError> {
    let row = readers.row(|| sqlx::query(ONE).bind(WHENEVER).bind(id.0)).await?;
    row.as_ref().map(member::read).transpose()
}

pub(super) async fn page(readers: &Readers, filter: &Filter, page: Page) -> Result<Vec<Member>, StoreError> {
    let text = PageQuery::of(filter, page).sql;
    let query = || {
        let PageQuery { arguments, .. } = PageQuery::of(filter, page);
        sqlx::query_with(AssertSqlSafe(text.clone()), arguments)
    };
    readers.rows(query).await?.iter().map(member::read).collect()
}

/// The query of a page in the making. Its text holds only what stands in this file; every value is a parameter.
struct PageQuery {
    sql: String,
    arguments: PgArguments,
    /// How many parameters there are so far; they are numbered, since [`PAGE`] names its own by number.
    count: usize,
}

impl PageQuery {
    fn of(filter: &Filter, page: Page) -> Self {
        let mut query = Self { sql: PAGE.to_owned(), arguments: PgArguments::default(), count: 0 };
        query.bind(WHENEVER);
        query.and("r.id >", page.after.map(|after| after.0));
        query.and("r.batch =", filter.batch.map(|batch| batch.0));
        query.and("r.tenant =", filter.tenant.clone());
        query.and("r.environment =", filter.environment.clone());
        query.and("r.state =", filter.state.map(State::as_str));
        query.and("r.status =", filter.status.map(Status::as_str));
        query.and("r.status IN ('blocked', 'failed') AND r.code =", filter.code.map(Code::as_str));
        if filter.code.is_some() || filter.status.is_some_and(|status| status != Status::Succeeded) {
            // Said once more for the index that leaves out the succeeded ones.
            query.sql.push_str(" AND r.status <> 'succeeded'");
        }
        // Names are canonical and below U+10FFFF, so this is the range of all that begin so.
        let prefix = filter.name_prefix.as_ref().map(|prefix| prefix.to_lowercase());
        query.and("u.user_principal_name >=", prefix.clone());
        query.and("u.user_principal_name <", prefix.map(|prefix| format!("{prefix}\u{10ffff}")));
        if filter.drifted {
            query.sql.push_str(DRIFTED);
        }
        if filter.paused {
            query.sql.push_str(" AND r.paused");
        }
        query.and("r.submitted_at >=", filter.submitted_from.map(micros));
        query.and("r.submitted_at <", filter.submitted_before.map(micros));
        query.and_text(filter.text.as_ref());
        query.sql.push_str(" ORDER BY r.id LIMIT ");
        query.bind(i64::from(page.rows_max));
        query.sql.push_str(&format!("${}", query.count));
        query
    }

    /// Adds a condition, if there is a value to compare with.
    fn and<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.bind(value);
            self.sql.push_str(&format!(" AND {condition} ${}", self.count));
        }
    }

    /// Adds that a text stands somewhere in what people know a request by.
    fn and_text(&mut self, text: Option<&String>) {
        let Some(text) = text else { return };
        self.bind(text.to_ascii_lowercase());
        let number = self.count;
        let stands =
            TEXTS.map(|column| format!("strpos(lower({column} COLLATE \"C\"), ${number}) > 0")).join(" OR ");
        self.sql.push_str(&format!(" AND ({stands})"));
    }

    fn bind<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, value: T) {
        // Numbers, texts and ids always have a parameter's form.
        let _ = self.arguments.add(value);
        self.count += 1;
    }
}

pub(super) async fn counts(readers: &Readers, batch: Option<BatchId>) -> Result<Vec<Count>, StoreError> {
    let query = || match batch {
        Some(batch) => sqlx::query(COUNTS_OF_BATCH).bind(batch.0),
        None => sqlx::query(COUNTS),
    };
    readers.rows(query).await?.iter().map(readings::count).collect()
}

pub(super) async fn tallies(readers: &Readers) -> Result<Vec<(String, Tally, f64)>, StoreError> {
    readers.rows(|| sqlx::query(TALLIES)).await?.iter().map(readings::tally).collect()
}
