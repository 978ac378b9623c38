//! The simulator keeps Microsoft's contract (reference/microsoft-apis.md §7), asked through its one function.

mod assertions;
#[path = "../contracts/mod.rs"]
mod contracts;
mod control;
mod dataverse;
mod described;
mod examples;
mod faults;
mod foreign;
mod graph;
mod lab;
mod licenses;
mod propagation;
mod sign_in;
mod strangers;
mod wire;
