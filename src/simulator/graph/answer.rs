//! Graph's routes.

use http::Uri;
use serde_json::json;

use super::path::{self, Path};
use super::refusal::{not_signed_in, refusal};
use super::{batch, create, deleted, groups, licenses, remaining, users};
use crate::simulator::reply::Reply;
use crate::simulator::route::is;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// Answers a call to Graph, batches included. Both versions answer the same.
pub(crate) fn answer(turn: &mut Turn<'_>) -> Answer {
    let audiences = ["https://graph.microsoft.com".to_owned(), turn.call.origin()];
    let claims = turn.bearer(&audiences).map_err(|fault| not_signed_in(turn, fault))?;
    let call = turn.call;
    match call.route().as_slice() {
        [version, batch] if is_version(version) && is(batch, "$batch") && call.method == "POST" => {
            batch::answer(turn, &claims)
        }
        [version, rest @ ..] if is_version(version) => item(turn, &claims, rest),
        _ => Err(refusal(turn, 400, "BadRequest", "Invalid version: Unknown.")),
    }
}

fn is_version(segment: &str) -> bool {
    is(segment, "v1.0") || is(segment, "beta")
}

/// The address of the version that was called.
pub(super) fn base(turn: &Turn<'_>) -> String {
    format!("{}/{}", turn.call.origin(), turn.call.segments.first().map_or("v1.0", String::as_str))
}

/// Answers one request below `/v1.0`.
pub(super) fn item(turn: &mut Turn<'_>, claims: &Claims, route: &[&str]) -> Answer {
    let method = turn.call.verb().to_owned();
    let index = turn.notes.tenant.ok_or_else(|| {
        refusal(turn, 401, "InvalidAuthenticationToken", "The tenant of the token is not known.")
    })?;
    if route.first().is_some_and(|first| is(first, "me")) {
        let message = "/me request is only valid with delegated authentication flow.";
        return Err(refusal(turn, 400, "BadRequest", message));
    }
    let known = match path::read(route) {
        Path::Known(known) => known,
        Path::Unknown(_) if route.is_empty() => return Ok(Reply::json(200, &json!({"value": []}))),
        Path::Unknown(segment) => {
            let message = format!("Resource not found for the segment '{segment}'.");
            return Err(refusal(turn, 400, "BadRequest", &message));
        }
    };
    let route: Vec<&str> = known.iter().map(String::as_str).collect();
    match (method.as_str(), route.as_slice()) {
        ("GET", ["users"]) => users::list(turn, claims, index),
        ("GET", ["users", "$count"]) => users::count(turn, claims, index),
        ("POST", ["users"]) => create::create(turn, claims, index),
        ("GET", ["users", key]) => users::get(turn, claims, index, key),
        ("PATCH", ["users", key]) => users::patch(turn, claims, index, key),
        ("DELETE", ["users", key]) => users::delete(turn, claims, index, key),
        ("POST", ["users", key, "assignLicense"]) => licenses::assign(turn, claims, index, key),
        ("POST", ["users", key, "reprocessLicenseAssignment"]) => {
            licenses::reprocess(turn, claims, index, key)
        }
        ("GET", ["users", _, "licenseDetails"]) => Err(licenses::details_refused(turn)),
        ("GET", ["users", key, "manager"]) => Err(users::without_manager(turn, index, key)),
        ("GET", ["users", key, "memberOf" | "transitiveMemberOf", kind @ ..]) => {
            groups::member_of(turn, claims, index, key, kind)
        }
        ("POST", ["users", key, "checkMemberGroups" | "getMemberGroups"]) => {
            groups::member_ids(turn, claims, index, key)
        }
        ("GET", ["roleManagement", "directory", "roleAssignments"]) => {
            groups::role_assignments(turn, claims, index)
        }
        ("GET", ["subscribedSkus"]) => licenses::skus(turn, claims, index),
        ("GET", ["subscribedSkus", id]) => licenses::sku(turn, claims, index, id),
        ("GET", ["groups"]) => groups::list(turn, claims, index),
        ("GET", ["groups", group]) => groups::get(turn, claims, index, group),
        ("GET", ["groups", group, "members" | "transitiveMembers"]) => {
            groups::members(turn, claims, index, group)
        }
        ("POST", ["groups", group, "members", "$ref"]) => groups::add(turn, claims, index, group),
        ("DELETE", ["groups", group, "members", user, "$ref"]) => {
            groups::remove(turn, claims, index, group, user)
        }
        ("GET", ["directory", "deletedItems", "microsoft.graph.user"]) => deleted::list(turn, claims, index),
        ("GET", ["directory", "deletedItems"]) => Err(refusal(
            turn,
            400,
            "Request_UnsupportedQuery",
            "The specified resource type is not supported for listing deleted items without a type.",
        )),
        (
            "GET",
            ["directory", "deletedItems", id] | ["directory", "deletedItems", "microsoft.graph.user", id],
        ) => deleted::get(turn, claims, index, id),
        ("POST", ["directory", "deletedItems", id, "restore"]) => deleted::restore(turn, claims, index, id),
        ("DELETE", ["directory", "deletedItems", id]) => deleted::purge(turn, claims, index, id),
        ("GET", ["directoryObjects", id]) => remaining::object(turn, claims, index, id),
        ("GET", ["servicePrincipals"]) => remaining::principals(turn, claims, index),
        ("GET", ["servicePrincipals", key]) => remaining::principal(turn, claims, index, key),
        ("GET", ["organization"]) => remaining::organization(turn, claims, index, None),
        ("GET", ["organization", id]) => remaining::organization(turn, claims, index, Some(id)),
        ("GET", ["domains"]) => remaining::domains(turn, claims, index, None),
        ("GET", ["domains", name]) => remaining::domains(turn, claims, index, Some(name)),
        _ => {
            let message = "Specified HTTP method is not allowed for the request target.";
            Err(refusal(turn, 405, "Request_BadRequest", message))
        }
    }
}

