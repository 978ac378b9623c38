//! Direct membership of groups, and directory roles (api-reference/v1.0/api/group-post-members).

use serde_json::{Value, json};
use uuid::Uuid;

use super::create::object_body;
use super::permission::{READ_GROUP, READ_USER, WRITE_GROUP, need};
use super::refusal::{bad_request, denied, not_found, refusal};
use super::users::{filter_of, find, page, unknown, with_context};
use crate::simulator::cloud::{Group, Tenant, User};
use crate::simulator::odata::{Expression, Record, Scalar, matches};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// The directory role template of Global Administrator, which an administrator of the world holds.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// `GET /groups`, of which `$filter` may pick some by `id` or `displayName`.
pub(super) fn list(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_GROUP)?;
    let filter = filter_of(turn)?;
    let mut values = Vec::new();
    for group in &turn.cloud.tenants[index].groups {
        let fits = filter.as_ref().map_or(Ok(true), |filter| matches(filter, group));
        if fits.map_err(|name| unknown(turn, &name))? {
            values.push(view(group));
        }
    }
    Ok(Reply::json(200, &with_context(turn, "groups", json!({"value": values}))))
}

/// `GET /groups/{id}`.
pub(super) fn get(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_GROUP)?;
    let group = group_of(turn, index, key)?;
    Ok(Reply::json(200, &with_context(turn, "groups/$entity", view(&group))))
}

fn name_of(group: &Group) -> String {
    format!("Group {}", group.id)
}

/// How a group is shown.
pub(super) fn view(group: &Group) -> Value {
    let kinds = if group.dynamic { json!(["DynamicMembership"]) } else { json!([]) };
    json!({
        "id": group.id, "displayName": name_of(group), "securityEnabled": true, "mailEnabled": false,
        "mailNickname": group.id.simple().to_string(), "groupTypes": kinds, "onPremisesSyncEnabled": null,
        "isAssignableToRole": null,
    })
}

impl Record for Group {
    fn field(&self, path: &str) -> Option<Scalar<'_>> {
        Some(match path {
            "id" => self.id.into(),
            "displayName" => name_of(self).into(),
            "securityEnabled" => true.into(),
            "mailEnabled" => false.into(),
            _ => return None,
        })
    }
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
    let user = reference.rsplit(['/', '(']).next().unwrap_or_default().trim_matches([')', '\'']);
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

/// `GET /users/{id}/memberOf`: the groups, and the role of an administrator; or those of one kind.
pub(super) fn member_of(
    turn: &mut Turn<'_>,
    claims: &Claims,
    index: usize,
    key: &str,
    kind: &[&str],
) -> Answer {
    need(turn, claims, READ_USER)?;
    let id = find(turn, index, key)?;
    let tenant = &turn.cloud.tenants[index];
    let values = tenant.users.get(&id).map(|user| memberships(tenant, user, kind)).unwrap_or_default();
    Ok(Reply::json(200, &with_context(turn, "directoryObjects", json!({"value": values}))))
}

/// What a user is a member of, of one kind or of all.
pub(super) fn memberships(tenant: &Tenant, user: &User, kind: &[&str]) -> Vec<Value> {
    let wants = |name: &str| kind.first().is_none_or(|kind| *kind == name);
    let mut values: Vec<Value> = Vec::new();
    if wants("microsoft.graph.group") {
        let groups = tenant.groups.iter().filter(|group| group.members.contains(&user.id));
        values.extend(groups.map(|group| {
            let mut shown = view(group);
            shown["@odata.type"] = json!("#microsoft.graph.group");
            shown
        }));
    }
    if user.admin && wants("microsoft.graph.directoryRole") {
        values.push(json!({
            "@odata.type": "#microsoft.graph.directoryRole", "id": tenant.id, "displayName": "Global Administrator",
            "roleTemplateId": GLOBAL_ADMINISTRATOR,
        }));
    }
    values
}

/// `POST /users/{id}/checkMemberGroups` and `getMemberGroups` (api-reference/v1.0/api/directoryobject-checkmembergroups).
pub(super) fn member_ids(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_GROUP)?;
    let id = find(turn, index, key)?;
    let body = object_body(turn)?;
    let asked = body.get("groupIds").and_then(Value::as_array);
    if asked.is_none() && !body.contains_key("securityEnabledOnly") {
        return Err(bad_request(turn, "A value must be provided for the parameter 'groupIds'."));
    }
    let groups = turn.cloud.tenants[index].groups.iter().filter(|group| group.members.contains(&id));
    let ids: Vec<Value> = groups
        .map(|group| json!(group.id))
        .filter(|id| asked.is_none_or(|asked| asked.contains(id)))
        .collect();
    Ok(Reply::json(200, &with_context(turn, "Collection(Edm.String)", json!({"value": ids}))))
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
