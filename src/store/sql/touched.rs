//! The requests and users that a commit touches, as they are stored.

use super::cells::Cells;
use super::corrupt::corrupt;
use super::words::{license_of, seat_of};
use crate::domain::{BatchId, Direction, HolderId, RequestId, SkuId, State, Status, UserId};
use crate::store::{LicenseHold, Seat, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A request as it is stored.
#[derive(Clone, Debug)]
pub(in crate::store) struct Row {
    pub(in crate::store) batch: BatchId,
    pub(in crate::store) user: UserId,
    pub(in crate::store) tenant: String,
    pub(in crate::store) environment: String,
    pub(in crate::store) license: SkuId,
    pub(in crate::store) state: State,
    pub(in crate::store) status: Status,
    pub(in crate::store) direction: Option<Direction>,
    pub(in crate::store) waiting: bool,
    pub(in crate::store) lane: Option<i64>,
    pub(in crate::store) holder: Option<HolderId>,
    pub(in crate::store) epoch: i64,
    pub(in crate::store) slot_held: bool,
    pub(in crate::store) priority: i64,
    pub(in crate::store) paused: bool,
}

/// A user as it is stored, and as it changes within the commit.
#[derive(Clone, Debug)]
pub(in crate::store) struct UserRow {
    pub(in crate::store) seat: Seat,
    /// The pool's license, while there is a seat.
    pub(in crate::store) seat_license: Option<SkuId>,
    pub(in crate::store) license: LicenseHold,
    pub(in crate::store) propagated_once: bool,
}

/// Reads one request with its user.
pub(in crate::store) fn read(
    cells: &mut Cells<'_>,
    rows: &mut HashMap<RequestId, Row>,
    users: &mut HashMap<UserId, UserRow>,
) -> Result<(), StoreError> {
    let id = RequestId(cells.id()?);
    let row = Row {
        batch: BatchId(cells.id()?),
        user: UserId(cells.id()?),
        tenant: cells.take()?,
        environment: cells.take()?,
        license: SkuId(cells.id()?),
        state: cells.word(State::parse)?,
        status: cells.word(Status::parse)?,
        direction: cells.maybe_word(Direction::parse)?,
        waiting: cells.flag()?,
        lane: cells.maybe_int()?,
        holder: cells.maybe_id()?.map(HolderId),
        epoch: cells.int()?,
        slot_held: cells.flag()?,
        priority: cells.int()?,
        paused: cells.flag()?,
    };
    if let Entry::Vacant(entry) = users.entry(row.user) {
        entry.insert(read_user(cells, row.user)?);
    }
    rows.insert(id, row);
    Ok(())
}

fn read_user(cells: &mut Cells<'_>, id: UserId) -> Result<UserRow, StoreError> {
    let (seat, seat_at) = (cells.text()?, cells.maybe_instant()?);
    let seat =
        seat_of(seat, seat_at).ok_or_else(|| corrupt(format!("user {id}"), "its seat contradicts itself"))?;
    let seat_license = cells.maybe_id()?.map(SkuId);
    let (hold, intent, since) = (cells.text()?, cells.maybe_id()?, cells.maybe_instant()?);
    let license = license_of(hold, intent, since)
        .ok_or_else(|| corrupt(format!("user {id}"), "its license contradicts itself"))?;
    Ok(UserRow { seat, seat_license, license, propagated_once: cells.flag()? })
}
