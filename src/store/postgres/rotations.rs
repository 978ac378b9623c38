//! Rotations: recorded with their sealed passwords before anything is sent, and again when something came of them.

use super::begin::PASSWORDS;
use super::incarnation;
use super::locks;
use super::passwords::{destroy_superseded, write_facts};
use super::pen::Pen;
use super::transact::{Applied, Verb};
use crate::domain::{EventKind, UserId};
use crate::store::sql::cells::micros;
use crate::store::sql::json_rows::JsonRows;
use crate::store::sql::password_rows::{Facts, destroyed, users_of};
use crate::store::{PasswordOrder, Rotation, RotationEnd, RotationFate, StoreError};
use std::collections::HashSet;
use uuid::Uuid;

/// Differs because: what was there before is compared with `IS NOT DISTINCT FROM`, which SQLite calls `IS`.
pub(super) const BEGIN: &str = "
    UPDATE users SET rotation = (v ->> 1)::uuid, rotation_at = $2
    FROM jsonb_array_elements($1::jsonb) AS begun (v)
    WHERE users.id = (v ->> 0)::uuid AND origin = 'made' AND object_id IS NOT NULL
      AND rotation IS NOT DISTINCT FROM (v ->> 2)::uuid
      AND EXISTS (SELECT 1 FROM requests AS r
                  WHERE r.user = users.id AND r.status IN ('active', 'blocked', 'succeeded') AND NOT r.staged)
    RETURNING users.id";

pub(super) const CONFIRM: &str = "
    UPDATE users
    SET password_intent = rotation, rotation = NULL, rotation_at = NULL, password_acknowledged_at = NULL
    FROM jsonb_array_elements($1::jsonb) AS ended (v)
    WHERE users.id = (v ->> 0)::uuid AND rotation = (v ->> 1)::uuid
    RETURNING users.id";

pub(super) const TAKE_BACK: &str = "
    UPDATE users SET rotation = (v ->> 2)::uuid, rotation_at = (v ->> 3)::bigint
    FROM jsonb_array_elements($1::jsonb) AS ended (v)
    WHERE users.id = (v ->> 0)::uuid AND rotation = (v ->> 1)::uuid
    RETURNING users.id";

pub(super) const DESTROY_UNUSED: &str = r#"
    DELETE FROM sealed_passwords
    WHERE intent IN (SELECT (v ->> 1)::uuid FROM jsonb_array_elements($1::jsonb) AS unused (v))
    RETURNING "user", intent"#;

/// Records rotations.
pub(super) struct BeginRotations {
    pub(super) rotations: Vec<Rotation>,
    pub(super) sealed: Vec<Vec<u8>>,
    pub(super) order: PasswordOrder,
}

impl Verb for BeginRotations {
    type Answer = Vec<RotationFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<RotationFate>> {
        Box::pin(async move {
            let users: Vec<Uuid> = self.rotations.iter().map(|one| one.user.0).collect();
            locks::users(pen, &users).await?;
            incarnation::stay(pen).await?;
            let mut rows = JsonRows::new();
            for one in &self.rotations {
                let before = one.before.map(|before| before.intent.0);
                rows.row().id(one.user.0).id(one.intent.0).maybe_id(before);
            }
            let query = sqlx::query(BEGIN).bind(rows.into_json()).bind(micros(self.order.now));
            let mut begun = users_of(&pen.rows(query).await?)?;
            let (mut passwords, mut facts) = (JsonRows::new(), Facts::default());
            let mut fates = Vec::with_capacity(self.rotations.len());
            for (one, sealed) in self.rotations.iter().zip(&self.sealed) {
                // A user that stands here twice is rotated once.
                if !begun.remove(&one.user) {
                    fates.push(RotationFate::Lost);
                    continue;
                }
                passwords.row().id(one.intent.0).id(one.user.0).bytes(sealed).instant(self.order.now);
                facts.note(one.user, one.intent, EventKind::Begun, None);
                fates.push(RotationFate::Recorded);
            }
            if !passwords.is_empty() {
                pen.run(sqlx::query(PASSWORDS).bind(passwords.into_json())).await?;
            }
            write_facts(facts, pen, &self.order).await?;
            Ok(fates)
        })
    }
}

/// Records what came of rotations.
pub(super) struct EndRotations {
    pub(super) ends: Vec<(Rotation, RotationEnd)>,
    pub(super) order: PasswordOrder,
}

impl Verb for EndRotations {
    type Answer = Vec<RotationFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<RotationFate>> {
        Box::pin(async move {
            let users: Vec<Uuid> = self.ends.iter().map(|(one, _)| one.user.0).collect();
            locks::users(pen, &users).await?;
            let confirmed = self.change(pen, CONFIRM, |end| matches!(end, RotationEnd::Confirmed)).await?;
            let undone = self.change(pen, TAKE_BACK, |end| matches!(end, RotationEnd::NotDone(_))).await?;
            let mut facts = Facts::default();
            let mut fates = Vec::with_capacity(self.ends.len());
            let mut unused = JsonRows::new();
            for (one, end) in &self.ends {
                let recorded = match end {
                    RotationEnd::Confirmed => confirmed.contains(&one.user),
                    RotationEnd::NotDone(_) => undone.contains(&one.user),
                    RotationEnd::Unknown(_) => true,
                };
                fates.push(if recorded { RotationFate::Recorded } else { RotationFate::Lost });
                if !recorded {
                    continue;
                }
                match end {
                    RotationEnd::Confirmed => facts.note(one.user, one.intent, EventKind::Rotated, None),
                    RotationEnd::NotDone(failure) => {
                        facts.note(one.user, one.intent, EventKind::Failed, Some(failure));
                        unused.row().id(one.user.0).id(one.intent.0);
                    }
                    RotationEnd::Unknown(failure) => {
                        facts.note(one.user, one.intent, EventKind::Failed, Some(failure));
                    }
                }
            }
            let mut gone = Vec::new();
            if !unused.is_empty() {
                let rows = pen.rows(sqlx::query(DESTROY_UNUSED).bind(unused.into_json())).await?;
                gone.extend(destroyed(&rows)?);
            }
            if !confirmed.is_empty() {
                gone.extend(destroy_superseded(pen, confirmed).await?);
            }
            for (user, intent) in gone {
                facts.note(user, intent, EventKind::Destroyed, None);
            }
            write_facts(facts, pen, &self.order).await?;
            Ok(fates)
        })
    }
}

impl EndRotations {
    /// Writes the ends of one kind; gives back the users whose rotation was still the one that ended.
    async fn change(
        &self,
        pen: &mut Pen,
        sql: &'static str,
        is_it: impl Fn(&RotationEnd) -> bool,
    ) -> Result<HashSet<UserId>, StoreError> {
        let mut rows = JsonRows::new();
        for (one, _) in self.ends.iter().filter(|(_, end)| is_it(end)) {
            rows.row()
                .id(one.user.0)
                .id(one.intent.0)
                .maybe_id(one.before.map(|before| before.intent.0))
                .maybe_instant(one.before.map(|before| before.begun_at));
        }
        if rows.is_empty() {
            return Ok(HashSet::new());
        }
        users_of(&pen.rows(sqlx::query(sql).bind(rows.into_json())).await?)
    }
}
