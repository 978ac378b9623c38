//! Licenses of users and seats of the tenant (api-reference/v1.0/api/user-assignlicense, resources/subscribedsku).

use serde_json::{Value, json};
use uuid::Uuid;

use super::permission::{LICENSE, READ_SKUS, WRITE_USER, need};
use super::refusal::{bad_request, not_found, refusal};
use super::users::{find, with_context};
use super::view;
use crate::simulator::cloud::{Sku, Tenant};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// `POST /users/{id}/assignLicense`.
pub(super) fn assign(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, LICENSE)?;
    let id = find(turn, index, key)?;
    turn.touch(id);
    let body = turn.call.json().map_err(|error| refusal(turn, 400, "BadRequest", &error))?;
    let mut add = Vec::new();
    for license in array(turn, &body, "addLicenses")? {
        let sku = guid(turn, &license["skuId"])?;
        let disabled = license["disabledPlans"].as_array().cloned().unwrap_or_default();
        let disabled = disabled.iter().map(|plan| guid(turn, plan)).collect::<Result<Vec<_>, _>>()?;
        add.push((sku, disabled));
    }
    let remove = array(turn, &body, "removeLicenses")?;
    let remove = remove.iter().map(|sku| guid(turn, sku)).collect::<Result<Vec<_>, _>>()?;
    let at = turn.cloud.instants(turn.now, turn.wire);
    let cloud = &mut *turn.cloud;
    let before = cloud.tenants[index].users.get(&id);
    let given: Vec<Uuid> =
        add.iter().map(|(sku, _)| *sku).filter(|sku| before.is_some_and(|user| !user.holds(*sku))).collect();
    let changed = cloud.tenants[index].change_licenses(id, &add, &remove, &at, &mut cloud.dice);
    changed.map_err(|fault| bad_request(turn, &fault.message()))?;
    turn.cloud.witness_seats(index, &given);
    turn.notes.applied = true;
    shown(turn, index, id)
}

/// `POST /users/{id}/reprocessLicenseAssignment`: what a group gives is brought in line.
pub(super) fn reprocess(turn: &mut Turn<'_>, claims: &Claims, index: usize, key: &str) -> Answer {
    need(turn, claims, WRITE_USER)?;
    let id = find(turn, index, key)?;
    let at = turn.cloud.instants(turn.now, turn.wire);
    let cloud = &mut *turn.cloud;
    let groups: Vec<Uuid> = cloud.tenants[index].groups.iter().map(|group| group.id).collect();
    for group in groups {
        cloud.tenants[index].inherit(group, &at, &mut cloud.dice);
    }
    turn.applied(id);
    shown(turn, index, id)
}

/// `GET /users/{id}/licenseDetails` is not for applications.
pub(super) fn details_refused(turn: &Turn<'_>) -> Reply {
    let message = "Insufficient privileges to complete the operation. This API is not supported in application-only \
                   context.";
    refusal(turn, 403, "Authorization_RequestDenied", message)
}

/// `GET /subscribedSkus`; `consumedUnits` lags.
pub(super) fn skus(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_SKUS)?;
    if turn.call.option("$filter").is_some() {
        return Err(refusal(
            turn,
            400,
            "Request_UnsupportedQuery",
            "Filter is not supported for this resource.",
        ));
    }
    let tenant = &turn.cloud.tenants[index];
    let values: Vec<Value> = tenant.skus.iter().map(|sku| sku_view(turn, tenant, sku)).collect();
    Ok(Reply::json(200, &with_context(turn, "subscribedSkus", json!({"value": values}))))
}

/// `GET /subscribedSkus/{id}`.
pub(super) fn sku(turn: &mut Turn<'_>, claims: &Claims, index: usize, id: &str) -> Answer {
    need(turn, claims, READ_SKUS)?;
    let tenant = &turn.cloud.tenants[index];
    let sku = tenant.skus.iter().find(|sku| format!("{}_{}", tenant.id, sku.sku_id) == id.to_lowercase());
    let sku = sku.ok_or_else(|| not_found(turn, id))?;
    let view = sku_view(turn, tenant, sku);
    Ok(Reply::json(200, &with_context(turn, "subscribedSkus/$entity", view)))
}

fn sku_view(turn: &Turn<'_>, tenant: &Tenant, sku: &Sku) -> Value {
    let plans: Vec<Value> = (sku.plans.iter())
        .map(|plan| {
            json!({
                "servicePlanId": plan.id, "servicePlanName": plan.name, "provisioningStatus": "Success",
                "appliesTo": "User",
            })
        })
        .collect();
    json!({
        "id": format!("{}_{}", tenant.id, sku.sku_id),
        "accountId": tenant.id,
        "accountName": tenant.name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": sku.reported(turn.now, turn.cloud.delays.counters_lag),
        "prepaidUnits": {"enabled": sku.enabled, "warning": 0, "suspended": 0, "lockedOut": 0},
        "skuId": sku.sku_id,
        "skuPartNumber": sku.part_number,
        "subscriptionIds": [sku.sku_id],
        "servicePlans": plans,
    })
}

fn shown(turn: &Turn<'_>, index: usize, id: Uuid) -> Answer {
    let tenant = &turn.cloud.tenants[index];
    let Some(user) = tenant.users.get(&id) else { return Err(not_found(turn, &id.to_string())) };
    let body = view::user(tenant, user, None).unwrap_or(Value::Null);
    Ok(Reply::json(200, &with_context(turn, "users/$entity", body)))
}

fn array(turn: &Turn<'_>, body: &Value, name: &str) -> Result<Vec<Value>, Reply> {
    body[name].as_array().cloned().ok_or_else(|| {
        refusal(
            turn,
            400,
            "Request_BadRequest",
            &format!(
                "One or more parameters of the operation 'assignLicense' \
            are missing from the request payload. The missing parameters are: {name}."
            ),
        )
    })
}

fn guid(turn: &Turn<'_>, value: &Value) -> Result<Uuid, Reply> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok()).ok_or_else(|| {
        refusal(
            turn,
            400,
            "Request_BadRequest",
            &format!(
                "Cannot convert the literal '{value}' to the expected type \
            'Edm.Guid'."
            ),
        )
    })
}
