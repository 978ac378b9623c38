//! Changing users (webapi/perform-conditional-operations-using-web-api, user-team-entities).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::base;
use super::query::options;
use super::read::id_of;
use super::refusal::{no_slot, no_such_row, refusal, unreadable};
use super::view;
use crate::simulator::cloud::{Environment, Row};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `POST systemusers`: an application user, or a disabled row for a directory user.
pub(super) fn create(turn: &mut Turn<'_>, index: usize) -> Answer {
    let body = object(turn)?;
    if let Some(name) = body.keys().find(|name| !is_property(name)) {
        return Err(no_such_property(name));
    }
    let key = body.get("systemuserid").or(body.get("ownerid"));
    let id = key.and_then(uuid_of).unwrap_or_else(|| turn.cloud.dice.uuid());
    insert(turn, index, id, &body)
}

fn insert(turn: &mut Turn<'_>, index: usize, id: Uuid, body: &Map<String, Value>) -> Answer {
    let environment = &turn.cloud.environments[index];
    let unit = match business_unit(environment, body)? {
        Some(unit) => unit,
        None => environment.root_unit(),
    };
    let object_id = body.get("azureactivedirectoryobjectid").and_then(uuid_of);
    let application = body.get("applicationid").and_then(uuid_of);
    let mut row = Row {
        id,
        object_id,
        domainname: text(body, "domainname").or(text(body, "internalemailaddress")).unwrap_or_default(),
        firstname: text(body, "firstname").unwrap_or_else(|| "#".to_owned()),
        lastname: text(body, "lastname").unwrap_or_default(),
        accessmode: body.get("accessmode").and_then(Value::as_i64).unwrap_or(0),
        // A row made by hand starts disabled and needs a license to be enabled (microsoft-apis.md §3.13).
        isdisabled: application.is_none(),
        islicensed: false,
        issyncwithdirectory: false,
        setupuser: false,
        azurestate: 0,
        azuredeletedon: None,
        deletedstate: 0,
        disabledreason: None,
        applicationid: application,
        business_unit: unit,
        roles: Default::default(),
        version: 1,
        createdon: turn.wire,
        modifiedon: turn.wire,
        disabled_by_sync: false,
        holds_name: false,
    };
    match (application, object_id) {
        (Some(application), _) => {
            if environment.rows.values().any(|row| row.applicationid == Some(application)) {
                return Err(refusal(400, "0x80041d2c", "A user with this application ID already exists."));
            }
            let app = turn.cloud.tenants[environment.tenant].app(application);
            row.object_id = app.map(|app| app.principal);
            row.accessmode = 4;
        }
        (None, Some(object)) => {
            if environment.row_of(object).is_some() {
                return Err(refusal(400, "0x80041d2c", "User already exists in this organization."));
            }
            let user = turn.cloud.tenants[environment.tenant]
                .users
                .get(&object)
                .filter(|user| user.deleted_at.is_none());
            let user = user.ok_or_else(|| {
                let text = format!("The object id {object} was not found in Microsoft Entra ID.");
                refusal(400, "0x80041d28", &text)
            })?;
            row.domainname.clone_from(&user.upn);
        }
        (None, None) => {
            return Err(refusal(
                400,
                "0x80040203",
                "Required field 'domainname' or 'azureactivedirectoryobjectid' is missing.",
            ));
        }
    }
    turn.cloud.environments[index].keep(row);
    turn.applied(id);
    written(turn, index, id, 201)
}

/// `PATCH systemusers({id})`: an update with `If-Match`, an upsert without.
pub(super) fn patch(turn: &mut Turn<'_>, index: usize, key: &str) -> Answer {
    let body = object(turn)?;
    let condition = turn.call.header("if-match").map(str::to_owned);
    update(turn, index, key, &body, condition.as_deref())
}

/// Changes a row under a condition.
pub(super) fn update(
    turn: &mut Turn<'_>,
    index: usize,
    key: &str,
    body: &Map<String, Value>,
    condition: Option<&str>,
) -> Answer {
    let id = id_of(turn, index, key)?;
    let creates_only = turn.call.header("if-none-match") == Some("*");
    let environment = &turn.cloud.environments[index];
    let Some(row) = environment.rows.get(&id).cloned() else {
        return match condition {
            Some(_) => Err(no_such_row("systemuser", id)),
            None => insert(turn, index, id, body),
        };
    };
    if creates_only {
        return Err(refusal(412, "0x80040237", "A record with matching key values already exists."));
    }
    if condition.is_some_and(|etag| etag != "*" && etag != view::etag(&row)) {
        let text = "The version of the existing record doesn't match the RowVersion property provided.";
        return Err(refusal(412, "0x80060882", text));
    }
    let changed = changed(environment, &row, body)?;
    turn.applied(id);
    let wire = turn.wire;
    let environment = &mut turn.cloud.environments[index];
    if let Some(row) = environment.rows.get_mut(&id) {
        *row = changed;
        row.touch(wire);
    }
    turn.cloud.witness_slots(index);
    written(turn, index, id, 200)
}

/// 400 for a property that cannot be written because there is none (dataverse/web-api-client-errors, "Invalid property").
fn no_such_property(name: &str) -> Reply {
    let text = format!(
        "An error occurred while validating input parameters: Microsoft.Crm.CrmException: Invalid property '{name}' was \
         found in entity 'Microsoft.Dynamics.CRM.systemuser'. ---> Microsoft.OData.ODataException: Does not support \
         untyped value in non-open type."
    );
    refusal(400, "0x0", &text)
}

/// Whether a create or an update may name a property.
fn is_property(name: &str) -> bool {
    name == "ownerid"
        || name.contains('@')
        || view::columns("systemusers").contains(&name)
        || TEXTS.contains(&name)
}

