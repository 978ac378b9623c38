//! Handing accepted requests to the lanes.

use crate::domain::Clock;
use crate::store::{Intake, StoreError};

/// How many requests one transaction hands over; keeps each under the 50 ms for which the lock may be held.
const ROWS_MAX: u32 = 1_000;

/// Hands over everything that was accepted.
///
/// # Errors
/// As the store.
pub async fn promote_all(store: &(impl Intake + ?Sized), clock: &dyn Clock) -> Result<(), StoreError> {
    while store.promote(ROWS_MAX, clock.now()).await? {}
    Ok(())
}
