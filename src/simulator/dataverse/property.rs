//! One property of a user, or what it leads to (webapi/retrieve-entity-using-web-api, update-delete-entities-using-web-api).

use serde_json::{Map, Value, json};

use super::answer::base;
use super::query::options;
use super::read::id_of;
use super::refusal::{no_such_row, refusal};
use super::{view, write};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `GET systemusers({id})/{property}`: its value in a frame, or bare behind `/$value`; nothing is 204.
pub(super) fn get(turn: &mut Turn<'_>, index: usize, key: &str, name: &str, bare: bool) -> Answer {
    let id = id_of(turn, index, key)?;
    turn.touch(id);
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    if name == "businessunitid" {
        let unit = environment.business_units.iter().find(|unit| unit.id == row.business_unit);
        let unit = unit.ok_or_else(|| no_such_row("businessunit", row.business_unit))?;
        let mut body = view::body(unit, "businessunits", options(turn)?.select.as_deref())?;
        body["@odata.context"] = json!(format!("{}/$metadata#businessunits/$entity", base(turn)));
        return Ok(Reply::json(200, &body));
    }
    if !view::columns("systemusers").contains(&name) {
        return Err(no_such_segment(name));
    }
    let shown = view::body(row, "systemusers", Some(&[name.to_owned()]))?;
    match &shown[name] {
        Value::Null => Ok(Reply::empty(204)),
        Value::String(text) if bare => Ok(Reply::empty(200).typed("text/plain", text.clone())),
        value if bare => Ok(Reply::empty(200).typed("text/plain", value.to_string())),
        value => {
            let context = format!("{}/$metadata#systemusers({id})/{name}", base(turn));
            Ok(Reply::json(200, &json!({"@odata.context": context, "value": value})))
        }
    }
}

/// `PUT systemusers({id})/{property}` with `{"value": …}`.
pub(super) fn put(turn: &mut Turn<'_>, index: usize, key: &str, name: &str) -> Answer {
    let body = write::object(turn)?;
    let Some(value) = body.get("value") else {
        return Err(refusal(
            400,
            "0x80048d19",
            "Error identified in Payload provided by the user: 'value' is missing.",
        ));
    };
    let one = Map::from_iter([(name.to_owned(), value.clone())]);
    write::update(turn, index, key, &one, Some("*"))
}

/// 404 for a segment that nothing is behind.
pub(super) fn no_such_segment(name: &str) -> Reply {
    refusal(404, "0x8006088a", &format!("Resource not found for the segment '{name}'."))
}
