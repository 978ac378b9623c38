//! What a commit means for sealed passwords: once it is known which one is right, the others are destroyed; and all of
//! them, once the user is gone.

use super::super::json_rows::JsonRows;
use super::super::passwords::destroy_superseded;
use super::super::pen::Pen;
use super::super::words::MACHINE_VERSION;
use super::ledger::{Ledger, Written};
use super::writes::EVENTS;
use crate::domain::{EventKind, IntentId, UserId};
use crate::store::StoreError;

/// Destroys what is not needed any more, and records it where it became known.
pub(super) async fn settle(pen: &mut Pen, ledger: &Ledger<'_>) -> Result<(), StoreError> {
    let settled = ledger.users.iter().filter(|(_, change)| change.gone || change.password.is_some());
    let settled: Vec<UserId> = settled.map(|(user, _)| *user).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let mut rows = JsonRows::new();
    for (user, intent) in destroy_superseded(pen, settled).await? {
        let teller = ledger.written.iter().find(|written| {
            let learned = &written.order.learned;
            written.before.user == user && (learned.user_gone || learned.password_intent.is_some())
        });
        if let Some(teller) = teller {
            push(&mut rows, teller, intent);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    pen.run(sqlx::query(EVENTS).bind(rows.into_json()).bind(MACHINE_VERSION)).await.map(drop)
}

fn push(rows: &mut JsonRows, teller: &Written<'_>, intent: IntentId) {
    let Written { commit, order, before, .. } = teller;
    let state = order.transition.next.state.as_str();
    rows.row()
        .instant(commit.now)
        .id(order.request.0)
        .id(before.user.0)
        .text(&commit.actor.name)
        .text(commit.actor.origin.as_str())
        .id(intent.0)
        .text(EventKind::Destroyed.as_str())
        .text(state)
        .text(state)
        .maybe_text(None)
        .maybe_text(None)
        .maybe_text(None)
        .maybe_text(None);
}
