//! Receipts: by these a process finds out whether a commit took place whose answer was lost.
//!
//! What the server itself remembers of a transaction will not do: after a crash it gives out once more the numbers of those
//! that had left no trace on its disk, and another one's fate would be taken for ours.

use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// What has written nothing needs no receipt.
pub(super) const SIGN: &str = "
    INSERT INTO receipts (process, place, number, void, signed_at)
    SELECT $1, $2, $3, FALSE, clock_timestamp() WHERE pg_current_xact_id_if_assigned() IS NOT NULL
    ON CONFLICT (process, place) DO UPDATE
    SET number = excluded.number, void = FALSE, signed_at = excluded.signed_at";

/// Waits for whoever still holds the row, and voids the receipt where it is not there: from then on the transaction can no
/// longer be committed. On another timeline, which knows nothing of it, there is no answer; a standby refuses.
pub(super) const FATE: &str = "
    INSERT INTO receipts AS r (process, place, number, void, signed_at)
    SELECT $1, $2, $3, TRUE, clock_timestamp() FROM meta AS m
    WHERE m.timeline IS NULL OR m.timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    ON CONFLICT (process, place) DO UPDATE
    SET void = r.void OR r.number <> excluded.number, number = excluded.number, signed_at = excluded.signed_at
    RETURNING r.void";

/// Nobody waits for so long.
pub(super) const PRUNE: &str =
    "DELETE FROM receipts WHERE signed_at < clock_timestamp() - interval '30 days'";

/// A process's receipts: as many as it has transactions at the same time.
pub(super) struct Receipts {
    process: Uuid,
    places: Mutex<Vec<Place>>,
}

#[derive(Default)]
struct Place {
    number: i64,
    is_taken: bool,
}

/// What one transaction signs; its place is free again when its fate is known.
pub(super) struct Receipt {
    of: Arc<Receipts>,
    place: usize,
    pub(super) number: i64,
}

impl Receipts {
    /// `process` must be drawn anew by each.
    pub(super) fn of(process: Uuid) -> Arc<Self> {
        Arc::new(Self { process, places: Mutex::default() })
    }

    pub(super) fn next(self: &Arc<Self>) -> Receipt {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.iter().position(|place| !place.is_taken).unwrap_or_else(|| {
            places.push(Place::default());
            places.len() - 1
        });
        let chosen = &mut places[place];
        chosen.is_taken = true;
        chosen.number += 1;
        Receipt { of: Arc::clone(self), place, number: chosen.number }
    }
}

impl Receipt {
    pub(super) fn process(&self) -> Uuid {
        self.of.process
    }

    pub(super) fn place(&self) -> i64 {
        i64::try_from(self.place).unwrap_or(i64::MAX)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let mut places = self.of.places.lock().unwrap_or_else(PoisonError::into_inner);
        places[self.place].is_taken = false;
    }
}
