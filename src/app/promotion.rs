//! Handing accepted requests to the lanes.

use crate::domain::Clock;
use crate::store::{Intake, StoreError};

/// How many requests one transaction hands over: so few that whoever else writes hardly waits.
const ROWS_MAX: u32 = 500;

/// Hands over everything that was accepted.
///
/// # Errors
/// As the store.
pub async fn promote_all(store: &(impl Intake + ?Sized), clock: &dyn Clock) -> Result<(), StoreError> {
    while store.promote(ROWS_MAX, clock.now()).await? {}
    Ok(())
}
