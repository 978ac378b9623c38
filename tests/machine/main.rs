//! The machine: what it may never do, walked at random, and what it does, as tables.

mod legality;
mod rules;
mod straight;
mod walks;
mod watch;
mod world;
