//! Settings, wiring, intake, queries and views.

pub mod settings;
