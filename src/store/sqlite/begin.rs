//! Beginning: intents, sealed passwords and the license that may be held from here on, before anything is sent.

use super::cells::{Cells, micros};
use super::json_rows::{JsonRows, id_list};
use super::pen::Pen;
use super::words::MACHINE_VERSION;
use super::writer::BeginOrder;
use crate::domain::{EventKind, State};
use crate::store::{Begin, BeginFate, StoreError};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(super) const CURRENT: &str = "
    SELECT r.id, r.epoch, r.holder, r.paused, r.state, r.user, u.seat = 'held', u.license_hold = 'none'
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

/// Who records intents.
const ACTOR: (&str, &str) = ("engine", "engine");

/// A request as it is stored.
struct Current {
    epoch: i64,
    holder: Option<Uuid>,
    paused: bool,
    state: State,
    user: Uuid,
    seat_held: bool,
    license_free: bool,
}

/// Applies the intents of several callers; one list of fates for each, in their order.
pub(super) async fn apply(pen: &mut Pen, orders: &[&BeginOrder]) -> Result<Vec<Vec<BeginFate>>, StoreError> {
    let mut current = read_current(pen, orders).await?;
    let mut writes = Writes::new();
    let mut fates = Vec::with_capacity(orders.len());
    for order in orders {
        let of_order = order.begins.iter().map(|begin| writes.weigh(order, begin, &mut current));
        fates.push(of_order.collect());
    }
    writes.write(pen).await?;
    Ok(fates)
}

async fn read_current(pen: &mut Pen, orders: &[&BeginOrder]) -> Result<HashMap<Uuid, Current>, StoreError> {
    let ids = id_list(orders.iter().flat_map(|order| order.begins.iter().map(|begin| begin.request.0)));
    let mut current = HashMap::new();
    for row in pen.rows(sqlx::query(CURRENT).bind(ids)).await? {
        let mut cells = Cells::of(&row);
        let id = cells.id()?;
        let row = Current {
            epoch: cells.int()?,
            holder: cells.maybe_id()?,
            paused: cells.flag()?,
            state: cells.word(State::parse)?,
            user: cells.id()?,
            seat_held: cells.flag()?,
            license_free: cells.flag()?,
        };
        current.insert(id, row);
    }
    Ok(current)
}

/// What is to be written for all begins that hold.
struct Writes {
    begun: JsonRows,
    count: u64,
    lent: JsonRows,
    lent_to: HashSet<Uuid>,
    in_flight: JsonRows,
    passwords: JsonRows,
    events: JsonRows,
}

impl Writes {
    fn new() -> Self {
        Self {
            begun: JsonRows::new(),
            count: 0,
            lent: JsonRows::new(),
            lent_to: HashSet::new(),
            in_flight: JsonRows::new(),
            passwords: JsonRows::new(),
            events: JsonRows::new(),
        }
    }

    /// The fate of one begin. A request can be begun once per transaction: what was begun leaves `current`.
    fn weigh(
        &mut self,
        order: &BeginOrder,
        begin: &Begin,
        current: &mut HashMap<Uuid, Current>,
    ) -> BeginFate {
        let id = begin.request.0;
        let ours = |row: &Current| {
            row.epoch == begin.epoch
                && row.holder == Some(order.holder.0)
                && !row.paused
                && row.state == begin.state
        };
        let Some(row) = current.get(&id).filter(|row| ours(row)) else {
            return BeginFate::Lost;
        };
        if begin.assigns_license && !row.seat_held {
            return BeginFate::NoSeat;
        }
        let intent = begin.intent.0;
        let budgeted = begin.budgeted;
        self.begun
            .row()
            .id(id)
            .int(begin.epoch)
            .id(order.holder.0)
            .id(intent)
            .flag(budgeted)
            .instant(order.now);
        self.count += 1;
        if begin.assigns_license && row.license_free && self.lent_to.insert(row.user) {
            self.lent.row().id(row.user).id(intent);
        }
        if begin.assigns_license {
            self.in_flight.row().id(row.user).id(intent).instant(order.now);
        }
        if let Some(sealed) = &begin.sealed_password {
            self.passwords.row().id(intent).id(row.user).bytes(sealed).instant(order.now);
        }
        self.events.row().int(micros(order.now)).id(id).id(row.user).id(intent).text(begin.state.as_str());
        current.remove(&id);
        BeginFate::Begun
    }

    async fn write(self, pen: &mut Pen) -> Result<(), StoreError> {
        if self.begun.is_empty() {
            return Ok(());
        }
        let recorded = pen.run(sqlx::query(RECORD).bind(self.begun.into_json())).await?;
        if recorded != self.count {
            return Err(StoreError::Failed(format!("{recorded} of {} intents were recorded", self.count)));
        }
        if !self.lent.is_empty() {
            pen.run(sqlx::query(MAY_BE_HELD).bind(self.lent.into_json())).await?;
        }
        if !self.in_flight.is_empty() {
            pen.run(sqlx::query(IN_FLIGHT).bind(self.in_flight.into_json())).await?;
        }
        if !self.passwords.is_empty() {
            pen.run(sqlx::query(PASSWORDS).bind(self.passwords.into_json())).await?;
        }
        let (actor, origin) = ACTOR;
        let events = sqlx::query(EVENTS).bind(self.events.into_json()).bind(MACHINE_VERSION);
        pen.run(events.bind(actor).bind(origin).bind(EventKind::Begun.as_str())).await.map(drop)
    }
}
