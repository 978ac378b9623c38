//! The whole life of requests, in process: every path straight, disturbed, undone, and killed between any two lines.

mod fuse;
mod guarded_store;
mod judge;
mod rig;
mod scene;
mod seams;
mod wire;

mod blocked;
mod cancel;
mod crash;
mod faults;
mod people;
mod secrets;
mod straight;