/// Puts on the headers every Graph answer carries.
pub(crate) fn finished(turn: &Turn<'_>, mut reply: Reply) -> Reply {
    let client_request_id = turn.call.header("client-request-id").map(str::to_owned);
    reply.set("request-id", turn.request_id.to_string());
    reply.set("client-request-id", client_request_id.unwrap_or_else(|| turn.request_id.to_string()));
    let server =
        json!({"ServerInfo": {"DataCenter": "Simulated", "Slice": "E", "Ring": "1", "RoleInstance": "SIM0"}});
    reply.set("x-ms-ags-diagnostic", server.to_string());
    reply.set("x-ms-resource-unit", "1");
    reply.set("cache-control", "no-cache");
    let is_json = reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if is_json && reply.status < 400 {
        let level = metadata_level(turn);
        reply.set(
            "content-type",
            format!(
                "application/json;odata.metadata={level};odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            ),
        );
        reply.set("odata-version", "4.0");
    }
    reply
}

/// How much the caller wants to be told beside the values (users.md: m365 asks for none).
pub(super) fn metadata_level(turn: &Turn<'_>) -> &'static str {
    let accept = turn.call.header("accept").unwrap_or_default();
    ["none", "full"]
        .into_iter()
        .find(|level| accept.contains(&format!("odata.metadata={level}")))
        .unwrap_or("minimal")
}

/// Splits a batch item's relative URL into path and query.
pub(super) fn relative(url: &str) -> Option<(String, String)> {
    let rooted = if url.starts_with('/') { url.to_owned() } else { format!("/{url}") };
    // Items may hold raw spaces and quotes in their query, which a strict parser would refuse.
    let (path, query) = rooted.split_once('?').unwrap_or((&rooted, ""));
    path.parse::<Uri>().ok()?;
    Some((path.to_owned(), query.to_owned()))
}
