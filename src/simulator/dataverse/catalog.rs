//! What an environment is made of: organization, business units, roles, the description of `systemuser`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{base, framed};
use super::query::{Options, PAGE_MAX, fits, options};
use super::refusal::{no_such_row, refusal, unreadable};
use super::view;
use crate::simulator::cloud::Environment;
use crate::simulator::odata::{Record, arrange};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `GET businessunits` or `GET roles`.
pub(super) fn list(turn: &mut Turn<'_>, index: usize, set: &str) -> Answer {
    let options = options(turn)?;
    let mut values = Vec::new();
    let mut records = records(&turn.cloud.environments[index], set);
    if let Some(order) = &options.order {
        arrange(&mut records, order).map_err(|name| view::unknown(set, &name))?;
    }
    for record in records {
        if fits(&options, record, set)? {
            values.push(view::body(record, set, options.select.as_deref())?);
        }
    }
    let total = values.len();
    values.truncate(options.top.unwrap_or(usize::MAX));
    let mut body = framed(turn, set, values);
    if options.count {
        body["@odata.count"] = json!(total);
    }
    options.annotations.of_list(options.count.then_some(total), PAGE_MAX, &mut body);
    Ok(Reply::json(200, &body))
}

/// `GET roles({id})` or `GET businessunits({id})`.
pub(super) fn one(turn: &mut Turn<'_>, index: usize, set: &str, key: &str) -> Answer {
    let Options { select, .. } = options(turn)?;
    let id = Uuid::try_parse(key).map_err(|_| unreadable("Bad Request - Error in query syntax."))?;
    let key = view::columns(set)[0];
    let wanted = crate::simulator::odata::Scalar::from(id);
    let found = records(&turn.cloud.environments[index], set)
        .into_iter()
        .find(|record| record.field(key) == Some(wanted.clone()));
    let record = found.ok_or_else(|| no_such_row(set.trim_end_matches('s'), id))?;
    let mut body = view::body(record, set, select.as_deref())?;
    body["@odata.context"] = json!(format!("{}/$metadata#{set}/$entity", base(turn)));
    Ok(Reply::json(200, &body))
}

fn records<'a>(environment: &'a Environment, set: &str) -> Vec<&'a dyn Record> {
    match set {
        "roles" => environment.roles.iter().map(|role| role as &dyn Record).collect(),
        _ => environment.business_units.iter().map(|unit| unit as &dyn Record).collect(),
    }
}

/// `GET organizations`.
pub(super) fn organizations(turn: &mut Turn<'_>, index: usize) -> Answer {
    let environment = &turn.cloud.environments[index];
    let body = json!({
        "organizationid": environment.organization_id, "name": environment.name,
        "languagecode": 1033, "maximumactivebusinessprocessflowsallowedperentity": 10,
    });
    Ok(Reply::json(200, &framed(turn, "organizations", vec![body])))
}

/// `GET EntityDefinitions`: what the Python client reads before it touches a row (users.md §6).
pub(super) fn definitions(turn: &Turn<'_>, key: Option<&str>) -> Reply {
    let user = json!({
        "MetadataId": "9c2a2d35-5b5f-4f6c-8a3f-6b9f0f0b1a01", "LogicalName": "systemuser", "SchemaName": "SystemUser",
        "EntitySetName": "systemusers", "PrimaryIdAttribute": "systemuserid", "PrimaryNameAttribute": "fullname",
        "ObjectTypeCode": 8,
    });
    let asked = |text: &str| text.contains("'systemuser'") || text.contains("\"systemuser\"");
    match key {
        Some(key) if asked(key) => {
            let mut user = user;
            user["@odata.context"] = json!(format!("{}/$metadata#EntityDefinitions/$entity", base(turn)));
            Reply::json(200, &user)
        }
        Some(key) => refusal(404, "0x80040217", &format!("Could not find an entity with the key {key}.")),
        None => {
            let wanted = turn.call.option("$filter").is_none_or(asked);
            let values: Vec<Value> = if wanted { vec![user] } else { Vec::new() };
            Reply::json(200, &framed(turn, "EntityDefinitions", values))
        }
    }
}

/// The root of the API.
pub(super) fn service_document(turn: &Turn<'_>) -> Reply {
    // What else is in the real list is not modeled.
    let sets = ["businessunits", "organizations", "roles", "systemusers"];
    let values = sets.iter().map(|set| json!({"name": set, "kind": "EntitySet", "url": set})).collect();
    Reply::json(200, &framed(turn, "", values))
}
