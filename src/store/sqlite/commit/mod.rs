//! Committing: what the machine decided, with everything that is counted, in one transaction.

mod apply;
mod current;
mod passwords;
mod row_patch;
mod turns;
mod watches;
mod writes;

use super::super::sql::{ledger, seats};

pub(super) use apply::apply;
pub(super) use current::{CURRENT, POOLS};
pub(super) use turns::{CHARGE, FORGET, JOIN, LONGEST, PASS_OVER};
pub(super) use watches::{BEGIN_WATCH, END_WATCH};
pub(super) use writes::{
    BURIED, COUNT_CLEAN, COUNT_DOWN, COUNT_UP, ENDINGS, EVENTS, LEAVE_BEHIND, POOL_DELTAS, POOLS_MADE,
    RELEASE, RELEASE_LANES, RESOLVED, ROWS, ROWS_OF_NEW_STATUS, TALLIES, USERS, WAKE,
};
