//! Softly deleted users (api-reference/v1.0/api/directory-deleteditems-list).

use serde_json::json;
use uuid::Uuid;

use super::create::name_taken;
use super::permission::{DELETE_USER, READ_USER, need};
use super::refusal::{bad_request, not_found};
use super::users::{filter_of, page, unknown, with_context};
use super::view;
use crate::simulator::odata::matches;
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// `GET /directory/deletedItems/microsoft.graph.user`.
pub(super) fn list(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_USER)?;
    let filter = filter_of(turn)?;
    let mut found = Vec::new();
    for user in turn.cloud.tenants[index].users.values().filter(|user| user.deleted_at.is_some()) {
        let fits = match &filter {
            Some(filter) => matches(filter, user).map_err(|name| unknown(turn, &name))?,
            None => true,
        };
        if fits {
            found.push(user.id);
        }
    }
    page(turn, index, "users", found)
}

/// `GET /directory/deletedItems/{id}`.
pub(super) fn get(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_USER)?;
    let id = deleted_user(turn, index, key)?;
    let tenant = &turn.cloud.tenants[index];
    let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, key)) };
    let mut body =
        view::user(tenant, user, turn.call.option("$select")).map_err(|name| unknown(turn, &name))?;
    body["@odata.type"] = json!("#microsoft.graph.user");
    turn.touch(id);
    Ok(Reply::json(200, &with_context(turn, "directoryObjects/$entity", body)))
}

/// `POST /directory/deletedItems/{id}/restore`: brings the user back with its licenses.
pub(super) fn restore(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, DELETE_USER)?;
    let id = deleted_user(turn, index, key)?;
    let body = turn.call.json().map_err(|error| bad_request(turn, &error))?;
    let tenant = &mut turn.cloud.tenants[index];
    let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, key)) };
    let upn = body["newUserPrincipalName"].as_str().map_or_else(|| user.upn.clone(), str::to_owned);
    if tenant.by_upn.contains_key(&upn.to_lowercase()) {
        return Err(name_taken(turn));
    }
    tenant.by_upn.insert(upn.to_lowercase(), id);
    if let Some(user) = tenant.users.get_mut(&id) {
        user.upn = upn;
        user.deleted_at = None;
    }
    turn.cloud.witness_owner(index, id);
    turn.applied(id);
    let tenant = &turn.cloud.tenants[index];
    let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, key)) };
    let mut body = view::user(tenant, user, None).map_err(|name| unknown(turn, &name))?;
    body["@odata.type"] = json!("#microsoft.graph.user");
    Ok(Reply::json(200, &with_context(turn, "directoryObjects/$entity", body)))
}

/// `DELETE /directory/deletedItems/{id}`: for good; only now its seats are free.
pub(super) fn purge(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, DELETE_USER)?;
    let id = deleted_user(turn, index, key)?;
    let at = turn.cloud.instants(turn.now, turn.wire);
    let tenant = &mut turn.cloud.tenants[index];
    tenant.users.remove(&id);
    for group in &mut tenant.groups {
        group.members.remove(&id);
    }
    tenant.count_seats(id, &at);
    turn.applied(id);
    Ok(Reply::empty(204))
}

fn deleted_user(turn: &Turn<'_>, index: usize, key: &str) -> Result<Uuid, Reply> {
    let id = Uuid::try_parse(key).map_err(|_| not_found(turn, key))?;
    let user = turn.cloud.tenants[index].users.get(&id).filter(|user| user.deleted_at.is_some());
    user.map(|user| user.id).ok_or_else(|| not_found(turn, key))
}
