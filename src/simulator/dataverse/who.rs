//! `WhoAmI`, impersonation, and the organization's limits (webapi/impersonate-another-user-web-api).

use serde_json::json;
use uuid::Uuid;

use super::answer::{base, privileged};
use super::refusal::refusal;
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `WhoAmI`; with `CallerObjectId` it brings an eligible user in, just in time (troubleshooting-user-needs-read-write-access).
pub(super) fn who_am_i(turn: &mut Turn<'_>, index: usize, caller: Uuid) -> Answer {
    let as_object = turn.call.header("callerobjectid").map(str::to_owned);
    let as_row = turn.call.header("mscrmcallerid").map(str::to_owned);
    let id = match (as_object, as_row) {
        (Some(object), _) => impersonated(turn, index, caller, &object)?,
        (None, Some(row)) => {
            privileged(turn, index, caller, "prvActOnBehalfOfAnotherUser")?;
            Uuid::try_parse(&row).map_err(|_| not_a_member())?
        }
        (None, None) => caller,
    };
    turn.touch(id);
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&id).filter(|row| !row.isdisabled).ok_or_else(not_a_member)?;
    if row.roles.is_empty() {
        let text = format!("The user (Id = {id}) has not been assigned any roles.");
        return Err(refusal(403, "0x80042f09", &text));
    }
    Ok(Reply::json(
        200,
        &json!({
            "@odata.context": format!("{}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", base(turn)),
            "BusinessUnitId": row.business_unit,
            "UserId": row.id,
            "OrganizationId": environment.organization_id,
        }),
    ))
}

fn impersonated(turn: &mut Turn<'_>, index: usize, caller: Uuid, object: &str) -> Result<Uuid, Reply> {
    privileged(turn, index, caller, "prvActOnBehalfOfAnotherUser")?;
    let object = Uuid::try_parse(object).map_err(|_| not_a_member())?;
    let enabled = turn.cloud.environments[index].row_of(object).is_some_and(|row| !row.isdisabled);
    if !enabled && turn.cloud.admits(index, object, turn.now).is_ok() {
        let wire = turn.wire;
        turn.cloud.bring_in(index, object, wire);
        turn.notes.applied = true;
    }
    turn.cloud.environments[index].row_of(object).map(|row| row.id).ok_or_else(not_a_member)
}

fn not_a_member() -> Reply {
    refusal(403, "0x80072560", "The user is not a member of the organization.")
}

/// `RetrieveOrganizationResources()`.
pub(super) fn resources(turn: &Turn<'_>, index: usize) -> Reply {
    let environment = &turn.cloud.environments[index];
    let active =
        environment.rows.values().filter(|row| !row.isdisabled && row.applicationid.is_none()).count();
    Reply::json(
        200,
        &json!({
            "@odata.context": format!(
                "{}/$metadata#Microsoft.Dynamics.CRM.RetrieveOrganizationResourcesResponse", base(turn)
            ),
            "OrganizationResources": {
                "CurrentNumberOfActiveUsers": active, "MaxNumberOfActiveUsers": -1,
                "CurrentNumberOfNonInteractiveUsers": environment.non_interactive(),
                "MaxNumberOfNonInteractiveUsers": environment.non_interactive_max,
                "CurrentNumberOfCustomEntities": 0, "MaxNumberOfCustomEntities": -1,
                "CurrentNumberOfPublishedWorkflows": 0, "MaxNumberOfPublishedWorkflows": -1,
                "CurrentStorage": 1, "MaxStorage": -1,
            },
        }),
    )
}

/// The version that the organization runs.
pub(super) const VERSION: &str = "9.2.25101.00000";

/// `RetrieveVersion()`.
pub(super) fn version(turn: &Turn<'_>) -> Reply {
    let context = format!("{}/$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse", base(turn));
    Reply::json(200, &json!({"@odata.context": context, "Version": VERSION}))
}

/// `RetrieveCurrentOrganization(AccessType=…)`.
pub(super) fn organization(turn: &Turn<'_>, index: usize) -> Reply {
    let environment = &turn.cloud.environments[index];
    let tenant = turn.cloud.tenants[environment.tenant].id;
    let origin = turn.call.origin();
    Reply::json(
        200,
        &json!({
            "@odata.context": format!(
                "{}/$metadata#Microsoft.Dynamics.CRM.RetrieveCurrentOrganizationResponse", base(turn)
            ),
            "Detail": {
                "OrganizationId": environment.organization_id, "FriendlyName": environment.name,
                "OrganizationVersion": VERSION, "EnvironmentId": environment.id, "TenantId": tenant,
                "UrlName": environment.host, "UniqueName": environment.host, "State": "Enabled",
                "Endpoints": {
                    "Count": 1, "IsReadOnly": false, "Keys": ["WebApplication"], "Values": [format!("{origin}/")],
                },
            },
        }),
    )
}
