//! Sealed passwords, as columns and as values.

use super::cells::{AnyRow, Cells};
use super::corrupt::corrupt;
use super::json_rows::JsonRows;
use super::words::{failure_columns, origin_of};
use crate::domain::{EventKind, Failure, IntentId, ObjectId, UserId, UserPrincipalName};
use crate::store::{KeptPassword, OpenRotation, Password, PasswordOrder, SealedPassword, StoreError};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// What is kept of users' passwords: a row for each that is kept, those of a user one after the other.
pub(in crate::store) fn passwords<'r, R>(rows: &'r [R]) -> Result<Vec<Password>, StoreError>
where
    &'r R: Into<AnyRow<'r>>,
{
    let mut found: Vec<Password> = Vec::new();
    for row in rows {
        let mut cells = Cells::of(row);
        let user = UserId(cells.id()?);
        let fresh = found.last().is_none_or(|last| last.user != user);
        let password = read(user, &mut cells)?;
        if fresh {
            found.push(password);
        }
        let kept = cells.maybe_id()?.map(IntentId);
        let (begun_at, taken_at) = (cells.maybe_instant()?, cells.maybe_instant()?);
        if let (Some(last), Some(intent), Some(begun_at)) = (found.last_mut(), kept, begun_at) {
            last.kept.push(KeptPassword { intent, begun_at, taken_at });
        }
    }
    Ok(found)
}

fn read(user: UserId, cells: &mut Cells<'_>) -> Result<Password, StoreError> {
    Ok(Password {
        user,
        tenant: cells.take()?,
        tenant_id: cells.id()?,
        user_principal_name: UserPrincipalName::parse(cells.text()?)
            .map_err(|_| corrupt(format!("user {user}"), "its name is none"))?,
        object_id: cells.maybe_id()?.map(ObjectId),
        origin: cells.maybe_word(origin_of)?,
        valid: cells.maybe_id()?.map(IntentId),
        rotation: match (cells.maybe_id()?, cells.maybe_instant()?) {
            (None, None) => None,
            (Some(intent), Some(begun_at)) => Some(OpenRotation { intent: IntentId(intent), begun_at }),
            (None, Some(_)) | (Some(_), None) => {
                return Err(corrupt(format!("user {user}"), "its rotation contradicts itself"));
            }
        },
        doubted_before: cells.maybe_instant()?,
        acknowledged_at: cells.maybe_instant()?,
        kept: Vec::new(),
    })
}

/// What is to be written into the histories of users' requests.
#[derive(Default)]
pub(in crate::store) struct Facts {
    /// User, intent, kind, code, remote request ids, payload, its hash; absent if there is nothing to tell.
    pub(in crate::store) rows: Option<JsonRows>,
}

impl Facts {
    /// Notes one fact about one user.
    pub(in crate::store) fn note(
        &mut self,
        user: UserId,
        intent: IntentId,
        kind: EventKind,
        failure: Option<&Failure>,
    ) {
        let rows = self.rows.get_or_insert_with(JsonRows::new);
        let (code, payload) = failure.map(failure_columns).unzip();
        let ids = failure.filter(|failure| !failure.remote_request_ids.is_empty());
        // A list of texts always has a JSON form.
        let ids = ids.map(|failure| serde_json::to_string(&failure.remote_request_ids).unwrap_or_default());
        let row = rows
            .row()
            .id(user.0)
            .id(intent.0)
            .text(kind.as_str())
            .maybe_text(code)
            .maybe_text(ids.as_deref())
            .maybe_text(payload.as_deref());
        match payload {
            Some(payload) => drop(row.bytes(&Sha256::digest(payload.as_bytes()))),
            None => drop(row.maybe_text(None)),
        }
    }
}

/// The users and intents that a deletion gave back, in the order in which histories tell of them: a deletion has none.
pub(in crate::store) fn destroyed<'r, R>(rows: &'r [R]) -> Result<Vec<(UserId, IntentId)>, StoreError>
where
    &'r R: Into<AnyRow<'r>>,
{
    let read = |row: &'r R| {
        let mut cells = Cells::of(row);
        Ok((UserId(cells.id()?), IntentId(cells.id()?)))
    };
    let mut destroyed: Vec<(UserId, IntentId)> = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
    destroyed.sort();
    Ok(destroyed)
}

/// What was handed over, in the order in which it was asked for.
pub(in crate::store) fn taken<'r, R>(
    rows: &'r [R],
    order: &PasswordOrder,
) -> Result<Vec<SealedPassword>, StoreError>
where
    &'r R: Into<AnyRow<'r>>,
{
    let mut taken = Vec::new();
    for row in rows {
        let mut cells = Cells::of(row);
        taken.push(SealedPassword {
            user: UserId(cells.id()?),
            intent: IntentId(cells.id()?),
            begun_at: cells.instant()?,
            sealed: cells.take()?,
        });
    }
    let places: HashMap<UserId, usize> =
        order.users.iter().enumerate().rev().map(|(place, user)| (*user, place)).collect();
    taken.sort_by_key(|one| (places.get(&one.user).copied(), one.begun_at, one.intent.0));
    Ok(taken)
}

/// The users that a statement gave back.
pub(in crate::store) fn users_of<'r, R>(rows: &'r [R]) -> Result<HashSet<UserId>, StoreError>
where
    &'r R: Into<AnyRow<'r>>,
{
    rows.iter().map(|row| Cells::of(row).id().map(UserId)).collect()
}
