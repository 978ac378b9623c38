//! Rows as values: batches, events, pools, lanes, counters, and whose turn it is.

use super::cells::{AnyRow, Cells};
use super::corrupt::corrupt;
use super::words::{failure_of, pool_key_of, seat_of};
use crate::domain::{
    BatchId, Code, DriftKind, EventKind, IntentId, Line, RequestId, State, Status, Step, UserId, Waiter,
};
use crate::store::{
    Actor, Batch, Count, Doubt, DriftCount, Event, LaneView, Origin, Pool, Seat, SeatLine, Standing,
    StoreError, Tally,
};

/// A batch.
pub(in crate::store) fn batch<'r>(row: impl Into<AnyRow<'r>>) -> Result<Batch, StoreError> {
    let mut cells = Cells::of(row);
    let id = BatchId(cells.id()?);
    let source = cells.text()?.to_owned();
    let name = cells.text()?.to_owned();
    let origin = cells.word(Origin::parse)?;
    let requests = cells.int()?;
    let requests =
        u64::try_from(requests).map_err(|_| corrupt(format!("batch {id}"), "its count is negative"))?;
    Ok(Batch {
        id,
        source,
        actor: Actor { name, origin },
        requests,
        opened_at: cells.instant()?,
        accepted_at: cells.maybe_instant()?,
    })
}

/// An event.
pub(in crate::store) fn event<'r>(row: impl Into<AnyRow<'r>>) -> Result<Event, StoreError> {
    let mut cells = Cells::of(row);
    let sequence = cells.int()?;
    let occurred_at = cells.instant()?;
    let request = RequestId(cells.id()?);
    let user = UserId(cells.id()?);
    let actor = Actor { name: cells.take()?, origin: cells.word(Origin::parse)? };
    let kind = cells.word(EventKind::parse)?;
    let (from, to) = (cells.word(State::parse)?, cells.word(State::parse)?);
    let intent = cells.maybe_id()?.map(IntentId);
    let (code, payload) = (cells.maybe_text()?, cells.maybe_text()?);
    let tells_drift = matches!(kind, EventKind::Drifted | EventKind::Verified);
    let (failure, drift) = match payload.filter(|_| tells_drift) {
        None => (failure_of(code, payload)?, None),
        Some(payload) => {
            let change = serde_json::from_str(payload)
                .map_err(|_| corrupt(format!("event {sequence}"), "its payload tells of no drift"))?;
            (None, Some(change))
        }
    };
    Ok(Event {
        sequence,
        occurred_at,
        request,
        user,
        actor,
        kind,
        from,
        to,
        intent,
        failure,
        drift,
        remote_request_ids: match cells.maybe_text()? {
            None => Vec::new(),
            Some(ids) => serde_json::from_str(ids)
                .map_err(|_| corrupt(format!("event {sequence}"), "its remote request ids are no list"))?,
        },
    })
}

/// A pool.
pub(in crate::store) fn pool<'r>(row: impl Into<AnyRow<'r>>) -> Result<Pool, StoreError> {
    let mut cells = Cells::of(row);
    let key = pool_key_of(cells.text()?, cells.text()?, cells.text()?)?;
    let capacity = cells.maybe_int()?.map(|capacity| u32::try_from(capacity).unwrap_or(u32::MAX));
    Ok(Pool {
        key,
        capacity,
        others: cells.count()?,
        held: cells.count()?,
        waiting: cells.count()?,
        read_at: cells.maybe_instant()?,
    })
}

/// A lane, for people.
pub(in crate::store) fn lane<'r>(row: impl Into<AnyRow<'r>>) -> Result<LaneView, StoreError> {
    let mut cells = Cells::of(row);
    Ok(LaneView {
        step: cells.word(Step::parse)?,
        tenant: cells.take()?,
        environment: cells.take()?,
        next_at: cells.maybe_instant()?,
        gate_until: cells.maybe_instant()?,
        trouble: cells.count()?,
        failure: failure_of(cells.maybe_text()?, cells.maybe_text()?)?,
    })
}

