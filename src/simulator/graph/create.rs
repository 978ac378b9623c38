//! `POST /users` (api-reference/v1.0/api/user-post-users).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::answer::base;
use super::permission::{CREATE_USER, need};
use super::refusal::{bad_request, refusal, refusal_with};
use super::users::with_context;
use super::view;
use crate::simulator::cloud::{Tenant, User};
use crate::simulator::reply::Reply;
use crate::simulator::token::Claims;
use crate::simulator::turn::{Answer, Turn};

/// Creates a user.
pub(super) fn create(turn: &mut Turn<'_>, claims: &Claims, index: usize) -> Answer {
    need(turn, claims, CREATE_USER)?;
    let body = object_body(turn)?;
    if !body.get("accountEnabled").is_some_and(Value::is_boolean) {
        return Err(required(turn, "accountEnabled"));
    }
    for name in ["displayName", "mailNickname", "userPrincipalName"] {
        if body.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            return Err(required(turn, name));
        }
    }
    let password = body.get("passwordProfile").and_then(|profile| profile["password"].as_str());
    let Some(password) = password.map(str::to_owned) else {
        return Err(bad_request(turn, "A password must be specified to create a new user."));
    };
    let mut user = User {
        id: turn.cloud.dice.uuid(),
        upn: String::new(),
        account_enabled: true,
        usage_location: None,
        properties: Map::new(),
        extension: BTreeMap::new(),
        password_sha256: None,
        synchronized: false,
        admin: false,
        made_by: Some(claims.app),
        licenses: Vec::new(),
        created_at: turn.wire,
        visible_at: turn.now,
        listed_at: turn.now,
        deleted_at: None,
    };
    apply(turn, index, &mut user, &body)?;
    if !complex(&password) {
        return Err(weak_password(turn));
    }
    let lag = (turn.cloud.delays.directory_replication_max, turn.cloud.delays.directory_listing_max);
    user.visible_at = turn.now + turn.cloud.dice.span(0.0, lag.0);
    user.listed_at = user.visible_at + turn.cloud.dice.span(0.0, lag.1);
    let shown = view::user(&turn.cloud.tenants[index], &user, None).unwrap_or(Value::Null);
    let id = user.id;
    let tenant = &mut turn.cloud.tenants[index];
    tenant.by_upn.insert(user.upn.to_lowercase(), id);
    tenant.users.insert(id, user);
    turn.cloud.witness_owner(index, id);
    turn.applied(id);
    let location = format!("{}/users/{id}", base(turn));
    Ok(Reply::json(201, &with_context(turn, "users/$entity", shown)).with("location", location))
}

/// The body as a JSON object.
pub(super) fn object_body(turn: &Turn<'_>) -> Result<Map<String, Value>, Reply> {
    match turn.call.json() {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(refusal(turn, 400, "BadRequest", "The request body must be a JSON object.")),
        Err(error) => {
            Err(refusal(turn, 400, "BadRequest", &format!("Unable to read JSON request payload. {error}")))
        }
    }
}

/// Puts a create's or update's properties on a user, refusing what Graph refuses.
pub(super) fn apply(
    turn: &Turn<'_>,
    index: usize,
    user: &mut User,
    body: &Map<String, Value>,
) -> Result<(), Reply> {
    let tenant = &turn.cloud.tenants[index];
    for (name, value) in body {
        match name.as_str() {
            "userPrincipalName" => {
                let upn = value.as_str().ok_or_else(|| invalid(turn, name))?;
                check_upn(turn, tenant, user, upn)?;
                user.upn = upn.to_owned();
            }
            "accountEnabled" => user.account_enabled = value.as_bool().ok_or_else(|| invalid(turn, name))?,
            "usageLocation" => {
                let place = value.as_str().map(str::to_uppercase);
                let fits = |place: &String| {
                    place.len() == 2 && place.chars().all(|letter| letter.is_ascii_uppercase())
                };
                if !(value.is_null() || place.as_ref().is_some_and(fits)) {
                    return Err(invalid(turn, name));
                }
                user.usage_location = place;
            }
            "passwordProfile" => {
                if let Some(password) = value["password"].as_str() {
                    user.password_sha256 = Some(format!("{:x}", Sha256::digest(password.as_bytes())));
                }
            }
            "onPremisesExtensionAttributes" => {
                for (attribute, value) in value.as_object().ok_or_else(|| invalid(turn, name))? {
                    match value.as_str() {
                        Some(text) if text.len() <= 1024 => {
                            user.extension.insert(attribute.clone(), text.to_owned())
                        }
                        Some(_) => return Err(invalid(turn, attribute)),
                        None => user.extension.remove(attribute),
                    };
                }
            }
            "mailNickname" => {
                let text = value.as_str().unwrap_or_default();
                let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-'!#^~".contains(letter);
                if text.is_empty()
                    || text.len() > 64
                    || !text.chars().all(fits)
                    || text.starts_with('.')
                    || text.ends_with('.')
                {
                    return Err(invalid_value(turn, name));
                }
                user.properties.insert(name.clone(), value.clone());
            }
            "displayName" | "givenName" | "surname" => {
                let max = if name == "displayName" { 256 } else { 64 };
                if value.as_str().is_some_and(|text| text.chars().count() > max) {
                    return Err(invalid_value(turn, name));
                }
                user.properties.insert(name.clone(), value.clone());
            }
            plain if view::PLAIN.contains(&plain) || view::RARE.contains(&plain) => {
                user.properties.insert(name.clone(), value.clone());
            }
            annotation if annotation.starts_with('@') => {}
            _ => return Err(bad_request(turn, &format!("Invalid property '{name}'."))),
        }
    }
    Ok(())
}

