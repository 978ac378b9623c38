//! The table of answers: every kind of answer that is no success, and what it means, with where that is known from.

mod anybody;
mod dataverse;
mod entra;
mod graph;
mod order;
mod power_platform;

pub use order::answer_rows;
pub(super) use order::rows_of;
