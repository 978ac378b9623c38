//! What a commit writes, as rows: each list is the parameter of one statement, whichever database runs it.

use super::json_rows::JsonRows;
use super::lane_book::LaneBook;
use super::ledger::{Ledger, Written};
use super::row_patch;
use super::touched::UserRow;
use super::words::{
    failure_columns, license_columns, licensed_by_word, maybe_failure_columns, origin_word, pool_columns,
    seat_columns,
};
use crate::domain::{Ending, EventKind, IntentId, UserId, WatchEffect};
use crate::store::{Commit, RowFate, StoreError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use uuid::Uuid;

/// The decided requests.
pub(in crate::store) struct Decided {
    pub(in crate::store) of_same_status: JsonRows,
    pub(in crate::store) of_new_status: JsonRows,
}

/// The decided requests; notes the lanes they go to.
pub(in crate::store) fn decided(ledger: &mut Ledger<'_>, lanes: &LaneBook) -> Result<Decided, StoreError> {
    let mut decided = Decided { of_same_status: JsonRows::new(), of_new_status: JsonRows::new() };
    for written in &ledger.written {
        let keeps_status = written.order.transition.next.status() == written.before.status;
        let rows = if keeps_status { &mut decided.of_same_status } else { &mut decided.of_new_status };
        ledger.lanes.extend(row_patch::push(rows, written, lanes)?);
    }
    Ok(decided)
}

/// Who found no room: the request, and when it is due again.
pub(in crate::store) fn released(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (request, due_at) in &ledger.released {
        rows.row().id(request.0).instant(*due_at);
    }
    rows
}

/// What is special about the way back of a request.
pub(in crate::store) fn endings(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for written in &ledger.written {
        let ending = &written.order.transition.next.ending;
        if *ending != Ending::default() {
            let (code, failure) = maybe_failure_columns(ending.given_up_for.as_ref());
            let row = rows.row().id(written.order.request.0).flag(ending.delete_user);
            drop(row.maybe_text(code).maybe_text(failure.as_deref()));
        }
    }
    rows
}

/// Licenses that went with their users: the user, what explains it, and since when.
pub(in crate::store) fn buried(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (user, (intent, at)) in &ledger.buried {
        rows.row().id(user.0).id(intent.0).instant(*at);
    }
    rows
}

/// The users that change.
pub(in crate::store) fn users(ledger: &Ledger<'_>, users: &HashMap<UserId, UserRow>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (id, change) in &ledger.users {
        let Some(user) = users.get(id) else { continue };
        let (seat, seat_at) = seat_columns(user.seat);
        let (hold, intent, since) = license_columns(user.license);
        rows.row()
            .id(id.0)
            .maybe_id(change.object_id.map(|id| id.0))
            .maybe_text(change.origin.map(origin_word))
            .text(seat)
            .maybe_instant(seat_at)
            .maybe_id(user.seat_license.map(|sku| sku.0))
            .text(hold)
            .maybe_id(intent.map(|intent| intent.0))
            .maybe_instant(since)
            .flag(user.propagated_once)
            .int(change.waiting)
            .flag(change.gone)
            .maybe_id(change.password.map(|intent| intent.0))
            .maybe_text(change.licensed_by.map(licensed_by_word));
    }
    rows
}

/// The events of what is written.
pub(in crate::store) fn events(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for written in &ledger.written {
        push_event(&mut rows, written);
    }
    rows
}

fn push_event(rows: &mut JsonRows, written: &Written<'_>) {
    let Written { commit, order, before, .. } = written;
    let Some(event) = &order.transition.event else { return };
    let (code, payload) = event.failure.as_ref().map(failure_columns).unzip();
    let hash = payload.as_ref().map(|payload| Sha256::digest(payload.as_bytes()));
    let mut ids: Vec<&String> = Vec::new();
    let of_failure = event.failure.iter().flat_map(|failure| &failure.remote_request_ids);
    for id in of_failure.chain(&order.learned.remote_request_ids) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // A list of texts always has a JSON form.
    let ids = (!ids.is_empty()).then(|| serde_json::to_string(&ids).unwrap_or_default());
    let row = rows
        .row()
        .instant(commit.now)
        .id(order.request.0)
        .id(before.user.0)
        .text(&commit.actor.name)
        .text(commit.actor.origin.as_str())
        .maybe_id(event.intent.map(|intent| intent.0))
        .text(event.kind.as_str())
        .text(event.from.as_str())
        .text(event.to.as_str())
        .maybe_text(code)
        .maybe_text(ids.as_deref())
        .maybe_text(payload.as_deref());
    match hash {
        Some(hash) => drop(row.bytes(&hash)),
        None => drop(row.maybe_text(None)),
    }
}

