//! `seatless credentials`: who has which password.

mod acknowledge;
mod args;
mod door;
mod list;
mod opened_file;
mod out_file;
mod results;
mod rotate;
mod selection;
mod take;

mod command;

pub(super) use args::CredentialsCommand;
pub(super) use command::run;
