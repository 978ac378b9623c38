//! What browsers ask before they let a page read an answer (Fetch standard §3.2;
//! developer/data-platform/oauth-cross-origin-resource-sharing-connect-single-page-application).

use super::call::Call;
use super::reply::Reply;
use super::route::Target;

/// The answer to a preflight, which carries no token; nothing for any other call.
pub(super) fn preflight(call: &Call, aim: &Target) -> Option<Reply> {
    let method = call
        .header("access-control-request-method")
        .filter(|_| call.method == "OPTIONS" && serves_pages(aim))?;
    let headers = call.header("access-control-request-headers").unwrap_or_default();
    Some(
        Reply::empty(200)
            .with("access-control-allow-methods", method)
            .with("access-control-allow-headers", headers)
            .with("access-control-max-age", "3600"),
    )
}

/// Lets the page of any origin read an answer.
pub(super) fn allow(call: &Call, aim: &Target, reply: &mut Reply) {
    if call.header("origin").is_some() && serves_pages(aim) {
        reply.set("access-control-allow-origin", "*");
        reply.set(
            "access-control-expose-headers",
            "ETag, Location, OData-EntityId, Preference-Applied, Retry-After, request-id, client-request-id",
        );
    }
}

fn serves_pages(aim: &Target) -> bool {
    matches!(aim, Target::Graph | Target::Dataverse(_))
}