/// The events of passwords that a commit destroyed: each is told where it became known.
pub(in crate::store) fn destroyed(ledger: &Ledger<'_>, gone: Vec<(UserId, IntentId)>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (user, intent) in gone {
        let teller = ledger.written.iter().find(|written| {
            let learned = &written.order.learned;
            written.before.user == user && (learned.user_gone || learned.password_intent.is_some())
        });
        if let Some(teller) = teller {
            push_destroyed(&mut rows, teller, intent);
        }
    }
    rows
}

fn push_destroyed(rows: &mut JsonRows, teller: &Written<'_>, intent: IntentId) {
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

/// Users about whose sealed passwords something became known.
pub(in crate::store) fn settled_users(ledger: &Ledger<'_>) -> Vec<UserId> {
    let settled = ledger.users.iter().filter(|(_, change)| change.gone || change.password.is_some());
    settled.map(|(user, _)| *user).collect()
}

/// The watches that begin, and the requests whose watches end.
pub(in crate::store) fn watches(ledger: &Ledger<'_>) -> (JsonRows, Vec<Uuid>) {
    let mut begun = JsonRows::new();
    let mut ended = Vec::new();
    for written in &ledger.written {
        match written.order.transition.watch {
            WatchEffect::Keep => {}
            WatchEffect::Begin { due_at } => {
                let row = begun.row().id(written.order.request.0);
                let row = row.text(&written.before.tenant).text(&written.before.environment);
                drop(row.instant(written.commit.now).instant(due_at));
            }
            WatchEffect::End => ended.push(written.order.request.0),
        }
    }
    (begun, ended)
}

/// What changes in the pools: held, others, waiting.
pub(in crate::store) fn pools(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (key, delta) in &ledger.pools.deltas {
        let (kind, tenant, subject) = pool_columns(key);
        let row = rows.row().text(kind).text(tenant).text(&subject);
        drop(row.int(delta.held).int(delta.others).int(delta.waiting));
    }
    rows
}

/// Users whose license nobody here needs any more, and since when.
pub(in crate::store) fn wakes(ledger: &Ledger<'_>) -> JsonRows {
    let mut rows = JsonRows::new();
    for (user, at) in &ledger.wakes {
        rows.row().id(user.0).instant(*at);
    }
    rows
}

/// The lanes that are given back, by whom.
pub(in crate::store) fn lane_releases(commits: &[&Commit]) -> JsonRows {
    let mut rows = JsonRows::new();
    for commit in commits {
        let Some(lane) = &commit.lane else { continue };
        let holder = lane.holder.or_else(|| commit.rows.iter().find_map(|row| row.holder));
        let (code, failure) = maybe_failure_columns(lane.failure.as_ref());
        rows.row()
            .int(lane.lane.0)
            .maybe_id(holder.map(|holder| holder.0))
            .maybe_instant(lane.gate_until)
            .int(i64::from(lane.trouble))
            .maybe_text(code)
            .maybe_text(failure.as_deref());
    }
    rows
}

/// What is added to the running totals; a commit of which nothing was written has nothing to add.
pub(in crate::store) fn tallies(commits: &[&Commit], fates: &[Vec<RowFate>]) -> JsonRows {
    let mut rows = JsonRows::new();
    for (commit, fates) in commits.iter().zip(fates) {
        if fates.is_empty() || fates.contains(&RowFate::Written) {
            for entry in &commit.tallies {
                rows.row().text(&entry.tenant).text(entry.tally.as_str()).real(entry.amount);
            }
        }
    }
    rows
}
