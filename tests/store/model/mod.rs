//! What the ports promise, in memory and without any care for speed: nothing is kept that can be counted, and nothing is
//! indexed. Both drivers are compared with it.

mod admission;
mod books;
mod claim;
mod commit;
mod intake;
mod operations;
mod passwords;
mod port;
mod reading;
mod sweeps;

pub use port::Model;

/// A fresh one.
pub fn fresh() -> Model {
    Model::default()
}

mod conformance {
    crate::suite::table::conformance!(crate::suite::model::fresh);
}
