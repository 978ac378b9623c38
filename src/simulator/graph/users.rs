//! Reading, changing and deleting users (resources/user).

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{base, metadata_level};
use super::create::{apply, complex, object_body, weak_password};
use super::listing::{arrange, expand};
use super::permission::{DELETE_USER, ENABLE_USER, READ_USER, SET_PASSWORD, WRITE_USER, need};
use super::refusal::{bad_request, denied, not_found, refusal};
use super::view;
use crate::simulator::cloud::User;
use crate::simulator::odata::{self, Expression, matches, wanted};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// The user behind a path's key, if reads by id find it already.
pub(super) fn find(turn: &Turn<'_>, index: usize, key: &str) -> Result<Uuid, Reply> {
    let user = turn.cloud.tenants[index].live(key).filter(|user| user.visible_at <= turn.now);
    user.map(|user| user.id).ok_or_else(|| not_found(turn, key))
}

/// `GET /users/{id|upn}`.
pub(super) fn get(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_USER)?;
    let mut id = find(turn, index, key)?;
    turn.touch(id);
    if turn.swap {
        let others: Vec<Uuid> =
            turn.cloud.tenants[index].users.keys().copied().filter(|other| *other != id).collect();
        if !others.is_empty() {
            id = others[turn.cloud.luck.index(others.len())];
        }
    }
    let tenant = &turn.cloud.tenants[index];
    let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, key)) };
    let select = turn.call.option("$select");
    let mut shown = view::user(tenant, user, select).map_err(|name| unknown(turn, &name))?;
    expand(turn, tenant, user, &mut shown)?;
    Ok(Reply::json(200, &with_context(turn, "users/$entity", shown)))
}

/// 404 for the manager, whom nobody has here.
pub(super) fn without_manager(turn: &Turn<'_>, index: usize, key: &str) -> Reply {
    match find(turn, index, key) {
        Ok(_) => not_found(turn, "manager"),
        Err(refused) => refused,
    }
}

/// `GET /users`.
pub(super) fn list(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_USER)?;
    let filter = filter_of(turn)?;
    let mut found = select_users(turn, index, filter.as_ref())?;
    arrange(turn, index, &mut found)?;
    page(turn, index, "users", found)
}

/// `GET /users/$count`.
pub(super) fn count(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_USER)?;
    if !eventual(turn) {
        return Err(bad_request(turn, "$count is not currently supported."));
    }
    let filter = filter_of(turn)?;
    let found = select_users(turn, index, filter.as_ref())?;
    Ok(Reply::empty(200).typed("text/plain", found.len().to_string()))
}

/// One page of users: `$top` (1 to 999, else 100), `$count`, `$skiptoken`.
pub(super) fn page(turn: &mut Turn<'_>, index: usize, set: &str, found: Vec<Uuid>) -> Answer {
    let size = match turn.call.option("$top").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 1..=999)) => size,
        Some(_) => {
            return Err(bad_request(
                turn,
                "Invalid page size specified. Must be between 1 and 999 inclusive.",
            ));
        }
    };
    let from = turn.call.option("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0usize);
    let tenant = &turn.cloud.tenants[index];
    let select = turn.call.option("$select");
    let mut values = Vec::new();
    for user in found.iter().skip(from).take(size).filter_map(|id| tenant.users.get(id)) {
        let mut shown = view::user(tenant, user, select).map_err(|name| unknown(turn, &name))?;
        expand(turn, tenant, user, &mut shown)?;
        values.push(shown);
    }
    let mut body = with_context(turn, set, json!({}));
    if eventual(turn) && turn.call.option("$count") == Some("true") {
        body["@odata.count"] = json!(found.len());
    }
    if from + size < found.len() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(turn.call.query.iter().filter(|(name, _)| name != "$skiptoken"));
        query.append_pair("$skiptoken", &(from + size).to_string());
        body["@odata.nextLink"] =
            json!(format!("{}{}?{}", turn.call.origin(), turn.call.path, query.finish()));
    }
    body["value"] = Value::Array(values);
    found.iter().skip(from).take(size).for_each(|id| turn.notes.touched.push(*id));
    Ok(Reply::json(200, &body))
}

fn select_users(turn: &Turn<'_>, index: usize, filter: Option<&Expression>) -> Result<Vec<Uuid>, Reply> {
    let tenant = &turn.cloud.tenants[index];
    let listed = |user: &&User| user.deleted_at.is_none() && user.listed_at <= turn.now;
    let Some(filter) = filter else {
        return Ok(tenant.users.values().filter(listed).map(|user| user.id).collect());
    };
    let keys = wanted(filter, "userPrincipalName").or_else(|| wanted(filter, "id"));
    let candidates: Vec<&User> = match keys {
        Some(keys) => keys.iter().filter_map(|key| tenant.live(key)).collect(),
        None => tenant.users.values().collect(),
    };
    let mut found = Vec::new();
    for user in candidates.into_iter().filter(listed) {
        if matches(filter, user).map_err(|name| unknown(turn, &name))? {
            found.push(user.id);
        }
    }
    Ok(found)
}

