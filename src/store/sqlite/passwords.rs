//! Sealed passwords: read, handed over, destroyed.

use super::cells::{Cells, micros};
use super::json_rows::{JsonRows, id_list};
use super::pen::Pen;
use super::readers::Readers;
use super::verdict::corrupt;
use super::words::{MACHINE_VERSION, failure_columns, origin_of};
use super::writer::{Applied, Verb};
use crate::domain::{EventKind, Failure, IntentId, ObjectId, UserId, UserPrincipalName};
use crate::store::{KeptPassword, OpenRotation, Password, PasswordOrder, SealedPassword, StoreError};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

pub(super) const STANDING: &str = "
    SELECT u.id, u.tenant, u.tenant_id, u.user_principal_name, u.object_id, u.origin, u.password_intent,
        u.rotation, u.rotation_at, (SELECT standing_since FROM meta), u.password_acknowledged_at, s.intent, s.begun_at, s.taken_at
    FROM json_each(?1) AS wanted CROSS JOIN users AS u ON u.id = unhex(wanted.value)
        LEFT JOIN sealed_passwords AS s INDEXED BY sealed_passwords_by_user ON s.user = u.id
    ORDER BY wanted.key, s.begun_at, s.intent";

pub(super) const TAKE: &str = "
    UPDATE sealed_passwords SET taken_at = ?2
    WHERE intent IN (
        SELECT s.intent
        FROM json_each(?1) AS wanted CROSS JOIN users AS u ON u.id = unhex(wanted.value)
            CROSS JOIN sealed_passwords AS s INDEXED BY sealed_passwords_by_user ON s.user = u.id
        WHERE u.origin = 'made'
          AND (u.rotation IS NOT NULL OR u.password_intent IS NULL OR s.intent = u.password_intent)
          AND EXISTS (SELECT 1 FROM requests AS r INDEXED BY requests_live
                      WHERE r.user = u.id AND r.status IN ('active', 'blocked', 'succeeded') AND r.staged = 0))
    RETURNING user, intent, begun_at, sealed";

pub(super) const GIVE_BACK: &str = "
    UPDATE sealed_passwords SET taken_at = NULL
    WHERE intent IN (
        SELECT s.intent
        FROM json_each(?1) AS wanted CROSS JOIN sealed_passwords AS s INDEXED BY sealed_passwords_by_user
            ON s.user = unhex(wanted.value))";

pub(super) const DESTROY_TAKEN: &str = "
    DELETE FROM sealed_passwords
    WHERE intent IN (
        SELECT s.intent
        FROM json_each(?1) AS wanted CROSS JOIN sealed_passwords AS s INDEXED BY sealed_passwords_by_user
            ON s.user = unhex(wanted.value)
        WHERE s.taken_at IS NOT NULL
          AND EXISTS (SELECT 1 FROM requests AS r INDEXED BY requests_live
                      WHERE r.user = s.user AND r.status IN ('active', 'blocked', 'succeeded') AND r.staged = 0))
    RETURNING user, intent";

pub(super) const ACKNOWLEDGED: &str = "
    UPDATE users SET password_acknowledged_at = ?2
    WHERE id IN (SELECT unhex(value) FROM json_each(?1))";

pub(super) const DESTROY_SUPERSEDED: &str = "
    DELETE FROM sealed_passwords
    WHERE intent IN (
        SELECT s.intent
        FROM json_each(?1) AS wanted CROSS JOIN users AS u ON u.id = unhex(wanted.value)
            CROSS JOIN sealed_passwords AS s INDEXED BY sealed_passwords_by_user ON s.user = u.id
        WHERE u.origin IS NULL OR (u.rotation IS NULL AND s.intent <> u.password_intent))
    RETURNING user, intent";

pub(super) const EVENTS: &str = "
    WITH facts AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, intent, kind, from_state, to_state,
        code, remote_request_ids, payload, payload_hash)
    SELECT ?2, ?3, r.id, r.user, ?4, ?5, unhex(v ->> 1), v ->> 2, r.state, r.state, v ->> 3, v ->> 4, v ->> 5,
        unhex(v ->> 6)
    FROM facts CROSS JOIN requests AS r INDEXED BY requests_live ON r.user = unhex(v ->> 0)
    WHERE r.status IN ('active', 'blocked', 'succeeded') AND r.staged = 0
    ORDER BY place, r.id";

