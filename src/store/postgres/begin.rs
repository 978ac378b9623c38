//! Beginning: intents, sealed passwords and the license that may be held from here on, before anything is sent.

use super::incarnation;
use super::locks;
use super::pen::Pen;
use super::transact::{Applied, Verb};
use super::workers;
use crate::domain::{EventKind, HolderId, Instant};
use crate::store::sql::cells::Cells;
use crate::store::sql::intents::{self, Intents};
use crate::store::sql::words::MACHINE_VERSION;
use crate::store::{Begin, BeginFate, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

pub(super) const CURRENT: &str = "
    SELECT r.id, r.epoch, r.holder,
        r.paused OR EXISTS (SELECT 1 FROM operation_items AS i WHERE i.request = r.id AND i.halts AND i.outcome IS NULL),
        r.state, r.user, u.seat = 'held', u.license_hold = 'none'
    FROM requests AS r JOIN users AS u ON u.id = r.user
    WHERE r.id = ANY($1) ORDER BY r.id FOR NO KEY UPDATE OF r";

pub(super) const RECORD: &str = "
    UPDATE requests
    SET intent = (v ->> 3)::uuid, attempts = attempts + (v ->> 4)::bigint, begun_at = (v ->> 5)::bigint,
        updated_at = (v ->> 5)::bigint
    FROM jsonb_array_elements($1::jsonb) AS begun (v)
    WHERE requests.id = (v ->> 0)::uuid AND epoch = (v ->> 1)::bigint AND holder = (v ->> 2)::uuid AND NOT paused";

pub(super) const MAY_BE_HELD: &str = "
    UPDATE users SET license_hold = 'may_be_held', license_intent = (v ->> 1)::uuid
    FROM jsonb_array_elements($1::jsonb) AS lent (v)
    WHERE users.id = (v ->> 0)::uuid AND seat = 'held' AND license_hold = 'none'";

pub(super) const PASSWORDS: &str = r#"
    INSERT INTO sealed_passwords (intent, "user", sealed, begun_at)
    SELECT (v ->> 0)::uuid, (v ->> 1)::uuid, decode(v ->> 2, 'hex'), (v ->> 3)::bigint
    FROM jsonb_array_elements($1::jsonb) AS made (v)
    ON CONFLICT (intent) DO NOTHING"#;

pub(super) const EVENTS: &str = r#"
    INSERT INTO events (occurred_at, machine_version, request, "user", actor, origin, intent, kind, from_state, to_state)
    SELECT (v ->> 0)::bigint, $2, (v ->> 1)::uuid, (v ->> 2)::uuid, $3, $4, (v ->> 3)::uuid, $5, v ->> 4, v ->> 4
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS begun (v, place) ORDER BY place"#;

pub(super) const IN_FLIGHT: &str = r#"
    INSERT INTO rechecks (intent, tenant, "user", object_id, license, reason, noted_at)
    SELECT (v ->> 1)::uuid, u.tenant, u.id, u.object_id, u.license, 'in_flight', (v ->> 2)::bigint
    FROM jsonb_array_elements($1::jsonb) AS assigned (v) JOIN users AS u ON u.id = (v ->> 0)::uuid
    WHERE u.object_id IS NOT NULL
    ON CONFLICT (intent) DO NOTHING"#;

/// The intents of one caller.
pub(super) struct BeginOrder {
    pub(super) holder: HolderId,
    pub(super) begins: Vec<Begin>,
    pub(super) now: Instant,
}

impl Verb for BeginOrder {
    type Answer = Vec<BeginFate>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<BeginFate>> {
        Box::pin(async move {
            // A write that is begun now may be on its way for as long as a call may take; the lease has to outlast it.
            if workers::may_not_begin(pen, self.holder).await? {
                return Ok(vec![BeginFate::Late; self.begins.len()]);
            }
            let ids: Vec<Uuid> = self.begins.iter().map(|begin| begin.request.0).collect();
            locks::users_of(pen, &ids).await?;
            incarnation::stay(pen).await?;
            let mut current = HashMap::new();
            for row in pen.rows(sqlx::query(CURRENT).bind(&ids)).await? {
                let (id, row) = intents::read(&mut Cells::of(&row))?;
                current.insert(id, row);
            }
            let mut intents = Intents::default();
            let weigh = |begin| intents.weigh(self.holder, self.now, begin, &mut current);
            let fates = self.begins.iter().map(weigh).collect();
            write(intents, pen).await?;
            Ok(fates)
        })
    }
}

async fn write(intents: Intents, pen: &mut Pen) -> Result<(), StoreError> {
    if intents.begun.is_empty() {
        return Ok(());
    }
    let recorded = pen.run(sqlx::query(RECORD).bind(intents.begun.into_json())).await?;
    if recorded != intents.count {
        return Err(StoreError::Failed(format!("{recorded} of {} intents were recorded", intents.count)));
    }
    for (sql, rows) in
        [(MAY_BE_HELD, intents.lent), (IN_FLIGHT, intents.in_flight), (PASSWORDS, intents.passwords)]
    {
        if !rows.is_empty() {
            pen.run(sqlx::query(sql).bind(rows.into_json())).await?;
        }
    }
    let (actor, origin) = intents::ACTOR;
    let events = sqlx::query(EVENTS).bind(intents.events.into_json()).bind(MACHINE_VERSION);
    pen.run(events.bind(actor).bind(origin).bind(EventKind::Begun.as_str())).await.map(drop)
}
