//! About how long it takes until a place in the line for a seat has its turn.

use crate::domain::{Instant, Policy};
use crate::store::{Pool, SeatLine};

/// When the seats of a pool come free, as far as running totals tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeatWait {
    /// In how many seconds each usable seat is free, the first one first; nothing where no total tells.
    openings: Vec<Option<f64>>,
    /// How long one turn of a seat takes, its rest included, if anything tells.
    turn_seconds: Option<f64>,
}

impl SeatWait {
    /// From the seats that are out, how long seats are typically held (`hold_seconds`, if any was returned yet), and the
    /// rest of a returned one.
    pub fn of(
        pool: &Pool,
        line: &SeatLine,
        hold_seconds: Option<f64>,
        policy: &Policy,
        now: Instant,
    ) -> Self {
        let rest = policy.seat_cool_down.as_secs_f64();
        let until = |at: Instant| (at - now).to_std().unwrap_or_default().as_secs_f64();
        let since = |at: Instant| (now - at).to_std().unwrap_or_default().as_secs_f64();
        let comes_back = |at: &Instant| hold_seconds.map(|hold| (hold - since(*at)).max(0.0) + rest);
        let free = (0..pool.free()).map(|_| Some(0.0));
        let resting = line.resting_until.iter().map(|at| Some(until(*at)));
        let held = line.held_since.iter().map(comes_back);
        let mut openings: Vec<Option<f64>> = free.chain(resting).chain(held).collect();
        openings.sort_by(|one, other| one.unwrap_or(f64::MAX).total_cmp(&other.unwrap_or(f64::MAX)));
        // Where others have taken what we still hold, the first that come back are not granted again.
        let usable = pool.capacity.unwrap_or(0).saturating_sub(pool.others) as usize;
        openings.drain(..openings.len().saturating_sub(usable));
        Self { openings, turn_seconds: hold_seconds.map(|hold| hold + rest) }
    }

    /// In about how many seconds the user at `place` (1 is next) has its turn; nothing where there is no basis for saying.
    pub fn about_seconds(&self, place: u64) -> Option<u64> {
        let before = usize::try_from(place.checked_sub(1)?).ok()?;
        let round = before.checked_div(self.openings.len())?;
        let opening = self.openings.get(before % self.openings.len()).copied().flatten()?;
        let rounds = if round == 0 { 0.0 } else { self.turn_seconds? * round as f64 };
        Some((opening + rounds).round() as u64)
    }
}
