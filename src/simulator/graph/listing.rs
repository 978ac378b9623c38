//! What a list of users can be asked for beside a filter (concepts/query-parameters, concepts/search-query-parameter).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::groups::memberships;
use super::refusal::{bad_request, refusal};
use super::users::{eventual, unknown};
use crate::simulator::cloud::{Tenant, User};
use crate::simulator::odata::{self, Record, Scalar};
use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;

/// Leaves those that `$search` wants, in the order that `$orderby` wants.
pub(super) fn arrange(turn: &Turn<'_>, index: usize, found: &mut Vec<Uuid>) -> Result<(), Reply> {
    if turn.call.option("$skip").is_some() {
        return Err(bad_request(turn, "'$skip' is not supported by the service."));
    }
    let tenant = &turn.cloud.tenants[index];
    let mut users: Vec<&User> = found.iter().filter_map(|id| tenant.users.get(id)).collect();
    if let Some(text) = turn.call.option("$search") {
        if !eventual(turn) {
            let message = "Request with $search query parameter only works through MSGraph with a special request \
                           header: 'ConsistencyLevel: eventual'";
            return Err(refusal(turn, 400, "Request_UnsupportedQuery", message));
        }
        let wanted = clauses(text).ok_or_else(|| {
            refusal(
                turn,
                400,
                "Request_BadRequest",
                "Syntax error: a clause of $search is \"property:text\".",
            )
        })?;
        users
            .retain(|user| wanted.iter().any(|all| all.iter().all(|(field, text)| holds(user, field, text))));
    }
    if let Some(text) = turn.call.option("$orderby") {
        odata::arrange(&mut users, text).map_err(|name| unknown(turn, &name))?;
    }
    *found = users.iter().map(|user| user.id).collect();
    Ok(())
}

/// `"displayName:a" AND "mail:b" OR "displayName:c"`: alternatives of clauses that hold together.
fn clauses(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let clause = |text: &str| {
        let inside = text.trim().strip_prefix('"')?.strip_suffix('"')?;
        let (field, wanted) = inside.split_once(':')?;
        Some((field.trim().to_owned(), wanted.trim().to_lowercase()))
    };
    text.split(" OR ").map(|all| all.split(" AND ").map(clause).collect()).collect()
}

/// Names are searched by the beginnings of their words.
fn holds(user: &User, field: &str, text: &str) -> bool {
    match user.field(field) {
        Some(Scalar::Text(value)) => {
            let value = value.to_lowercase();
            value.starts_with(text)
                || value.split(|letter: char| !letter.is_alphanumeric()).any(|word| word.starts_with(text))
        }
        Some(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) | None => false,
    }
}

/// Puts the relations that `$expand` names into a user's body; nobody has a manager, so that one is left out.
pub(super) fn expand(turn: &Turn<'_>, tenant: &Tenant, user: &User, shown: &mut Value) -> Result<(), Reply> {
    let Some(text) = turn.call.option("$expand") else { return Ok(()) };
    let mut related = Map::new();
    for relation in text.split(',').map(|part| part.split('(').next().unwrap_or_default().trim()) {
        match relation {
            "manager" | "" => {}
            "memberOf" | "transitiveMemberOf" => {
                related.insert(relation.to_owned(), json!(memberships(tenant, user, &[])));
            }
            other => return Err(unknown(turn, other)),
        }
    }
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(related);
    }
    Ok(())
}
