//! The real binary as a process of its own: killed, stopped, started twice, and fed while it dies.

mod patience;
mod place;
mod process;
mod tripwire;

mod drift;
mod intake;
mod killed;
mod manners;
mod moved;
mod restored;
mod steered;
mod watched;
