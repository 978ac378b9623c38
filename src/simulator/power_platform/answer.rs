//! The admin service's routes, and who is let in.

use super::refusal::refusal;
use super::{add_user, environments};
use crate::simulator::reply::Reply;
use crate::simulator::route::is;
use crate::simulator::token::{Claims, TokenFault};
use crate::simulator::turn::{Answer, Turn};

/// Answers a call.
pub(crate) fn answer(turn: &mut Turn<'_>) -> Answer {
    let audiences = ["https://service.powerapps.com".to_owned(), turn.call.origin()];
    let claims = turn.bearer(&audiences).map_err(not_signed_in)?;
    let tenant = turn.notes.tenant.ok_or_else(|| not_signed_in(TokenFault::Malformed))?;
    let call = turn.call;
    let route = call.route();
    let route: Vec<&str> = route.iter().map(|segment| word_of(segment)).collect();
    let ["providers", "Microsoft.BusinessAppPlatform", rest @ ..] = route.as_slice() else {
        return Err(refusal(404, "ResourceNotFound", "The resource was not found."));
    };
    if call.option("api-version").is_none() {
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(refusal(400, "MissingApiVersionParameter", text));
    }
    // An application cannot register itself: only a person with an administrator role can (§4.2).
    if let ("PUT", ["adminApplications", _]) = (call.verb(), rest) {
        return Err(not_registered(turn, tenant, &claims));
    }
    let registered =
        turn.cloud.tenants[tenant].app(claims.app).is_some_and(|app| app.powerplatform_registered);
    if !registered {
        return Err(not_registered(turn, tenant, &claims));
    }
    match (call.verb(), rest) {
        ("GET", ["scopes", "admin", "environments"]) => Ok(environments::list(turn, tenant)),
        ("GET", ["scopes", "admin", "environments", id]) => environments::one(turn, tenant, id),
        ("POST", ["scopes", "admin", "environments", id, "addUser"]) => add_user::add(turn, tenant, id),
        ("GET", ["adminApplications", id]) => Ok(Reply::json(200, &serde_json::json!({"applicationId": id}))),
        _ => Err(refusal(404, "ResourceNotFound", "The resource was not found.")),
    }
}

/// The word of a path as it is written here: like all of Azure's, this service's paths are compared without regard to case.
fn word_of(segment: &str) -> &str {
    const WORDS: [&str; 7] = [
        "providers",
        "Microsoft.BusinessAppPlatform",
        "scopes",
        "admin",
        "environments",
        "addUser",
        "adminApplications",
    ];
    WORDS.into_iter().find(|word| is(segment, word)).unwrap_or(segment)
}

fn not_registered(turn: &Turn<'_>, tenant: usize, claims: &Claims) -> Reply {
    let tenant = &turn.cloud.tenants[tenant];
    let principal = tenant.app(claims.app).map(|app| app.principal).unwrap_or_default();
    let text = format!(
        "The service principal with id '{principal}' for application {} does not have permission to access the path \
         'https://{}{}' in tenant {}.",
        claims.app, turn.call.authority, turn.call.path, tenant.id
    );
    refusal(403, "Forbidden", &text)
}

fn not_signed_in(fault: TokenFault) -> Reply {
    let message = match fault {
        TokenFault::Missing => "The authentication header is missing.",
        TokenFault::Malformed => "The token is malformed.",
        TokenFault::Expired => "The token has expired.",
        TokenFault::Revoked => "The token has been revoked.",
        TokenFault::Audience => {
            "The received access token has been obtained from wrong audience or resource."
        }
    };
    let mut challenge = "Bearer authorization_uri=\"https://login.microsoftonline.com/common\"".to_owned();
    if fault == TokenFault::Revoked {
        challenge.push_str(", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"");
    }
    refusal(401, "AuthenticationFailed", message).with("www-authenticate", challenge)
}
