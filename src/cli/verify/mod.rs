//! `seatless verify`: finished accounts, looked at now.

mod command;
mod ledger;
mod page;
mod verified;

pub(super) use command::run;
