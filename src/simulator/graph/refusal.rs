//! Graph's error envelope (concepts/errors).

use serde_json::{Value, json};

use crate::simulator::reply::Reply;
use crate::simulator::token::TokenFault;
use crate::simulator::turn::Turn;

/// A refusal.
pub(crate) fn refusal(turn: &Turn<'_>, status: u16, code: &str, message: &str) -> Reply {
    refusal_with(turn, status, code, message, None)
}

/// A refusal with details.
pub(crate) fn refusal_with(
    turn: &Turn<'_>,
    status: u16,
    code: &str,
    message: &str,
    details: Option<Value>,
) -> Reply {
    let client_request_id = turn.call.header("client-request-id").map(str::to_owned);
    let mut error = json!({
        "code": code,
        "message": message,
        "innerError": {
            "date": turn.wire.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": turn.request_id,
            "client-request-id": client_request_id.unwrap_or_else(|| turn.request_id.to_string()),
        },
    });
    if let Some(details) = details {
        error["details"] = details;
    }
    Reply::json(status, &json!({"error": error}))
}

/// 400 `Request_BadRequest`.
pub(super) fn bad_request(turn: &Turn<'_>, message: &str) -> Reply {
    refusal(turn, 400, "Request_BadRequest", message)
}

/// 404 for an object that is not there, or not there yet.
pub(super) fn not_found(turn: &Turn<'_>, key: &str) -> Reply {
    let message = format!(
        "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    );
    refusal(turn, 404, "Request_ResourceNotFound", &message)
}

/// 403 for a missing permission.
pub(super) fn denied(turn: &Turn<'_>) -> Reply {
    refusal(turn, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

/// 401 for a token.
pub(super) fn not_signed_in(turn: &Turn<'_>, fault: TokenFault) -> Reply {
    let message = match fault {
        TokenFault::Missing => "Access token is empty.",
        TokenFault::Malformed => "CompactToken parsing failed with error code: 80049217",
        TokenFault::Expired => "Lifetime validation failed, the token is expired.",
        TokenFault::Revoked => {
            "Continuous access evaluation resulted in challenge with result: InteractionRequired"
        }
        TokenFault::Audience => "Access token validation failure. Invalid audience.",
    };
    let mut challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\""
        .to_owned();
    if fault == TokenFault::Revoked {
        challenge.push_str(", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"");
    }
    refusal(turn, 401, "InvalidAuthenticationToken", message).with("www-authenticate", challenge)
}
