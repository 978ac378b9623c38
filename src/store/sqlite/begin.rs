//! Beginning: intents, sealed passwords and the license that may be held from here on, before anything is sent.

use super::cells::Cells;
use super::json_rows::id_list;
use super::pen::Pen;
use super::words::MACHINE_VERSION;
use super::writer::BeginOrder;
use crate::domain::EventKind;
use crate::store::sql::intents::{self, Current, Intents};
use crate::store::{BeginFate, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

pub(super) const CURRENT: &str = "
    SELECT r.id, r.epoch, r.holder,
        r.paused OR EXISTS (SELECT 1 FROM operation_items AS i INDEXED BY operation_items_halting
                            WHERE i.request = r.id AND i.halts = 1 AND i.outcome IS NULL),
        r.state, r.user, u.seat = 'held', u.license_hold = 'none'
    FROM json_each(?1) AS wanted CROSS JOIN requests AS r ON r.id = unhex(wanted.value)
        CROSS JOIN users AS u ON u.id = r.user";

pub(super) const RECORD: &str = "
    WITH begun AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests
    SET intent = unhex(v ->> 3), attempts = attempts + (v ->> 4), begun_at = v ->> 5, updated_at = v ->> 5
    FROM begun
    WHERE requests.id = unhex(v ->> 0) AND epoch = v ->> 1 AND holder = unhex(v ->> 2) AND paused = 0";

pub(super) const MAY_BE_HELD: &str = "
    WITH lent AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE users SET license_hold = 'may_be_held', license_intent = unhex(v ->> 1)
    FROM lent
    WHERE users.id = unhex(v ->> 0) AND seat = 'held' AND license_hold = 'none'";

pub(super) const PASSWORDS: &str = "
    WITH made AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO sealed_passwords (intent, user, sealed, begun_at)
    SELECT unhex(v ->> 0), unhex(v ->> 1), unhex(v ->> 2), v ->> 3 FROM made WHERE true
    ON CONFLICT (intent) DO NOTHING";

pub(super) const EVENTS: &str = "
    WITH begun AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, intent, kind, from_state, to_state)
    SELECT v ->> 0, ?2, unhex(v ->> 1), unhex(v ->> 2), ?3, ?4, unhex(v ->> 3), ?5, v ->> 4, v ->> 4
    FROM begun ORDER BY place";

pub(super) const IN_FLIGHT: &str = "
    WITH assigned AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO rechecks (intent, tenant, user, object_id, license, reason, noted_at)
    SELECT unhex(v ->> 1), u.tenant, u.id, u.object_id, u.license, 'in_flight', v ->> 2
    FROM assigned CROSS JOIN users AS u ON u.id = unhex(v ->> 0) WHERE u.object_id IS NOT NULL
    ON CONFLICT (intent) DO NOTHING";

/// Applies the intents of several callers; one list of fates for each, in their order.
pub(super) async fn apply(pen: &mut Pen, orders: &[&BeginOrder]) -> Result<Vec<Vec<BeginFate>>, StoreError> {
    let mut current = read_current(pen, orders).await?;
    let mut intents = Intents::default();
    let mut fates = Vec::with_capacity(orders.len());
    for order in orders {
        let of_order =
            order.begins.iter().map(|begin| intents.weigh(order.holder, order.now, begin, &mut current));
        fates.push(of_order.collect());
    }
    write(intents, pen).await?;
    Ok(fates)
}

async fn read_current(pen: &mut Pen, orders: &[&BeginOrder]) -> Result<HashMap<Uuid, Current>, StoreError> {
    let ids = id_list(orders.iter().flat_map(|order| order.begins.iter().map(|begin| begin.request.0)));
    let mut current = HashMap::new();
    for row in pen.rows(sqlx::query(CURRENT).bind(ids)).await? {
        let (id, row) = intents::read(&mut Cells::of(&row))?;
        current.insert(id, row);
    }
    Ok(current)
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
