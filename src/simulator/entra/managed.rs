//! The endpoints that give a resource its identity's tokens: a virtual machine's metadata service and App Service
//! (managed-identities-azure-resources/how-to-use-vm-token, app-service/overview-managed-identity).

use serde_json::json;
use uuid::Uuid;

use super::sign_in::{issue, resource_of};
use crate::simulator::cloud::App;
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `GET /metadata/identity/oauth2/token`: every number is text.
pub(super) fn metadata(turn: &mut Turn<'_>) -> Answer {
    let refused =
        |text: &str| Reply::json(400, &json!({"error": "invalid_request", "error_description": text}));
    if turn.call.header("metadata") != Some("true") {
        return Err(refused("Required metadata header not specified"));
    }
    if turn.call.option("api-version").is_none() {
        return Err(refused("Required query variable 'api-version' is missing"));
    }
    let (tenant, app) = wanted(turn).ok_or_else(|| refused("Identity not found"))?;
    let resource =
        resource(turn, tenant).map_err(|_| refused("AADSTS500011: The resource principal was not found"))?;
    let now = turn.wire.timestamp();
    let (token, life) = issue(turn, tenant, &app, resource.clone());
    Ok(Reply::json(
        200,
        &json!({
            "access_token": token, "refresh_token": "", "expires_in": life.to_string(),
            "expires_on": (now + life).to_string(), "not_before": (now - 300).to_string(),
            "resource": resource, "token_type": "Bearer",
        }),
    ))
}

/// `GET {IDENTITY_ENDPOINT}`: the end of the token's life alone, as text.
pub(super) fn app_service(turn: &mut Turn<'_>) -> Answer {
    let refused =
        |status: u16, text: &str| Reply::json(status, &json!({"statusCode": status, "message": text}));
    let header = turn.call.header("x-identity-header").unwrap_or_default();
    let is_known = (turn.cloud.tenants.iter())
        .flat_map(|tenant| &tenant.apps)
        .filter_map(|app| app.sign_in.managed.as_ref())
        .any(|managed| !managed.header.is_empty() && managed.header == header);
    if !is_known {
        return Err(refused(401, "Unauthorized"));
    }
    let missing =
        "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
    let (tenant, app) = wanted(turn).ok_or_else(|| refused(400, missing))?;
    let resource =
        resource(turn, tenant).map_err(|_| refused(400, "The resource principal was not found."))?;
    let now = turn.wire.timestamp();
    let (token, life) = issue(turn, tenant, &app, resource.clone());
    Ok(Reply::json(
        200,
        &json!({
            "access_token": token, "expires_on": (now + life).to_string(), "resource": resource,
            "token_type": "Bearer", "client_id": app.client_id,
        }),
    ))
}

/// The identity that is asked for: by client id, or else the one that the system assigned.
fn wanted(turn: &Turn<'_>) -> Option<(usize, App)> {
    let asked = turn.call.option("client_id");
    let asked_id = asked.and_then(|text| Uuid::try_parse(text).ok());
    if asked.is_some() && asked_id.is_none() {
        return None;
    }
    turn.cloud.tenants.iter().enumerate().find_map(|(index, tenant)| {
        let app = tenant.apps.iter().find(|app| match (&app.sign_in.managed, asked_id) {
            (None, _) => false,
            (Some(_), Some(id)) => app.client_id == id,
            (Some(managed), None) => managed.system_assigned,
        })?;
        Some((index, app.clone()))
    })
}

fn resource(turn: &mut Turn<'_>, tenant: usize) -> Result<String, Reply> {
    turn.notes.tenant = Some(tenant);
    let resource = turn.call.option("resource").unwrap_or_default().trim_end_matches('/').to_owned();
    resource_of(turn, tenant, &format!("{resource}/.default"))
}
