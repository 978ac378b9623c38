//! Refusals by name: each that Microsoft's services are known to give, word for word, to be had on request.

mod catalog;
mod dataverse;
mod entra;
mod graph;
mod pages;
mod power_platform;
mod refusal;

pub use catalog::refusals;
pub(crate) use catalog::{planted, unknown};
pub use refusal::{Refusal, Words};
