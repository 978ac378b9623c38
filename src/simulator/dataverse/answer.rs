//! Dataverse's routes, and who is let in.

use serde_json::json;
use uuid::Uuid;

use super::annotations::Annotations;
use super::refusal::{not_signed_in, refusal};
use super::{batch, catalog, property, read, roles, who, write};
use crate::simulator::reply::Reply;
use crate::simulator::route::{is, is_bare};
use crate::simulator::token::TokenFault;
use crate::simulator::turn::{Answer, Turn};
use crate::simulator::world::{EnvironmentKind, EnvironmentState};

/// Requests a user may make within 300 seconds (api-limits); shown in a header, not enforced.
const REQUESTS_MAX: u32 = 6000;

/// Answers a call to an environment; a bare host means the first environment of the token's tenant.
pub(crate) fn answer(turn: &mut Turn<'_>, environment: Option<usize>) -> Answer {
    turn.notes.environment = environment;
    let mut audiences = vec![turn.call.origin()];
    if turn.call.scheme.is_none() {
        audiences.push(format!("http://{}", turn.call.authority));
    }
    // Both hosts of an environment serve the API, for the audience of either.
    let plain = turn.call.authority.replacen(".api.crm", ".crm", 1);
    audiences.extend(audiences.clone().iter().map(|origin| origin.replace(&turn.call.authority, &plain)));
    let claims = turn.bearer(&audiences).map_err(|fault| not_signed_in(turn, fault))?;
    let tenant = turn.notes.tenant;
    let index = match environment {
        Some(index) => Some(index),
        None if is_bare(turn.call.host()) => {
            turn.cloud.environments.iter().position(|environment| Some(environment.tenant) == tenant)
        }
        None => None,
    };
    let Some(index) = index.filter(|index| Some(turn.cloud.environments[*index].tenant) == tenant) else {
        return Err(not_signed_in(turn, TokenFault::Audience));
    };
    turn.notes.environment = Some(index);
    turn.cloud.environments[index].count_call(turn.now);
    let caller = admitted(turn, index, claims.app)?;
    let call = turn.call;
    match call.route().as_slice() {
        [api, data, version, "$batch"] if is_web_api(api, data, version) && call.method == "POST" => {
            batch::answer(turn, index, caller)
        }
        [api, data, version, rest @ ..] if is_web_api(api, data, version) => item(turn, index, caller, rest),
        _ => Err(refusal(404, "0x80060888", "Resource not found.")),
    }
}

/// The way to the API has no case; the names below it have (dataverse/web-api-client-errors).
fn is_web_api(api: &str, data: &str, version: &str) -> bool {
    is(api, "api") && is(data, "data") && version.to_lowercase().starts_with("v9")
}

/// The row of our application user, if the environment lets it in.
fn admitted(turn: &Turn<'_>, index: usize, app: Uuid) -> Result<Uuid, Reply> {
    let environment = &turn.cloud.environments[index];
    match environment.state {
        EnvironmentState::Ready => {}
        EnvironmentState::AdminMode => {
            let text = "The user does not have permission to access an organization in administration mode.";
            return Err(refusal(403, "0x8004A113", text));
        }
        EnvironmentState::Disabled => {
            return Err(refusal(403, "0x8004A104", "The organization is disabled."));
        }
    }
    if environment.kind == EnvironmentKind::NoDatabase {
        return Err(Reply::empty(404));
    }
    let row = environment
        .row_of_app(app)
        .ok_or_else(|| refusal(403, "0x80072560", "The user is not a member of the organization."))?;
    if row.roles.is_empty() {
        let text = format!(
            "The user (Id = {}) has not been assigned any roles. They need a role with the prvReadUser privilege.",
            row.id
        );
        return Err(refusal(403, "0x80042f09", &text));
    }
    Ok(row.id)
}

