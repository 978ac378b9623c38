//! The organization and its domains.

use serde_json::{Value, json};

use super::permission::{READ_ORGANIZATION, need};
use super::users::with_context;
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// `GET /organization`.
pub(super) fn organization(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_ORGANIZATION)?;
    let tenant = &turn.cloud.tenants[index];
    let domains: Vec<Value> = (tenant.domains.iter().enumerate())
        .map(|(position, name)| {
            json!({"name": name, "isDefault": position == 0, "isInitial": position == 0,
            "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"})
        })
        .collect();
    let body = json!({"value": [{
        "id": tenant.id, "displayName": tenant.name, "tenantType": "AAD", "verifiedDomains": domains,
        "onPremisesSyncEnabled": null, "countryLetterCode": "GB",
    }]});
    Ok(Reply::json(200, &with_context(turn, "organization", body)))
}

/// `GET /domains`.
pub(super) fn domains(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, READ_ORGANIZATION)?;
    let domains: Vec<Value> = (turn.cloud.tenants[index].domains.iter().enumerate())
        .map(|(position, name)| {
            json!({"id": name, "isDefault": position == 0, "isVerified": true,
            "authenticationType": "Managed"})
        })
        .collect();
    Ok(Reply::json(200, &with_context(turn, "domains", json!({"value": domains}))))
}