/// The row as the update would leave it, or why it may not.
fn changed(environment: &Environment, before: &Row, body: &Map<String, Value>) -> Result<Row, Reply> {
    let mut row = before.clone();
    for (name, value) in body {
        match name.as_str() {
            "accessmode" => {
                let mode = value.as_i64().filter(|mode| (0..=5).contains(mode));
                let mode = mode.ok_or_else(|| unreadable("Invalid value for attribute accessmode."))?;
                if row.applicationid.is_some() && mode != row.accessmode {
                    return Err(refusal(
                        400,
                        "0x80040d40",
                        "The access mode of an application user cannot be changed.",
                    ));
                }
                if row.object_id.is_none() {
                    return Err(refusal(400, "0x80041d33", "This special user cannot be modified."));
                }
                row.accessmode = mode;
            }
            "isdisabled" => {
                let disabled =
                    value.as_bool().ok_or_else(|| unreadable("Invalid value for attribute isdisabled."))?;
                row.isdisabled = disabled;
                row.disabled_by_sync = false;
                row.disabledreason = None;
            }
            "azureactivedirectoryobjectid" => {
                if uuid_of(value) != row.object_id {
                    let text = "The azureactivedirectoryobjectid field cannot be updated.";
                    return Err(refusal(400, "0x80041d4f", text));
                }
            }
            "firstname" => row.firstname = value.as_str().unwrap_or("#").to_owned(),
            "lastname" => row.lastname = value.as_str().unwrap_or_default().to_owned(),
            "businessunitid@odata.bind" => {}
            annotation if annotation.starts_with('@') => {}
            "islicensed"
            | "issyncwithdirectory"
            | "azurestate"
            | "setupuser"
            | "deletedstate"
            | "applicationid" => {
                return Err(unreadable(&format!("The attribute {name} cannot be updated.")));
            }
            known if view::columns("systemusers").contains(&known) || TEXTS.contains(&known) => {}
            _ => return Err(no_such_property(name)),
        }
    }
    // What lives without a license: administrative, support, non-interactive, delegated administrator.
    let free = matches!(row.accessmode, 1 | 3 | 4 | 5) || row.applicationid.is_some();
    if before.isdisabled && !row.isdisabled && !row.islicensed && !free {
        return Err(refusal(400, "0x8004D24C", "Cannot enable an unlicensed user."));
    }
    if before.isdisabled && !row.isdisabled && row.deletedstate == 1 {
        return Err(refusal(400, "0x80048357", "A deleted user cannot be enabled."));
    }
    if row.takes_slot() && !before.takes_slot() && !environment.has_slot() {
        return Err(no_slot());
    }
    if before.accessmode == 4 && row.accessmode != 4 && !row.islicensed && !free {
        row.isdisabled = true;
        row.disabledreason = Some("The user does not have a license.".to_owned());
    }
    if let Some(unit) = business_unit(environment, body)?.filter(|unit| *unit != row.business_unit) {
        row.business_unit = unit;
        row.roles.clear();
    }
    Ok(row)
}

/// Texts that may be written and are not kept.
const TEXTS: [&str; 6] = ["title", "jobtitle", "mobilephone", "nickname", "middlename", "employeeid"];

/// `DELETE systemusers({id})`: softly the first time, for good the second.
pub(super) fn delete(turn: &mut Turn<'_>, index: usize, key: &str) -> Answer {
    let id = id_of(turn, index, key)?;
    let wire = turn.wire;
    let environment = &mut turn.cloud.environments[index];
    let row = environment.rows.get_mut(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    if !row.isdisabled {
        return Err(refusal(
            400,
            "0x80048356",
            "You can't delete a user that is enabled. Disable the user first.",
        ));
    }
    if row.deletedstate == 0 {
        row.deletedstate = 1;
        row.touch(wire);
    } else {
        if let Some(object) = row.object_id {
            environment.by_object.remove(&object);
        }
        environment.rows.remove(&id);
    }
    turn.applied(id);
    Ok(Reply::empty(204))
}

/// 204 with the row's address, or its body where `Prefer: return=representation` asks for it.
fn written(turn: &Turn<'_>, index: usize, id: Uuid, status: u16) -> Answer {
    let address = format!("{}/systemusers({id})", base(turn));
    if !turn.call.header("prefer").is_some_and(|prefer| prefer.contains("return=representation")) {
        return Ok(Reply::empty(204).with("odata-entityid", address));
    }
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    let mut body = view::user(environment, row, &options(turn)?)?;
    body["@odata.context"] = json!(format!("{}/$metadata#systemusers/$entity", base(turn)));
    Ok(Reply::json(status, &body).with("preference-applied", "return=representation"))
}

/// The body as a JSON object.
pub(super) fn object(turn: &Turn<'_>) -> Result<Map<String, Value>, Reply> {
    match turn.call.json() {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(refusal(400, "0x80048d19", "Error identified in Payload provided by the user.")),
        Err(error) => Err(refusal(
            400,
            "0x80048d19",
            &format!("Error identified in Payload provided by the user. {error}"),
        )),
    }
}

fn uuid_of(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok())
}

fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The business unit of `businessunitid@odata.bind`.
fn business_unit(environment: &Environment, body: &Map<String, Value>) -> Result<Option<Uuid>, Reply> {
    let Some(bind) = body.get("businessunitid@odata.bind") else { return Ok(None) };
    let id = bind.as_str().and_then(super::roles::reference);
    let unit = id.and_then(|id| environment.business_units.iter().find(|unit| unit.id == id));
    match (unit, id) {
        (Some(unit), _) => Ok(Some(unit.id)),
        (None, Some(id)) => Err(no_such_row("businessunit", id)),
        (None, None) => Err(unreadable("The reference of businessunitid cannot be read.")),
    }
}
