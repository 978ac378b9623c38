//! What a commit means for sealed passwords: once it is known which one is right, the others are destroyed; and all of
//! them, once the user is gone.

use super::super::passwords::destroy_superseded;
use super::super::pen::Pen;
use super::super::words::MACHINE_VERSION;
use super::ledger::Ledger;
use super::writes::EVENTS;
use crate::store::StoreError;
use crate::store::sql::drafts;

/// Destroys what is not needed any more, and records it where it became known.
pub(super) async fn settle(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let settled = drafts::settled_users(ledger);
    if settled.is_empty() {
        return Ok(());
    }
    let gone = destroy_superseded(pen, settled).await?;
    let rows = drafts::destroyed(ledger, gone);
    if rows.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(EVENTS).bind(rows.into_json()).bind(MACHINE_VERSION)).await.map(drop)
}