/// Reads what is kept of these users' passwords.
pub(super) async fn standing(readers: &Readers, users: &[UserId]) -> Result<Vec<Password>, StoreError> {
    let mut found: Vec<Password> = Vec::new();
    for row in readers.rows(sqlx::query(STANDING).bind(id_list(users.iter().map(|user| user.0)))).await? {
        let mut cells = Cells::of(&row);
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
pub(super) struct Facts {
    rows: Option<JsonRows>,
}

impl Facts {
    /// Notes one fact about one user.
    pub(super) fn note(
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

    pub(super) async fn write(self, pen: &mut Pen, order: &PasswordOrder) -> Result<(), StoreError> {
        let Some(rows) = self.rows else { return Ok(()) };
        let query = sqlx::query(EVENTS)
            .bind(rows.into_json())
            .bind(micros(order.now))
            .bind(MACHINE_VERSION)
            .bind(order.actor.name.as_str())
            .bind(order.actor.origin.as_str());
        pen.run(query).await.map(drop)
    }
}

/// The users and intents that a deletion gave back.
pub(super) fn destroyed(rows: &[SqliteRow]) -> Result<Vec<(UserId, IntentId)>, StoreError> {
    let read = |row| {
        let mut cells = Cells::of(row);
        Ok((UserId(cells.id()?), IntentId(cells.id()?)))
    };
    rows.iter().map(read).collect()
}

/// Destroys what is certainly not the password of these users, or of users that are gone; gives it back.
pub(super) async fn destroy_superseded(
    pen: &mut Pen,
    users: impl IntoIterator<Item = UserId>,
) -> Result<Vec<(UserId, IntentId)>, StoreError> {
    let users = id_list(users.into_iter().map(|user| user.0));
    destroyed(&pen.returning(sqlx::query(DESTROY_SUPERSEDED).bind(users)).await?)
}

/// Hands sealed passwords over.
pub(super) struct Take(pub(super) PasswordOrder);

impl Verb for Take {
    type Answer = Vec<SealedPassword>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<SealedPassword>> {
        Box::pin(async move {
            let users = id_list(self.0.users.iter().map(|user| user.0));
            let query = sqlx::query(TAKE).bind(users).bind(micros(self.0.now));
            let mut taken = Vec::new();
            for row in pen.returning(query).await? {
                let mut cells = Cells::of(&row);
                taken.push(SealedPassword {
                    user: UserId(cells.id()?),
                    intent: IntentId(cells.id()?),
                    begun_at: cells.instant()?,
                    sealed: cells.take()?,
                });
            }
            let places: HashMap<UserId, usize> =
                self.0.users.iter().enumerate().rev().map(|(place, user)| (*user, place)).collect();
            taken.sort_by_key(|one| (places.get(&one.user).copied(), one.begun_at, one.intent.0));
            let mut facts = Facts::default();
            for one in &taken {
                facts.note(one.user, one.intent, EventKind::HandedOver, None);
            }
            facts.write(pen, &self.0).await?;
            Ok(taken)
        })
    }

    fn weight(&self) -> usize {
        self.0.users.len().max(1)
    }
}

/// Counts what was handed over as not taken.
pub(super) struct GiveBack(pub(super) PasswordOrder);

impl Verb for GiveBack {
    type Answer = ();

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, ()> {
        let users = id_list(self.0.users.iter().map(|user| user.0));
        Box::pin(async move { pen.run(sqlx::query(GIVE_BACK).bind(users)).await.map(drop) })
    }

    fn weight(&self) -> usize {
        self.0.users.len().max(1)
    }
}

/// Destroys what was taken.
pub(super) struct Acknowledge(pub(super) PasswordOrder);

impl Verb for Acknowledge {
    type Answer = Vec<UserId>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<UserId>> {
        Box::pin(async move {
            let users = id_list(self.0.users.iter().map(|user| user.0));
            let gone = destroyed(&pen.returning(sqlx::query(DESTROY_TAKEN).bind(users)).await?)?;
            let mut facts = Facts::default();
            for (user, intent) in &gone {
                facts.note(*user, *intent, EventKind::Acknowledged, None);
            }
            let mut whose: Vec<UserId> = gone.into_iter().map(|(user, _)| user).collect();
            whose.sort_by_key(|user| user.0);
            whose.dedup();
            if !whose.is_empty() {
                let users = id_list(whose.iter().map(|user| user.0));
                pen.run(sqlx::query(ACKNOWLEDGED).bind(users).bind(micros(self.0.now))).await?;
            }
            facts.write(pen, &self.0).await?;
            Ok(whose)
        })
    }

    fn weight(&self) -> usize {
        self.0.users.len().max(1)
    }
}
