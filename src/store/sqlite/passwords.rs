//! Sealed passwords: read, handed over, destroyed.

use super::cells::micros;
use super::json_rows::id_list;
use super::pen::Pen;
use super::readers::Readers;
use super::words::MACHINE_VERSION;
use super::writer::{Applied, Verb};
use crate::domain::{EventKind, IntentId, UserId};
use crate::store::sql::password_rows::{self, Facts, destroyed};
use crate::store::{Password, PasswordOrder, SealedPassword, StoreError};

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
    let rows = readers.rows(sqlx::query(STANDING).bind(id_list(users.iter().map(|user| user.0)))).await?;
    password_rows::passwords(&rows)
}

/// Writes facts into the histories of users' requests.
pub(super) async fn write_facts(
    facts: Facts,
    pen: &mut Pen,
    order: &PasswordOrder,
) -> Result<(), StoreError> {
    let Some(rows) = facts.rows else { return Ok(()) };
    let query = sqlx::query(EVENTS)
        .bind(rows.into_json())
        .bind(micros(order.now))
        .bind(MACHINE_VERSION)
        .bind(order.actor.name.as_str())
        .bind(order.actor.origin.as_str());
    pen.run(query).await.map(drop)
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
            let taken = password_rows::taken(&pen.returning(query).await?, &self.0)?;
            let mut facts = Facts::default();
            for one in &taken {
                facts.note(one.user, one.intent, EventKind::HandedOver, None);
            }
            write_facts(facts, pen, &self.0).await?;
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
            write_facts(facts, pen, &self.0).await?;
            Ok(whose)
        })
    }

    fn weight(&self) -> usize {
        self.0.users.len().max(1)
    }
}
