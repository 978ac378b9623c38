//! The whole product in one process, for tests: a real database, the simulated cloud, engines that are stepped by hand,
//! one clock for all, and a judge who looks at everything.
#![allow(dead_code, reason = "each test binary includes the bed and uses its own part of it")]

pub(crate) mod at_rest;
pub(crate) mod fuse;
pub(crate) mod gate;
pub(crate) mod guarded_store;
pub(crate) mod judge;
pub(crate) mod parts;
pub(crate) mod rig;
pub(crate) mod saved;
pub(crate) mod scene;
pub(crate) mod seams;
pub(crate) mod story;
pub(crate) mod submission;
pub(crate) mod wire;
