//! The machine: what it may never do, walked at random, and what it does, as tables.

mod attempts;
mod failures;
mod legality;
mod restored;
mod rules;
mod straight;
mod term;
mod walks;
mod watch;
mod words;
mod world;
