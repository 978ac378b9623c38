//! What users are members of: an environment's security group, directly, or they never arrive there (API notes §2.8, 4.6);
//! and directory roles, which make them administrators.

use super::answer::Answer;
use super::escape::query_value;
use super::failures::{Already, holds};
use super::graph::Graph;
use super::graph_batch::Item;
use super::verdict::{CallFailure, Effect, Members};
use crate::domain::ObjectId;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Deserialize)]
struct MemberPage {
    value: Vec<MemberRow>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RolePage {
    value: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct MemberRow {
    id: ObjectId,
}

impl Graph {
    /// Whether each user is a direct member of the group beside it; members of nested groups do not count for an environment.
    ///
    /// # Errors
    /// Per member; [`Absent`](super::Verdict::Absent) when there is no such group.
    pub async fn are_direct_members(&self, members: &[(Uuid, ObjectId)]) -> Members<bool> {
        let item = |(group, user): &(Uuid, ObjectId)| Item {
            method: Method::GET,
            url: format!(
                "/groups/{group}/members?$count=true&$select=id&$filter={}",
                query_value(&format!("id eq '{user}'"))
            ),
            headers: &[("ConsistencyLevel", "eventual")],
            body: None,
        };
        self.each(members, Effect::Read, item, |(_, user), answer| is_member(*user, answer)).await
    }

    /// Makes each user a direct member of the group beside it; who is one already stays one, and that is a success.
    ///
    /// # Errors
    /// Per member: [`GraphPermissionMissing`](crate::domain::Code::GraphPermissionMissing) also for groups that are dynamic,
    /// synchronized or role-assignable; absent right after the user was made.
    pub async fn join_groups(&self, members: &[(Uuid, ObjectId)]) -> Members<()> {
        let item = |(group, user): &(Uuid, ObjectId)| Item {
            method: Method::POST,
            url: format!("/groups/{group}/members/$ref"),
            headers: &[],
            body: Some(json!({ "@odata.id": self.address(&format!("/v1.0/directoryObjects/{user}")) })),
        };
        self.each_once(members, |member| *member, item, |_, answer| joined(answer)).await
    }
}

impl Graph {
    /// Whether each user holds a directory role, directly or through a group.
    ///
    /// # Errors
    /// Per member; absent when there is no such user.
    pub async fn are_administrators(&self, users: &[ObjectId]) -> Members<bool> {
        let item = |user: &ObjectId| Item {
            method: Method::GET,
            url: format!("/users/{user}/transitiveMemberOf/microsoft.graph.directoryRole?$select=id"),
            headers: &[],
            body: None,
        };
        let read = |_: &ObjectId, answer: &Answer| {
            let success = answer.status.is_success();
            success.then(|| {
                let page: RolePage = answer.json(Effect::Read)?;
                is_anybody(!page.value.is_empty(), page.next_link.is_some(), answer)
            })
        };
        self.each(users, Effect::Read, item, read).await
    }
}

fn is_member(user: ObjectId, answer: &Answer) -> Option<Result<bool, CallFailure>> {
    if !answer.status.is_success() {
        return None;
    }
    Some(answer.json(Effect::Read).and_then(|page: MemberPage| {
        if page.value.iter().all(|row| row.id == user) {
            is_anybody(!page.value.is_empty(), page.next_link.is_some(), answer)
        } else {
            Err(answer.unreadable(Effect::Read, "It is about another user."))
        }
    }))
}

/// Whether a list holds anybody. One that is empty and yet goes on (Graph filters some lists page by page) tells nothing:
/// an administrator must not pass for none.
fn is_anybody(found: bool, goes_on: bool, answer: &Answer) -> Result<bool, CallFailure> {
    if found || !goes_on {
        return Ok(found);
    }
    Err(answer.unreadable(Effect::Read, "The list begins with an empty page."))
}

fn joined(answer: &Answer) -> Option<Result<(), CallFailure>> {
    (answer.status.is_success() || holds(answer, Already::Joined)).then_some(Ok(()))
}