/// Name rules (identity/authentication/concept-sspr-policy), the verified domain, and uniqueness among live users.
fn check_upn(turn: &Turn<'_>, tenant: &Tenant, user: &User, upn: &str) -> Result<(), Reply> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "'.-_!#^~".contains(letter);
    let Some((local, domain)) = upn.split_once('@') else { return Err(invalid(turn, "userPrincipalName")) };
    let sound = !local.is_empty() && local.len() <= 64 && domain.len() <= 48 && upn.len() <= 113;
    if !sound || local.ends_with('.') || !local.chars().all(fits) || domain.contains('@') {
        return Err(invalid(turn, "userPrincipalName"));
    }
    if !tenant.domains.iter().any(|verified| verified.eq_ignore_ascii_case(domain)) {
        return Err(bad_request(
            turn,
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified \
             domain names in your organization.",
        ));
    }
    match tenant.by_upn.get(&upn.to_lowercase()) {
        Some(other) if *other != user.id => Err(name_taken(turn)),
        _ => Ok(()),
    }
}

/// The refusal of a name that a live user has.
pub(super) fn name_taken(turn: &Turn<'_>) -> Reply {
    let message = "Another object with the same value for property userPrincipalName already exists.";
    let details = json!([{"code": "ObjectConflict", "message": message, "target": "userPrincipalName"}]);
    refusal_with(turn, 400, "Request_BadRequest", message, Some(details))
}

/// The refusal of a password.
pub(super) fn weak_password(turn: &Turn<'_>) -> Reply {
    let message = "The specified password does not comply with password complexity requirements. Please provide a \
                   different password.";
    let details = json!([{"code": "InvalidPassword", "message": message, "target": "password"}]);
    refusal_with(turn, 400, "Request_BadRequest", message, Some(details))
}

/// 8 to 256 ASCII characters of at least three classes, and not a banned word.
pub(super) fn complex(password: &str) -> bool {
    let classes: [fn(char) -> bool; 4] = [
        |letter| letter.is_ascii_lowercase(),
        |letter| letter.is_ascii_uppercase(),
        |letter| letter.is_ascii_digit(),
        |letter| letter.is_ascii_punctuation() || letter == ' ',
    ];
    let found = classes.iter().filter(|class| password.chars().any(class)).count();
    let banned = password.to_lowercase().contains("password");
    password.is_ascii() && (8..=256).contains(&password.len()) && found >= 3 && !banned
}

fn required(turn: &Turn<'_>, name: &str) -> Reply {
    let message = format!("A value is required for property '{name}' of resource 'User'.");
    let details = json!([{"code": "PropertyRequired", "message": message, "target": name}]);
    refusal_with(turn, 400, "Request_BadRequest", &message, Some(details))
}

fn invalid(turn: &Turn<'_>, name: &str) -> Reply {
    bad_request(turn, &format!("Property {name} is invalid."))
}

fn invalid_value(turn: &Turn<'_>, name: &str) -> Reply {
    bad_request(turn, &format!("Invalid value specified for property '{name}' of resource 'User'."))
}
