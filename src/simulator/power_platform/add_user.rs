//! `addUser`: forces one user into an environment (what Add-AdminPowerAppsSyncUser calls; microsoft-apis.md §4.1).

use serde_json::json;
use uuid::Uuid;

use super::environments::index_of;
use super::refusal::refusal;
use crate::simulator::cloud::{Drawn, Ineligible, Pending};
use crate::simulator::reply::Reply;
use crate::simulator::turn::{Answer, Turn};
use crate::simulator::world::EnvironmentState;

/// Adds a user, or enables it again.
pub(super) fn add(turn: &mut Turn<'_>, tenant: usize, id: &str) -> Answer {
    let index = index_of(turn, tenant, id)?;
    let body = turn.call.json().map_err(|error| refusal(400, "InvalidRequestContent", &error))?;
    let object = body.as_object().and_then(|body| {
        let field = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("objectId"));
        field.and_then(|(_, value)| value.as_str()).and_then(|text| Uuid::try_parse(text).ok())
    });
    let object = object.ok_or_else(|| refusal(400, "InvalidRequestContent", "The objectId is missing."))?;
    turn.touch(object);
    if turn.cloud.environments[index].state == EnvironmentState::Disabled {
        return Err(failed(turn, "environmentDisabled", "The environment is disabled."));
    }
    if let Err(reason) = turn.cloud.admits(index, object, turn.now) {
        return Err(match reason {
            Ineligible::NotLicensed => failed(
                turn,
                "userNotLicensed",
                "The user does not have a license that is \
                valid for the environment.",
            ),
            Ineligible::NotInGroup => failed(
                turn,
                "userNotInSecurityGroup",
                "The user is not a member of the \
                security group of the environment.",
            ),
            Ineligible::NotActive => failed(
                turn,
                "userNotFound",
                "The user does not exist or is not enabled in \
                Microsoft Entra ID.",
            ),
            Ineligible::NameHeld => {
                failed(turn, "duplicateUser", "A user with the same domain name exists in the organization.")
            }
            Ineligible::Closed => {
                failed(turn, "environmentNotEligible", "Users cannot be added to this environment.")
            }
        });
    }
    let existing = turn.cloud.environments[index].row_of(object).is_some();
    if existing {
        let wire = turn.wire;
        if !turn.cloud.bring_in(index, object, wire) {
            return Err(failed(
                turn,
                "userSyncFailed",
                "Your organization has reached its maximum number of \
                non-interactive users.",
            ));
        }
        turn.notes.applied = true;
    } else {
        let max = turn.cloud.delays.row_after_add_user_max;
        let due = turn.now + turn.cloud.dice.span(0.0, max);
        let environment = &mut turn.cloud.environments[index];
        // Asking again does not make it come later.
        if !environment.pending.iter().any(|pending| pending.user == object) {
            environment.pending.push(Pending { due, user: object });
            environment.drawn.push(Drawn { user: object, at: turn.now, until: due });
        }
        turn.notes.applied = true;
        let (now, wire) = (turn.now, turn.wire);
        turn.cloud.settle(now, wire);
    }
    Ok(Reply::empty(200))
}

/// The failure body: a prefix, JSON inside the text, a tracking id. Only this pattern is sourced; the codes beside
/// `userNotLicensed` are ours.
fn failed(turn: &Turn<'_>, code: &str, description: &str) -> Reply {
    let inner = json!({"errors": [{"Code": code, "Description": description}]});
    let text = format!(
        "The user could not be synchronized to the environment. {inner} The tracking Id is '{}'.",
        turn.request_id
    );
    refusal(400, "UserSyncFailed", &text)
}
