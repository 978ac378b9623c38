//! Settings, wiring, intake, queries and views.
