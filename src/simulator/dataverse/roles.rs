//! Security roles of a user (webapi/associate-disassociate-entities-using-web-api).

use uuid::Uuid;

use super::read::id_of;
use super::refusal::{no_such_row, refusal, unreadable};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};

/// `POST systemusers({id})/systemuserroles_association/$ref`. An existing pair is a success (UNCONFIRMED in §3.9).
pub(super) fn add(turn: &mut Turn<'_>, index: usize, key: &str) -> Answer {
    let id = id_of(turn, index, key)?;
    let body = turn.call.json().map_err(|error| unreadable(&error))?;
    let role = body["@odata.id"].as_str().and_then(reference);
    let role = role.ok_or_else(|| unreadable("The reference of the role cannot be read."))?;
    let wire = turn.wire;
    let environment = &mut turn.cloud.environments[index];
    let copy = environment.roles.iter().find(|copy| copy.id == role).cloned();
    let copy =
        copy.ok_or_else(|| refusal(404, "0x80060888", &format!("role With Id = {role} Does Not Exist")))?;
    let row = environment.rows.get_mut(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    if copy.business_unit != row.business_unit {
        let text = "The user is not in the same business unit as the role.";
        return Err(refusal(400, "0x80041409", text));
    }
    if row.isdisabled {
        return Err(refusal(400, "0x80048d35", "Cannot assign roles to a disabled user."));
    }
    row.roles.insert(role);
    row.touch(wire);
    turn.applied(id);
    Ok(Reply::empty(204))
}

/// `DELETE …/systemuserroles_association/$ref?$id=…`, or with the role's key in the path.
pub(super) fn remove(turn: &mut Turn<'_>, index: usize, key: &str, role: &str) -> Answer {
    let id = id_of(turn, index, key)?;
    let role = reference(role).ok_or_else(|| unreadable("The reference of the role cannot be read."))?;
    let wire = turn.wire;
    let environment = &mut turn.cloud.environments[index];
    let row = environment.rows.get_mut(&id).ok_or_else(|| no_such_row("systemuser", id))?;
    if row.roles.remove(&role) {
        row.touch(wire);
        turn.applied(id);
    }
    Ok(Reply::empty(204))
}

/// The id inside `…/roles(…)` or `/businessunits(…)`.
pub(super) fn reference(address: &str) -> Option<Uuid> {
    let inside = address.rsplit_once('(')?.1.strip_suffix(')')?;
    Uuid::try_parse(inside).ok()
}
