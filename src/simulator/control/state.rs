//! Everything there is, as one JSON document for tests and people.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::simulator::cloud::{Cloud, Environment, Row, Tenant, User};
use crate::simulator::reply::instant;

/// The state document.
pub(crate) fn state(cloud: &Cloud, now: DateTime<Utc>) -> Value {
    let tenants: Vec<Value> = (cloud.tenants.iter().enumerate())
        .map(|(index, tenant)| {
            let environments = cloud.environments.iter().filter(|environment| environment.tenant == index);
            json!({
                "name": tenant.name,
                "id": tenant.id,
                "domains": tenant.domains,
                "skus": tenant.skus.iter().map(|sku| json!({
                    "part_number": sku.part_number, "sku_id": sku.sku_id, "enabled": sku.enabled,
                    "used_by_others": sku.used_by_others, "consumed": sku.consumed(), "peak": sku.peak,
                    "holders": sku.holders,
                })).collect::<Vec<_>>(),
                "users": tenant.users.values().map(|user| user_view(tenant, user)).collect::<Vec<_>>(),
                "groups": tenant.groups.iter().map(|group| json!({"id": group.id, "members": group.members}))
                    .collect::<Vec<_>>(),
                "environments": environments.map(environment_view).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "simulated_at": instant(now),
        "tenants": tenants,
        "violations": cloud.violations,
        "late_writes": cloud.late.len(),
        "faults_struck": cloud.faults_struck,
        "calls": cloud.ledger.next() - 1,
    })
}

fn user_view(tenant: &Tenant, user: &User) -> Value {
    let part = |sku| tenant.sku(sku).map(|sku| sku.part_number.clone());
    let direct: Vec<_> =
        user.licenses.iter().filter(|held| held.group.is_none()).filter_map(|held| part(held.sku)).collect();
    let inherited: Vec<_> =
        user.licenses.iter().filter(|held| held.group.is_some()).filter_map(|held| part(held.sku)).collect();
    json!({
        "id": user.id,
        "user_principal_name": user.upn,
        "display_name": user.text("displayName"),
        "usage_location": user.usage_location,
        "account_enabled": user.account_enabled,
        "deleted": user.deleted_at.is_some(),
        "foreign": user.made_by.is_none(),
        "made_by": user.made_by,
        "admin": user.admin,
        "synchronized_from_on_premises": user.synchronized,
        "licenses": direct,
        "inherited_licenses": inherited,
        "marker": user.marker(),
        "password_sha256": user.password_sha256,
    })
}

fn environment_view(environment: &Environment) -> Value {
    json!({
        "name": environment.name,
        "id": environment.id,
        "organization_id": environment.organization_id,
        "host": environment.host,
        "state": environment.state,
        "security_group": environment.security_group,
        "non_interactive_max": environment.non_interactive_max,
        "non_interactive": environment.non_interactive(),
        "non_interactive_peak": environment.non_interactive_peak,
        "business_units": environment.business_units.iter().map(|unit| json!({"id": unit.id, "name": unit.name}))
            .collect::<Vec<_>>(),
        "rows": environment.rows.values().map(|row| row_view(environment, row)).collect::<Vec<_>>(),
    })
}

fn row_view(environment: &Environment, row: &Row) -> Value {
    let roles =
        environment.roles.iter().filter(|role| row.roles.contains(&role.id)).map(|role| role.name.clone());
    let unit = environment.business_units.iter().find(|unit| unit.id == row.business_unit);
    json!({
        "systemuserid": row.id,
        "azureactivedirectoryobjectid": row.object_id,
        "domainname": row.domainname,
        "accessmode": row.accessmode,
        "isdisabled": row.isdisabled,
        "islicensed": row.islicensed,
        "applicationid": row.applicationid,
        "azurestate": row.azurestate,
        "deletedstate": row.deletedstate,
        "disabledreason": row.disabledreason,
        "business_unit": unit.map(|unit| unit.name.clone()),
        "roles": roles.collect::<Vec<_>>(),
    })
}
