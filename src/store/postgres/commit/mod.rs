//! Committing: what the machine decided, with everything that is counted, in one transaction.

mod apply;
mod locked;
mod row_patch;
mod turns;
mod writes;

pub(super) use locked::{CURRENT, IN_LANE, POOLS};
pub(super) use row_patch::ROWS;
pub(super) use turns::{CHARGE, FORGET, JOIN, LONGEST, PASS_OVER};
pub(super) use writes::{
    BEGIN_WATCH, BURIED, COUNT, END_WATCH, ENDINGS, EVENTS, LEAVE_BEHIND, POOL_DELTAS, POOLS_MADE, RELEASE,
    RELEASE_LANES, RESOLVED, TALLIES, USERS, WAKE,
};
