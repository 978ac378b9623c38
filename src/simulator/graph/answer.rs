//! Graph's routes.

use http::Uri;
use serde_json::json;

use super::refusal::{not_signed_in, refusal};
use super::{batch, create, deleted, groups, licenses, remaining, users};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// Answers a call to Graph, batches included.
pub(crate) fn answer(turn: &mut Turn<'_>) -> Answer {
    let audiences = ["https://graph.microsoft.com".to_owned(), turn.call.origin()];
    let claims = turn.bearer(&audiences).map_err(|fault| not_signed_in(turn, fault))?;
    let call = turn.call;
    match call.route().as_slice() {
        ["v1.0", "$batch"] if call.method == "POST" => batch::answer(turn, &claims),
        ["v1.0", rest @ ..] => item(turn, &claims, rest),
        _ => Err(refusal(turn, 400, "BadRequest", "Invalid version: Unknown.")),
    }
}

/// Answers one request below `/v1.0`.
pub(super) fn item(turn: &mut Turn<'_>, claims: &Claims, route: &[&str]) -> Answer {
    let method = turn.call.method.clone();
    let index = turn.notes.tenant.ok_or_else(|| {
        refusal(turn, 401, "InvalidAuthenticationToken", "The tenant of the token is not known.")
    })?;
    match (method.as_str(), route) {
        ("GET", ["users"]) => users::list(turn, claims, index),
        ("GET", ["users", "$count"]) => users::count(turn, claims, index),
        ("POST", ["users"]) => create::create(turn, claims, index),
        ("GET", ["users", key]) => users::get(turn, claims, index, key),
        ("PATCH", ["users", key]) => users::patch(turn, claims, index, key),
        ("DELETE", ["users", key]) => users::delete(turn, claims, index, key),
        ("POST", ["users", key, "assignLicense" | "microsoft.graph.assignLicense"]) => {
            licenses::assign(turn, claims, index, key)
        }
        ("POST", ["users", key, "reprocessLicenseAssignment"]) => {
            licenses::reprocess(turn, claims, index, key)
        }
        ("GET", ["users", _, "licenseDetails"]) => Err(licenses::details_refused(turn)),
        ("GET", ["users", key, "memberOf" | "transitiveMemberOf", ..]) => {
            groups::member_of(turn, claims, index, key)
        }
        ("GET", ["roleManagement", "directory", "roleAssignments"]) => {
            groups::role_assignments(turn, claims, index)
        }
        ("GET", ["subscribedSkus"]) => licenses::skus(turn, claims, index),
        ("GET", ["subscribedSkus", id]) => licenses::sku(turn, claims, index, id),
        ("GET", ["groups", group]) => groups::get(turn, claims, index, group),
        ("GET", ["groups", group, "members"]) => groups::members(turn, claims, index, group),
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
        ("POST", ["directory", "deletedItems", id, "restore" | "microsoft.graph.restore"]) => {
            deleted::restore(turn, claims, index, id)
        }
        ("DELETE", ["directory", "deletedItems", id]) => deleted::purge(turn, claims, index, id),
        ("GET", ["organization"]) => remaining::organization(turn, claims, index),
        ("GET", ["domains"]) => remaining::domains(turn, claims, index),
        (_, [first, ..]) => {
            let message = format!("Resource not found for the segment '{first}'.");
            Err(refusal(turn, 404, "Request_ResourceNotFound", &message))
        }
        (_, []) => Ok(Reply::json(200, &json!({"value": []}))),
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
    reply
}

/// Splits a batch item's relative URL into path and query.
pub(super) fn relative(url: &str) -> Option<(String, String)> {
    let rooted = if url.starts_with('/') { url.to_owned() } else { format!("/{url}") };
    // Items may hold raw spaces and quotes in their query, which a strict parser would refuse.
    let (path, query) = rooted.split_once('?').unwrap_or((&rooted, ""));
    path.parse::<Uri>().ok()?;
    Some((path.to_owned(), query.to_owned()))
}