/// Answers one request below `/api/data/v9.x`.
pub(super) fn item(turn: &mut Turn<'_>, index: usize, caller: Uuid, route: &[&str]) -> Answer {
    if !turn.call.reads() {
        privileged(turn, index, caller, "prvWriteUser")?;
    }
    let (first, rest) = match route {
        [first, rest @ ..] => (*first, rest),
        [] => return Ok(catalog::service_document(turn)),
    };
    let (set, key) = key_of(first);
    let method = turn.call.verb().to_owned();
    match (method.as_str(), set, key, rest) {
        ("GET", "WhoAmI", _, []) => who::who_am_i(turn, index, caller),
        ("GET", "RetrieveOrganizationResources", _, []) => Ok(who::resources(turn, index)),
        ("GET", "RetrieveVersion", _, []) => Ok(who::version(turn)),
        ("GET", "RetrieveCurrentOrganization", Some(_), []) => Ok(who::organization(turn, index)),
        ("GET", "organizations", None, []) => catalog::organizations(turn, index),
        ("GET", "EntityDefinitions", _, []) => Ok(catalog::definitions(turn, key)),
        ("GET", "businessunits" | "roles", None, []) => catalog::list(turn, index, set),
        ("GET", "businessunits" | "roles", Some(key), []) => catalog::one(turn, index, set, key),
        ("GET", "systemusers", None, []) => read::list(turn, index),
        ("GET", "systemusers", None, ["$count"]) => read::count(turn, index),
        ("POST", "systemusers", None, []) => write::create(turn, index),
        ("GET", "systemusers", Some(key), []) => read::one(turn, index, key),
        ("PATCH", "systemusers", Some(key), []) => write::patch(turn, index, key),
        ("DELETE", "systemusers", Some(key), []) => write::delete(turn, index, key),
        ("GET", "systemusers", Some(key), ["systemuserroles_association"]) => read::roles(turn, index, key),
        ("POST", "systemusers", Some(key), ["systemuserroles_association", "$ref"]) => {
            roles::add(turn, index, key)
        }
        ("DELETE", "systemusers", Some(key), ["systemuserroles_association", "$ref"]) => {
            let role = turn.call.option("$id").map(str::to_owned).unwrap_or_default();
            roles::remove(turn, index, key, &role)
        }
        ("DELETE", "systemusers", Some(key), [association, "$ref"])
            if association.starts_with("systemuserroles_association(") =>
        {
            roles::remove(turn, index, key, association)
        }
        ("GET", "systemusers", Some(key), [name]) => property::get(turn, index, key, name, false),
        ("GET", "systemusers", Some(key), [name, "$value"]) => property::get(turn, index, key, name, true),
        ("PUT", "systemusers", Some(key), [name]) => property::put(turn, index, key, name),
        // As a wrong method is answered to a function, and to a table (dataverse/web-api-client-errors; the status codes
        // of compose-http-requests-handle-errors, whose code for it is UNCONFIRMED).
        (
            _,
            "WhoAmI" | "RetrieveOrganizationResources" | "RetrieveVersion" | "RetrieveCurrentOrganization",
            ..,
        ) => {
            let address = format!("{}{}", turn.call.origin(), turn.call.path);
            let text = format!("No HTTP resource was found that matches the request URI '{address}'.");
            Err(refusal(404, "", &text))
        }
        (_, "systemusers" | "roles" | "businessunits" | "organizations" | "EntityDefinitions", _, []) => {
            let text = format!("The requested resource does not support http method '{method}'.");
            Err(refusal(405, "", &text))
        }
        (_, _, _, rest) => Err(property::no_such_segment(rest.last().copied().unwrap_or(set))),
    }
}

/// `systemusers(…)` as set and key; `WhoAmI()` has an empty key, which is none.
fn key_of(segment: &str) -> (&str, Option<&str>) {
    let key = |rest: &'_ str| rest.strip_suffix(')').map(str::len);
    match segment.split_once('(') {
        Some((set, rest)) => match key(rest) {
            Some(length) if length > 0 => (set, Some(&rest[..length])),
            _ => (set, None),
        },
        None => (segment, None),
    }
}

/// Only a System Administrator writes users and impersonates.
pub(super) fn privileged(turn: &Turn<'_>, index: usize, caller: Uuid, privilege: &str) -> Result<(), Reply> {
    let environment = &turn.cloud.environments[index];
    let row = environment.rows.get(&caller);
    if row.is_some_and(|row| environment.has_role(row, "System Administrator")) {
        return Ok(());
    }
    let count = row.map_or(0, |row| row.roles.len());
    let text = format!(
        "Principal user (Id={caller}, type=8, roleCount={count}, privilegeCount=0, accessMode='4 Non-interactive') is \
         missing {privilege} privilege (Id=88888888-0000-4000-8000-000000000000) on OTC=8 for entity 'systemuser'."
    );
    Err(refusal(403, "0x80040220", &text))
}

/// Puts on the headers every Dataverse answer carries.
pub(crate) fn finished(turn: &Turn<'_>, mut reply: Reply) -> Reply {
    reply.set("odata-version", "4.0");
    reply.set("x-ms-service-request-id", turn.request_id.to_string());
    reply.set("req_id", turn.request_id.to_string());
    if let Some(index) = turn.notes.environment {
        let used = turn.cloud.environments[index].window_calls;
        reply.set(
            "x-ms-ratelimit-burst-remaining-xrm-requests",
            REQUESTS_MAX.saturating_sub(used).to_string(),
        );
        reply.set("x-ms-ratelimit-time-remaining-xrm-requests", "1,200.00");
    }
    if reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        reply.set("content-type", "application/json; odata.metadata=minimal");
        let annotations = Annotations::of(turn.call);
        if reply.status >= 400 {
            annotations.of_refusal(&mut reply);
        } else {
            annotations.applied(&mut reply);
        }
    }
    reply
}

/// The base address of the API as called.
pub(super) fn base(turn: &Turn<'_>) -> String {
    let version = turn.call.segments.get(2).map_or("v9.2", String::as_str);
    format!("{}/api/data/{version}", turn.call.origin())
}

/// A page of values with its context.
pub(super) fn framed(turn: &Turn<'_>, set: &str, values: Vec<serde_json::Value>) -> serde_json::Value {
    json!({"@odata.context": format!("{}/$metadata#{set}", base(turn)), "value": values})
}
