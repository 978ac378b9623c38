//! The change that the whole product is about: users become non-interactive (API notes §3.6, 3.9).

use super::dataverse::{Dataverse, ROOT, not_read_back};
use super::dataverse_rows::{AccessMode, IN_MAX, SystemUser, UserRow, users_in};
use super::graph_batch::gather;
use super::multipart::{PARTS_MAX, Part};
use super::verdict::{CallFailure, Effect, Members};
use crate::domain::SystemUserId;
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// What is to become of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// The user's row.
    pub user: SystemUserId,
    /// The business unit to move to; the move drops all roles, so the new ones are given after it.
    pub business_unit: Option<Uuid>,
    /// The roles to give, each the copy of the business unit where the user will be; those held already must be left out,
    /// unless the user moves.
    pub add_roles: Vec<Uuid>,
}

impl AccessChange {
    /// How many parts of a batch it takes.
    fn parts(&self) -> usize {
        1 + self.add_roles.len()
    }

    /// Whether `row` is as this change wants it.
    fn holds(&self, row: &SystemUser) -> bool {
        row.access_mode == AccessMode::NonInteractive
            && self.business_unit.is_none_or(|unit| row.business_unit == unit)
            && self.add_roles.iter().all(|role| row.roles.iter().any(|held| held.id == *role))
    }
}

impl Dataverse {
    /// Makes users non-interactive, moves them and gives them roles, then reads them back, all in one `$batch` (one per 100
    /// users or 1,000 parts, one after the other).
    ///
    /// Gives each user as read after the write: the caller compares, since the success of a write proves nothing
    /// (API notes §5.1). A user whose row is as wanted is a success even if a part of the way there was refused.
    ///
    /// # Errors
    /// Per member, the first failure of its parts: [`DataverseNoSlot`](crate::domain::Code::DataverseNoSlot) and others;
    /// uncertain when nothing was refused but the row could not be read back.
    pub async fn make_non_interactive(&self, changes: &[AccessChange]) -> Members<SystemUser> {
        let mut chunks = Vec::new();
        let mut rest = changes;
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(chunk_size(rest));
            chunks.push((chunk.len(), self.change_chunk(chunk).await));
            rest = later;
        }
        gather(chunks)
    }

    async fn change_chunk(&self, changes: &[AccessChange]) -> Members<SystemUser> {
        let mut parts: Vec<Part> = changes.iter().flat_map(|change| self.parts_of(change)).collect();
        let users: Vec<SystemUserId> = changes.iter().map(|change| change.user).collect();
        parts.push(Part::get(users_in("systemuserid", &users)));

        let mut answers = self.batch(&parts, Effect::Write).await?;
        let read_back = answers.pop();
        let mut wait = read_back.as_ref().and_then(|answer| answer.retry_after);
        let rows = match read_back {
            Some(answer) => self.rows::<UserRow>(answer).await.unwrap_or_else(|failure| {
                wait = wait.or(failure.verdict.retry_after());
                Vec::new()
            }),
            None => Vec::new(),
        };
        let mut rows: HashMap<SystemUserId, SystemUser> =
            rows.into_iter().map(SystemUser::from).map(|row| (row.id, row)).collect();

        let mut answers = answers.into_iter();
        Ok(changes
            .iter()
            .map(|change| {
                // Every part is taken, so that the next change begins at its own.
                let failures: Vec<CallFailure> = answers
                    .by_ref()
                    .take(change.parts())
                    .filter(|answer| !answer.status.is_success())
                    .map(|answer| self.exchange.failure(&answer, Effect::Write))
                    .collect();
                match (rows.remove(&change.user), failures.into_iter().next()) {
                    (Some(row), None) => Ok(row),
                    (Some(row), Some(_)) if change.holds(&row) => Ok(row),
                    (_, Some(failure)) => Err(failure),
                    (None, None) => Err(not_read_back("The row could not be read after the change.", wait)),
                }
            })
            .collect())
    }

    fn parts_of(&self, change: &AccessChange) -> Vec<Part> {
        let user = format!("{ROOT}/systemusers({})", change.user);
        let mut row = json!({ "accessmode": AccessMode::NonInteractive.number() });
        if let Some(unit) = change.business_unit {
            row["businessunitid@odata.bind"] = json!(format!("/businessunits({unit})"));
        }
        let mut parts = vec![Part::patch_existing(user.clone(), row)];
        for role in &change.add_roles {
            // A reference is an absolute address (API notes §3.9).
            let reference = self.exchange.audience().origin().at(&format!("{ROOT}/roles({role})"));
            parts.push(Part::post(
                format!("{user}/systemuserroles_association/$ref"),
                json!({ "@odata.id": reference }),
            ));
        }
        parts
    }
}

/// How many of `changes` go into the next batch: as many as fit beside the read, and at least one.
fn chunk_size(changes: &[AccessChange]) -> usize {
    let mut parts = 1;
    let fitting = changes.iter().take(IN_MAX).take_while(|change| {
        parts += change.parts();
        parts <= PARTS_MAX
    });
    fitting.count().max(1)
}
