//! The watches that a commit begins and ends: exactly the succeeded requests are watched.

use super::super::json_rows::id_list;
use super::super::pen::Pen;
use super::ledger::Ledger;
use crate::store::StoreError;
use crate::store::sql::drafts;

pub(in super::super) const BEGIN_WATCH: &str = "
    WITH begun AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO watches (request, tenant, environment, succeeded_at, due_at)
    SELECT unhex(v ->> 0), v ->> 1, v ->> 2, v ->> 3, v ->> 4 FROM begun";

pub(in super::super) const END_WATCH: &str = "
    DELETE FROM watches WHERE request IN (SELECT unhex(value) FROM json_each(?1))";

/// Begins and ends watches, as the machine decided.
pub(super) async fn watches(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let (begun, ended) = drafts::watches(ledger);
    if !begun.is_empty() {
        pen.run(sqlx::query(BEGIN_WATCH).bind(begun.into_json())).await?;
    }
    if !ended.is_empty() {
        pen.run(sqlx::query(END_WATCH).bind(id_list(ended))).await?;
    }
    Ok(())
}
