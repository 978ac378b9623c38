//! The line for a seat.

use super::Pages;
use crate::app::views::SeatPlace;
use crate::domain::{Phase, State, Status, Timer, UserId};
use crate::store::{Filter, Member, Requests, StoreError};
use std::cmp::Reverse;
use std::collections::HashMap;

/// A line longer than this is not counted out.
const LINE_MAX: u64 = 20_000;

/// The place of a request's user in the line for a seat; nothing if it does not wait, or the line is very long.
///
/// # Errors
/// As the store.
pub async fn seat_place(
    store: &(impl Requests + ?Sized),
    member: &Member,
) -> Result<Option<SeatPlace>, StoreError> {
    if !waits(member) {
        return Ok(None);
    }
    let filter = Filter {
        tenant: Some(member.request.asked.tenant.clone()),
        state: Some(State::Created),
        status: Some(Status::Active),
        ..Filter::default()
    };
    let mut pages = Pages::new(store, filter, None, Some(LINE_MAX));
    // A user stands where the first of its requests stands: by priority, then by age.
    let mut line: HashMap<UserId, (Reverse<i32>, _)> = HashMap::new();
    let mut read = 0;
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        read += page.len() as u64;
        let license = member.request.asked.account.license;
        for other in
            page.iter().filter(|other| waits(other) && other.request.asked.account.license == license)
        {
            let place = (Reverse(other.request.asked.priority), other.request.id);
            line.entry(other.user.id).and_modify(|earlier| *earlier = place.min(*earlier)).or_insert(place);
        }
    }
    if read >= LINE_MAX {
        return Ok(None);
    }
    let own = line.get(&member.user.id).copied();
    Ok(own.map(|own| SeatPlace {
        place: line.values().filter(|other| **other <= own).count() as u64,
        of: line.len() as u64,
    }))
}

fn waits(member: &Member) -> bool {
    let progress = &member.request.progress;
    matches!(progress.phase, Phase::Active { timer: Timer::ForSeat, .. }) && !progress.paused
}
