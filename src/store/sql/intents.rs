//! Which intents may be recorded, and what goes with them; pure.

use super::cells::{Cells, micros};
use super::json_rows::JsonRows;
use crate::domain::{HolderId, Instant, State};
use crate::store::{Begin, BeginFate, StoreError};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Who records intents.
pub(in crate::store) const ACTOR: (&str, &str) = ("engine", "engine");

/// A request as it is stored.
pub(in crate::store) struct Current {
    epoch: i64,
    holder: Option<Uuid>,
    paused: bool,
    state: State,
    user: Uuid,
    seat_held: bool,
    license_free: bool,
}

/// Reads one request with its id.
pub(in crate::store) fn read(cells: &mut Cells<'_>) -> Result<(Uuid, Current), StoreError> {
    let id = cells.id()?;
    let current = Current {
        epoch: cells.int()?,
        holder: cells.maybe_id()?,
        paused: cells.flag()?,
        state: cells.word(State::parse)?,
        user: cells.id()?,
        seat_held: cells.flag()?,
        license_free: cells.flag()?,
    };
    Ok((id, current))
}

/// What is to be written for all begins that hold.
#[derive(Default)]
pub(in crate::store) struct Intents {
    pub(in crate::store) begun: JsonRows,
    pub(in crate::store) count: u64,
    pub(in crate::store) lent: JsonRows,
    lent_to: HashSet<Uuid>,
    pub(in crate::store) in_flight: JsonRows,
    pub(in crate::store) passwords: JsonRows,
    pub(in crate::store) events: JsonRows,
}

impl Intents {
    /// The fate of one begin. A request can be begun once per transaction: what was begun leaves `current`.
    pub(in crate::store) fn weigh(
        &mut self,
        holder: HolderId,
        now: Instant,
        begin: &Begin,
        current: &mut HashMap<Uuid, Current>,
    ) -> BeginFate {
        let id = begin.request.0;
        let ours = |row: &Current| {
            row.epoch == begin.epoch
                && row.holder == Some(holder.0)
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
        self.begun.row().id(id).int(begin.epoch).id(holder.0).id(intent).flag(budgeted).instant(now);
        self.count += 1;
        if begin.assigns_license && row.license_free && self.lent_to.insert(row.user) {
            self.lent.row().id(row.user).id(intent);
        }
        if begin.assigns_license {
            self.in_flight.row().id(row.user).id(intent).instant(now);
        }
        if let Some(sealed) = &begin.sealed_password {
            self.passwords.row().id(intent).id(row.user).bytes(sealed).instant(now);
        }
        self.events.row().int(micros(now)).id(id).id(row.user).id(intent).text(begin.state.as_str());
        current.remove(&id);
        BeginFate::Begun
    }
}
