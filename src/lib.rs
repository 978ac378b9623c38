//! Seatless turns a list of account requests into Dynamics 365 non-interactive accounts, and finishes it.
//!
//! The floors, bottom up; an import goes down, never up or sideways (`tests/tidiness.rs` reads the `use` lines):
//! [`domain`] · [`store`] and [`cloud`] · [`engine`] · [`provisioning`] · [`app`] · [`http`] · [`cli`].
//! [`simulator`] stands beside them and imports none of them.

pub mod app;
pub mod cli;
pub mod cloud;
pub mod domain;
pub mod engine;
pub mod http;
pub mod provisioning;
pub mod simulator;
pub mod store;
