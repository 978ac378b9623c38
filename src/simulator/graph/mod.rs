//! Microsoft Graph v1.0: the directory.

mod answer;
mod batch;
mod create;
mod deleted;
mod groups;
mod licenses;
mod listing;
mod path;
mod permission;
mod refusal;
mod remaining;
mod users;
mod view;

pub(crate) use answer::{answer, finished};
pub(crate) use refusal::{refusal, refusal_with};
