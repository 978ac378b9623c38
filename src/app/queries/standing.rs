//! How things stand, gathered from the store.

use super::{Pages, SeatQueues};
use crate::app::views::{
    Circumstances, DriftFigure, Next, PoolView, Reason, Reasons, Stats, census, efficiency, in_order, next,
    troubled_lanes,
};
use crate::domain::{BatchId, Instant, Policy, Status, Step};
use crate::store::{Filter, LaneView, Member, Store, StoreError};

/// How many lanes are looked at.
pub const LANES_MAX: u32 = 1_000;

/// What is next for a request, with its lane and its place in the line for a seat.
///
/// # Errors
/// As the store.
pub async fn request_next(
    store: &dyn Store,
    member: &Member,
    policy: &Policy,
    now: Instant,
) -> Result<Next, StoreError> {
    let lanes = store.lanes(LANES_MAX).await?;
    let lane = lane_of(&lanes, member);
    let seat_place = SeatQueues::new(store, policy, now).place(member).await?;
    Ok(next(&member.request, Circumstances { policy, lane, seat_place, now }))
}

/// The lane of a request's next step, if it is among `lanes`.
pub fn lane_of<'a>(lanes: &'a [LaneView], member: &Member) -> Option<&'a LaneView> {
    member.request.step.and_then(|step| lanes.iter().find(|lane| leads(lane, step, member)))
}

fn leads(lane: &LaneView, step: Step, member: &Member) -> bool {
    let asked = &member.request.asked;
    lane.step == step
        && lane.tenant == asked.tenant
        && lane.environment.as_ref().is_none_or(|environment| *environment == asked.environment)
}

/// Why requests of a batch (or of all) are blocked or have failed. Reads at most `rows_max` of each, if it is given.
///
/// # Errors
/// As the store.
pub async fn blocked_reasons(
    store: &dyn Store,
    batch: Option<BatchId>,
    rows_max: Option<u64>,
) -> Result<Vec<Reason>, StoreError> {
    let mut reasons = Reasons::default();
    for status in [Status::Blocked, Status::Failed] {
        let filter = Filter { batch, status: Some(status), ..Filter::default() };
        let mut pages = Pages::new(store, filter, None, rows_max);
        loop {
            let page = pages.next().await?;
            if page.is_empty() {
                break;
            }
            page.iter().for_each(|member| reasons.note(member));
        }
    }
    Ok(reasons.listed())
}

/// Everything that is counted.
///
/// # Errors
/// As the store.
pub async fn stats(store: &dyn Store, policy: &Policy, now: Instant) -> Result<Stats, StoreError> {
    let pools = store.pools().await?;
    let mut queues = SeatQueues::new(store, policy, now);
    let mut views = Vec::with_capacity(pools.len());
    for pool in &pools {
        let cleared_in_seconds = if pool.waiting > 0 { queues.cleared_in(&pool.key).await? } else { None };
        views.push(PoolView { cleared_in_seconds, ..PoolView::from(pool) });
    }
    Ok(Stats {
        requests: census(&store.counts(None).await?),
        pools: in_order(views),
        efficiency: efficiency(&store.tallies().await?),
        drift: store.drift_counts().await?.into_iter().map(DriftFigure::from).collect(),
        lanes: troubled_lanes(&store.lanes(LANES_MAX).await?, now),
    })
}
