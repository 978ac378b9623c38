//! The Dataverse Web API of one environment.

mod annotations;
mod answer;
mod batch;
mod catalog;
mod property;
mod query;
mod read;
mod refusal;
mod roles;
mod view;
mod who;
mod write;

pub(crate) use answer::{answer, finished};
pub(crate) use refusal::refusal;
