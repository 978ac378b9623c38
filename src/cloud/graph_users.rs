//! Users in Microsoft Graph: made, read, switched on and off, deleted (API notes §2.2 to 2.5).

use super::answer::Answer;
use super::directory_user::{DirectoryUser, NewUser, SELECTED, UserKey, UserRow};
use super::escape::path_segment;
use super::failures::Complaint;
use super::graph::{Graph, done};
use super::graph_batch::Item;
use super::verdict::{CallFailure, Effect, Members, Verdict};
use crate::domain::ObjectId;
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatedRow {
    id: ObjectId,
    user_principal_name: String,
}

impl Graph {
    /// Makes users, enabled and with their markers in the create call itself; gives their object ids.
    ///
    /// # Errors
    /// Per member: [`GraphNameTaken`](crate::domain::Code::GraphNameTaken) and the other refusals of `POST /users`; uncertain
    /// when the answer is missing or names another user, since the user may exist then.
    pub async fn create_users(&self, users: &[NewUser]) -> Members<ObjectId> {
        self.each_once(users, |user| user.user_principal_name.to_lowercase(), create_item, created).await
    }

    /// Reads users with their licenses; `None` for a user that the directory does not show (right after its creation it
    /// may not, for minutes: API notes §2.3).
    ///
    /// # Errors
    /// [`RemoteUnreadable`](crate::domain::Code::RemoteUnreadable) when the answer is about another user than was asked for.
    pub async fn read_users(&self, keys: &[UserKey]) -> Members<Option<DirectoryUser>> {
        self.each(
            keys,
            Effect::Read,
            |key| item(Method::GET, key, &format!("?$select={SELECTED}"), None),
            |key, answer| self.read_one(key, answer),
        )
        .await
    }

    /// Lets users sign in, or not (`PATCH accountEnabled`).
    ///
    /// # Errors
    /// Per member; [`Absent`](Verdict::Absent) when the directory does not show the user.
    pub async fn set_account_enabled(&self, changes: &[(ObjectId, bool)]) -> Members<()> {
        self.patch(changes, |enabled| json!({ "accountEnabled": enabled })).await
    }

    /// Sets the country that a license is used in, as ISO 3166-1 alpha-2; a license can follow within about two minutes.
    ///
    /// # Errors
    /// Per member; [`Absent`](Verdict::Absent) when the directory does not show the user.
    pub async fn set_usage_location(&self, changes: &[(ObjectId, String)]) -> Members<()> {
        self.patch(changes, |location| json!({ "usageLocation": location })).await
    }

    /// Gives users new passwords, 8 to 256 characters of three classes; they need not be changed at the next sign-in.
    ///
    /// # Errors
    /// Per member: [`GraphPermissionMissing`](crate::domain::Code::GraphPermissionMissing) without
    /// `User-PasswordProfile.ReadWrite.All` or without a directory role above the user's (API notes §2.5); uncertain when
    /// the answer is missing, since the password may be set then.
    pub async fn set_passwords(&self, changes: &[(ObjectId, SecretString)]) -> Members<()> {
        self.each_once(
            changes,
            |(id, _)| *id,
            |(id, password)| item(Method::PATCH, &UserKey::Id(*id), "", Some(password_body(password))),
            |(id, password), answer| done(*id, answer).or_else(|| repeated(password, answer).map(Err)),
        )
        .await
    }

    /// Deletes users; they can be restored for 30 days. Remove licenses first (API notes §2.5).
    ///
    /// # Errors
    /// Per member; [`Absent`](Verdict::Absent) when the directory does not show the user.
    pub async fn delete_users(&self, ids: &[ObjectId]) -> Members<()> {
        self.each_once(
            ids,
            |id| *id,
            |id| item(Method::DELETE, &UserKey::Id(*id), "", None),
            |id, answer| done(*id, answer),
        )
        .await
    }

    async fn patch<V: Clone>(&self, changes: &[(ObjectId, V)], body: impl Fn(&V) -> Value) -> Members<()> {
        self.each_once(
            changes,
            |(id, _)| *id,
            |(id, value)| item(Method::PATCH, &UserKey::Id(*id), "", Some(body(value))),
            |(id, _), answer| done(*id, answer),
        )
        .await
    }

    fn read_one(&self, key: &UserKey, answer: &Answer) -> Option<Result<Option<DirectoryUser>, CallFailure>> {
        if answer.status == StatusCode::NOT_FOUND {
            let failure = self.exchange.failure(answer, Effect::Read);
            return Some(if failure.verdict == Verdict::Absent { Ok(None) } else { Err(failure) });
        }
        if !answer.status.is_success() {
            return None;
        }
        Some(answer.json(Effect::Read).and_then(|row: UserRow| {
            let user = DirectoryUser::from(row);
            let asked = match key {
                UserKey::Id(id) => user.id == *id,
                UserKey::UserPrincipalName(name) => same_name(&user.user_principal_name, name),
            };
            if asked {
                Ok(Some(user))
            } else {
                Err(answer.unreadable(Effect::Read, "It is about another user."))
            }
        }))
    }
}

fn item(method: Method, key: &UserKey, rest: &str, body: Option<Value>) -> Item {
    let segment = match key {
        UserKey::Id(id) => id.to_string(),
        UserKey::UserPrincipalName(name) => path_segment(name),
    };
    Item { method, url: format!("/users/{segment}{rest}"), headers: &[], body }
}

fn create_item(user: &NewUser) -> Item {
    let body = json!({
        "accountEnabled": true,
        "displayName": user.display_name,
        "givenName": user.given_name,
        "surname": user.surname,
        "mailNickname": user.mail_nickname,
        "userPrincipalName": user.user_principal_name,
        "usageLocation": user.usage_location,
        "passwordPolicies": "DisablePasswordExpiration",
        "passwordProfile": password_profile(&user.password),
        "onPremisesExtensionAttributes": { "extensionAttribute15": user.marker },
    });
    Item { method: Method::POST, url: "/users".to_owned(), headers: &[], body: Some(body) }
}

fn password_profile(password: &SecretString) -> Value {
    json!({ "password": password.expose_secret(), "forceChangePasswordNextSignIn": false })
}

fn password_body(password: &SecretString) -> Value {
    json!({ "passwordProfile": password_profile(password) })
}

/// A refusal is quoted, so one that repeats the password (Microsoft's never do) is not.
fn repeated(password: &SecretString, answer: &Answer) -> Option<CallFailure> {
    let repeats = Complaint::read(&answer.body)
        .is_some_and(|it| [&it.message, &it.code].iter().any(|text| text.contains(password.expose_secret())));
    repeats.then(|| answer.unreadable(Effect::Write, "The refusal repeats what was asked."))
}

fn created(user: &NewUser, answer: &Answer) -> Option<Result<ObjectId, CallFailure>> {
    if answer.status.is_success() {
        return Some(answer.json(Effect::Write).and_then(|row: CreatedRow| {
            if same_name(&row.user_principal_name, &user.user_principal_name) {
                Ok(row.id)
            } else {
                Err(answer.unreadable(Effect::Write, "It is about another user."))
            }
        }));
    }
    repeated(&user.password, answer).map(Err)
}

/// Sign-in names differ in case only for the eye.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