/// A counter.
pub(in crate::store) fn count<'r>(row: impl Into<AnyRow<'r>>) -> Result<Count, StoreError> {
    let mut cells = Cells::of(row);
    Ok(Count {
        batch: BatchId(cells.id()?),
        tenant: cells.take()?,
        environment: cells.take()?,
        state: cells.word(State::parse)?,
        status: cells.word(Status::parse)?,
        requests: u64::try_from(cells.int()?).map_err(|_| corrupt("a counter", "it is negative"))?,
    })
}

/// A running total.
pub(in crate::store) fn tally<'r>(row: impl Into<AnyRow<'r>>) -> Result<(String, Tally, f64), StoreError> {
    let mut cells = Cells::of(row);
    let tenant = cells.take()?;
    let tally = cells.word(|word| Tally::ALL.iter().copied().find(|tally| tally.as_str() == word))?;
    Ok((tenant, tally, cells.take()?))
}

/// A line for a seat.
pub(in crate::store) fn line<'r>(row: impl Into<AnyRow<'r>>) -> Result<Line, StoreError> {
    let mut cells = Cells::of(row);
    Ok(Line { priority: priority(&mut cells)?, batch: BatchId(cells.id()?), pass: cells.int()? })
}

/// Who waits in the lines.
pub(in crate::store) fn waiters<'r, R>(rows: &'r [R]) -> Result<Vec<Waiter>, StoreError>
where
    &'r R: Into<AnyRow<'r>>,
{
    let read = |row: &'r R| {
        let mut cells = Cells::of(row);
        Ok(Waiter {
            request: RequestId(cells.id()?),
            user: UserId(cells.id()?),
            priority: priority(&mut cells)?,
            batch: BatchId(cells.id()?),
        })
    };
    rows.iter().map(read).collect()
}

fn priority(cells: &mut Cells<'_>) -> Result<i32, StoreError> {
    i32::try_from(cells.int()?).map_err(|_| corrupt("a line for a seat", "its priority is out of range"))
}

/// A seat that is out; it joins the line that it belongs to.
pub(in crate::store) fn seat<'r>(row: impl Into<AnyRow<'r>>, line: &mut SeatLine) -> Result<(), StoreError> {
    let mut cells = Cells::of(row);
    let (word, at) = (cells.text()?, cells.maybe_instant()?);
    match seat_of(word, at) {
        Some(Seat::Held { since }) => line.held_since.push(since),
        Some(Seat::Resting { until }) => line.resting_until.push(until),
        Some(Seat::None) | None => return Err(corrupt("a seat", "it contradicts itself")),
    }
    Ok(())
}

/// A count of drift.
pub(in crate::store) fn drift_count<'r>(row: impl Into<AnyRow<'r>>) -> Result<DriftCount, StoreError> {
    let mut cells = Cells::of(row);
    Ok(DriftCount {
        tenant: cells.take()?,
        environment: cells.take()?,
        kind: cells.word(|word| word.parse::<Code>().ok().and_then(DriftKind::of))?,
        accounts: u64::try_from(cells.int()?).map_err(|_| corrupt("a count of drift", "it is negative"))?,
    })
}

/// How far the database may be trusted.
pub(in crate::store) fn standing<'r>(row: impl Into<AnyRow<'r>>) -> Result<Standing, StoreError> {
    let mut cells = Cells::of(row);
    let (word, since) = (cells.text()?, cells.maybe_instant()?);
    match (word, Doubt::parse(word), since) {
        ("trusted", None, _) => Ok(Standing::Trusted),
        (_, Some(doubt), Some(since)) => Ok(Standing::ReportOnly { since, doubt }),
        _ => Err(corrupt("the table meta", "its standing contradicts itself")),
    }
}
