//! What is shown on a terminal, and on what only looks like one.

mod bar;
mod grid;
mod palette;
mod screen;
mod visible;

pub(super) use bar::bar;
pub(super) use grid::{Cell, Column, Grid};
pub(super) use palette::Palette;
pub(super) use screen::{Screen, width_of_stdout};
pub(super) use visible::visible;
