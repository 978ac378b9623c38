//! How Graph shows a user (resources/user).

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::simulator::cloud::{Tenant, User};
use crate::simulator::odata::{Record, Scalar};
use crate::simulator::reply::instant;

/// The properties shown without `$select`.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// The plain properties that a create or update may set.
pub(super) const PLAIN: [&str; 24] = [
    "displayName",
    "givenName",
    "surname",
    "mailNickname",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "department",
    "companyName",
    "employeeId",
    "employeeType",
    "businessPhones",
    "otherMails",
    "city",
    "country",
    "state",
    "streetAddress",
    "postalCode",
    "passwordPolicies",
    "userType",
    "onPremisesImmutableId",
    "faxNumber",
];

/// Properties that may be set and that nobody looks at here.
pub(super) const RARE: [&str; 20] = [
    "aboutMe",
    "ageGroup",
    "birthday",
    "consentProvidedForMinor",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "hireDate",
    "interests",
    "mySite",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesSamAccountName",
    "onPremisesUserPrincipalName",
    "pastProjects",
    "preferredDataLocation",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// Properties that are empty for everybody here; those of several values are in [`LISTS`].
const EMPTY: [&str; 18] = [
    "authorizationInfo",
    "creationType",
    "deviceEnrollmentLimit",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "identityParentId",
    "isManagementRestricted",
    "isResourceAccount",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "mailboxSettings",
    "onPremisesLastSyncDateTime",
    "onPremisesSecurityIdentifier",
    "passwordProfile",
    "print",
    "showInAddressList",
    "signInActivity",
    "signInSessionsValidFromDateTime",
];

/// Properties of several values.
const LISTS: [&str; 12] = [
    "businessPhones",
    "imAddresses",
    "infoCatalogs",
    "interests",
    "onPremisesProvisioningErrors",
    "otherMails",
    "pastProjects",
    "proxyAddresses",
    "responsibilities",
    "schools",
    "serviceProvisioningErrors",
    "skills",
];

/// A user's body: the default properties, or those selected. The error names an unknown property.
pub(super) fn user(tenant: &Tenant, user: &User, select: Option<&str>) -> Result<Value, String> {
    let names: Vec<&str> = match select.map(str::trim).filter(|select| !select.is_empty()) {
        Some(select) => select.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        None => DEFAULT.to_vec(),
    };
    let mut body = Map::new();
    for name in names {
        if name == "*" {
            for name in DEFAULT {
                body.insert(name.to_owned(), property(tenant, user, name).unwrap_or(Value::Null));
            }
            continue;
        }
        // Nobody here may see it (resources/user), and then it is not shown at all.
        if name == "customSecurityAttributes" {
            continue;
        }
        let value = property(tenant, user, name).ok_or_else(|| name.to_owned())?;
        body.insert(name.to_owned(), value);
    }
    Ok(Value::Object(body))
}

fn property(tenant: &Tenant, user: &User, name: &str) -> Option<Value> {
    Some(match name {
        "id" => json!(user.id),
        "userPrincipalName" => json!(user.upn),
        "accountEnabled" => json!(user.account_enabled),
        "usageLocation" => json!(user.usage_location),
        "createdDateTime" => json!(instant(user.created_at)),
        "deletedDateTime" => json!(user.deleted_at.map(instant)),
        "onPremisesSyncEnabled" => json!(user.synchronized.then_some(true)),
        "onPremisesExtensionAttributes" => extension(user),
        "assignedLicenses" => assigned_licenses(user),
        "licenseAssignmentStates" => states(user),
        "assignedPlans" => plans(tenant, user, true),
        "provisionedPlans" => plans(tenant, user, false),
        "userType" => user.properties.get(name).cloned().unwrap_or(json!("Member")),
        "identities" => json!([{
            "signInType": "userPrincipalName", "issuerAssignedId": user.upn,
            "issuer": user.upn.split_once('@').map_or("", |(_, domain)| domain),
        }]),
        "securityIdentifier" => json!(security_identifier(user)),
        list if LISTS.contains(&list) => user.properties.get(list).cloned().unwrap_or(json!([])),
        plain if PLAIN.contains(&plain) || RARE.contains(&plain) => {
            user.properties.get(plain).cloned().unwrap_or(Value::Null)
        }
        empty if EMPTY.contains(&empty) => Value::Null,
        _ => return None,
    })
}

/// The object id as the four numbers of a Windows identifier, which is what users of the cloud have (`S-1-12-1-…`).
fn security_identifier(user: &User) -> String {
    let bytes = user.id.to_bytes_le();
    let numbers = bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    numbers.fold("S-1-12-1".to_owned(), |text, number| format!("{text}-{number}"))
}

fn extension(user: &User) -> Value {
    let attributes = (1..=15).map(|number| {
        let name = format!("extensionAttribute{number}");
        let value = user.extension.get(&name).map_or(Value::Null, |text| json!(text));
        (name, value)
    });
    Value::Object(attributes.collect())
}

fn assigned_licenses(user: &User) -> Value {
    let mut shown: Vec<Value> = Vec::new();
    for held in &user.licenses {
        if !shown.iter().any(|license| license["skuId"] == json!(held.sku)) {
            shown.push(json!({"skuId": held.sku, "disabledPlans": held.disabled_plans}));
        }
    }
    Value::Array(shown)
}

fn states(user: &User) -> Value {
    let states = user.licenses.iter().map(|held| {
        json!({
            "skuId": held.sku, "disabledPlans": held.disabled_plans, "assignedByGroup": held.group,
            "state": "Active", "error": "None", "lastUpdatedDateTime": instant(held.changed_at),
        })
    });
    Value::Array(states.collect())
}

fn plans(tenant: &Tenant, user: &User, assigned: bool) -> Value {
    let mut shown = Vec::new();
    for held in &user.licenses {
        let Some(sku) = tenant.sku(held.sku) else { continue };
        for plan in sku.plans.iter().filter(|plan| !held.disabled_plans.contains(&plan.id)) {
            let service = if plan.dataverse { "DynamicsCRM" } else { "exchange" };
            shown.push(match assigned {
                true => json!({
                    "assignedDateTime": instant(held.changed_at), "capabilityStatus": "Enabled",
                    "service": service, "servicePlanId": plan.id,
                }),
                false => json!({"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service}),
            });
        }
    }
    Value::Array(shown)
}

impl Record for User {
    fn field(&self, path: &str) -> Option<Scalar<'_>> {
        if let Some(name) = path.strip_prefix("onPremisesExtensionAttributes/") {
            let known = name.strip_prefix("extensionAttribute").and_then(|number| number.parse::<u8>().ok());
            return known
                .filter(|number| (1..=15).contains(number))
                .map(|_| self.extension.get(name).map(String::as_str).into());
        }
        Some(match path {
            "id" => self.id.into(),
            "userPrincipalName" => self.upn.as_str().into(),
            "accountEnabled" => self.account_enabled.into(),
            "usageLocation" => self.usage_location.as_deref().into(),
            "createdDateTime" => instant(self.created_at).into(),
            "deletedDateTime" => self.deleted_at.map(instant).into(),
            "onPremisesSyncEnabled" => self.synchronized.then_some(true).into(),
            plain if PLAIN.contains(&plain) => match self.properties.get(plain) {
                Some(Value::String(text)) => Scalar::Text(Cow::Borrowed(text)),
                _ => Scalar::Null,
            },
            _ => return None,
        })
    }

    fn members(&self, collection: &str, field: &str) -> Option<Vec<Scalar<'_>>> {
        match (collection, field) {
            ("assignedLicenses", "skuId") => Some(self.licenses.iter().map(|held| held.sku.into()).collect()),
            ("businessPhones" | "otherMails" | "proxyAddresses", _) => Some(Vec::new()),
            _ => None,
        }
    }
}
