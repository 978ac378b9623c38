//! How Dataverse shows its rows (reference/entities/systemuser).

use serde_json::{Map, Value, json};

use super::query::Options;
use super::refusal::refusal;
use crate::simulator::cloud::{BusinessUnit, Environment, Role, Row};
use crate::simulator::odata::{Record, Scalar};
use crate::simulator::reply::{Reply, instant};

/// The columns of `systemuser` that can be read here.
const COLUMNS: [&str; 28] = [
    "systemuserid",
    "azureactivedirectoryobjectid",
    "domainname",
    "internalemailaddress",
    "windowsliveid",
    "firstname",
    "lastname",
    "fullname",
    "accessmode",
    "isdisabled",
    "islicensed",
    "userlicensetype",
    "caltype",
    "issyncwithdirectory",
    "setupuser",
    "azurestate",
    "azuredeletedon",
    "deletedstate",
    "disabledreason",
    "invitestatuscode",
    "isintegrationuser",
    "applicationid",
    "systemmanagedusertype",
    "_businessunitid_value",
    "_createdby_value",
    "createdon",
    "modifiedon",
    "versionnumber",
];

impl Record for Row {
    fn field(&self, path: &str) -> Option<Scalar<'_>> {
        Some(match path {
            "systemuserid" | "ownerid" => self.id.into(),
            "azureactivedirectoryobjectid" => self.object_id.into(),
            "domainname" | "windowsliveid" | "internalemailaddress" => self.domainname.as_str().into(),
            "firstname" => self.firstname.as_str().into(),
            "lastname" => self.lastname.as_str().into(),
            "fullname" => format!("{} {}", self.firstname, self.lastname).into(),
            "accessmode" => self.accessmode.into(),
            "isdisabled" => self.isdisabled.into(),
            "islicensed" => self.islicensed.into(),
            "userlicensetype" => (if self.islicensed { 38 } else { -1 }).into(),
            "caltype" => 7.into(),
            "issyncwithdirectory" => self.issyncwithdirectory.into(),
            "setupuser" => self.setupuser.into(),
            "azurestate" => self.azurestate.into(),
            "azuredeletedon" => self.azuredeletedon.map(instant).into(),
            "deletedstate" => self.deletedstate.into(),
            "disabledreason" => self.disabledreason.as_deref().into(),
            "invitestatuscode" => 0.into(),
            "isintegrationuser" => (self.lastname == "INTEGRATION").into(),
            "applicationid" => self.applicationid.into(),
            "systemmanagedusertype" => 0.into(),
            "_businessunitid_value" | "businessunitid/businessunitid" => self.business_unit.into(),
            "_createdby_value" => Scalar::Null,
            "createdon" => instant(self.createdon).into(),
            "modifiedon" => instant(self.modifiedon).into(),
            "versionnumber" => i64::try_from(self.version).unwrap_or(i64::MAX).into(),
            _ => return None,
        })
    }
}

impl Record for BusinessUnit {
    fn field(&self, path: &str) -> Option<Scalar<'_>> {
        Some(match path {
            "businessunitid" => self.id.into(),
            "name" => self.name.as_str().into(),
            "isdisabled" => false.into(),
            "_parentbusinessunitid_value" | "parentbusinessunitid" => self.parent.into(),
            _ => return None,
        })
    }
}

impl Record for Role {
    fn field(&self, path: &str) -> Option<Scalar<'_>> {
        Some(match path {
            "roleid" => self.id.into(),
            "name" => self.name.as_str().into(),
            "_businessunitid_value" | "businessunitid/businessunitid" => self.business_unit.into(),
            "_parentrootroleid_value" => self.root.into(),
            "_roletemplateid_value" => {
                let administrator = self.name == "System Administrator";
                administrator.then_some("627090ff-40a3-4053-8790-584edc5be201").into()
            }
            "ismanaged" => false.into(),
            _ => return None,
        })
    }
}

/// The columns shown of each entity when none is selected.
pub(super) fn columns(entity: &str) -> &'static [&'static str] {
    match entity {
        "systemusers" => &COLUMNS,
        "roles" => &[
            "roleid",
            "name",
            "_businessunitid_value",
            "_parentrootroleid_value",
            "_roletemplateid_value",
            "ismanaged",
        ],
        _ => &["businessunitid", "name", "isdisabled", "_parentbusinessunitid_value"],
    }
}

/// A record's body: the columns selected, or all, and always its key.
pub(super) fn body(record: &dyn Record, entity: &str, select: Option<&[String]>) -> Result<Value, Reply> {
    let mut body = Map::new();
    let all: Vec<String> = columns(entity).iter().map(|column| (*column).to_owned()).collect();
    for name in select.unwrap_or(&all) {
        let value = record.field(name).ok_or_else(|| unknown(entity, name))?;
        body.insert(name.clone(), json_of(&value));
    }
    let key = columns(entity)[0];
    if let Some(value) = record.field(key) {
        body.insert(key.to_owned(), json_of(&value));
    }
    Ok(Value::Object(body))
}

/// A `systemuser` with its etag and what `$expand` asks for.
pub(super) fn user(environment: &Environment, row: &Row, options: &Options) -> Result<Value, Reply> {
    let mut shown = json!({"@odata.etag": etag(row)});
    let columns = body(row, "systemusers", options.select.as_deref())?;
    if let (Some(shown), Value::Object(columns)) = (shown.as_object_mut(), columns) {
        shown.extend(columns);
    }
    for expand in &options.expand {
        let select = expand.select.as_deref();
        match expand.name.as_str() {
            "systemuserroles_association" => {
                let roles = environment.roles.iter().filter(|role| row.roles.contains(&role.id));
                let roles: Result<Vec<Value>, Reply> =
                    roles.map(|role| body(role, "roles", select)).collect();
                shown["systemuserroles_association"] = Value::Array(roles?);
            }
            "businessunitid" => {
                let unit = environment.business_units.iter().find(|unit| unit.id == row.business_unit);
                shown["businessunitid"] = match unit {
                    Some(unit) => body(unit, "businessunits", select)?,
                    None => Value::Null,
                };
            }
            other => return Err(unknown("systemusers", other)),
        }
    }
    if let Some(shown) = shown.as_object_mut() {
        options.annotations.annotate(environment, row, shown);
    }
    Ok(shown)
}

/// A row's etag.
pub(super) fn etag(row: &Row) -> String {
    format!("W/\"{}\"", row.version)
}

/// 400 for a column that is not there (dataverse/web-api-client-errors).
pub(super) fn unknown(entity: &str, name: &str) -> Reply {
    let kind = entity.trim_end_matches('s');
    refusal(
        400,
        "0x0",
        &format!("Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{kind}'."),
    )
}

fn json_of(value: &Scalar<'_>) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => json!(value),
        Scalar::Number(value) => json!(value),
        Scalar::Text(value) => json!(value),
    }
}
