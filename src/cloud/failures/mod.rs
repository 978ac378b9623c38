//! From what a service says to what it means: one table for all of them.

mod answer_row;
mod complaint;
mod decide;
mod entra_refusal;
mod rows;
mod ruling;
mod said;
mod sign_in;
mod token_source;

pub use answer_row::{AnswerRow, Speaker, Word};
pub(crate) use complaint::Complaint;
pub(crate) use decide::{holds, is_not_licensed_yet, is_roleless};
pub use rows::answer_rows;
pub(crate) use ruling::{Already, judge, lost, unreadable};
pub(crate) use sign_in::judge_sign_in;
pub(crate) use token_source::{judge_identity, judge_issuer};
