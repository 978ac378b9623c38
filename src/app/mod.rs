//! Settings, wiring, intake, queries and views.

pub mod intake;
pub mod settings;
