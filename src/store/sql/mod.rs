//! What the drivers share: columns as values and values as columns, and the books of a commit. It runs no statement.

pub(in crate::store) mod cells;
pub(in crate::store) mod corrupt;
pub(in crate::store) mod json_rows;
pub(in crate::store) mod words;

pub(in crate::store) mod member;
pub(in crate::store) mod password_rows;
pub(in crate::store) mod readings;
pub(in crate::store) mod staging;
pub(in crate::store) mod sweep_rows;
pub(in crate::store) mod watch_rows;

pub(in crate::store) mod drafts;
pub(in crate::store) mod intents;
pub(in crate::store) mod lane_book;
pub(in crate::store) mod ledger;
pub(in crate::store) mod operation_rows;
pub(in crate::store) mod row_patch;
pub(in crate::store) mod seats;
pub(in crate::store) mod tenant_shares;
pub(in crate::store) mod touched;
pub(in crate::store) mod transfer;
pub(in crate::store) mod turns;
