//! Dataverse's error envelope (webapi/compose-http-requests-handle-errors).

use serde_json::json;
use uuid::Uuid;

use crate::simulator::reply::Reply;
use crate::simulator::token::TokenFault;
use crate::simulator::turn::Turn;

/// A refusal with a code of the published error table.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}

/// 401: no body worth reading, only the challenge.
pub(super) fn not_signed_in(turn: &Turn<'_>, fault: TokenFault) -> Reply {
    let origin = turn.call.origin();
    let tenant = turn.notes.environment.map(|index| turn.cloud.environments[index].tenant);
    let tenant = tenant.map_or_else(|| "common".to_owned(), |index| turn.cloud.tenants[index].id.to_string());
    let mut challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize, resource_id={origin}/"
    );
    if fault == TokenFault::Revoked {
        challenge.push_str(", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"");
    }
    Reply::empty(401).with("www-authenticate", challenge)
}

/// 404 for a row.
pub(super) fn no_such_row(entity: &str, id: Uuid) -> Reply {
    refusal(404, "0x80040217", &format!("{entity} With Id = {id} Does Not Exist"))
}

/// 400 for something the parser cannot make sense of.
pub(super) fn unreadable(message: &str) -> Reply {
    refusal(400, "0x80060888", message)
}

/// 400 for the user beyond the limit. The code is UNCONFIRMED (microsoft-apis.md §3.8), so it is left empty.
pub(super) fn no_slot() -> Reply {
    refusal(
        400,
        "",
        "Your organization has reached its maximum number of non-interactive users. To mark this account as \
         non-interactive, mark another user account as interactive or deactivate a user account.",
    )
}
