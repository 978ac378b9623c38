//! Direct membership of groups, and directory roles (api-reference/v1.0/api/group-post-members).

use serde_json::{Value, json};
use uuid::Uuid;

use super::permission::{READ_GROUP, READ_USER, WRITE_GROUP, need};
use super::refusal::{bad_request, denied, not_found, refusal};
use super::users::{filter_of, find, page, unknown, with_context};
use crate::simulator::cloud::Group;
use crate::simulator::odata::{Expression, matches};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// The directory role template of Global Administrator, which an administrator of the world holds.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// `GET /groups/{id}`.
pub(super) fn get(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_GROUP)?;
    let group = group_of(turn, index, key)?;
    let kinds = if group.dynamic { json!(["DynamicMembership"]) } else { json!([]) };
    let body = json!({
        "id": group.id, "displayName": format!("Group {key}"), "securityEnabled": true, "mailEnabled": false,
        "groupTypes": kinds, "onPremisesSyncEnabled": null, "isAssignableToRole": null,
    });
    Ok(Reply::json(200, &with_context(turn, "groups/$entity", body)))
}

/// `GET /groups/{id}/members`.
pub(super) fn members(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_GROUP)?;
    let group = group_of(turn, index, key)?;
    let filter = filter_of(turn)?;
    let tenant = &turn.cloud.tenants[index];
    let mut found = Vec::new();
    for user in
        group.members.iter().filter_map(|id| tenant.users.get(id)).filter(|user| user.deleted_at.is_none())
    {
        let fits = match &filter {
            Some(filter) => matches(filter, user).map_err(|name| unknown(turn, &name))?,
            None => true,
        };
        if fits {
            found.push(user.id);
        }
    }
    page(turn, index, "directoryObjects", found)
}

/// `POST /groups/{id}/members/$ref`.
pub(super) fn add(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, WRITE_GROUP)?;
    let group = group_of(turn, index, key)?;
    let body = turn.call.json().map_err(|error| refusal(turn, 400, "BadRequest", &error))?;
    let reference = body["@odata.id"].as_str().unwrap_or_default();
    let user = reference.rsplit('/').next().unwrap_or_default();
    if user.is_empty() {
        return Err(bad_request(turn, "An unexpected '@odata.id' was found."));
    }
    let id = find(turn, index, user)?;
    if group.dynamic {
        return Err(denied(turn));
    }
    if group.members.contains(&id) {
        return Err(bad_request(
            turn,
            "One or more added object references already exist for the following modified properties: 'members'.",
        ));
    }
    change(turn, index, group.id, id, true);
    Ok(Reply::empty(204))
}

/// `DELETE /groups/{id}/members/{user}/$ref`.
pub(super) fn remove(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str, user: &str) -> Answer {
    need(turn, claims, WRITE_GROUP)?;
    let group = group_of(turn, index, key)?;
    if group.dynamic {
        return Err(denied(turn));
    }
    let id = Uuid::try_parse(user).map_err(|_| not_found(turn, user))?;
    if !group.members.contains(&id) {
        return Err(not_found(turn, user));
    }
    change(turn, index, group.id, id, false);
    Ok(Reply::empty(204))
}

fn change(turn: &mut Turn<'_>, index: usize, group: Uuid, user: Uuid, joins: bool) {
    let at = turn.cloud.instants(turn.now, turn.wire);
    let cloud = &mut *turn.cloud;
    let tenant = &mut cloud.tenants[index];
    if let Some(group) = tenant.groups.iter_mut().find(|found| found.id == group) {
        if joins {
            group.members.insert(user)
        } else {
            group.members.remove(&user)
        };
    }
    tenant.inherit(group, &at, &mut cloud.dice);
    turn.applied(user);
}

/// `GET /users/{id}/memberOf`: the groups, and the role of an administrator.
pub(super) fn member_of(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_USER)?;
    let id = find(turn, index, key)?;
    let tenant = &turn.cloud.tenants[index];
    let only_roles = turn.call.path.contains("microsoft.graph.directoryRole");
    let mut values: Vec<Value> = Vec::new();
    if !only_roles {
        let groups = tenant.groups.iter().filter(|group| group.members.contains(&id));
        values.extend(groups.map(|group| json!({"@odata.type": "#microsoft.graph.group", "id": group.id})));
    }
    if tenant.users.get(&id).is_some_and(|user| user.admin) {
        values.push(json!({
            "@odata.type": "#microsoft.graph.directoryRole", "id": tenant.id, "displayName": "Global Administrator",
            "roleTemplateId": GLOBAL_ADMINISTRATOR,
        }));
    }
    Ok(Reply::json(200, &with_context(turn, "directoryObjects", json!({"value": values}))))
}

/// `GET /roleManagement/directory/roleAssignments?$filter=principalId eq '…'`.
pub(super) fn role_assignments(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_USER)?;
    let filter = turn.call.option("$filter").map(|text| crate::simulator::odata::parse(text, &|_| None));
    let principal = match filter {
        Some(Ok(Expression::Compare {
            path, literal: crate::simulator::odata::Literal::Text(id), ..
        })) if path == "principalId" => Some(id.to_lowercase()),
        _ => None,
    };
    let administrators = turn.cloud.tenants[index].users.values().filter(|user| user.admin);
    let values: Vec<Value> = administrators
        .filter(|user| principal.as_ref().is_none_or(|id| *id == user.id.to_string()))
        .map(|user| json!({
            "id": user.id, "principalId": user.id, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
        }))
        .collect();
    Ok(Reply::json(
        200,
        &with_context(turn, "roleManagement/directory/roleAssignments", json!({"value": values})),
    ))
}

fn group_of(turn: &Turn<'_>, index: usize, key: &str) -> Result<Group, Reply> {
    let id = Uuid::try_parse(key).ok();
    let group = id.and_then(|id| turn.cloud.tenants[index].group(id)).cloned();
    group.ok_or_else(|| not_found(turn, key))
}
