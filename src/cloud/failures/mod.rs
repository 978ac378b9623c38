//! From what a service says to what it means: one table per service.

mod complaint;
mod dataverse;
mod graph;
mod power_platform;
mod ruling;
mod sign_in;
mod token_source;

pub(crate) use complaint::Complaint;
pub(crate) use dataverse::is_roleless;
pub(crate) use graph::already;
pub(crate) use power_platform::is_not_licensed_yet;
pub(crate) use ruling::{Already, judge, lost, unreadable};
pub(crate) use sign_in::judge_sign_in;
pub(crate) use token_source::{judge_identity, judge_issuer};