/// The filter, refused where Graph wants the advanced query parameters (concepts/aad-advanced-queries).
pub(super) fn filter_of(turn: &Turn<'_>) -> Result<Option<Expression>, Reply> {
    let Some(text) = turn.call.option("$filter") else { return Ok(None) };
    let filter = odata::parse(text, &|_| None)
        .map_err(|error| refusal(turn, 400, "BadRequest", &format!("Invalid filter clause: {error}")))?;
    let advanced = ["onPremisesExtensionAttributes/", " ne ", "not ", "endswith"];
    let counted =
        eventual(turn) && (turn.call.option("$count") == Some("true") || turn.call.path.ends_with("$count"));
    match advanced.iter().find(|mark| text.to_lowercase().contains(&mark.to_lowercase())) {
        Some(_) if !counted => Err(refusal(
            turn,
            400,
            "Request_UnsupportedQuery",
            "Unsupported or invalid query filter clause specified: it needs ConsistencyLevel eventual and $count.",
        )),
        _ => Ok(Some(filter)),
    }
}

/// Whether the call asks for eventual consistency.
pub(super) fn eventual(turn: &Turn<'_>) -> bool {
    turn.call.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

/// `PATCH /users/{id}`.
pub(super) fn patch(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    let body = object_body(turn)?;
    let only = |names: &[&str]| !body.is_empty() && body.keys().all(|name| names.contains(&name.as_str()));
    need(
        turn,
        claims,
        if only(&["accountEnabled"]) {
            ENABLE_USER
        } else if only(&["passwordProfile"]) {
            SET_PASSWORD
        } else {
            WRITE_USER
        },
    )?;
    if body.contains_key("passwordProfile") {
        need(turn, claims, SET_PASSWORD)?;
    }
    let id = find(turn, index, key)?;
    let Some(mut user) = turn.cloud.tenants[index].users.get(&id).cloned() else {
        return Err(not_found(turn, key));
    };
    let sensitive = ["accountEnabled", "passwordProfile", "userPrincipalName", "otherMails", "mobilePhone"];
    if user.admin && body.keys().any(|name| sensitive.contains(&name.as_str())) {
        return Err(denied(turn));
    }
    if user.synchronized && body.keys().any(|name| name != "usageLocation") {
        return Err(bad_request(
            turn,
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects \
             currently undergoing migration.",
        ));
    }
    let password = body.get("passwordProfile").and_then(|profile| profile["password"].as_str());
    if password.is_some_and(|password| !complex(password)) {
        return Err(weak_password(turn));
    }
    let before = user.upn.to_lowercase();
    apply(turn, index, &mut user, &body)?;
    let tenant = &mut turn.cloud.tenants[index];
    tenant.by_upn.remove(&before);
    tenant.by_upn.insert(user.upn.to_lowercase(), id);
    tenant.users.insert(id, user);
    turn.cloud.witness_owner(index, id);
    turn.applied(id);
    Ok(Reply::empty(204))
}

/// `DELETE /users/{id}`: softly; its licenses stay with it.
pub(super) fn delete(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, DELETE_USER)?;
    let id = find(turn, index, key)?;
    if turn.cloud.tenants[index].users.get(&id).is_some_and(|user| user.admin) {
        return Err(denied(turn));
    }
    let wire = turn.wire;
    soft_delete(turn, index, id, wire);
    turn.applied(id);
    Ok(Reply::empty(204))
}

/// Deletes a user softly, and takes it out of its groups' direct members as far as reads go.
pub(crate) fn soft_delete(turn: &mut Turn<'_>, index: usize, id: Uuid, wire: DateTime<Utc>) {
    let tenant = &mut turn.cloud.tenants[index];
    if let Some(user) = tenant.users.get_mut(&id) {
        user.deleted_at = Some(wire);
        tenant.by_upn.remove(&user.upn.to_lowercase());
    }
}

/// 400 for a property that is not there.
pub(super) fn unknown(turn: &Turn<'_>, name: &str) -> Reply {
    let message = format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
         'microsoft.graph.user'."
    );
    refusal(turn, 400, "BadRequest", &message)
}

/// A body with its context in front.
pub(super) fn with_context(turn: &Turn<'_>, set: &str, body: Value) -> Value {
    let mut framed = Map::new();
    if metadata_level(turn) != "none" {
        let context = format!("{}/$metadata#{set}", base(turn));
        framed.insert("@odata.context".to_owned(), json!(context));
    }
    if let Value::Object(body) = body {
        framed.extend(body);
    }
    Value::Object(framed)
}
