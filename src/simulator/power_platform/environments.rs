//! Environments as an administrator sees them (microsoft-apis.md §4.5).

use serde_json::{Value, json};

use super::refusal::refusal;
use crate::simulator::call::Call;
use crate::simulator::cloud::{Cloud, Environment};
use crate::simulator::reply::Reply;
use crate::simulator::route::is_bare;
use crate::simulator::turn::{Answer, Turn};
use crate::simulator::world::{EnvironmentKind, EnvironmentState};

/// `GET scopes/admin/environments`.
pub(super) fn list(turn: &Turn<'_>, tenant: usize) -> Reply {
    let found = turn.cloud.environments.iter().filter(|environment| environment.tenant == tenant);
    let values: Vec<Value> = found.map(|environment| view(turn.cloud, environment, turn.call)).collect();
    Reply::json(200, &json!({"value": values}))
}

/// `GET scopes/admin/environments/{id}`.
pub(super) fn one(turn: &mut Turn<'_>, tenant: usize, id: &str) -> Answer {
    let index = index_of(turn, tenant, id)?;
    Ok(Reply::json(200, &view(turn.cloud, &turn.cloud.environments[index], turn.call)))
}

/// The index of an environment of the tenant.
pub(super) fn index_of(turn: &mut Turn<'_>, tenant: usize, id: &str) -> Result<usize, Reply> {
    let index = (turn.cloud.environments.iter()).position(|environment| {
        environment.tenant == tenant && environment.id.to_string().eq_ignore_ascii_case(id)
    });
    turn.notes.environment = index;
    index.ok_or_else(|| {
        let text = format!("The environment '{id}' could not be found in the tenant.");
        refusal(404, "EnvironmentNotFound", &text)
    })
}

fn view(cloud: &Cloud, environment: &Environment, call: &Call) -> Value {
    let sku = match environment.kind {
        EnvironmentKind::Production | EnvironmentKind::NoDatabase => "Production",
        EnvironmentKind::Sandbox => "Sandbox",
        EnvironmentKind::Trial => "Trial",
        EnvironmentKind::Developer => "Developer",
        EnvironmentKind::Teams => "Teams",
    };
    let (instance, management, runtime) = match environment.state {
        EnvironmentState::Ready => ("Ready", "Ready", "Enabled"),
        EnvironmentState::AdminMode => ("Ready", "Ready", "AdminMode"),
        EnvironmentState::Disabled => ("Disabled", "NotSpecified", "Disabled"),
    };
    let mut properties = json!({
        "displayName": environment.name, "tenantId": cloud.tenants[environment.tenant].id, "azureRegion": "westeurope",
        "provisioningState": "Succeeded", "environmentSku": sku, "isDefault": false, "databaseType": "None",
        "states": {
            "management": {"id": management},
            "runtime": {"id": runtime, "runtimeReasonCode": "NotSpecified"},
        },
    });
    if environment.kind != EnvironmentKind::NoDatabase {
        properties["databaseType"] = json!("CommonDataService");
        properties["linkedEnvironmentMetadata"] = json!({
            "resourceId": environment.organization_id, "friendlyName": environment.name,
            "uniqueName": format!("org{}", &environment.organization_id.simple().to_string()[..8]),
            "domainName": environment.host, "version": "9.2.25101.00000",
            "instanceUrl": format!("{}/", address(environment, call, "")),
            "instanceApiUrl": address(environment, call, "api."),
            "instanceState": instance, "baseLanguage": 1033, "backgroundOperationsState": "Enabled",
            "securityGroupId": environment.security_group,
        });
    }
    json!({
        "id": format!("/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/{}", environment.id),
        "name": environment.id, "type": "Microsoft.BusinessAppPlatform/scopes/environments", "location": "europe",
        "properties": properties,
    })
}

/// The environment's address beside the host that was called, with the same scheme and port.
fn address(environment: &Environment, call: &Call, api: &str) -> String {
    let host = call.host();
    let port = call.authority.strip_prefix(host).unwrap_or_default();
    let scheme = call.scheme.as_deref().unwrap_or("https");
    let suffix = match host {
        bare if is_bare(bare) => "localhost",
        named => {
            named.strip_prefix("api.").unwrap_or(named).split_once('.').map_or("localhost", |(_, rest)| rest)
        }
    };
    format!("{scheme}://{}.{api}crm.{suffix}{port}", environment.host)
}
