//! The organization, its domains, and objects of any kind.

use serde_json::{Value, json};
use uuid::Uuid;

use super::groups;
use super::permission::{READ_GROUP, READ_ORGANIZATION, READ_USER, need};
use super::refusal::{not_found, refusal};
use super::users::{find, unknown, with_context};
use super::view;
use crate::simulator::cloud::App;
use crate::simulator::odata::{self, Expression, Literal};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// `GET /organization`, which has one entry, and that entry.
pub(super) fn organization(turn: &mut Turn<'_>, claims: &Claims, index: usize, id: Option<&str>) -> Answer {
    need(turn, claims, READ_ORGANIZATION)?;
    let tenant = &turn.cloud.tenants[index];
    let domains: Vec<Value> = (tenant.domains.iter().enumerate())
        .map(|(position, name)| {
            json!({"name": name, "isDefault": position == 0, "isInitial": position == 0,
            "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"})
        })
        .collect();
    let body = json!({
        "id": tenant.id, "displayName": tenant.name, "tenantType": "AAD", "verifiedDomains": domains,
        "onPremisesSyncEnabled": null, "countryLetterCode": "GB",
    });
    one_or_all(turn, "organization", vec![(tenant.id.to_string(), body)], id)
}

/// `GET /domains`, and one of them.
pub(super) fn domains(turn: &mut Turn<'_>, claims: &Claims, index: usize, name: Option<&str>) -> Answer {
    need(turn, claims, READ_ORGANIZATION)?;
    let domains = turn.cloud.tenants[index].domains.iter().enumerate().map(|(position, name)| {
        let body = json!({"id": name, "isDefault": position == 0, "isInitial": position == 0, "isVerified": true,
            "authenticationType": "Managed", "supportedServices": ["Email"]});
        (name.clone(), body)
    });
    let domains = domains.collect();
    one_or_all(turn, "domains", domains, name)
}

fn one_or_all(turn: &Turn<'_>, set: &str, values: Vec<(String, Value)>, key: Option<&str>) -> Answer {
    let Some(key) = key else {
        let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        return Ok(Reply::json(200, &with_context(turn, set, json!({"value": values}))));
    };
    let found = values.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    let (_, value) = found.ok_or_else(|| not_found(turn, key))?;
    Ok(Reply::json(200, &with_context(turn, &format!("{set}/$entity"), value)))
}

/// `GET /directoryObjects/{id}`: a user, a group or a service principal.
pub(super) fn object(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_USER)?;
    let tenant = &turn.cloud.tenants[index];
    let id = Uuid::try_parse(key).map_err(|_| not_found(turn, key))?;
    let (kind, mut body) = if let Some(group) = tenant.group(id) {
        need(turn, claims, READ_GROUP)?;
        ("group", groups::view(group))
    } else if let Some(app) = tenant.apps.iter().find(|app| app.principal == id) {
        ("servicePrincipal", principal_view(app))
    } else {
        let id = find(turn, index, key)?;
        let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, key)) };
        let select = turn.call.option("$select");
        ("user", view::user(tenant, user, select).map_err(|name| unknown(turn, &name))?)
    };
    body["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    Ok(Reply::json(200, &with_context(turn, "directoryObjects/$entity", body)))
}

/// `GET /servicePrincipals`, by `$filter=appId eq '…'` as Terraform's provider looks for itself.
pub(super) fn principals(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_USER)?;
    let filter = turn.call.option("$filter").map(|text| odata::parse(text, &|_| None)).transpose();
    let filter = filter
        .map_err(|error| refusal(turn, 400, "BadRequest", &format!("Invalid filter clause: {error}")))?;
    let wanted = match filter {
        None => None,
        Some(Expression::Compare { path, literal: Literal::Text(id), .. }) if path == "appId" => Some(id),
        Some(_) => {
            let message = "Unsupported or invalid query filter clause specified.";
            return Err(refusal(turn, 400, "Request_UnsupportedQuery", message));
        }
    };
    let apps = turn.cloud.tenants[index].apps.iter();
    let fits = |app: &&App| {
        wanted.as_ref().is_none_or(|wanted| app.client_id.to_string().eq_ignore_ascii_case(wanted))
    };
    let values: Vec<Value> = apps.filter(fits).map(principal_view).collect();
    Ok(Reply::json(200, &with_context(turn, "servicePrincipals", json!({"value": values}))))
}

/// `GET /servicePrincipals/{id}` and `servicePrincipals(appId='…')`.
pub(super) fn principal(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, READ_USER)?;
    let by_app = key.strip_prefix("appId=").map(|text| text.trim_matches('\''));
    let id = Uuid::try_parse(by_app.unwrap_or(key)).map_err(|_| not_found(turn, key))?;
    let mut apps = turn.cloud.tenants[index].apps.iter();
    let found = apps.find(|app| if by_app.is_some() { app.client_id == id } else { app.principal == id });
    let body = found.map(principal_view).ok_or_else(|| not_found(turn, key))?;
    Ok(Reply::json(200, &with_context(turn, "servicePrincipals/$entity", body)))
}

fn principal_view(app: &App) -> Value {
    json!({
        "id": app.principal, "appId": app.client_id, "displayName": format!("App {}", app.client_id),
        "accountEnabled": true, "servicePrincipalType": "Application", "appRoleAssignmentRequired": false,
    })
}
